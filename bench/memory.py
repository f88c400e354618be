"""Memory: the peak of a process that scans, scans again, inspects, and browses a very large storage directory.

Run as a program (``python -m bench.memory JOB HOME ROOT``), it is that process, and prints its bytes: at the peak,
and when it was idle, with its store open.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.material import make_names
from bench.timing import format_seconds
from strandline import Store, open_store

BASE_BYTES = 64 * 1024 * 1024
BYTES_A_FILE = 200
"""The bound of SPEC §6: ``BASE_BYTES`` plus this per file."""

TREE_BYTES = 64 * 1000 * 1000
"""The bound of the tree, above the idle process: it does not grow with the folder."""

JOBS: dict[str, Callable[[Store, str], object]] = {
    "first scan, all registered": lambda store, root: store.add_storage_dir(root),
    "scan, nothing changed": lambda store, root: store.scan(root),
    "inspect": lambda store, root: store.inspect(root),
    "inspect tree": lambda store, root: sum(1 for _ in store.iter_tree(root)),
}
NOT_GROWING = "inspect tree"


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak memory of one process."""

    job: str
    files: int
    peak_bytes: int
    idle_bytes: int
    seconds: float

    @property
    def bound_bytes(self) -> int:
        """The most that the process may need."""
        if self.job == NOT_GROWING:
            return self.idle_bytes + TREE_BYTES
        return BASE_BYTES + BYTES_A_FILE * self.files

    def as_row(self) -> str:
        """One line of the table that :func:`format_peaks` heads."""
        is_met = self.peak_bytes <= self.bound_bytes
        return (
            f"| {self.job}, {self.files:,} files | "
            f"{self.peak_bytes / 1e6:.0f} MB, idle {self.idle_bytes / 1e6:.0f} MB | "
            f"≤ {self.bound_bytes / 1e6:.0f} MB {'✓' if is_met else '✗'} | {format_seconds(self.seconds)} |"
        )


def measure_memory(work: Path, files: int) -> list[Peak]:
    """Each job in its own process. The files are names of a few small ones, and are deleted afterwards."""
    root, home = work / "very-many", work / "home-of-very-many"
    _check_room(work, files)
    try:
        make_names(root / "media", files)
        (root / "SD_ID").write_text("5a1f0f0e-3d6b-4a56-9a52-0d1c1c8b8a11\n")
        return [_run(job, home, root, files) for job in JOBS]
    finally:
        for folder in (root, home):
            shutil.rmtree(folder, ignore_errors=True)


def format_peaks(peaks: list[Peak]) -> str:
    """A Markdown table."""
    bounds = "64 MiB + 200 bytes a file; the tree: 64 MB above idle"
    head = f"| operation | peak of the whole process | bound: {bounds} | once |\n|---|---|---|---|"
    return "\n".join([head, *(peak.as_row() for peak in peaks)])


def _check_room(work: Path, files: int) -> None:
    """A name takes some 60 bytes in the folder, and 700 in the catalog with its indexes and its journal."""
    disk = os.statvfs(work)
    needed_bytes = 2000 * files
    if disk.f_bavail * disk.f_frsize < needed_bytes:
        sys.exit(
            f"{work} has no room for {files:,} names: {needed_bytes / 1e9:.1f} GB are needed; choose --dir"
        )


def _run(job: str, home: Path, root: Path, files: int) -> Peak:
    command = [sys.executable, "-m", "bench.memory", job, str(home), str(root)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return Peak(job, files, int(told[0]), int(told[1]), float(told[2]))


def _read_bytes(field: str) -> int:
    """A field of Linux's table of this process: ``VmRSS`` now, or ``VmHWM`` at the peak since it was started."""
    [found] = re.findall(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found) * 1024


def main() -> None:
    """Does one job, and prints the peak, the idle process, and the duration."""
    import time

    job, home, root = sys.argv[1:]
    with open_store(home) as store:
        idle_bytes = _read_bytes("VmRSS")
        started = time.perf_counter()
        JOBS[job](store, root)
        seconds = time.perf_counter() - started
    print(_read_bytes("VmHWM"), idle_bytes, seconds)


if __name__ == "__main__":
    main()
