"""Image files in the catalog, written: each change names the row as it was read, so that it is made once.

An update does nothing if another process has moved the row meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from strandline.catalog.dialect import as_objects
from strandline.catalog.image_files.reader import ImageFileReader
from strandline.catalog.image_files.rows import INSERT, fit, to_columns, whole_of
from strandline.catalog.times import as_microseconds
from strandline.model.image_files import FileState, ImageFile


class ImageFileWriter(ImageFileReader):
    """Registers, changes, and drops image files, and records what a person decides about absent ones."""

    def insert_row(self, row: ImageFile, *, listed_first: bool = False) -> bool:
        """Registers a new file, or one that the first scan lists. False if another process's row exists."""
        from strandline.catalog.image_files.folded_names import fold_name, fold_whole_path

        folded = fold_name(row.path), fold_whole_path(row)
        return self._conn.execute(INSERT, (*to_columns(row), int(listed_first), *folded)).rowcount == 1

    def insert_listed(
        self,
        sd: int,
        files: Iterable[tuple[str, str | None, str, str]],
        state: FileState,
        now_us: int,
    ) -> int:
        """Registers files straight from a listing: ``(path, image_id, media_type, stamp as text)`` each.

        The same rows as :func:`insert_row` makes of :func:`~strandline.model.states.register_listed`, at a third of
        the cost: this is the first scan's inner loop. Returns how many. Rows that another process has registered
        meanwhile are not changed.
        """
        from strandline.catalog.image_files.folded_names import fold_name

        same = f"{sd:d}, '{state.value}', {now_us:d}, {now_us:d}"  # to bind them for each row takes a third longer
        columns = "path, image_id, media_type, stamp, size_bytes, sort_us, folded_name"
        rows = (
            (
                path, image_id, media_type, stamp, int(size),
                (int(mtime_ns) // 1000 if len(mtime_ns) < 22 else fit(int(mtime_ns) // 1000)) or now_us,
                None if image_id is not None else fold_name(path),
            )
            for path, image_id, media_type, stamp in files
            for size, mtime_ns, _inode in (stamp.split(":"),)
        )  # fmt: skip
        insert = f"INSERT INTO image_files (sd, state, first_seen_us, unchanged_since_us, {columns})"
        at_once = self._sql.from_json("image_files", f"{same}, {columns}", "?")
        if at_once:
            text = as_objects(columns.split(", "), rows)
            return self._conn.execute(f"{insert} {at_once} ON CONFLICT DO NOTHING", (text,)).rowcount
        return self._conn.executemany(
            f"{insert} VALUES ({same}, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
        ).rowcount

    def update_row(self, old: ImageFile, new: ImageFile) -> bool:
        """Replaces ``old`` by ``new`` if the row has not changed since ``old`` was read; otherwise returns False."""
        from strandline.catalog.image_files.folded_names import fold_whole_path

        columns = to_columns(new)
        condition = (
            old.sd, old.path, old.state.value, None if old.stamp is None else old.stamp.as_text(),
            as_microseconds(old.absent_since), None if old.proof is None else old.proof.stamp.as_text(),
            None if old.proof is None else old.proof.sha256,
            whole_of(old.proof),
        )  # fmt: skip
        return (
            self._conn.execute(self._say.update, (*columns[2:], fold_whole_path(new), *condition)).rowcount
            == 1
        )

    def note_verified(self, rows: Iterable[ImageFile], now: datetime) -> None:
        """Records that the files still have the bytes of their proofs. Rows that have changed since stay as they
        are.
        """
        at = as_microseconds(now)
        self._conn.executemany(
            f"UPDATE image_files SET verified_us = ? WHERE sd = ? AND path = ? AND {self._sql.same('stamp', '?')} "
            f"AND {self._say.is_proven}",
            [(at, row.sd, row.path, None if row.stamp is None else row.stamp.as_text()) for row in rows],
        )

    def move_row(self, row: ImageFile, path: str) -> bool:
        """Gives the row another path in its SD, and takes the file for found. Only a row of a file that is gone for
        good makes place for it. False if there is another one, or if the row has changed since it was read.
        """
        from strandline.catalog.image_files.folded_names import fold_name, fold_whole_path

        self._conn.execute(
            "DELETE FROM image_files WHERE sd = ? AND path = ? AND state IN ('missing', 'trashed')",
            (row.sd, path),
        )
        return (
            self._conn.execute(
                "UPDATE image_files SET path = ?, folded_name = ?, folded_path = ?, "
                "absent_since_us = NULL, absence_accepted = 0 WHERE sd = ? AND path = ? AND state = ? "
                f"AND {self._sql.same('stamp', '?')} "
                "AND NOT EXISTS (SELECT 1 FROM image_files AS other WHERE other.sd = ? AND other.path = ?)",
                (
                    path,
                    fold_name(path),
                    fold_whole_path(replace(row, path=path)),
                    row.sd,
                    row.path,
                    row.state.value,
                    None if row.stamp is None else row.stamp.as_text(),
                    row.sd,
                    path,
                ),
            ).rowcount
            == 1
        )

    def delete_row(self, row: ImageFile) -> bool:
        """Drops the row if it still has the given state. Otherwise returns False."""
        cursor = self._conn.execute(
            "DELETE FROM image_files WHERE sd = ? AND path = ? AND state = ?",
            (row.sd, row.path, row.state.value),
        )
        return cursor.rowcount == 1

    def accept_absences(self, sd: int, now: datetime, *, all_rows: bool) -> int:
        """Marks the SD's absent rows as accepted: they may become missing, and no longer count for the brake.
        Returns how many were not accepted before.

        ``all_rows`` marks every row: the media folder itself is gone, so no scan could mark its files as absent.
        """
        expected = "sd = :sd AND state NOT IN ('missing', 'trashed')"
        if all_rows:
            self._conn.execute(
                f"UPDATE image_files SET absent_since_us = :now WHERE {expected} AND absent_since_us IS NULL",
                {"sd": sd, "now": as_microseconds(now)},
            )
        return self._conn.execute(
            f"UPDATE image_files SET absence_accepted = 1 WHERE {expected} AND absent_since_us IS NOT NULL "
            "AND absence_accepted = 0",
            {"sd": sd},
        ).rowcount

    def restart_absences(self, sd: int, now: datetime) -> None:
        """Restarts the absence of the SD's absent rows now, except for accepted ones. Cost: its noteworthy rows."""
        self._conn.execute(
            f"UPDATE image_files {self._say.noteworthy} SET absent_since_us = ? "
            "WHERE sd = ? AND absent_since_us IS NOT NULL AND absence_accepted = 0 "
            "AND state NOT IN ('missing', 'trashed')",
            (as_microseconds(now), sd),
        )
