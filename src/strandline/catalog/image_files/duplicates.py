"""Duplicates in the catalog: image files with the same bytes."""

from __future__ import annotations

import sqlite3

from strandline.catalog.image_files.rows import PROVEN, SELECT, to_image_file
from strandline.model.image_files import ImageFile


class DuplicateReader:
    """What the catalog knows about files with the same bytes."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def list_files(self, *, across: bool) -> list[ImageFile]:
        """The present files with bytes that another present file in their SD has, by current proofs, and all others
        with the same bytes; by hash, SD, and path. With ``across``, the other file may be in another SD. Cost: one
        statement, a walk over all rows.
        """
        rows = self._conn.execute(
            f"{SELECT} WHERE {PROVEN} AND proof_sha256 IN (SELECT proof_sha256 FROM image_files WHERE {PROVEN} "
            f"GROUP BY proof_sha256{'' if across else ', sd'} HAVING count(*) > 1) "
            "ORDER BY proof_sha256, sd, path"
        )
        return [to_image_file(row) for row in rows]

    def count_in_several(self) -> int:
        """The number of different bytes that are in several SDs, by current proofs. Cost: a walk over all rows."""
        (count,) = self._conn.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM image_files WHERE {PROVEN} GROUP BY proof_sha256 "
            "HAVING min(sd) <> max(sd))"
        ).fetchone()
        return int(count)
