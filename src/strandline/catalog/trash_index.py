"""The trash's index: which bytes are in the trash, and what they were."""

from __future__ import annotations

from collections.abc import Iterable

from strandline.catalog.dialect import Connection, Dialect, mark_list
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_ids import CONTENT_ID_LENGTH, ImageId
from strandline.model.trash import TrashedFile, TrashReason

_COLUMNS = "trash_id, sd_id, sd_path, path, image_id, size_bytes, sha256, reason, trashed_at_us, mtime_ns"


class TrashReader:
    """The content of the trash."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_trashed(self, image_id: ImageId | None = None) -> list[TrashedFile]:
        """All entries, or those of an image, oldest first."""
        condition, values = ("", ()) if image_id is None else ("WHERE image_id = ?", (image_id,))
        rows = self._conn.execute(
            f"SELECT {_COLUMNS} FROM trash {condition} ORDER BY trashed_at_us, trash_id", values
        )
        return [_from_columns(*row) for row in rows]

    def list_trashed_bytes(self, sha256: str | None, image_id: ImageId | None) -> list[TrashedFile]:
        """The entries with exactly these bytes, or with bytes whose content id this is, oldest first."""
        rows = self._conn.execute(
            f"SELECT {_COLUMNS} FROM trash WHERE sha256 = ? OR substr(sha256, 1, {CONTENT_ID_LENGTH}) = ? "
            "ORDER BY trashed_at_us, trash_id",
            (sha256, image_id),
        )
        return [_from_columns(*row) for row in rows]

    def has_trashed(self, reasons: Iterable[TrashReason]) -> bool:
        """Whether there is an entry for one of these reasons."""
        known = [reason.value for reason in reasons]
        marks = mark_list(len(known))
        row = self._conn.execute(f"SELECT EXISTS (SELECT 1 FROM trash WHERE reason IN ({marks}))", known)
        return bool(row.fetchone()[0])

    def find_trashed(self, trash_id: str) -> TrashedFile | None:
        """The entry with that number, or None."""
        if not trash_id.isascii():  # a database refuses half a character
            return None
        row = self._conn.execute(f"SELECT {_COLUMNS} FROM trash WHERE trash_id = ?", (trash_id,)).fetchone()
        return None if row is None else _from_columns(*row)

    def list_trash_ids(self) -> set[str]:
        """The numbers of all entries."""
        return {trash_id for (trash_id,) in self._conn.execute("SELECT trash_id FROM trash")}

    def count_trash(self) -> tuple[int, int]:
        """The number of its entries, and their bytes."""
        row = self._conn.execute("SELECT count(*), coalesce(sum(size_bytes), 0) FROM trash").fetchone()
        return int(row[0]), int(row[1])

    def measure_trash(self) -> int:
        """The bytes of all entries together."""
        row = self._conn.execute("SELECT coalesce(sum(size_bytes), 0) FROM trash").fetchone()
        return int(row[0])


class TrashWriter(TrashReader):
    """Adds entries to the trash, and removes them."""

    def insert_trashed(self, trashed: TrashedFile) -> None:
        """Adds the entry. The bytes and their description must be durable by then. Idempotent."""
        self._conn.execute(
            f"INSERT INTO trash ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                trashed.trash_id, trashed.sd_id, trashed.sd_path, trashed.path, trashed.image_id,
                trashed.size_bytes, trashed.sha256, trashed.reason.value, as_microseconds(trashed.trashed_at),
                trashed.mtime_ns,
            ),
        )  # fmt: skip

    def delete_trashed(self, trash_ids: Iterable[str]) -> None:
        """Removes the entries. Idempotent."""
        self._conn.executemany("DELETE FROM trash WHERE trash_id = ?", [(each,) for each in trash_ids])


def _from_columns(
    trash_id: str, sd_id: str | None, sd_path: str, path: str, image_id: str, size_bytes: int, sha256: str,
    reason: str, trashed_at_us: int, mtime_ns: int | None,
) -> TrashedFile:  # fmt: skip
    return TrashedFile(
        trash_id, sd_id, sd_path, path, ImageId(image_id), size_bytes, sha256, TrashReason(reason),
        from_microseconds(trashed_at_us), mtime_ns,
    )  # fmt: skip
