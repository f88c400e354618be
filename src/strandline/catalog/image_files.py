"""Image files in the catalog: one row for each (storage directory, file name).

Rows are read as :class:`~strandline.model.image_files.ImageFile` and written back *conditionally*: an update
names the row as it was read, and does nothing where another process has moved it meanwhile, so no state change
is ever made twice. What surprises: a scan does not read rows at all. It compares **lines**
(``name:size:mtime:inode``), made by SQLite on one side and by the listing on the other, and fetches only the
rows whose lines differ.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from strandline.catalog.database import Transaction
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_files import FileState, ImageFile, Proof, ProofKind, parse_stamp
from strandline.model.image_ids import ImageId
from strandline.model.media_types import MEDIA_TYPES

LINES_AT_ONCE = 1000
"""Lines fetched by one statement: 70 KB of text, which stay in the processor's cache while they are compared."""

KEYS_AT_ONCE = 500
"""File names in one ``IN (…)``; SQLite takes 32,766 variables, more than 500 gains nothing."""

_LARGEST = 2**63 - 1
"""SQLite's largest number. There are disks that take mtimes beyond it, and other machines send them."""

_COLUMNS = (
    "sd, filename, image_id, media_type, stamp, state, prior_state, first_seen_us, unchanged_since_us, "
    "absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp, proven_at_us, width, height, "
    "taken_at_us, size_bytes, sort_us, proof_ctime_ns, proof_whole"
)
_SELECT = f"SELECT {_COLUMNS} FROM image_files"
_FROM_NOTEWORTHY = (
    "FROM image_files INDEXED BY image_files_noteworthy "
    "WHERE sd = ? AND (state <> 'present' OR absent_since_us IS NOT NULL)"
)
_SELECT_NOTEWORTHY = f"SELECT {_COLUMNS} {_FROM_NOTEWORTHY}"
"""SQLite would walk all rows of the SD for these few, because it does not know that they are few."""
_INSERT = f"INSERT INTO image_files ({_COLUMNS}, listed_first) VALUES ({', '.join('?' * 23)}) ON CONFLICT DO NOTHING"
_UPDATE = (
    "UPDATE image_files SET image_id = ?, media_type = ?, stamp = ?, state = ?, prior_state = ?, first_seen_us = ?, "
    "unchanged_since_us = ?, absent_since_us = ?, absence_accepted = ?, proof_kind = ?, proof_sha256 = ?, "
    "proof_stamp = ?, proven_at_us = ?, width = ?, height = ?, taken_at_us = ?, size_bytes = ?, sort_us = ?, "
    "proof_ctime_ns = ?, proof_whole = ?, listed_first = 0 WHERE sd = ? AND filename = ? AND state = ? "
    "AND stamp IS ? AND absent_since_us IS ? AND proof_stamp IS ? AND proof_sha256 IS ? AND proof_whole IS ?"
)
_TYPE_BY_EXTENSION = " ".join(
    f"WHEN '{extension}' THEN '{media_type.name}'"
    for media_type in MEDIA_TYPES
    for extension in media_type.extensions
)
_LINES = """
    SELECT group_concat(line, char(10)) FROM (
        SELECT CASE
            WHEN absent_since_us IS NOT NULL THEN filename || ':absent'
            WHEN state = 'online-only' THEN filename || ':online-only'
            ELSE filename || ':' || stamp
        END AS line
        FROM image_files
        WHERE sd = ? AND filename > ? AND state NOT IN ('missing', 'trashed')
        ORDER BY filename LIMIT ?
    )
"""


def iter_lines(conn: sqlite3.Connection, sd: int) -> Iterator[list[str]]:
    """The lines of all rows of the SD that a healthy scan should meet, by file name, some 1,000 at a time.

    ``name:size:mtime_ns:inode`` for a file that was there at the last listing, ``name:online-only`` and
    ``name:absent`` for the others; missing and trashed rows have none. Holds one batch in memory.
    """
    last = ""
    while True:
        (text,) = conn.execute(_LINES, (sd, last, LINES_AT_ONCE)).fetchone()
        if text is None:
            return
        lines = text.split("\n")
        yield lines
        if len(lines) < LINES_AT_ONCE:
            return
        last = lines[-1].partition(":")[0]


def find_row(conn: sqlite3.Connection, sd: int, filename: str) -> ImageFile | None:
    """The row of the file, or None."""
    row = conn.execute(f"{_SELECT} WHERE sd = ? AND filename = ?", (sd, filename)).fetchone()
    return None if row is None else _to_image_file(row)


