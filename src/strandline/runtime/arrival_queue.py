"""The queue of told arrivals: hints wait here for one of a few threads, so that who gave them need not wait.

It is short, keeps each name once, and forgets when the program ends: a hint that is lost only costs time, because the
periodic scan finds what it was about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import islice

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.services.proving.arrivals import Arrival
from strandline.services.proving.told_arrivals import ToldName, look_at_told
from strandline.services.workbench import Workbench
from strandline.timings import ARRIVALS, OK

log = get_logger(__name__)

MOST_WAITING = 10_000
"""Names. More wait for the scan."""

THREADS = 4
"""Most of a look is waiting for the object store."""

AT_ONCE = 16
"""Names of one storage directory between two looks at its identity."""

STOP_LIMIT_S = 5.0

PROVEN = (Arrival.PROVEN, Arrival.PROVEN_TOO_SOON)


class ArrivalQueue:
    """The hints of one store. Thread-safe. Threads run from the first hint on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._changed = threading.Condition()
        self._waiting: dict[ToldName, float] = {}
        self._busy = 0
        self._dropped = 0
        self._is_stopped = False
        self._threads: list[threading.Thread] = []

    def add(self, names: Sequence[ToldName]) -> int:
        """Takes hints, as far as there is room. Returns how many were dropped. Never blocks."""
        with self._changed:
            if self._is_stopped:
                self._dropped += len(names)
                return len(names)
            known = [name for name in names if name not in self._waiting]
            taken = known[: max(0, MOST_WAITING - len(self._waiting))]
            self._waiting.update(dict.fromkeys(taken, time.monotonic()))
            self._dropped += len(known) - len(taken)
            if taken and not self._threads:
                self._begin()
            self._changed.notify_all()
        return len(known) - len(taken)

    def count(self) -> tuple[int, int]:
        """How many names wait, and how many were dropped since the program started."""
        with self._changed:
            return len(self._waiting), self._dropped

    def wait_until_empty(self, limit_s: float) -> bool:
        """Waits until everything was looked at. False if it was not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, limit_s)

    def stop(self) -> None:
        """Forgets what waits, and ends the threads. Idempotent."""
        with self._changed:
            self._is_stopped = True
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(STOP_LIMIT_S)

    def _begin(self) -> None:
        for number in range(THREADS):
            thread = threading.Thread(target=self._work, name=f"strandline-told-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            number, names = taken
            try:
                looks = look_at_told(self._bench, number, [*names])
                now_s = time.monotonic()
                for told_s, look in zip(names.values(), looks, strict=False):
                    if look in PROVEN:
                        ARRIVALS.note("notice", OK, now_s - told_s)
            except StrandlineError as error:
                log.warning("%d told arrivals were not looked at; the next scan will: %s", len(names), error)
            except Exception:  # the boundary of a job
                log.exception("internal error at told arrivals; the next scan looks at them")
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self) -> tuple[int, dict[str, float]] | None:
        """The names of one storage directory, with the times at which they were told."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or bool(self._waiting))
            if self._is_stopped:
                return None
            number = next(iter(self._waiting)).sd
            taken = list(islice((told for told in self._waiting if told.sd == number), AT_ONCE))
            names = {told.name: self._waiting.pop(told) for told in taken}
            self._busy += 1
        return number, names
