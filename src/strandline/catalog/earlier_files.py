"""Earlier files: the memory of what was where, when the row of a file no longer tells; and of what was altered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_files import ImageFile, parse_stamp

if TYPE_CHECKING:
    from strandline.model.earlier_files import EarlierFile
    from strandline.model.verification import AlteredFile

MOST_ASKED = 100
"""Of one name. A person wants to know the latest."""


class EarlierFileReader:
    """What was at which path."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_by_name(self, sd: int, filename: str) -> list[EarlierFile]:
        """What had this name in any folder, the latest first; at most :data:`MOST_ASKED`."""
        from strandline.model.earlier_files import EarlierFile  # here: few questions need it

        rows = self._conn.execute(
            "SELECT sd, path, sha256, size_bytes, since_us, until_us FROM earlier_files "
            "WHERE sd = ? AND filename = ? ORDER BY until_us DESC, path LIMIT ?",
            (sd, filename, MOST_ASKED),
        )
        return [
            EarlierFile(sd, path, sha256, size, from_microseconds(since_us), from_microseconds(until_us))
            for sd, path, sha256, size, since_us, until_us in rows
        ]

    def list_earlier(self, sd: int) -> list[EarlierFile]:
        """All that is remembered of the SD, by path and time. Cost: 0.5 s for 200,000."""
        from strandline.model.earlier_files import EarlierFile

        rows = self._conn.execute(
            "SELECT path, sha256, size_bytes, since_us, until_us FROM earlier_files WHERE sd = ? "
            "ORDER BY path, since_us",
            (sd,),
        )
        return [
            EarlierFile(sd, path, sha256, size, from_microseconds(since_us), from_microseconds(until_us))
            for path, sha256, size, since_us, until_us in rows
        ]

    def list_altered(self, sd: int) -> list[AlteredFile]:
        """Files whose bytes changed although nothing seems to have written to them, by path. Almost always none."""
        from strandline.model.verification import AlteredFile

        rows = self._conn.execute(
            "SELECT sd, path, sha256, size_bytes, stamp, since_us FROM altered_files WHERE sd = ? ORDER BY path",
            (sd,),
        )
        return [
            AlteredFile(number, path, sha256, size, parse_stamp(stamp), from_microseconds(since_us))
            for number, path, sha256, size, stamp, since_us in rows
        ]

    def list_names(self, sd: int) -> list[str]:
        """The names that files of the SD had. Cost: proportional to what is remembered of it; 0.1 s for 200,000."""
        names = self._conn.execute("SELECT DISTINCT filename FROM earlier_files WHERE sd = ?", (sd,))
        return [str(name) for (name,) in names]


class EarlierFileWriter(EarlierFileReader):
    """Remembers, and forgets the oldest."""

    def remember(self, row: ImageFile, now: datetime) -> None:
        """Remembers the proven bytes of a row whose file is gone, moved, or another one now, if there are any."""
        if row.proof is None:
            return
        has_changed = not row.proof_is_current and row.unchanged_since > row.proof.proven_at
        until = row.absent_since or (row.unchanged_since if has_changed else now)
        self._conn.execute(
            "INSERT INTO earlier_files (sd, filename, path, since_us, sha256, size_bytes, until_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sd, filename, path, since_us) DO UPDATE SET "
            "sha256 = excluded.sha256, size_bytes = excluded.size_bytes, until_us = excluded.until_us",
            (
                row.sd,
                row.filename,
                row.path,
                as_microseconds(row.proof.proven_at),
                row.proof.sha256,
                row.proof.stamp.size_bytes,
                as_microseconds(until),
            ),
        )

    def add_earlier(self, file: EarlierFile) -> bool:
        """Remembers what another catalog knows. False if it was known."""
        cursor = self._conn.execute(
            "INSERT INTO earlier_files (sd, filename, path, since_us, sha256, size_bytes, until_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                file.sd, file.path.rpartition("/")[2], file.path, as_microseconds(file.since), file.sha256,
                file.size_bytes, as_microseconds(file.until),
            ),
        )  # fmt: skip
        return cursor.rowcount == 1

    def put_altered(self, altered: AlteredFile) -> None:
        """Records an altered file. What it was first is kept: a second change does not make the first one right."""
        self._conn.execute(
            "INSERT INTO altered_files (sd, path, sha256, size_bytes, stamp, since_us) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (
                altered.sd, altered.path, altered.sha256, altered.size_bytes, altered.stamp.as_text(),
                as_microseconds(altered.since),
            ),
        )  # fmt: skip

    def forget_altered(self, sd: int, path: str) -> None:
        """Drops the record of an altered file. Idempotent."""
        self._conn.execute("DELETE FROM altered_files WHERE sd = ? AND path = ?", (sd, path))

    def forget_oldest(self, sd: int, *, keep: int) -> None:
        """Keeps only so many of the SD, the latest. Cost: one count, if there is nothing to forget."""
        (count,) = self._conn.execute("SELECT count(*) FROM earlier_files WHERE sd = ?", (sd,)).fetchone()
        if count > keep:
            self._conn.execute(
                "DELETE FROM earlier_files WHERE (sd, filename, path, since_us) IN ("
                "SELECT sd, filename, path, since_us FROM earlier_files WHERE sd = ? "
                "ORDER BY until_us, path LIMIT ?)",
                (sd, count - keep),
            )
