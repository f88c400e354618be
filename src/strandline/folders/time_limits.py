"""Calls that may hang, on shares that went away, made so that nobody waits longer than a limit.

A system call on a dead share cannot be interrupted, and the thread that made it is lost. So a daemon worker makes the
call and is abandoned if it does not answer. It blocks neither the caller nor the end of the program.
:class:`SlowPlaces` remembers where that happened, so the price is paid once and not at every lookup: while that call
hangs, nobody asks again. Each place loses only its own workers, so a dead one does not affect others. What surprises:
an abandoned worker may still finish. Its result is then passed to ``late``, to be closed. Local disks do not go
through here: handing a call to another thread costs more than looking at a file.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from strandline.model.defaults import IO_TIMEOUT_S

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

REST_S = 60.0
"""Minimum time for which a place that did not answer is not asked again."""

MAX_LOST_WORKERS = 32
"""The maximum number of hanging calls per place. Further calls fail at once, before threads fill the memory."""
_MAX_IDLE_WORKERS = 8


def within(
    place: Hashable, limit_s: float, call: Callable[[], T], *, late: Callable[[T], object] | None = None
) -> T:
    """Makes the call in another thread, and waits for it no longer than the limit.

    Args:
        place: Where the call may hang: one disk or share, named in messages.
        limit_s: Seconds.
        call: What may hang. Its errors are raised here.
        late: Gets the result if it comes after the limit, to close things such as an open file.

    Raises:
        TimeoutError: No answer within the limit, or too many earlier calls hang there. The call may still finish.
    """
    return _wait(place, limit_s, _WORKERS.submit(place, call), late)


def _wait(
    place: Hashable,
    limit_s: float,
    future: Future[T],
    late: Callable[[T], object] | None,
    progress: Callable[[], object] | None = None,
) -> T:
    while True:
        before = progress and progress()
        try:
            return future.result(limit_s)
        except TimeoutError as error:
            if future.done() and future.exception() is error:
                raise  # the call's own: the system timed out first
            if progress and progress() != before:
                continue
            _WORKERS.give_up(place, future, late)
            raise TimeoutError(f"no answer within {limit_s:g} s") from None


def begin(place: Hashable, call: Callable[[], object]) -> None:
    """Makes the call in another thread without waiting. If too many calls hang at the place, it is made when one
    of them returns: a dropped close would leak its descriptor.
    """
    if not _WORKERS.postpone(place, call):
        with suppress(TimeoutError):
            within(place, 0, call)


def begin_elsewhere(place: Hashable, call: Callable[[], object]) -> None:
    """Like :func:`begin`, for destructors. They may run in any thread, even in one that holds a lock of ours.

    :func:`expect_destructors` must have been called before.
    """
    _WORKERS.left.put((place, call))


def expect_destructors() -> None:
    """Starts the thread that makes the calls of :func:`begin_elsewhere`, if it does not run."""
    _WORKERS.watch_left()


def _is_done_within(limit_s: float, future: Future[Any]) -> bool:
    with suppress(TimeoutError):
        future.exception(limit_s)
    return future.done()


class _Rest(NamedTuple):
    """Why a place is not asked: until that time, and while that call hangs."""

    until_s: float
    call: Future[Any]


class SlowPlaces:
    """The places that did not answer recently. Thread-safe.

    Args:
        limit_s: How long a call may take.
        rest_s: Minimum time for which a place that did not answer is not asked.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        limit_s: float = IO_TIMEOUT_S,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_s = limit_s
        self.rest_s = rest_s
        self._clock = clock
        self._rests: dict[Hashable, _Rest] = {}

    def within(
        self, place: Hashable, call: Callable[[], T], *, late: Callable[[T], object] | None = None
    ) -> T:
        """Like :func:`within`, but at a resting place it fails at once, without making the call.

        Raises:
            TimeoutError: The place is resting, or did not answer now. It rests from now on.
        """
        self._check_not_resting(place)
        future = _WORKERS.submit(place, call)
        try:
            return _wait(place, self.limit_s, future, late)
        except TimeoutError:
            self._rests[place] = _Rest(self._clock() + self.rest_s, future)
            raise

    def patiently(
        self,
        place: Hashable,
        limit_s: float,
        call: Callable[[], T],
        *,
        small_look: Callable[[], object] | None = None,
        late: Callable[[T], object] | None = None,
        progress: Callable[[], object] | None = None,
        kind: str | None = None,
    ) -> T:
        """Makes a call that may legitimately take long, such as a download. If it does, the place need not rest.

        Args:
            place: Where the call may hang.
            limit_s: Limit for this call, in seconds.
            call: What may hang.
            small_look: Made if the call takes longer than a small one may. If it gets no answer either, the place is
                dead: it rests, and the call is abandoned at once.
            late: As for :func:`within`.
            progress: How far the call is. The time limit restarts whenever this changes.
            kind: A name for calls that rest together. If this call is abandoned, the next one of its kind fails at
                once for a while. Other calls to the place are not affected.

        Raises:
            TimeoutError: The place is resting or dead, or the call exceeded its limit.
        """
        self._check_not_resting(place)
        rests = f"{place}, {kind}" if kind else None
        if rests:
            self._check_not_resting(rests)
        future = _WORKERS.submit(place, call)
        if small_look is not None and not _is_done_within(min(self.limit_s, limit_s), future):
            try:
                self.within(place, small_look)
            except TimeoutError:
                _WORKERS.give_up(place, future, late)
                raise
            except OSError:
                pass  # even an error is an answer
        try:
            return _wait(place, limit_s, future, late, progress)
        except TimeoutError:
            if rests and not future.done():
                self._rests[rests] = _Rest(self._clock() + self.rest_s, future)
            raise

    def _check_not_resting(self, place: Hashable) -> None:
        if self.is_resting(place):
            raise TimeoutError(
                f"{place} did not answer; it is left alone for {self.rest_s:g} s, and until it has answered"
            )

    def is_resting(self, place: Hashable) -> bool:
        """True if the place did not answer within the last ``rest_s``, or a call from then still hangs."""
        rest = self._rests.get(place)
        if rest is None:
            return False
        if self._clock() < rest.until_s or not rest.call.done():
            return True
        self._rests.pop(place, None)
        return False

    def forget(self, place: Hashable) -> None:
        """Ends the place's rest, because it is known to be back."""
        self._rests.pop(place, None)


