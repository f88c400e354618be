"""Notes: what was read from them, and as what they were, so that only changed ones are read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


class NoteReader:
    """What the notes of a storage directory refer to. The catalog does not know what the texts mean."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def list_read(self, sd: int) -> list[tuple[str, str, str]]:
        """Path, stamp, and what was read, of each note that was read, by path."""
        rows = self._conn.execute("SELECT path, stamp, found FROM notes WHERE sd = ? ORDER BY path", (sd,))
        return rows.fetchall()


class NoteWriter(NoteReader):
    """Remembers notes, and forgets those that are gone."""

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
