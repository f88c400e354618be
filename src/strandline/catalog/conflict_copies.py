"""Conflict copies in the catalog: those of images that have no good file, each with what its bytes were.

They are never image files: nobody calls them the image. But a listing reads no bytes, and must know all the same
whether one of them shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from strandline.catalog.dialect import Connection, Dialect
from strandline.model.conflict_copies import ReadCopy
from strandline.model.image_ids import ImageId

_COLUMNS = "sd, path, image_id, stamp, sha256"


class ConflictCopyReader:
    """The conflict copies that were read."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_copies_in(self, sd: int) -> list[ReadCopy]:
        """Those of one SD."""
        return self._list("sd = ?", sd)

    def list_copies_of(self, image_ids: Iterable[ImageId]) -> list[ReadCopy]:
        """Those of these images, in all SDs."""
        return self._list(self._sql.is_text_of("image_id", "?"), json.dumps(list(image_ids)))

    def list_without_good_file(self, image_ids: Iterable[ImageId]) -> set[ImageId]:
        """Those of the images that have no file that is present, in the cloud, or in the trash.

        An arrival that nobody has read yet does not count, because a scan may be over before it is read.
        """
        rows = self._conn.execute(
            f"""
            SELECT DISTINCT value FROM {self._sql.texts("?")} AS asked WHERE NOT EXISTS (
                SELECT 1 FROM image_files WHERE image_id = value
                AND (state IN ('online-only', 'trashed') OR (
                    state = 'present' AND absent_since_us IS NULL
                    AND (listed_first <> 0 OR {self._sql.same("proof_stamp", "stamp")})
                ))
            )
            """,
            (json.dumps(list(image_ids)),),
        )
        return {ImageId(image_id) for (image_id,) in rows}

    def list_copies_of_missing(self, sd: int) -> list[ReadCopy]:
        """Those of the images whose file in the SD is missing. Cost: grows with the conflict copies only."""
        return self._list(
            "EXISTS (SELECT 1 FROM image_files AS f WHERE f.image_id = conflict_copies.image_id "
            "AND f.sd = ? AND f.state = 'missing')",
            sd,
        )

    def _list(self, condition: str, value: object) -> list[ReadCopy]:
        rows = self._conn.execute(f"SELECT {_COLUMNS} FROM conflict_copies WHERE {condition}", (value,))
        return [
            ReadCopy(sd, path, ImageId(image_id), stamp, sha256) for sd, path, image_id, stamp, sha256 in rows
        ]


class ConflictCopyWriter(ConflictCopyReader):
    """Records what the bytes of conflict copies were."""

    def put_copy(self, copy: ReadCopy) -> None:
        """Records the copy, in place of what was recorded for its path."""
        self._conn.execute(
            f"INSERT INTO conflict_copies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (sd, path) DO UPDATE SET "
            "image_id = excluded.image_id, stamp = excluded.stamp, sha256 = excluded.sha256",
            (copy.sd, copy.path, copy.image_id, copy.stamp, copy.sha256),
        )

    def forget_copy(self, sd: int, path: str) -> None:
        """Drops the copy. Idempotent."""
        self._conn.execute("DELETE FROM conflict_copies WHERE sd = ? AND path = ?", (sd, path))
