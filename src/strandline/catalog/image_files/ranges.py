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

    def list_proven(
        self, sd: int, after: str, through: str, *, limit: int, since: datetime | None = None
    ) -> list[ImageFile]:
        """Up to ``limit`` present rows of the SD with a current proof by hash or structure, by path.

        Bounds as for :meth:`list_unproven`. ``since`` leaves out what was proven before. Cost: the rows that are
        passed.
        """
        rows = self._conn.execute(
            f"{SELECT} WHERE sd = :sd AND path > :after {'AND path <= :through ' if through else ''}"
            f"AND {self._proven_since(since)} ORDER BY path LIMIT :limit",
            {"sd": sd, "after": after, "through": through, "limit": limit, "since": _from(since)},
        )
        return [to_image_file(row) for row in rows]

    def count_proven(self, sd: int, since: datetime | None = None) -> int:
        """How many rows :meth:`list_proven` has in all. Cost: a walk over the rows of the SD."""
        row = self._conn.execute(
            f"SELECT count(*) FROM image_files WHERE sd = :sd AND {self._proven_since(since)}",
            {"sd": sd, "since": _from(since)},
        ).fetchone()
        return int(row[0])

    def _proven_since(self, since: datetime | None) -> str:
        is_new = "" if since is None else " AND proven_at_us >= :since"
        return f"{self._say.proven} AND proof_kind <> 'decoded'{is_new}"

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


def _from(since: datetime | None) -> int:
    return 0 if since is None else as_microseconds(since)
