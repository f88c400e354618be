"""Memory: the peak of a process that scans, scans again, and inspects a storage directory with very many files.

Run as a program (``python -m bench.memory JOB HOME ROOT``), it is that process, and prints its peak in bytes.
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

from bench.timing import format_seconds
from strandline import Store, open_store

BASE_BYTES = 64 * 1024 * 1024
BYTES_A_FILE = 200
"""The bound of SPEC §6: ``BASE_BYTES`` plus this per file."""

LINKS_A_FILE = 60_000
"""Names per file; ext4 allows 65,000. Listings and catalogs do not notice, and the disk can hold a million."""

JOBS: dict[str, Callable[[Store, str], object]] = {
    "first scan, all registered": lambda store, root: store.add_storage_dir(root),
    "scan, nothing changed": lambda store, root: store.scan(root),
    "inspect": lambda store, root: store.inspect(root),
}


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak memory of one process."""

    job: str
    files: int
    peak_bytes: int
    seconds: float

    def as_row(self) -> str:
        """One line of the table that :func:`format_peaks` heads."""
        bound_bytes = BASE_BYTES + BYTES_A_FILE * self.files
        return (
            f"| {self.job}, {self.files:,} files | {self.peak_bytes / 1e6:.0f} MB | "
            f"≤ {bound_bytes / 1e6:.0f} MB {'✓' if self.peak_bytes <= bound_bytes else '✗'} | "
            f"{format_seconds(self.seconds)} |"
        )


def measure_memory(work: Path, files: int) -> list[Peak]:
    """Each job in its own process. The files are names of a few small ones, and are deleted afterwards."""
    root, home = work / "very-many", work / "home-of-very-many"
    _check_room(work, files)
    try:
        _make_names(root / "media", files)
        (root / "SD_ID").write_text("5a1f0f0e-3d6b-4a56-9a52-0d1c1c8b8a11\n")
        return [_run(job, home, root, files) for job in JOBS]
    finally:
        for folder in (root, home):
            shutil.rmtree(folder, ignore_errors=True)


def format_peaks(peaks: list[Peak]) -> str:
    """A Markdown table."""
    head = "| operation | peak of the whole process | bound: 64 MiB + 200 bytes a file | once |\n|---|---|---|---|"
    return "\n".join([head, *(peak.as_row() for peak in peaks)])


def _make_names(media: Path, files: int) -> None:
    media.mkdir(parents=True)
    for number in range(files):
        name = media / f"{number * 2654435761 % 2**32:08x}{number:024x}.png"
        if number % LINKS_A_FILE == 0:
            original = name
            original.write_bytes(b"\x89PNG\r\n\x1a\n")
        else:
            os.link(original, name)


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
    return Peak(job, files, int(told[0]), float(told[1]))


def _peak_bytes() -> int:
    """On Linux, the peak since this program was started. ``getrusage`` would include the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        [found] = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        return int(found) * 1024
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def main() -> None:
    """Does one job and prints the peak and the duration."""
    import time

    job, home, root = sys.argv[1:]
    started = time.perf_counter()
    with open_store(home) as store:
        JOBS[job](store, root)
    print(_peak_bytes(), time.perf_counter() - started)


if __name__ == "__main__":
    main()
