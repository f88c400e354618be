"""Work on many machines: what there is to do, in which parts, how far it is, and how long it will take (SPEC §25).

A *task* is something to be done to one storage directory. It is divided into *parts*, each a range of names, so that
many workers can do it at the same time, and so that little is done again if one of them is killed. Pure.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import ClassVar

from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.values import dataclass


class WorkKind(StrEnum):
    """What there is to do."""

    SCAN = "scan"
    """List it, register what is new, and find out what is gone."""
    ARRIVALS = "arrivals"
    """Prove what is new or changed since its first scan."""
    PROVE = "prove"
    """Prove everything that was never read."""
    VERIFY = "verify"
    """Read again what was not read for long."""
    THUMBNAILS = "thumbnails"
    """Draw the thumbnails that machines share, and that are not there yet."""


class WorkState(StrEnum):
    """The state of a task."""

    WORKING = "working"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    """A part of it, or its last step, could not be done. Nothing was concluded from the others."""
    CANCELLED = "cancelled"


OPEN = (WorkState.WORKING, WorkState.PAUSED)
"""Of a task that has not ended."""

PRIORITY: dict[WorkKind, int] = {
    WorkKind.ARRIVALS: 40,
    WorkKind.SCAN: 30,
    WorkKind.PROVE: 20,
    WorkKind.VERIFY: 10,
    WorkKind.THUMBNAILS: 5,
}
"""Higher ones first: what just came is what people look for. An image that somebody asks for waits for nobody: the
server that is asked proves it, and draws it."""

PRIORITY_FIRST = 100
"""Of a task that a person wants to be done before all others."""


@dataclass(frozen=True, slots=True)
class WorkTask(JsonForm):
    """A task, and how far it is."""

    number: int
    kind: WorkKind
    sd: int
    sd_id: str | None
    sd_name: str
    state: WorkState
    is_first: bool
    """Whether a person wants it to be done before all others."""
    done: int
    """Images that were listed, read, or looked for."""
    total: int | None
    """All that are to be; None while it is unknown."""
    parts: int
    parts_done: int
    parts_failed: int
    findings: int
    """What a person should look at: images that cannot be read or drawn, or have other bytes than they should."""
    images_per_s: float
    """Of all workers together, in the last minute. 0 if nobody works on it."""
    began_at: datetime
    ended_at: datetime | None = None
    problem: str | None = None
    """Why it failed, or what keeps it from ending."""

    JSON: ClassVar[Table] = {
        "id": "id", "kind": "kind", "sd_id": "sd_id", "name": "sd_name", "state": "state", "first": "is_first",
        **own_keys("done", "total", "parts", "parts_done", "parts_failed", "findings", "images_per_s"),
        "remaining_s": "remaining_s", **own_keys("began_at", "ended_at", "problem"),
    }  # fmt: skip

    @property
    def id(self) -> str:
        """Its number, as text."""
        return str(self.number)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def remaining_s(self) -> int | None:
        """How long it will take, if it goes on as in the last minute. None if that cannot be said."""
        if self.state is not WorkState.WORKING or self.total is None:
            return None
        return estimate_s(self.total - self.done, self.images_per_s)


def estimate_s(images: int, images_per_s: float) -> int | None:
    """How many seconds so many images take. None if nothing moves."""
    if images <= 0:
        return 0
    return None if images_per_s <= 0 else ceil(images / images_per_s)


@dataclass(frozen=True, slots=True)
class WorkerFacts(JsonForm):
    """A worker: a process on some machine."""

    number: int
    host: str
    pid: int
    version: str
    """Of Strandline."""
    began_at: datetime
    seen_at: datetime
    """When it last said that it is there."""
    is_alive: bool
    """Whether that was a short while ago. What the others did will be done again."""
    parts: int
    """That it is doing."""

    JSON: ClassVar[Table] = {
        "id": "id",
        **own_keys("host", "pid", "version", "began_at", "seen_at"),
        "alive": "is_alive",
        "parts": "parts",
    }

    @property
    def id(self) -> str:
        """Its number, as text."""
        return str(self.number)


@dataclass(frozen=True, slots=True)
class WorkStatus(JsonForm):
    """All that is to be done, and who does it."""

    workers: list[WorkerFacts] = field(default_factory=list)
    tasks: list[WorkTask] = field(default_factory=list)
    """Open ones first, in the order in which they are done; then those that have ended, newest first."""
    waiting_parts: int = 0
    running_parts: int = 0

    @property
    def is_stuck(self) -> bool:
        """Whether there is something to do and nobody who does it."""
        is_wanted = any(task.state is WorkState.WORKING for task in self.tasks)
        return is_wanted and not any(worker.is_alive for worker in self.workers)

    @property
    def failed(self) -> list[WorkTask]:
        """The tasks that failed, and that no later one of their kind has made good."""
        seen: set[tuple[WorkKind, int]] = set()
        found = []
        for task in self.tasks:
            if task.is_open:
                continue
            if task.state is WorkState.FAILED and (task.kind, task.sd) not in seen:
                found.append(task)
            if task.state is not WorkState.CANCELLED:
                seen.add((task.kind, task.sd))
        return found


WORK_WORDS: dict[WorkKind, str] = {
    WorkKind.SCAN: "look for new, changed, and missing images",
    WorkKind.ARRIVALS: "check what is new",
    WorkKind.PROVE: "check what was never read",
    WorkKind.VERIFY: "read again what was not read for long",
    WorkKind.THUMBNAILS: "make thumbnails",
}
"""Each kind in words, for people."""
