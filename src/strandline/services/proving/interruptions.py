"""Interruptions: attempts that ended without an answer, and when each may be made again.

If a picture's decoder was killed, or a file could not be read, nothing is known about it, so it is tried again. But a
picture that takes the memory of every decoder, or a hundred thousand refusals, must not keep the machine busy. The
retry delay doubles: recovery is noticed after at most twice the outage, and a picture that always crashes its decoder
is retried about 20 times a year.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

FIRST_PAUSE_S = 10.0
"""By then, memory that ran out may be free again."""

REMEMBERED = 1000
"""Pictures come from outside and must not fill the memory. A forgotten one is tried again."""

REFUSALS_REMEMBERED = 20_000
"""Files that cannot be read; 4 MB. If there are more, some are tried once in each round."""


class Interruptions:
    """Remembers when attempts were first and last interrupted. Thread-safe.

    An attempt is identified by the SHA-256 of a picture, or by a file with its stamp, so other bytes are another
    attempt.
    """

    def __init__(self, monotonic: Callable[[], float], remembered: int = REMEMBERED) -> None:
        self._monotonic = monotonic
        self._remembered = remembered
        self._lock = threading.Lock()
        self._first_and_last_s: dict[Hashable, tuple[float, float]] = {}

    def is_due(self, attempt: Hashable) -> bool:
        """Whether it may be tried now: after an interruption, only when the outage so far has passed once more."""
        with self._lock:
            known = self._first_and_last_s.get(attempt)
        if known is None:
            return True
        first_s, last_s = known
        return self._monotonic() - last_s >= max(FIRST_PAUSE_S, last_s - first_s)

    def add(self, attempt: Hashable) -> bool:
        """Records an interruption now. Returns whether it is the first one that is remembered."""
        now_s = self._monotonic()
        with self._lock:
            is_first = attempt not in self._first_and_last_s
            first_s, _ = self._first_and_last_s.pop(attempt, (now_s, now_s))
            while len(self._first_and_last_s) >= self._remembered:
                self._first_and_last_s.pop(next(iter(self._first_and_last_s)))
            self._first_and_last_s[attempt] = (first_s, now_s)
        return is_first

    def drop(self, attempt: Hashable) -> None:
        """Forgets it, because there is an answer."""
        with self._lock:
            self._first_and_last_s.pop(attempt, None)
