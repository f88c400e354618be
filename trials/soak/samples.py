"""Samples: what a process uses (memory, descriptors, threads), read from ``/proc`` every few seconds, and whether it
stays flat.

What surprises: the first tenth is left out. Caches fill and threads start, and an idle process says nothing about
leaks.
"""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import linear_regression, median

EVERY_S = 5.0
LEAST_SAMPLES = 20
"""A short run is sampled more often."""

WARM_UP_PART = 0.1

ROOM_PART, ROOM = 0.03, {"memory_mb": 8.0, "decoders_mb": 16.0, "descriptors": 4.0, "threads": 4.0}
"""The last quarter may have this much more than the first, as a factor and as an amount: one running answer, one
idle thread.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment."""

    at_s: float
    memory_mb: float
    """Resident memory of the daemon itself."""
    decoders_mb: float
    """Resident memory of its decoder processes."""
    descriptors: float
    threads: float


MEASURED = [each.name for each in fields(Sample)][1:]


@dataclass(frozen=True, slots=True)
class Trend:
    """One quantity over the whole run."""

    name: str
    first_quarter: float
    last_quarter: float
    """Both medians, after the warm-up. Two adjacent halves would hide half of a slow growth."""
    highest: float
    per_hour: float
    """Slope of the line through the second half."""

    @property
    def is_flat(self) -> bool:
        """True if the last quarter is not above the first, with a small margin."""
        return self.last_quarter <= self.first_quarter * (1 + ROOM_PART) + ROOM[self.name]

    def as_row(self) -> str:
        """One line of the table of :func:`format_trends`."""
        return (
            f"| {self.name.replace('_mb', ', MB').replace('_', ' ')} | {self.first_quarter:.1f} | "
            f"{self.last_quarter:.1f} | {self.highest:.1f} | {self.per_hour:+.2f} | "
            f"{'yes' if self.is_flat else '**no**'} |"
        )


class Sampler:
    """Samples a process in its own thread until it is stopped or the time is over."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._every_s = min(EVERY_S, seconds / LEAST_SAMPLES)
        self._stop = threading.Event()
        self.samples: list[Sample] = []
        self._thread = threading.Thread(target=self._run, name="soak-sampler")
        self._thread.start()

    def stop(self) -> None:
        """Stops sampling."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.samples.append(take_sample(self._pid))
            except (FileNotFoundError, ProcessLookupError):
                continue  # a thread or decoder has just ended; if it is the daemon itself, other checks report it


def take_sample(pid: int) -> Sample:
    """The current use. Raises OSError if the process or one of its threads ends meanwhile."""
    proc = Path("/proc", str(pid))
    return Sample(
        time.monotonic(),
        _resident_mb(proc),
        sum(_resident_mb(child) for child in _list_children(proc)),
        float(len(os.listdir(proc / "fd"))),
        float(len(os.listdir(proc / "task"))),
    )


def find_trends(samples: list[Sample]) -> list[Trend]:
    """The trend of each quantity. Needs about a dozen samples."""
    kept = samples[int(len(samples) * WARM_UP_PART) :]
    return [_find_trend(name, kept) for name in MEASURED]


def format_trends(trends: list[Trend]) -> str:
    """A Markdown table."""
    head = "| | median, first quarter | median, last quarter | highest | per hour | flat |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(trend.as_row() for trend in trends)])


def tell_course(samples: list[Sample], parts: int = 12) -> str:
    """The daemon's memory over the whole run, including the warm-up."""
    at = [samples[(len(samples) - 1) * part // parts] for part in range(parts + 1)]
    return " ".join(f"{sample.memory_mb:.0f}" for sample in at)


def _find_trend(name: str, samples: list[Sample]) -> Trend:
    values = [getattr(sample, name) for sample in samples]
    quarter, half = len(values) // 4, len(values) // 2
    slope = linear_regression([sample.at_s for sample in samples[half:]], values[half:]).slope
    return Trend(name, median(values[:quarter]), median(values[-quarter:]), max(values), slope * 3600)


def _resident_mb(proc: Path) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", (proc / "status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _list_children(proc: Path) -> list[Path]:
    tables = [table.read_text() for table in proc.glob("task/*/children")]
    return [Path("/proc", pid) for table in tables for pid in table.split()]