class _Workers:
    """Idle workers for reuse, and the number of hanging ones per place."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Forgets all workers: threads do not survive a fork, and a lock could stay held forever."""
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._lost: Counter[Hashable] = Counter()
        self._postponed: dict[Hashable, list[Callable[[], object]]] = {}
        self.left: SimpleQueue[tuple[Hashable, Callable[[], object]]] = SimpleQueue()
        self._watches_left = False

    def watch_left(self) -> None:
        with self._lock:
            is_first, self._watches_left = not self._watches_left, True
        if is_first:
            threading.Thread(target=self._begin_left, name="strandline-left", daemon=True).start()

    def _begin_left(self) -> None:
        left = self.left
        while True:
            begin(*left.get())

    def submit(self, place: Hashable, call: Callable[[], T]) -> Future[T]:
        from concurrent.futures import Future  # here: it costs 9 ms, and most people have no share

        with self._lock:
            if self._lost[place] >= MAX_LOST_WORKERS:
                raise TimeoutError(
                    f"{self._lost[place]} earlier calls to {place} hang still; check that drive"
                )
            worker = self._idle.pop() if self._idle else None
        future: Future[T] = Future()
        (worker or _Worker(self)).jobs.put((future, call))
        return future

    def postpone(self, place: Hashable, call: Callable[[], object]) -> bool:
        """Keeps the call until a hanging one at the place returns. False if not that many hang there."""
        with self._lock:
            is_full = self._lost[place] >= MAX_LOST_WORKERS
            if is_full:
                self._postponed.setdefault(place, []).append(call)
        return is_full

    def give_up(self, place: Hashable, future: Future[T], late: Callable[[T], object] | None) -> None:
        with self._lock:
            self._lost[place] += 1

        def has_come_back(future: Future[T]) -> None:  # at once, if it came between limit and now
            with self._lock:
                self._lost[place] -= 1
                if not self._lost[place]:
                    del self._lost[place]
                postponed = self._postponed.pop(place, [])
            for call in postponed:
                begin(place, call)
            if late and future.exception() is None:
                late(future.result())

        future.add_done_callback(has_come_back)

    def take_back(self, worker: _Worker) -> bool:
        """True if the worker is kept for further calls."""
        with self._lock:
            is_kept = len(self._idle) < _MAX_IDLE_WORKERS
            if is_kept:
                self._idle.append(worker)
        return is_kept


class _Worker(threading.Thread):
    """Makes one call after another. A daemon thread: the program's end does not wait for it."""

    def __init__(self, workers: _Workers) -> None:
        super().__init__(name="strandline-time-limit", daemon=True)
        self.jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._workers = workers
        self.start()

    def run(self) -> None:
        is_kept = True
        while is_kept:
            future, call = self.jobs.get()
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001  (the caller's; raised on his thread)
                error = raised
            is_kept = self._workers.take_back(self)  # first, so that the caller's next call finds it idle
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            del future, call, result, error  # an idle worker keeps nothing alive


_WORKERS = _Workers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_WORKERS.start_anew)
