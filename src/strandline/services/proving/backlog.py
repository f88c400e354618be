"""Verifying: files that were registered from a listing alone are proven in the background, newest first (SPEC §6).

After them come files whose proof was made before structures were walked, so it is unknown whether they are whole. A
file that cannot be read is retried with backoff. Otherwise a folder full of refusals would be tried again after each
scan.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from strandline.catalog.port import Reader
from strandline.logs import get_logger
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.conflict_copies import note_copies_of
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.workbench import Workbench

log = get_logger(__name__)

FILES_AT_ONCE = 200
"""Rows per statement: enough to be cheap, few enough to hold in memory."""


def verify_unproven(
    bench: Workbench,
    sd: StorageDir,
    *,
    may_read: Callable[[int], bool],
    cancel: threading.Event | None = None,
) -> bool:
    """Proves the SD's present files that were never proven, newest first, then those whose wholeness is unknown.

    Cost: one statement per 200 such files, and one read of each file. Only on local disks: elsewhere it would
    download from a cloud or load the network without a request.

    Args:
        may_read: Called before each file with its size in bytes. False ends the round (the budget is spent).

    Returns:
        True if nothing is left to do, False if the budget or a cancel ended it.
    """
    folder = bench.folder(sd)
    if not folder.is_local:
        return True
    for row in _iter_backlog(bench, sd):
        if cancel is not None and cancel.is_set():
            return False
        attempt, name = (sd.number, row.path, row.stamp), folder.layout.name_of(row.path)
        if folder.is_evicted(name) or not bench.refusals.is_due(attempt):
            continue  # since the last scan; only a person's request fetches it
        if not may_read(0 if row.stamp is None else row.stamp.size_bytes):
            return False
        result = prove_file(bench, sd, name)
        outcome = result.outcome
        if outcome is Outcome.BAD:
            note_copies_of(bench, sd, row.image_id)
        if outcome is Outcome.UNREADABLE:
            if bench.refusals.add(attempt):
                log.warning("%s in %r cannot be checked: %s", name, sd.name, result.reason)
        else:
            bench.refusals.drop(attempt)
    return True


def _iter_backlog(bench: Workbench, sd: StorageDir) -> Iterator[ImageFile]:
    """Each row once, however many of them stay in the backlog. Holds no connection between two pages."""
    for list_page in (_list_unproven, _list_unwalked):
        last: ImageFile | None = None
        while True:
            with bench.catalog.read() as reader:
                rows = list_page(reader, sd.number, last)
            if not rows:
                break
            yield from rows
            last = rows[-1]


def _list_unproven(reader: Reader, sd: int, after: ImageFile | None) -> list[ImageFile]:
    return reader.files.list_unproven(sd, limit=FILES_AT_ONCE, after=after)


def _list_unwalked(reader: Reader, sd: int, after: ImageFile | None) -> list[ImageFile]:
    return reader.files.list_unwalked(sd, limit=FILES_AT_ONCE, after=after)