def find_rows(conn: sqlite3.Connection, sd: int, filenames: Sequence[str]) -> dict[str, ImageFile]:
    """The rows of those of the named files that have one, by file name."""
    found = {}
    for start in range(0, len(filenames), KEYS_AT_ONCE):
        names = filenames[start : start + KEYS_AT_ONCE]
        marks = ", ".join("?" * len(names))
        for row in conn.execute(f"{_SELECT} WHERE sd = ? AND filename IN ({marks})", (sd, *names)):
            found[row[1]] = _to_image_file(row)
    return found


def list_rows_of_image(conn: sqlite3.Connection, image_id: ImageId) -> list[ImageFile]:
    """All rows of the image in all SDs: proven before unproven, then by SD in the order of adding, then by name."""
    rows = conn.execute(
        f"{_SELECT} WHERE image_id = ? ORDER BY proof_stamp IS NULL OR proof_stamp IS NOT stamp, sd, filename",
        (image_id,),
    )
    return [_to_image_file(row) for row in rows]


def list_rows_of_images(
    conn: sqlite3.Connection, image_ids: Sequence[ImageId]
) -> dict[ImageId, list[ImageFile]]:
    """The same for many images, by id; those without a row are left out.

    One statement that gives one row: at each row Python lets other threads go first, and while one of them scans,
    a page of a hundred images would wait a hundred times.
    """
    (text,) = conn.execute(
        f"SELECT json_group_array(json_array({_COLUMNS})) FROM (SELECT * FROM image_files "
        "WHERE image_id IN (SELECT value FROM json_each(?)) "
        "ORDER BY proof_stamp IS NULL OR proof_stamp IS NOT stamp, sd, filename)",
        (json.dumps(image_ids),),
    ).fetchone()
    found: dict[ImageId, list[ImageFile]] = {}
    for row in map(_to_image_file, json.loads(text)):
        found.setdefault(row.image_id, []).append(row)
    return found


def iter_noteworthy_rows(conn: sqlite3.Connection, sd: int) -> Iterator[ImageFile]:
    """Rows of the SD that are anything but present, or absent at the last listing; by file name."""
    rows = conn.execute(f"{_SELECT_NOTEWORTHY} ORDER BY filename", (sd,))
    for row in rows:
        yield _to_image_file(row)


def list_rows_in_state(conn: sqlite3.Connection, sd: int, state: FileState) -> list[ImageFile]:
    """All rows of the SD in the state, by file name."""
    rows = conn.execute(f"{_SELECT_NOTEWORTHY} AND state = ? ORDER BY filename", (sd, state.value))
    return [_to_image_file(row) for row in rows]


def list_names_in_state(
    conn: sqlite3.Connection, sd: int, state: FileState, *, empty_before: datetime
) -> list[str]:
    """The names of all files of the SD in the state that have bytes, or are not known to have none.

    An empty file is among them where it has been unchanged since ``empty_before`` or longer: until then there is
    nothing to be learnt from it, and a million of them may arrive at once.
    """
    rows = conn.execute(
        f"SELECT filename {_FROM_NOTEWORTHY} AND state = ? "
        "AND (size_bytes IS NOT 0 OR unchanged_since_us <= ?) ORDER BY filename",
        (sd, state.value, as_microseconds(empty_before)),
    )
    return [str(name) for (name,) in rows]


def count_in_state(conn: sqlite3.Connection, sd: int, state: FileState) -> int:
    """How many files of the SD are in the state, which is not *present*."""
    return int(
        conn.execute(f"SELECT count(*) {_FROM_NOTEWORTHY} AND state = ?", (sd, state.value)).fetchone()[0]
    )


def list_unproven(
    conn: sqlite3.Connection, sd: int, *, limit: int, after: ImageFile | None = None
) -> list[ImageFile]:
    """Up to ``limit`` present rows of the SD that were never proven, or not since they changed; newest first.

    ``after`` is the last row of the page before. Cost: that of the answer.
    """
    return _list_page(conn, sd, "proof_stamp IS NOT stamp", limit, after)


def list_unwalked(
    conn: sqlite3.Connection, sd: int, *, limit: int, after: ImageFile | None = None
) -> list[ImageFile]:
    """The same for rows that were proven before anybody asked whether the bytes are a whole image."""
    return _list_page(conn, sd, "proof_stamp IS stamp AND proof_whole IS NULL", limit, after)


def _list_page(
    conn: sqlite3.Connection, sd: int, condition: str, limit: int, after: ImageFile | None
) -> list[ImageFile]:
    from_there, key = "", ()  # type: tuple[str, tuple[int, str] | tuple[()]]
    if after is not None:
        from_there, key = "AND (sort_us, filename) < (?, ?) ", (_sort_time(after), after.filename)
    rows = conn.execute(
        f"{_SELECT} WHERE sd = ? AND state = 'present' AND {condition} AND absent_since_us IS NULL {from_there}"
        "ORDER BY sort_us DESC, filename DESC LIMIT ?",
        (sd, *key, limit),
    )
    return [_to_image_file(row) for row in rows]


