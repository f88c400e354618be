"""The columns of a row of image files, and the two ways between them and an ``ImageFile``."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from strandline.catalog.dialect import Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_files import FileState, ImageFile, Proof, ProofKind, parse_stamp
from strandline.model.image_ids import ImageId
from strandline.model.media_types import NAMED_MEDIA_TYPES

_LARGEST = 2**63 - 1
"""SQLite's largest number. Some disks accept later mtimes, and other machines send them."""

COLUMNS = (
    "sd, path, image_id, media_type, stamp, state, prior_state, first_seen_us, unchanged_since_us, "
    "absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp, proven_at_us, width, height, "
    "taken_at_us, size_bytes, sort_us, proof_ctime_ns, proof_whole"
)
SELECT = f"SELECT {COLUMNS} FROM image_files"
INSERT = (
    f"INSERT INTO image_files ({COLUMNS}, listed_first, folded_name, folded_path) VALUES ({', '.join('?' * 25)}) "
    "ON CONFLICT DO NOTHING"
)
_IS_THERE = "state = 'present' AND absent_since_us IS NULL"
_READ_LAST = "CASE WHEN verified_us > proven_at_us THEN verified_us ELSE proven_at_us END"
EXTENSION = "lower(substr(path, length(rtrim(path, replace(path, '.', ''))) + 1))"
"""What comes after the last dot."""
TYPE_BY_EXTENSION = " ".join(
    f"WHEN '{extension}' THEN '{media_type.name}'"
    for media_type in NAMED_MEDIA_TYPES
    for extension in media_type.extensions
)


