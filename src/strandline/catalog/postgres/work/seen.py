"""What every program on a shared catalog may see of the work, also one without the library of the queue."""

from __future__ import annotations

from datetime import datetime

from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.work.tables import SCHEMA
from strandline.catalog.times import from_microseconds
from strandline.errors import CatalogAwayError, CatalogLockedError

_HAS_TABLES = f"SELECT to_regclass('{SCHEMA}.workers') IS NOT NULL"


class SeenWork:
    """The work on one catalog, looked at. Thread-safe. What cannot be asked now is as if nobody worked."""

    def __init__(self, catalog: PostgresCatalog, stalled_after_s: float) -> None:
        self._catalog = catalog
        self._stalled_after_s = stalled_after_s
        self._has_tables = False

    def find_last_scan(self, sd: int) -> datetime | None:
        """When workers last scanned the storage directory to its end. Cost: a statement."""
        at_us = self._ask(
            f"SELECT max(ended_us) FROM {SCHEMA}.tasks WHERE kind = 'scan' AND state = 'finished' AND sd = ?",
            sd,
        )
        return None if at_us is None else from_microseconds(at_us)

    def has_workers(self) -> bool:
        """Whether a worker is there. Cost: a statement."""
        count = self._ask(
            f"SELECT count(*) FROM {SCHEMA}.procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => ?)",
            self._stalled_after_s,
        )
        return bool(count)

    def _ask(self, statement: str, value: float) -> int | None:
        try:
            with self._catalog.connected() as connection:
                if not self._has_tables:
                    (self._has_tables,) = connection.execute(_HAS_TABLES).fetchone()
                if not self._has_tables:
                    return None
                (answer,) = connection.execute(statement, (value,)).fetchone()
        except (CatalogAwayError, CatalogLockedError):
            return None
        return None if answer is None else int(answer)