def insert_row(transaction: Transaction, row: ImageFile, *, listed_first: bool = False) -> bool:
    """Registers a new file, or one that the first scan lists; False where another process's row stands."""
    return transaction.conn.execute(_INSERT, (*_to_columns(row), int(listed_first))).rowcount == 1


def insert_listed(
    transaction: Transaction,
    sd: int,
    files: Iterable[tuple[str, str, str, str]],
    state: FileState,
    now_us: int,
) -> int:
    """Registers files straight from a listing: ``(filename, image_id, media_type, stamp as text)`` each.

    The same rows as :func:`insert_row` makes of
    :func:`~strandline.model.states.register_listed`, at a third of the cost: this is the first scan's inner loop.
    Returns how many; those that another process has registered meanwhile stand as they are.
    """
    value = state.value
    return transaction.conn.executemany(
        "INSERT INTO image_files (sd, filename, image_id, media_type, stamp, state, first_seen_us, "
        "unchanged_since_us, size_bytes, sort_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            (
                sd, name, image_id, media_type, stamp, value, now_us, now_us, int(size),
                int(mtime_ns) // 1000 if len(mtime_ns) < 22 else _fit(int(mtime_ns) // 1000),
            )
            for name, image_id, media_type, stamp in files
            for size, mtime_ns, _inode in (stamp.split(":"),)
        ),
    ).rowcount  # fmt: skip


def update_row(transaction: Transaction, old: ImageFile, new: ImageFile) -> bool:
    """Writes ``new`` over ``old`` if the row still is what it was when ``old`` was read; False where it is not."""
    columns = _to_columns(new)
    condition = (
        old.sd, old.filename, old.state.value, None if old.stamp is None else old.stamp.as_text(),
        as_microseconds(old.absent_since), None if old.proof is None else old.proof.stamp.as_text(),
        None if old.proof is None else old.proof.sha256,
        _whole_of(old.proof),
    )  # fmt: skip
    return transaction.conn.execute(_UPDATE, (*columns[2:], *condition)).rowcount == 1


def delete_row(transaction: Transaction, row: ImageFile) -> bool:
    """Drops the row if its state still is the one given; False where it is not."""
    cursor = transaction.conn.execute(
        "DELETE FROM image_files WHERE sd = ? AND filename = ? AND state = ?",
        (row.sd, row.filename, row.state.value),
    )
    return cursor.rowcount == 1


def count_rows(conn: sqlite3.Connection, sd: int) -> int:
    """How many rows of the SD are not trashed. Cost: one walk over an index."""
    return int(
        conn.execute(
            "SELECT (SELECT count(*) FROM image_files WHERE sd = :sd) - "
            "(SELECT count(*) FROM image_files WHERE sd = :sd AND state = 'trashed' AND state <> 'present')",
            {"sd": sd},
        ).fetchone()[0]
    )


def count_noteworthy(conn: sqlite3.Connection, sd: int) -> dict[str, int]:
    """How many rows of the SD are anything but present and there: by state, trashed ones left out."""
    rows = conn.execute(
        "SELECT state, count(*) FROM image_files WHERE sd = ? "
        "AND (state <> 'present' OR absent_since_us IS NOT NULL) AND state <> 'trashed' GROUP BY state",
        (sd,),
    )
    return {str(state): int(count) for state, count in rows}


def count_expected(conn: sqlite3.Connection, sd: int) -> int:
    """How many rows of the SD a healthy scan should meet: all but the missing and the trashed."""
    gone = conn.execute(
        "SELECT count(*) FROM image_files WHERE sd = ? AND state IN ('missing', 'trashed') AND state <> 'present'",
        (sd,),
    ).fetchone()[0]
    return int(conn.execute("SELECT count(*) FROM image_files WHERE sd = ?", (sd,)).fetchone()[0]) - int(gone)


def list_some_filenames(conn: sqlite3.Connection, sd: int, *, limit: int) -> list[str]:
    """Up to ``limit`` names of files that were there at the last listing; of all but the trashed where none was."""
    is_there = "state NOT IN ('missing', 'trashed', 'online-only') AND absent_since_us IS NULL"
    for condition in (is_there, "state <> 'trashed'"):
        rows = conn.execute(
            f"SELECT filename FROM image_files WHERE sd = ? AND {condition} LIMIT ?", (sd, limit)
        )
        if names := [str(name) for (name,) in rows]:
            return names
    return []