class ImageFileSql:
    """The statements that more than one question needs, or that are long."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_proven = dialect.same("proof_stamp", "stamp")
        """Its bytes were read as they are now."""
        self.is_unproven = dialect.differs("proof_stamp", "stamp")
        has_id = f"{dialect.plain('image_id')} IS NOT NULL"
        self.proven = f"{_IS_THERE} AND {self.is_proven} AND {has_id} AND stamp IS NOT NULL"
        """Read as it is now. Otherwise SQLite would look up each row through the index of ids."""
        self.noteworthy = dialect.use("image_files_noteworthy")
        self.from_noteworthy = (
            f"FROM image_files {self.noteworthy} "
            "WHERE sd = ? AND (state <> 'present' OR absent_since_us IS NOT NULL)"
        )
        self.select_noteworthy = f"SELECT {COLUMNS} {self.from_noteworthy}"
        """SQLite would walk all rows of the SD for these few, because it does not know that they are few."""
        unchecked = f"WHERE sd = ? AND {_IS_THERE} AND {self.is_unproven}"
        self.from_unchecked = f"FROM image_files {dialect.use('image_files_unproven')} {unchecked}"
        self.count_unchecked = (
            f"""
            SELECT CAST(coalesce(sum(unchecked), 0) AS bigint) FROM {dialect.counts} WHERE sd = :sd
        """
            if dialect.counts
            else f"""
            SELECT CASE WHEN few < 1000 THEN few ELSE (
                SELECT count(*) FROM image_files {dialect.walk} {unchecked}
            ) END
            FROM (SELECT count(*) AS few FROM (SELECT 1 {self.from_unchecked} LIMIT 1000) AS first_ones) AS counted
        """.replace("sd = ?", "sd = :sd")
        )
        """Usually none or few are unchecked. Many are counted in one walk over all rows of the SD, because the index
        leads to each row by a search of its own, which takes five times as long.
        """

    @cached_property
    def count_all(self) -> str:
        """The number of rows of the SD. A condition for their state may follow."""
        if self._dialect.counts:
            return f"SELECT CAST(coalesce(sum(files), 0) AS bigint) FROM {self._dialect.counts} WHERE sd = ?"
        return "SELECT count(*) FROM image_files WHERE sd = ?"

    @cached_property
    def counts(self) -> str:
        """Of each SD: its rows, those in the trash, the noteworthy ones by state, and the unchecked ones."""
        states = self._dialect.json_object("state", "files")
        by_state = (
            f"SELECT state, count(*) AS files {self.from_noteworthy} AND state <> 'trashed' GROUP BY state"
        )
        if self._dialect.counts:
            by_state = (
                f"SELECT state, sum(noteworthy) AS files FROM {self._dialect.counts} WHERE sd = ? "
                "AND state <> 'trashed' GROUP BY state HAVING sum(noteworthy) <> 0"
            )
        return f"""
            SELECT number,
                ({self.count_all}),
                ({self.count_all} AND state = 'trashed' AND state <> 'present'),
                (SELECT {states} FROM ({by_state}) AS states),
                ({self.count_unchecked.replace(":sd", "number")})
            FROM storage_dirs WHERE {self._dialect.is_number_of("number", "?")}
        """.replace("sd = ?", "sd = number")

    @cached_property
    def measures(self) -> str:
        """Of each SD what monitors ask, in the order of the key, so nothing is sorted."""
        return f"""
            SELECT sd,
                sum(CASE WHEN state NOT IN ('missing', 'trashed', 'online-only') AND absent_since_us IS NULL
                    THEN coalesce(size_bytes, 0) ELSE 0 END),
                min(CASE WHEN {_IS_THERE} AND {self.is_unproven} THEN unchanged_since_us END),
                min(CASE WHEN {_IS_THERE} AND {self.is_proven} THEN {_READ_LAST} END),
                sum(CASE WHEN {_IS_THERE} AND {self.is_proven} AND proof_whole = 0 THEN 1 ELSE 0 END),
                sum(CASE WHEN {_IS_THERE} AND {self.is_unproven} AND listed_first = 0 THEN 1 ELSE 0 END)
            FROM image_files GROUP BY sd
        """

    @cached_property
    def to_verify(self) -> str:
        """Was not read since ``:before``, or failed its last look."""
        return f"""
            state IN ('present', 'arriving', 'damaged', 'foreign') AND absent_since_us IS NULL AND (
                state <> 'present' OR {self.is_unproven} OR {_READ_LAST} <= :before
            )
        """

    @cached_property
    def update(self) -> str:
        """Replaces a row that is as it was read."""
        same = self._dialect.same
        return (
            "UPDATE image_files SET image_id = ?, media_type = ?, stamp = ?, state = ?, prior_state = ?, "
            "first_seen_us = ?, unchanged_since_us = ?, absent_since_us = ?, absence_accepted = ?, proof_kind = ?, "
            "proof_sha256 = ?, proof_stamp = ?, proven_at_us = ?, width = ?, height = ?, taken_at_us = ?, "
            "size_bytes = ?, sort_us = ?, proof_ctime_ns = ?, proof_whole = ?, folded_path = ?, listed_first = 0 "
            f"WHERE sd = ? AND path = ? AND state = ? AND {same('stamp', '?')} AND {same('absent_since_us', '?')} "
            f"AND {same('proof_stamp', '?')} AND {same('proof_sha256', '?')} AND {same('proof_whole', '?')}"
        )

    @cached_property
    def newest_paths(self) -> str:
        """The newest images that are there, and the newest unchecked files, up to ``:limit`` of both."""
        return f"""
            SELECT path FROM (
                SELECT * FROM (
                    SELECT path, sort_us FROM image_files {self._dialect.use("image_files_newest_first")}
                    WHERE image_id IS NOT NULL AND sd = :sd AND state NOT IN ('missing', 'trashed')
                        AND absent_since_us IS NULL ORDER BY sort_us DESC LIMIT :limit
                ) AS images UNION ALL SELECT * FROM (
                    SELECT path, sort_us {self.from_unchecked.replace("?", ":sd")} AND image_id IS NULL
                    ORDER BY sort_us DESC LIMIT :limit
                ) AS others
            ) AS files ORDER BY sort_us DESC LIMIT :limit
        """

    @cached_property
    def has_noteworthy(self) -> str:
        """Whether the SD has noteworthy rows."""
        return f"SELECT EXISTS (SELECT 1 {self.from_noteworthy})"

    @cached_property
    def whole_lines(self) -> str:
        """Lines of files that are whole pictures. A file that is written again within 2 s may keep its mtime."""
        return f"""
            SELECT {self._dialect.lines("path || ':' || stamp")} FROM image_files
            WHERE sd = ? AND {_IS_THERE} AND {self.is_proven} AND proof_whole = 1
            AND {self._dialect.mtime_ns("stamp")} / 1000 + 2000000 < proven_at_us
        """

    def say_lines(self, *, in_root: bool, has_noteworthy: bool, has_end: bool = False) -> str:
        """The statement for the lines of ``iter_lines``. Most scans concern an SD in which all files are present.
        There, it takes two thirds of the time.
        """
        end = "AND path <= :through" if has_end else ""
        name = "path" if in_root else "substr(path, :start)"
        line, condition = f"{name} || ':' || stamp", ""
        if has_noteworthy:
            line = f"""{name} || CASE
                WHEN absent_since_us IS NOT NULL THEN ':absent'
                WHEN state = 'online-only' THEN ':online-only'
                ELSE ':' || stamp
            END"""
            condition = "AND state NOT IN ('missing', 'trashed')"
        return f"""
            SELECT {self._dialect.lines("line")} FROM (
                SELECT {line} AS line FROM image_files
                WHERE sd = :sd AND path > :last {end} {condition} ORDER BY path LIMIT :limit
            ) AS lines
        """


@cache
def say_image_files(dialect: Dialect) -> ImageFileSql:
    """The statements in this dialect, made once."""
    return ImageFileSql(dialect)


_STATES = {each.value: each for each in FileState}
_PROOF_KINDS = {each.value: each for each in ProofKind}
"""By their values: every row that is read pays for this, and a call of the class costs five times as much."""


def to_image_file(row: tuple[Any, ...]) -> ImageFile:
    (
        sd, path, image_id, media_type, stamp, state, prior_state, first_seen_us, unchanged_since_us,
        absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp, proven_at_us, width, height,
        taken_at_us, _size_bytes, _sort_us, proof_ctime_ns, proof_whole,
    ) = row  # fmt: skip
    proof = None
    if proof_kind is not None:
        proof = Proof(
            _PROOF_KINDS[proof_kind], proof_sha256, parse_stamp(proof_stamp), from_microseconds(proven_at_us),
            proof_ctime_ns, None if proof_whole is None else bool(proof_whole),
        )  # fmt: skip
    return ImageFile(
        sd=sd,
        path=path,
        image_id=None if image_id is None else ImageId(image_id),
        media_type=media_type,
        stamp=None if stamp is None else parse_stamp(stamp),
        state=_STATES[state],
        prior_state=None if prior_state is None else _STATES[prior_state],
        first_seen=from_microseconds(first_seen_us),
        unchanged_since=from_microseconds(unchanged_since_us),
        absent_since=from_microseconds(absent_since_us),
        absence_accepted=bool(absence_accepted),
        proof=proof,
        width=width,
        height=height,
        taken_at=from_microseconds(taken_at_us),
    )


def to_columns(row: ImageFile) -> tuple[Any, ...]:
    proof = row.proof
    size_bytes = None if row.stamp is None else row.stamp.size_bytes
    return (
        row.sd, row.path, row.image_id, row.media_type,
        None if row.stamp is None else row.stamp.as_text(),
        row.state.value, None if row.prior_state is None else row.prior_state.value,
        as_microseconds(row.first_seen), as_microseconds(row.unchanged_since), as_microseconds(row.absent_since),
        int(row.absence_accepted),
        None if proof is None else proof.kind.value,
        None if proof is None else proof.sha256,
        None if proof is None else proof.stamp.as_text(),
        None if proof is None else as_microseconds(proof.proven_at),
        row.width, row.height, as_microseconds(row.taken_at), size_bytes, sort_time(row),
        None if proof is None or proof.ctime_ns is None else fit(proof.ctime_ns),
        whole_of(proof),
    )  # fmt: skip


def whole_of(proof: Proof | None) -> int | None:
    return None if proof is None or proof.whole is None else int(proof.whole)


def sort_time(row: ImageFile) -> int:
    """The best known time of the picture, in microseconds, for the order of every listing."""
    if row.taken_at is not None:
        return as_microseconds(row.taken_at)
    if row.stamp is None:
        return as_microseconds(row.first_seen)
    return fit(row.stamp.mtime_ns // 1000) or as_microseconds(row.first_seen)  # a bucket keeps no time


def fit(number: int) -> int:
    return max(-_LARGEST, min(number, _LARGEST))
