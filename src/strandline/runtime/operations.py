"""Operations: what is measured here, and what workers have told, put together for ``/metrics``."""

from __future__ import annotations

from strandline.catalog.port import Catalog
from strandline.errors import CatalogAwayError, CatalogLockedError
from strandline.model.operations import SERVER, Measured, Operations, WorkMeasures
from strandline.runtime.assembly import LocalStore
from strandline.timings import MEASURED


def measure_operations(store: LocalStore) -> Operations:
    """Everything now. See :meth:`LocalStore.measure_operations`."""
    work = (
        _measure_work(store.bench.catalog, store.settings.work.stalled_after_s) if store.is_shared else None
    )
    waiting, dropped = store.arrivals.count()
    measured = {
        name: [
            *(Measured(SERVER, *kind, timings.bounds_s, *spread) for kind, spread in timings.read().items()),
            *(work.measured.get(name, ()) if work else ()),
        ]
        for name, timings in MEASURED.items()
    }
    return Operations(waiting, dropped, measured, work)


def _measure_work(catalog: Catalog, stalled_after_s: float) -> WorkMeasures | None:
    from strandline.catalog.postgres.database import PostgresCatalog  # here: a bucket needs no such catalog
    from strandline.catalog.postgres.work.measures import measure_work

    assert isinstance(catalog, PostgresCatalog)
    try:
        return measure_work(catalog, stalled_after_s)
    except (CatalogAwayError, CatalogLockedError):
        return None