def iter_rows_of_odd_type(conn: sqlite3.Connection, sd: int) -> Iterator[ImageFile]:
    """Rows of the SD whose bytes were last seen to be of another type than their extension says, by file name."""
    rows = conn.execute(
        f"{_SELECT} WHERE sd = ? AND proof_kind IS NOT NULL AND media_type <> "
        f"CASE lower(substr(filename, instr(filename, '.') + 1)) {_TYPE_BY_EXTENSION} END ORDER BY filename",
        (sd,),
    )
    for row in rows:
        yield _to_image_file(row)


def list_incomplete(conn: sqlite3.Connection, sd: int) -> list[ImageFile]:
    """Present rows of the SD whose bytes are right and not a whole image, by file name. Cost: that of the answer."""
    rows = conn.execute(
        f"{_SELECT} INDEXED BY image_files_incomplete WHERE sd = ? AND proof_whole = 0 AND state = 'present' "
        "AND proof_stamp IS stamp AND absent_since_us IS NULL ORDER BY filename",
        (sd,),
    )
    return [_to_image_file(row) for row in rows]


def iter_differing_copies(conn: sqlite3.Connection, sd: int) -> Iterator[ImageFile]:
    """Rows of the SD under legacy ids whose proven bytes differ from those in another SD, by file name."""
    rows = conn.execute(
        f"{_SELECT} AS f WHERE f.sd = ? AND length(f.image_id) = 36 AND f.proof_sha256 IS NOT NULL AND EXISTS ("
        "SELECT 1 FROM image_files AS g WHERE g.image_id = f.image_id AND g.sd <> f.sd "
        "AND g.proof_sha256 <> f.proof_sha256) ORDER BY f.filename",
        (sd,),
    )
    for row in rows:
        yield _to_image_file(row)


def list_states(conn: sqlite3.Connection, sd: int) -> dict[str, FileState]:
    """The state of every file of the SD, by file name."""
    rows = conn.execute("SELECT filename, state FROM image_files WHERE sd = ?", (sd,))
    return {filename: FileState(state) for filename, state in rows}


def _to_image_file(row: tuple[Any, ...]) -> ImageFile:
    (
        sd, filename, image_id, media_type, stamp, state, prior_state, first_seen_us, unchanged_since_us,
        absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp, proven_at_us, width, height,
        taken_at_us, _size_bytes, _sort_us, proof_ctime_ns, proof_whole,
    ) = row  # fmt: skip
    proof = None
    if proof_kind is not None:
        proof = Proof(
            ProofKind(proof_kind), proof_sha256, parse_stamp(proof_stamp), from_microseconds(proven_at_us),
            proof_ctime_ns, None if proof_whole is None else bool(proof_whole),
        )  # fmt: skip
    return ImageFile(
        sd=sd,
        filename=filename,
        image_id=ImageId(image_id),
        media_type=media_type,
        stamp=None if stamp is None else parse_stamp(stamp),
        state=FileState(state),
        prior_state=None if prior_state is None else FileState(prior_state),
        first_seen=from_microseconds(first_seen_us),
        unchanged_since=from_microseconds(unchanged_since_us),
        absent_since=from_microseconds(absent_since_us),
        absence_accepted=bool(absence_accepted),
        proof=proof,
        width=width,
        height=height,
        taken_at=from_microseconds(taken_at_us),
    )


def _to_columns(row: ImageFile) -> tuple[Any, ...]:
    proof = row.proof
    size_bytes = None if row.stamp is None else row.stamp.size_bytes
    return (
        row.sd, row.filename, row.image_id, row.media_type,
        None if row.stamp is None else row.stamp.as_text(),
        row.state.value, None if row.prior_state is None else row.prior_state.value,
        as_microseconds(row.first_seen), as_microseconds(row.unchanged_since), as_microseconds(row.absent_since),
        int(row.absence_accepted),
        None if proof is None else proof.kind.value,
        None if proof is None else proof.sha256,
        None if proof is None else proof.stamp.as_text(),
        None if proof is None else as_microseconds(proof.proven_at),
        row.width, row.height, as_microseconds(row.taken_at), size_bytes, _sort_time(row),
        None if proof is None or proof.ctime_ns is None else _fit(proof.ctime_ns),
        _whole_of(proof),
    )  # fmt: skip


def _whole_of(proof: Proof | None) -> int | None:
    return None if proof is None or proof.whole is None else int(proof.whole)


def _sort_time(row: ImageFile) -> int:
    """When the picture was taken, as well as we know, in microseconds: the order of every listing."""
    if row.taken_at is not None:
        return as_microseconds(row.taken_at)
    if row.stamp is None:
        return as_microseconds(row.first_seen)
    return _fit(row.stamp.mtime_ns // 1000)


def _fit(number: int) -> int:
    return max(-_LARGEST, min(number, _LARGEST))
