"""Verifying: files that were registered from a listing alone are proven in the background, newest first (SPEC §6)."""

from __future__ import annotations

import threading
from collections.abc import Callable

from strandline.catalog import image_files
from strandline.folders.filesystems import MountKind
from strandline.folders.media_folder import is_evicted
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.prove import Outcome, path_of, prove_file
from strandline.services.workbench import Workbench

FILES_AT_ONCE = 200
"""Rows fetched by one statement: enough to be cheap, few enough that the newest arrivals come first again soon."""


def verify_unproven(
    bench: Workbench,
    sd: StorageDir,
    *,
    may_read: Callable[[int], bool],
    cancel: threading.Event | None = None,
) -> bool:
    """Proves present files of the SD that never were, newest first.

    Only on local disks: elsewhere it would download the cloud or load the network unasked.

    Args:
        may_read: Asked before each file with its size in bytes; False ends the round (the budget is spent).

    Returns:
        True where nothing is left to do, False where the budget or a cancel ended it.
    """
    if bench.mount_at(sd.path).kind is not MountKind.LOCAL:
        return True
    failed: set[str] = set()
    while True:
        with bench.catalog.read() as conn:
            rows = image_files.list_unproven(conn, sd.number, limit=FILES_AT_ONCE + len(failed))
        rows = [row for row in rows if row.filename not in failed]
        if not rows:
            return True
        for row in rows:
            if cancel is not None and cancel.is_set():
                return False
            if is_evicted(path_of(sd, row.filename)):
                failed.add(row.filename)  # since the last scan; only a person fetches it
                continue
            if not may_read(0 if row.stamp is None else row.stamp.size_bytes):
                return False
            result = prove_file(bench, sd, row.filename)
            if result.outcome not in (Outcome.GOOD, Outcome.BAD):
                failed.add(row.filename)
