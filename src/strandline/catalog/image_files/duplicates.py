"""Duplicates in the catalog: image files with the same bytes."""

from __future__ import annotations

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.image_files.rows import SELECT, say_image_files, to_image_file
from strandline.model.image_files import ImageFile


class DuplicateReader:
    """What the catalog knows about files with the same bytes."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._proven = say_image_files(dialect).proven

    def list_files(self, *, across: bool) -> list[ImageFile]:
        """The present files with bytes that another present file in their SD has, by current proofs, and all others
        with the same bytes; by hash, SD, and path. With ``across``, the other file may be in another SD. Cost: one
        statement, a walk over all rows.
        """
        rows = self._conn.execute(
            f"{SELECT} WHERE {self._proven} AND proof_sha256 IN "
            f"(SELECT proof_sha256 FROM image_files WHERE {self._proven} "
            f"GROUP BY proof_sha256{'' if across else ', sd'} HAVING count(*) > 1) "
            "ORDER BY proof_sha256, sd, path"
        )
        return [to_image_file(row) for row in rows]

    def count_in_several(self) -> int:
        """The number of different bytes that are in several SDs, by current proofs. Cost: a walk over all rows."""
        (count,) = self._conn.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM image_files WHERE {self._proven} GROUP BY proof_sha256 "
            "HAVING min(sd) <> max(sd)) AS several"
        ).fetchone()
        return int(count)
