"""The trash's index: which bytes lie in the trash, and what they were."""

from __future__ import annotations

import sqlite3

from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.events import format_time
from strandline.model.trash import TrashedFile


class TrashReader:
    """The content of the trash."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def list_trashed(self) -> list[dict[str, object]]:
        """All entries, ready for JSON, oldest first, with the keys of the trash's ``about.json``."""
        rows = self._conn.execute(
            "SELECT trash_id, sd_id, sd_path, filename, image_id, size_bytes, sha256, reason, trashed_at_us "
            "FROM trash ORDER BY trashed_at_us, trash_id"
        )
        names = ("trash_id", "sd_id", "sd_path", "filename", "image_id", "size_bytes", "sha256", "reason")
        return [
            dict(zip(names, row, strict=False)) | {"trashed_at": format_time(from_microseconds(row[-1]))}
            for row in rows
        ]


class TrashWriter(TrashReader):
    """Adds entries to the trash."""

    def insert_trashed(self, trashed: TrashedFile) -> None:
        """Adds the entry. The bytes and their description must be durable by then."""
        self._conn.execute(
            "INSERT INTO trash (trash_id, sd_id, sd_path, filename, image_id, size_bytes, sha256, reason, "
            "trashed_at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                trashed.trash_id, trashed.sd_id, trashed.sd_path, trashed.filename, trashed.image_id,
                trashed.size_bytes, trashed.sha256, trashed.reason.value, as_microseconds(trashed.trashed_at),
            ),
        )  # fmt: skip
