"""Last scans: when each storage directory was last scanned to the end, by any program, and what it could not read.

The time is the mtime of a file in the home, because a scan that finds nothing changes no byte of the catalog (SPEC
§6). The file has the number of what could not be read, and is empty if that is 0. If the files are lost, nothing is
known until the next scan.
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


def note_scan(bench: Workbench, sd: StorageDir, unreadable: int) -> None:
    """The storage directory was scanned to the end now. A home that cannot be written to is reported elsewhere.

    Args:
        bench: The tools.
        sd: The storage directory.
        unreadable: How many images and folders the scan could not read.
    """
    now = bench.scanned[sd.number] = bench.now()
    path = _path_of(bench, sd)
    at_ns = as_microseconds(now) * 1000
    with suppress(OSError):
        try:
            _note_unreadable(path, unreadable)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            _note_unreadable(path, unreadable)
        os.utime(path, ns=(at_ns, at_ns))


def note_unlistable(bench: Workbench, sd: StorageDir) -> None:
    """The storage directory could not be listed now, so this was no scan. The time of the last one stays."""
    path = _path_of(bench, sd)
    with suppress(OSError):
        at_ns = path.stat().st_mtime_ns
        _note_unreadable(path, 1)
        os.utime(path, ns=(at_ns, at_ns))


def _note_unreadable(path: Path, number: int) -> None:
    """Writes the number into the file, which exists, unless it is there."""
    text = f"{number}\n" if number else ""
    if path.read_text("ascii", errors="replace") != text:
        with path.open("r+", encoding="ascii") as file:
            file.truncate()
            file.write(text)


def count_unreadable(bench: Workbench, sd: StorageDir) -> int:
    """How many images and folders the last scan could not read. Cost: a read of a few bytes in the home."""
    try:
        return int(_path_of(bench, sd).read_text("ascii", errors="replace") or 0)
    except (OSError, ValueError):
        return 0


def find_last_scan(bench: Workbench, sd: StorageDir) -> datetime | None:
    """When the storage directory was last scanned to the end; None if it never was. Cost: a ``stat`` in the home."""
    known = bench.scanned.get(sd.number)
    by_workers = bench.find_scan_by_workers(sd.number)
    noted = None
    with suppress(OSError):
        noted = from_microseconds(_path_of(bench, sd).stat().st_mtime_ns // 1000)
    return max((at for at in (known, noted, by_workers) if at is not None), default=None)


def _path_of(bench: Workbench, sd: StorageDir) -> Path:
    """A rebuilt catalog gives the same numbers to other folders, so its own name is in it."""
    return bench.home / FOLDER / f"{bench.catalog.epoch}-{sd.number}"
