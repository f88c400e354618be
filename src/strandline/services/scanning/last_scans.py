"""Last scans: when each storage directory was last scanned to the end, by whichever program.

The time is the mtime of an empty file in the home, because a scan that finds nothing changes no byte of the catalog
(SPEC §6). If the files are lost, nothing is known until the next scan.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Workbench

FOLDER = "scans"


def note_scan(bench: Workbench, sd: StorageDir) -> None:
    """The storage directory was scanned to the end now. A home that cannot be written to is reported elsewhere."""
    now = bench.scanned[sd.number] = bench.now()
    path = _path_of(bench, sd)
    at_ns = as_microseconds(now) * 1000
    with suppress(OSError):
        try:
            os.utime(path, ns=(at_ns, at_ns))
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            os.utime(path, ns=(at_ns, at_ns))


def find_last_scan(bench: Workbench, sd: StorageDir) -> datetime | None:
    """When the storage directory was last scanned to the end; None if it never was. Cost: a ``stat`` in the home."""
    known = bench.scanned.get(sd.number)
    noted = None
    with suppress(OSError):
        noted = from_microseconds(_path_of(bench, sd).stat().st_mtime_ns // 1000)
    return max((at for at in (known, noted) if at is not None), default=None)


def _path_of(bench: Workbench, sd: StorageDir) -> Path:
    """A rebuilt catalog gives the same numbers to other folders, so its own name is in it."""
    return bench.home / FOLDER / f"{bench.catalog.epoch}-{sd.number}"
