"""Notes: what was read from them, as what they were, and which pictures they miss."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds

if TYPE_CHECKING:
    from strandline.model.open_references import OpenReference


class NoteReader:
    """What the notes of a storage directory refer to. The catalog does not know what the texts mean."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_read(self, sd: int) -> list[tuple[str, str, str]]:
        """Path, stamp, and what was read, of each note that was read, by path."""
        rows = self._conn.execute("SELECT path, stamp, found FROM notes WHERE sd = ? ORDER BY path", (sd,))
        return rows.fetchall()

    def list_open(self, sd: int) -> list[OpenReference]:
        """The pictures that notes miss, by note and line, also those that are on their way."""
        from strandline.model.open_references import OpenReference  # here: few questions need it

        rows = self._conn.execute(
            "SELECT note, target, line, path, since_us, on_its_way FROM open_references WHERE sd = ? "
            "ORDER BY note, line, target",
            (sd,),
        )
        return [
            OpenReference(note, target, line, path, from_microseconds(since_us), bool(on_its_way))
            for note, target, line, path, since_us, on_its_way in rows
        ]

    def count_open(self) -> dict[int, int]:
        """How many pictures notes miss, by the number of each SD whose notes were checked at least once. Those that
        are on their way do not count.
        """
        rows = self._conn.execute(
            "SELECT number, (SELECT count(*) FROM open_references WHERE sd = number AND on_its_way = 0) "
            "FROM storage_dirs WHERE notes_checked_us IS NOT NULL"
        )
        return dict(rows.fetchall())

    def is_checked(self, sd: int) -> bool:
        """Whether the notes were checked at least once for what they miss."""
        row = self._conn.execute(
            "SELECT notes_checked_us IS NOT NULL FROM storage_dirs WHERE number = ?", (sd,)
        )
        return bool((row.fetchone() or (0,))[0])

    def list_unused(self, sd: int) -> dict[str, datetime]:
        """The pictures of the SD that no text named at the last look, each with the first such look."""
        rows = self._conn.execute("SELECT path, since_us FROM unused_files WHERE sd = ?", (sd,))
        return {path: from_microseconds(since_us) for path, since_us in rows}


class NoteWriter(NoteReader):
    """Remembers notes and what they miss, and forgets it."""

    def remember_read(self, sd: int, notes: Iterable[tuple[str, str, str]]) -> None:
        """Sets stamp and content of these notes: path, stamp, what was read."""
        self._conn.executemany(
            "INSERT INTO notes (sd, path, stamp, found) VALUES (?, ?, ?, ?) ON CONFLICT (sd, path) DO UPDATE SET "
            "stamp = excluded.stamp, found = excluded.found",
            ((sd, *note) for note in notes),
        )

    def forget_notes(self, sd: int, paths: Iterable[str]) -> None:
        """Forgets these notes."""
        self._conn.executemany("DELETE FROM notes WHERE sd = ? AND path = ?", ((sd, path) for path in paths))

    def put_unused(self, sd: int, paths: Iterable[str], now: datetime) -> None:
        """Records that no text names these pictures. An earlier record stays."""
        at = as_microseconds(now)
        self._conn.executemany(
            "INSERT INTO unused_files (sd, path, since_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            ((sd, path, at) for path in paths),
        )

    def forget_unused(self, sd: int, paths: Iterable[str]) -> None:
        """Forgets these: something names them, or they are gone."""
        self._conn.executemany(
            "DELETE FROM unused_files WHERE sd = ? AND path = ?", ((sd, path) for path in paths)
        )

    def set_open(self, sd: int, references: Iterable[OpenReference]) -> None:
        """These are missed, where they say."""
        self._conn.executemany(
            "INSERT INTO open_references (sd, note, target, line, path, since_us, on_its_way) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sd, note, target) DO UPDATE SET line = excluded.line, "
            "path = excluded.path, on_its_way = excluded.on_its_way",
            (
                (sd, *each.key, each.line, each.path, as_microseconds(each.since), int(each.on_its_way))
                for each in references
            ),
        )

    def forget_open(self, sd: int, keys: Iterable[tuple[str, str]]) -> None:
        """These (note, target) are not missed any more."""
        self._conn.executemany(
            "DELETE FROM open_references WHERE sd = ? AND note = ? AND target = ?",
            ((sd, *key) for key in keys),
        )

    def mark_checked(self, sd: int, now: datetime) -> None:
        """The notes were checked for what they miss."""
        self._conn.execute(
            "UPDATE storage_dirs SET notes_checked_us = ? WHERE number = ?", (as_microseconds(now), sd)
        )
