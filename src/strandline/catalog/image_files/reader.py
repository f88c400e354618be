"""Image files in the catalog, read: one row for each file of a storage directory.

A scan does not read rows at all. It compares **lines** (``name:size:mtime:inode``), made by the
database on one side and by the listing on the other, and fetches only the rows whose lines differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from strandline.catalog.dialect import Connection, Dialect, mark_list
from strandline.catalog.image_files.rows import (
    COLUMNS,
    EXTENSION,
    SELECT,
    TYPE_BY_EXTENSION,
    say_image_files,
    sort_time,
    to_image_file,
)
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.storage_dirs import FileCounts

if TYPE_CHECKING:
    from strandline.model.store_status import FileMeasures

LINES_AT_ONCE = 1000
"""Lines per statement: 70 KB of text, which stay in the CPU cache during the comparison."""

KEYS_AT_ONCE = 500
"""Paths in one ``IN (…)``. SQLite allows 32,766 variables, but more than 500 gains nothing."""


class ImageFileReader:
    """What the catalog knows about image files. Paths are relative to the storage directory ``sd``, with ``/``."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect
        self._say = say_image_files(dialect)

    def iter_lines(self, sd: int, folder: str, *, after: str = "", through: str = "") -> Iterator[list[str]]:
        """The lines of all rows of the SD that a healthy scan should find, by path, some 1,000 at a time.

        With ``after`` and ``through``, only those of the names in between, the last one included.

        ``name:size:mtime_ns:inode`` for a file that was there at the last listing; ``name:online-only`` and
        ``name:absent`` for the others. Missing and trashed rows have no line. The names are those of a listing of
        ``folder``, the SD's images' folder. Holds one batch in memory. Ask in a snapshot: the batches are several
        questions.
        """
        from strandline.model.listing import name_of_known_line  # here: most questions list nothing

        prefix = f"{folder}/" if folder else ""
        last = prefix + after
        (has_noteworthy,) = self._conn.execute(self._say.has_noteworthy, (sd,)).fetchone()
        statement = self._say.say_lines(
            in_root=not prefix, has_noteworthy=has_noteworthy, has_end=bool(through)
        )
        chosen = {
            "sd": sd,
            "start": len(prefix) + 1,
            "limit": LINES_AT_ONCE,
            "through": prefix + through,
        }
        while True:
            (text,) = self._conn.execute(statement, chosen | {"last": last}).fetchone()
            if text is None:
                return
            lines = text.split("\n")
            yield lines
            if len(lines) < LINES_AT_ONCE:
                return
            last = prefix + name_of_known_line(lines[-1])

    def list_whole_lines(self, sd: int) -> list[str]:
        """``path:size:mtime_ns:inode`` of each file of the SD that was read as it is now, and is a whole picture.

        In no order. About 150 bytes a file.
        """
        (text,) = self._conn.execute(self._say.whole_lines, (sd,)).fetchone()
        return [] if text is None else text.split("\n")

    def find_row(self, sd: int, path: str) -> ImageFile | None:
        """The row of the file, or None."""
        row = self._conn.execute(f"{SELECT} WHERE sd = ? AND path = ?", (sd, path)).fetchone()
        return None if row is None else to_image_file(row)

    def find_rows(self, sd: int, paths: Sequence[str]) -> dict[str, ImageFile]:
        """The rows of the files, by path. Files without a row are omitted."""
        found = {}
        for start in range(0, len(paths), KEYS_AT_ONCE):
            some = paths[start : start + KEYS_AT_ONCE]
            marks = mark_list(len(some))
            for row in self._conn.execute(f"{SELECT} WHERE sd = ? AND path IN ({marks})", (sd, *some)):
                found[row[1]] = to_image_file(row)
        return found

    def list_rows_with_name(self, sd: int, folded_names: Sequence[str]) -> list[ImageFile]:
        """The rows of the SD's named files whose names are one of these as other systems compare them
        (:func:`~strandline.model.portable_names.fold_path`), anywhere in it. Cost: proportional to the result.
        """
        marks = mark_list(len(folded_names))
        rows = self._conn.execute(
            f"{SELECT} {self._sql.use('image_files_by_name')} WHERE sd = ? AND folded_name IS NOT NULL "
            f"AND folded_name IN ({marks})",
            (sd, *folded_names),
        )
        return [to_image_file(row) for row in rows]

    def list_newest_paths(self, sd: int, *, limit: int) -> list[str]:
        """The paths of the SD's newest files that are there, by the times that listings use: images, and present
        files whose id is not known yet. Reads two indexes from their newest entries on, and the rows that they lead
        to.
        """
        rows = self._conn.execute(self._say.newest_paths, {"sd": sd, "limit": limit})
        return [str(path) for (path,) in rows]

    def list_unproven_of_size(self, sd: int, size_bytes: int, *, limit: int) -> list[str]:
        """The paths of up to ``limit`` present files of the SD of this size without a current proof. Cost: those
        without one.
        """
        rows = self._conn.execute(
            f"SELECT path {self._say.from_unchecked} AND size_bytes = ? LIMIT ?", (sd, size_bytes, limit)
        )
        return [str(path) for (path,) in rows]

    def list_rows_of_image(self, image_id: ImageId) -> list[ImageFile]:
        """All rows of the image: proven before unproven, then by SD in the order of adding, then by path."""
        rows = self._conn.execute(
            f"{SELECT} WHERE image_id = ? ORDER BY proof_stamp IS NULL OR {self._say.is_unproven}, sd, path",
            (image_id,),
        )
        return [to_image_file(row) for row in rows]

    def list_copies(self, sd: int, image_id: ImageId, *, limit: int) -> list[ImageFile]:
        """Some rows of the image in the SD, by path. Cost: that of as many rows, however many there are."""
        rows = self._conn.execute(
            f"{SELECT} WHERE image_id = ? AND sd = ? ORDER BY path LIMIT ?", (image_id, sd, limit)
        )
        return [to_image_file(row) for row in rows]

    def find_wholeness(self, sha256: str) -> bool | None:
        """Whether bytes with this hash are a whole image, by a proof of any file with their content id. None if no
        proof of them is known. Cost: one row if they are whole, otherwise the files of one image.
        """
        known = (
            "SELECT proof_whole FROM image_files WHERE image_id = ? AND proof_sha256 = ? AND proof_whole = ? "
            "AND proof_kind <> 'decoded' LIMIT 1"
        )
        image_id = content_id_of(sha256)
        for whole in (True, False):
            if self._conn.execute(known, (image_id, sha256, int(whole))).fetchone() is not None:
                return whole
        return None

    def list_ids_beginning_with(self, digits: str, *, limit: int) -> list[ImageId]:
        """Up to ``limit`` ids of images with a row, in order. Cost: proportional to the rows of these images."""
        rows = self._conn.execute(
            "SELECT DISTINCT image_id FROM image_files WHERE image_id >= :digits AND image_id < :digits || 'g' "
            "ORDER BY image_id LIMIT :limit",  # g comes after all characters of ids
            {"digits": digits, "limit": limit},
        )
        return [ImageId(image_id) for (image_id,) in rows]

    def list_rows_of_images(self, image_ids: Sequence[ImageId]) -> dict[ImageId, list[ImageFile]]:
        """The same for many images, by id. Images without a row are omitted.

        One statement that returns one row: Python yields to other threads at each row, so during a scan a page of a
        hundred images would wait a hundred times.
        """
        (text,) = self._conn.execute(
            f"SELECT {self._sql.json_rows(COLUMNS)} FROM (SELECT * FROM image_files "
            f"WHERE {self._sql.is_text_of('image_id', '?')} "
            f"ORDER BY proof_stamp IS NULL OR {self._say.is_unproven}, sd, path) AS files",
            (json.dumps(image_ids),),
        ).fetchone()
        found: dict[ImageId, list[ImageFile]] = {}
        for row in map(to_image_file, json.loads(text)):
            assert row.image_id is not None, "only images with an id were asked for"
            found.setdefault(row.image_id, []).append(row)
        return found

    def iter_noteworthy_rows(self, sd: int) -> Iterator[ImageFile]:
        """Rows of the SD that are not present, or were absent at the last listing; by path."""
        rows = self._conn.execute(f"{self._say.select_noteworthy} ORDER BY path", (sd,))
        for row in rows:
            yield to_image_file(row)

    def list_rows_in_state(self, sd: int, state: FileState) -> list[ImageFile]:
        """All rows of the SD in the state, by path."""
        rows = self._conn.execute(
            f"{self._say.select_noteworthy} AND state = ? ORDER BY path", (sd, state.value)
        )
        return [to_image_file(row) for row in rows]

    def list_paths_in_state(self, sd: int, state: FileState, *, empty_before: datetime) -> list[str]:
        """The paths of all files of the SD in the state that may have bytes.

        An empty file is included only if it has been unchanged since ``empty_before`` or longer: before that there is
        nothing to learn from it, and a million of them may arrive at once.
        """
        rows = self._conn.execute(
            f"SELECT path {self._say.from_noteworthy} AND state = ? "
            f"AND ({self._sql.differs('size_bytes', '0')} OR unchanged_since_us <= ?) ORDER BY path",
            (sd, state.value, as_microseconds(empty_before)),
        )
        return [str(path) for (path,) in rows]

    def count_in_state(self, sd: int, state: FileState) -> int:
        """The number of files of the SD in the state, which must not be *present*."""
        return int(
            self._conn.execute(
                f"SELECT count(*) {self._say.from_noteworthy} AND state = ?", (sd, state.value)
            ).fetchone()[0]
        )

    def list_unproven(self, sd: int, *, limit: int, after: ImageFile | None = None) -> list[ImageFile]:
        """Up to ``limit`` present rows of the SD without a current proof, newest first.

        ``after`` is the last row of the previous page. Cost: proportional to the result.
        """
        return self._list_page(sd, self._say.is_unproven, limit, after)

    def list_unwalked(self, sd: int, *, limit: int, after: ImageFile | None = None) -> list[ImageFile]:
        """The same for rows whose proof does not say whether the bytes are a whole image."""
        return self._list_page(sd, f"{self._say.is_proven} AND proof_whole IS NULL", limit, after)

    def list_proof_times(self, sd: int, *, after: str, limit: int) -> list[tuple[str, int, int]]:
        """Path, size, and ctime of up to ``limit`` present files of the SD whose proof is current and has a ctime.

        By path, from the first one behind ``after``. Cost: the rows that are passed.
        """
        return self._conn.execute(
            "SELECT path, size_bytes, proof_ctime_ns FROM image_files WHERE sd = ? AND path > ? "
            f"AND state = 'present' AND absent_since_us IS NULL AND {self._say.is_proven} "
            "AND proof_ctime_ns IS NOT NULL ORDER BY path LIMIT ?",
            (sd, after, limit),
        ).fetchall()

    def count_to_verify(self, sd: int, before: datetime) -> tuple[int, int]:
        """How many there are of them, and how many files are there at all. Cost: one walk over the SD's rows."""
        row = self._conn.execute(
            f"SELECT coalesce(sum(CASE WHEN {self._say.to_verify} THEN 1 ELSE 0 END), 0), count(*) "
            "FROM image_files WHERE sd = :sd AND state NOT IN ('missing', 'trashed') AND absent_since_us IS NULL",
            {"sd": sd, "before": as_microseconds(before)},
        ).fetchone()
        return int(row[0]), int(row[1])

    def _list_page(self, sd: int, condition: str, limit: int, after: ImageFile | None) -> list[ImageFile]:
        from_there, key = "", ()  # type: tuple[str, tuple[int, str] | tuple[()]]
        if after is not None:
            from_there, key = "AND (sort_us, path) < (?, ?) ", (sort_time(after), after.path)
        rows = self._conn.execute(
            f"{SELECT} WHERE sd = ? AND state = 'present' AND {condition} AND absent_since_us IS NULL {from_there}"
            "ORDER BY sort_us DESC, path DESC LIMIT ?",
            (sd, *key, limit),
        )
        return [to_image_file(row) for row in rows]

    def count_unchecked(self, sd: int) -> int:
        """The number of present files of the SD whose bytes nobody has checked as they are now.

        Cost: those files. If there are 1,000 or more, one walk over the SD's rows.
        """
        return int(self._conn.execute(self._say.count_unchecked, {"sd": sd}).fetchone()[0])

    def list_unchecked_paths(self, sd: int, *, limit: int) -> list[str]:
        """The paths of up to ``limit`` of them, newest first. Cost: those files, however many share a time."""
        rows = self._conn.execute(
            f"SELECT path {self._say.from_unchecked} ORDER BY sort_us DESC LIMIT ?", (sd, limit)
        )
        return [str(path) for (path,) in rows]

    def count_rows(self, sd: int) -> int:
        """The number of rows of the SD that are not trashed. Cost: one walk over an index, or some counts."""
        count = self._say.count_all
        trashed = f"{count} AND state = 'trashed' AND state <> 'present'"
        return int(self._conn.execute(f"SELECT ({count}) - ({trashed})", (sd, sd)).fetchone()[0])

    def count_of_each(self, sds: Sequence[int]) -> dict[int, FileCounts]:
        """The counts of these SDs, by number, without trashed rows. One statement; three walks over an index each."""
        rows = self._conn.execute(self._say.counts, (json.dumps(sds),))
        return {
            number: FileCounts(total - trashed, json.loads(noteworthy), unchecked)
            for number, total, trashed, noteworthy, unchecked in rows
        }

    def measure_each(self) -> dict[int, FileMeasures]:
        """The measures of every SD that has rows, by number. Cost: one statement, a walk over all rows: about 50 ms
        for 100,000.
        """
        from strandline.model.store_status import FileMeasures  # here: only monitors ask

        return {
            sd: FileMeasures(
                int(size_bytes),
                from_microseconds(unchecked_us),
                from_microseconds(proven_us),
                incomplete,
                arrivals,
            )
            for sd, size_bytes, unchecked_us, proven_us, incomplete, arrivals in self._conn.execute(
                self._say.measures
            )
        }

    def count_expected(self, sd: int) -> int:
        """The number of rows of the SD that a healthy scan should find: all except missing and trashed ones."""
        count = self._say.count_all
        gone = f"{count} AND state IN ('missing', 'trashed') AND state <> 'present'"
        return int(self._conn.execute(f"SELECT ({count}) - ({gone})", (sd, sd)).fetchone()[0])

    def list_some_paths(self, sd: int, *, limit: int) -> list[str]:
        """Up to ``limit`` paths of files that the last listing found. If it found none, of all except trashed
        ones.
        """
        is_there = "state NOT IN ('missing', 'trashed', 'online-only') AND absent_since_us IS NULL"
        for condition in (is_there, "state <> 'trashed'"):
            rows = self._conn.execute(
                f"SELECT path FROM image_files WHERE sd = ? AND {condition} LIMIT ?", (sd, limit)
            )
            if paths := [str(path) for (path,) in rows]:
                return paths
        return []

    def iter_rows_of_odd_type(self, sd: int, only: Sequence[str] = ()) -> Iterator[ImageFile]:
        """Rows of the SD whose bytes last had another type than their extension, by path. If types are given, only
        those with one of them, in a third of the time.
        """
        one_of_these = f"AND media_type IN ({mark_list(len(only))}) " if only else ""
        rows = self._conn.execute(
            f"{SELECT} WHERE sd = ? {one_of_these}AND proof_kind IS NOT NULL AND media_type <> "
            f"CASE {EXTENSION} {TYPE_BY_EXTENSION} END ORDER BY path",
            (sd, *only),
        )
        for row in rows:
            yield to_image_file(row)

    def list_incomplete(self, sd: int) -> list[ImageFile]:
        """Present rows of the SD with the right bytes that are no whole image, by path. Cost: proportional to
        the result.
        """
        rows = self._conn.execute(
            f"{SELECT} {self._sql.use('image_files_incomplete')} WHERE sd = ? AND proof_whole = 0 "
            f"AND state = 'present' AND {self._say.is_proven} AND absent_since_us IS NULL ORDER BY path",
            (sd,),
        )
        return [to_image_file(row) for row in rows]

    def iter_differing_copies(self, sd: int) -> Iterator[ImageFile]:
        """Rows of the SD with legacy ids whose proven bytes differ from those in another SD, by path."""
        rows = self._conn.execute(
            f"{SELECT} AS f WHERE f.sd = ? AND length(f.image_id) = 36 AND f.proof_sha256 IS NOT NULL AND EXISTS ("
            "SELECT 1 FROM image_files AS g WHERE g.image_id = f.image_id AND g.sd <> f.sd "
            "AND g.proof_sha256 <> f.proof_sha256) ORDER BY f.path",
            (sd,),
        )
        for row in rows:
            yield to_image_file(row)

    def count_unaccepted(self, sd: int) -> int:
        """The number of rows of the SD that a healthy scan should find, without absences that a person has
        accepted.
        """
        accepted = self._conn.execute(
            "SELECT count(*) FROM image_files WHERE sd = ? AND absent_since_us IS NOT NULL AND absence_accepted <> 0 "
            "AND state NOT IN ('missing', 'trashed')",
            (sd,),
        ).fetchone()[0]
        return self.count_expected(sd) - int(accepted)

    def list_arrivals(self, sd: int) -> list[str]:
        """The paths of the SD's present files that must be proven at once, newest first. Cost: proportional to the
        result.

        A file from the first scan is not included until it changes: the verifier or the first reader proves it.
        """
        rows = self._conn.execute(
            f"SELECT path FROM image_files {self._sql.use('image_files_arrivals')} WHERE sd = ? AND listed_first = 0 "
            f"AND state = 'present' AND {self._say.is_unproven} AND absent_since_us IS NULL ORDER BY sort_us DESC",
            (sd,),
        )
        return [str(path) for (path,) in rows]
