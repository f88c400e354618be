"""Tidying: leftovers of killed saves are removed after a day (invariant I21).

A killed program leaves its temporary, in scratch or hidden in a storage directory, where sync clients copy it around.
Only this machine's own temporaries are touched. A hidden temporary has a note in scratch. If scratch is empty, which
is nearly always, no storage directory is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from strandline.errors import StrandlineError
from strandline.folders.temporaries import TEMPORARY_NAME, remove_own_temporaries
from strandline.logs import get_logger
from strandline.model.storage_dirs import StorageDir
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

log = get_logger(__name__)


def remove_leftovers(bench: Workbench, sds: Iterable[StorageDir], known: Iterable[int]) -> None:
    """Removes this home's temporaries that are older than a day. Idempotent. What a disk refuses is left for next
    time.

    Scratch is cleaned only after this program has cleaned every known storage directory: the notes are in scratch,
    and without them leftovers would stay for good.

    Args:
        sds: The storage directories to clean: those of one place, so that a slow one delays no other.
        known: The numbers of all storage directories.
    """
    scratch = bench.scratch
    try:
        if not any(TEMPORARY_NAME.fullmatch(path.name) for path in scratch.iterdir()):
            return
        for sd in sds:
            _clean(bench, sd)
        cleaned_at = [bench.tidied.get(number) for number in known]
        if None not in cleaned_at:
            # By the time of that cleaning: a note that is a day old now was younger then, and so was its temporary.
            now = min((at for at in cleaned_at if at is not None), default=bench.now())
            remove_own_temporaries(scratch, scratch=scratch, now=now)
    except (OSError, StrandlineError) as error:
        log.info("leftovers of earlier saves could not be removed: %s", error)


def _clean(bench: Workbench, sd: StorageDir) -> None:
    now = bench.now()
    try:
        if not sd.read_only:
            if not refresh(bench, sd).is_reachable:
                return
            bench.folder(sd).remove_leftovers(now)
        bench.tidied[sd.number] = now
    except (OSError, StrandlineError) as error:
        log.info("leftovers of earlier saves in %r could not be removed: %s", sd.name, error)
