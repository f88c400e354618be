"""Health of what machines share: the server of the catalog, object stores, and each other's programs and clocks.

A server that is away is a line, like everything else. Loaded only for a shared catalog, or for a bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from strandline import __version__
from strandline.errors import StrandlineError
from strandline.folders.disk_errors import PlaceError
from strandline.model.buckets import is_bucket_address
from strandline.model.remedies import refer_to, say_command
from strandline.model.reports import Check
from strandline.model.storage_dirs import StorageDir
from strandline.model.team_facts import (
    MAX_ENDPOINT_SKEW_S,
    WHY_ENDPOINT,
    find_skew,
    judge_database,
    judge_endpoint,
    judge_programs,
    judge_skew,
)
from strandline.services.workbench import Workbench


def check_database(bench: Workbench, stalled_after_s: float) -> list[Check]:
    """The lines about the server of a shared catalog, and about the programs that use it."""
    from strandline.catalog.postgres.database import PostgresCatalog  # here: a bucket needs no such catalog
    from strandline.catalog.postgres.facts import read_facts
    from strandline.catalog.postgres.work.measures import measure_work
    from strandline.catalog.postgres.work.tables import WORK_VERSION
    from strandline.catalog.schema import VERSION

    catalog = bench.catalog.whole
    assert isinstance(catalog, PostgresCatalog)
    try:
        facts = read_facts(catalog, stalled_after_s, bench.now)
        checks = judge_database(facts, VERSION, WORK_VERSION)
        work = measure_work(catalog, stalled_after_s) if facts.work_format else None
    except StrandlineError as error:
        return [Check("database", False, error.message, "see that it runs, and that catalog.url names it")]
    waiting = sum(each.waiting for each in work.kinds) if work else 0
    return [*checks, *judge_programs(facts.servers, facts.workers, waiting, __version__)]


def check_buckets(bench: Workbench, sds: Iterable[StorageDir]) -> Iterator[Check]:
    """The lines about the object store of each bucket: what it guarantees, and its clock. One short request each."""
    for sd in sds:
        if not is_bucket_address(sd.path):
            continue
        folder, store, asked = bench.folder(sd), f"object store of {sd.name}", bench.now()
        try:
            there = folder.ask_time()
        except OSError as error:
            remedy = error.remedy if isinstance(error, PlaceError) else "try again"
            yield Check(store, False, error.strerror or str(error), remedy)
            continue
        probe = say_command("sd", "probe", refer_to(sd))
        yield judge_endpoint(store, folder.recall_guarantees(), read_only=sd.read_only, probe=probe)
        yield _judge_clock(bench, f"clock of {sd.name}", asked, there)


def _judge_clock(bench: Workbench, name: str, asked: datetime, there: datetime | None) -> Check:
    """The clock of an object store, which was asked then and said this time."""
    if there is None:
        return Check(name, True, "the object store does not say what time it is")
    # Its seconds are whole ones.
    return judge_skew(
        name, find_skew(there, asked - timedelta(seconds=1), bench.now()), MAX_ENDPOINT_SKEW_S, WHY_ENDPOINT
    )
