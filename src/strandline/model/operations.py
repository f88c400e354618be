"""Operations: what the administrator of a shared catalog watches beside the status of the images. Pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from strandline.model.values import dataclass
from strandline.model.work import WorkKind

SERVER, WORKERS = "server", "workers"
"""Whose calls were measured: this process's, or those of all workers together."""

MOST_VERSIONS = 10
"""Of workers that are told apart. The rest are counted together."""


class Measured(NamedTuple):
    """How long calls took that are alike."""

    process: str
    """:data:`SERVER` or :data:`WORKERS`."""
    what: str
    outcome: str
    bounds_s: tuple[float, ...]
    numbers: tuple[int, ...]
    """How many took up to each of the bounds, without those before, and how many took longer than all."""
    sum_s: float


@dataclass(frozen=True, slots=True)
class KindOfWork:
    """What there is to do of one kind."""

    kind: WorkKind
    waiting: int
    """Parts that nobody does now, of tasks that are not paused."""
    running: int
    failed: int
    """Parts that were given up. They are forgotten when their task ends."""
    oldest_waiting: datetime | None
    """Since when the task has been open that has waited longest and still has parts that nobody does; None if no
    part waits.
    """
    working_tasks: int
    paused_tasks: int
    failed_tasks: int
    """Storage directories whose last task of this kind failed."""


@dataclass(frozen=True, slots=True)
class WorkMeasures:
    """The work of all machines."""

    kinds: Sequence[KindOfWork]
    workers: Mapping[str, int]
    """How many are there, by their version."""
    last_progress: datetime | None
    """When a worker last recorded that it did something, of what is open; None if it never did."""
    measured: Mapping[str, Sequence[Measured]]
    """What workers measured, by its name."""


@dataclass(frozen=True, slots=True)
class Operations:
    """All of it."""

    notices_waiting: int
    """Names that an object store told of, and that were not looked at yet."""
    notices_dropped: int
    """Since the program started."""
    measured: Mapping[str, Sequence[Measured]]
    """By the name of what was measured: ``s3``, ``sql``, and ``arrivals``. Of this process and of workers."""
    work: WorkMeasures | None
    """None without a shared catalog, and while nobody has ever worked on it."""


def count_versions(versions: Sequence[str]) -> dict[str, int]:
    """How many there are of each, most frequent first; ``other`` for those after the tenth."""
    counts: dict[str, int] = {}
    for version in versions:
        counts[version] = counts.get(version, 0) + 1
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    found = dict(frequent[:MOST_VERSIONS])
    rest = sum(count for _, count in frequent[MOST_VERSIONS:])
    return {**found, "other": found.get("other", 0) + rest} if rest else found
