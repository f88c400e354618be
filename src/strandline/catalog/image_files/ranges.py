"""Image files of a range of paths, for work that is divided among many machines."""

from __future__ import annotations

from datetime import datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.image_files.rows import SELECT, say_image_files, to_image_file
from strandline.catalog.times import as_microseconds
from strandline.model.image_files import ImageFile


class RangeReader:
    """What the catalog knows about the files between two paths. The methods hold no rows that they do not return."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect
        self._say = say_image_files(dialect)

    def list_unproven(
        self, sd: int, after: str, through: str, *, limit: int, only_arrivals: bool = False
    ) -> list[ImageFile]:
        """Up to ``limit`` present rows of the SD without a current proof, by path.

        Those of the paths that come after ``after``, up to and including ``through`` (empty: no bound).
        ``only_arrivals`` leaves out what the first scan listed. Cost: the rows that are passed.
        """
        rows = self._conn.execute(
            f"{SELECT} WHERE sd = ? AND path > ? {'AND path <= ? ' if through else ''}"
            f"AND state = 'present' AND {self._say.is_unproven} AND absent_since_us IS NULL "
            f"{'AND listed_first = 0 ' if only_arrivals else ''}ORDER BY path LIMIT ?",
            (sd, after, *((through,) if through else ()), limit),
        )
        return [to_image_file(row) for row in rows]

    def list_to_verify(
        self, sd: int, before: datetime, *, after: str = "", through: str = "", limit: int
    ) -> list[ImageFile]:
        """Up to ``limit`` rows of files that were not read since ``before``, or that failed their last look, by path.

        ``after`` is the last path of the page before, ``through`` the last one of all pages, if there is one. Cost:
        the rows that are passed.
        """
        has_end = "AND path <= :through " if through else ""
        rows = self._conn.execute(
            f"{SELECT} WHERE sd = :sd AND path > :after {has_end}AND {self._say.to_verify} "
            "ORDER BY path LIMIT :limit",
            {
                "sd": sd,
                "after": after,
                "through": through,
                "before": as_microseconds(before),
                "limit": limit,
            },
        )
        return [to_image_file(row) for row in rows]

    def count_arrivals(self, sd: int) -> int:
        """How many present files of the SD must be proven at once. Cost: proportional to the result."""
        row = self._conn.execute(
            f"SELECT count(*) FROM image_files {self._sql.use('image_files_arrivals')} WHERE sd = ? "
            f"AND listed_first = 0 AND state = 'present' AND {self._say.is_unproven} AND absent_since_us IS NULL",
            (sd,),
        ).fetchone()
        return int(row[0])

    def list_every(self, sd: int, size: int) -> list[str]:
        """Every ``size``-th path of the SD, in order, without its last ones. Cost: one walk over its rows."""
        rows = self._conn.execute(
            "SELECT path FROM (SELECT path, row_number() OVER (ORDER BY path) AS place FROM image_files "
            "WHERE sd = ?) AS places WHERE place % ? = 0 ORDER BY path",
            (sd, size),
        )
        return [str(path) for (path,) in rows]
