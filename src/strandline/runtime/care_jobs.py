"""Long work that people start on pages: looks and changes, one at a time of each kind, each in its own thread.

The latest of each kind is remembered with its result, so that a page can be drawn from it as often as somebody turns
its pages. A look that took long is not repeated soon, however often a page is opened.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import Any, Generic, TypeVar

from strandline.errors import RefusedError, StrandlineError
from strandline.logs import get_logger
from strandline.model.values import dataclass

log = get_logger(__name__)

T = TypeVar("T")

FRESH_S = 5.0
"""So long the result of a quick look is shown again."""

REST = 20
"""Times what a look took: so long its result is shown again. So looks take at most a twentieth of the time."""

NEWS_S = 60.0
"""So long after it was first told, what became of a change is told again: a page that stays open is drawn again."""

UNTOLD_S = 600.0
"""So long it waits for somebody who looks."""

STOP_LIMIT_S = 1.0
"""When the server stops, work that hangs on a dead disk is abandoned after this time."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of work, and the type of its result."""

    name: str
    is_look: bool = False
    """Whether it changes nothing, so that its result is not so any more once something was changed."""


@dataclass(slots=True)
class CareJob(Generic[T]):
    """One piece of work. It changes while it runs."""

    kind: Kind[T]
    started_at: datetime
    follows: str = ""
    """The number of the job that a form showed and whose result this one acts on."""
    number: str = field(default_factory=lambda: secrets.token_hex(8))
    """What the forms of a page that shows its result name it by. A number that is gone never comes again."""
    begun_s: float = field(default_factory=time.monotonic)
    ended_s: float = 0.0
    ended_at: datetime | None = None
    told_s: float | None = None
    """When a page first told what became of it."""
    is_old_news: bool = False
    """Whether somebody began something else since it ended."""
    done: int = 0
    total: int = 0
    """0 while it is unknown."""
    result: T | None = None
    error: StrandlineError | None = None
    is_fault: bool = False
    """Whether it ended by a fault in the program. The log has it."""
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def has_ended(self) -> bool:
        """Whether it has a result, an error, or met a fault."""
        return self.ended.is_set()

    def note_progress(self, done: int, total: int) -> None:
        """Records the progress."""
        self.done, self.total = done, total

    def tell(self, now_s: float) -> bool:
        """Whether what became of it is still news. From the first time on, it is for a minute. Ended jobs only."""
        if self.is_old_news or now_s - self.ended_s > UNTOLD_S:
            return False
        if self.told_s is None:
            self.told_s = now_s
        return now_s - self.told_s <= NEWS_S

    def is_fresh(self, now_s: float) -> bool:
        """Whether its result may be shown again instead of a new one. One that runs will be fresh."""
        if not self.has_ended:
            return True
        is_well = self.error is None and not self.is_fault
        return is_well and now_s - self.ended_s < max(FRESH_S, REST * (self.ended_s - self.begun_s))


class CareJobs:
    """The jobs of one server. Thread-safe."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._jobs: dict[str, CareJob[Any]] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._running: dict[int, CareJob[Any]] = {}

    def start(self, kind: Kind[T], work: Callable[[CareJob[T]], T], follows: str = "") -> CareJob[T]:
        """Starts the work. Returns at once. Of the jobs of a kind that follow the same one, only the first begins, so
        a form that is sent twice is done once.

        Raises:
            RefusedError: Another job of this kind is running, maybe with another aim.
        """
        with self._lock:
            known = self._jobs.get(kind.name)
            if known is not None and follows and known.follows == follows:
                return known
            if known is not None and not known.has_ended:
                raise RefusedError("this is at work already; wait until it is done, and try again")
            return self._begin(kind, work, follows)

    def look(self, kind: Kind[T], work: Callable[[CareJob[T]], T]) -> CareJob[T]:
        """The job of this kind if it runs or its result is fresh; otherwise a new one. Returns at once."""
        with self._lock:
            known = self._jobs.get(kind.name)
            is_fresh = known is not None and known.is_fresh(time.monotonic())
            return known if known is not None and is_fresh else self._begin(kind, work)

    def find(self, kind: Kind[T]) -> CareJob[T] | None:
        """The latest job of this kind, if any."""
        with self._lock:
            return self._jobs.get(kind.name)

    def forget(self, *kinds: Kind[Any]) -> None:
        """Forgets results that are not so any more."""
        with self._lock:
            for kind in kinds:
                self._jobs.pop(kind.name, None)

    def forget_looks(self) -> None:
        """Forgets what looks found, because something was changed."""
        with self._lock:
            for name in [name for name, job in self._jobs.items() if job.kind.is_look]:
                del self._jobs[name]

    def end_news(self) -> None:
        """What became of earlier jobs is not told any more, because something else begins."""
        with self._lock:
            for job in self._jobs.values():
                job.is_old_news = job.is_old_news or job.has_ended

    def stop(self) -> None:
        """Asks all to end, and waits for them, up to a limit."""
        with self._lock:
            running, threads = list(self._running.values()), list(self._threads.values())
        for job in running:
            job.cancel.set()
        for thread in threads:
            thread.join(STOP_LIMIT_S)

    def _begin(self, kind: Kind[T], work: Callable[[CareJob[T]], T], follows: str = "") -> CareJob[T]:
        job = self._jobs[kind.name] = CareJob(kind, self._now(), follows)
        thread = threading.Thread(
            target=self._run, args=(job, work), name=f"strandline-{kind.name}", daemon=True
        )
        self._threads[id(job)], self._running[id(job)] = thread, job
        thread.start()
        return job

    def _run(self, job: CareJob[T], work: Callable[[CareJob[T]], T]) -> None:
        try:
            job.result = work(job)
        except StrandlineError as error:
            job.error = error
        except Exception:  # the boundary of a job
            log.exception("%s met a fault", job.kind.name)
            job.is_fault = True
        finally:
            job.ended_s, job.ended_at = time.monotonic(), self._now()
            job.ended.set()
            with self._lock:
                self._threads.pop(id(job), None)
                self._running.pop(id(job), None)
