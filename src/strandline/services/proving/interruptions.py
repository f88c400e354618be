"""Interruptions: pictures whose decoder was killed before it could answer, and when each may be decoded again.

Nothing is known about such a picture, so it is tried again. But a picture that takes the memory of every decoder must
not keep the machine busy permanently. The retry delay doubles: recovery is noticed after at most twice the outage,
and a picture that always crashes its decoder is retried about 20 times a year.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

FIRST_PAUSE_S = 10.0
"""Memory that ran out may be free again by then."""

REMEMBERED = 1000
"""Pictures come from outside, and must not fill the memory; one that is forgotten is tried again."""


class Interruptions:
    """Remembers, by the SHA-256 of a picture, when decoding it was first and last interrupted. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._first_and_last_s: dict[str, tuple[float, float]] = {}

    def is_due(self, sha256: str) -> bool:
        """Whether these bytes may be decoded now: never interrupted, or for as long ago as it went on until then."""
        with self._lock:
            known = self._first_and_last_s.get(sha256)
        if known is None:
            return True
        first_s, last_s = known
        return self._monotonic() - last_s >= max(FIRST_PAUSE_S, last_s - first_s)

    def add(self, sha256: str) -> None:
        """Decoding these bytes was interrupted now."""
        now_s = self._monotonic()
        with self._lock:
            first_s, _ = self._first_and_last_s.pop(sha256, (now_s, now_s))
            while len(self._first_and_last_s) >= REMEMBERED:
                self._first_and_last_s.pop(next(iter(self._first_and_last_s)))
            self._first_and_last_s[sha256] = (first_s, now_s)

    def drop(self, sha256: str) -> None:
        """A decoder has answered: the trouble is over."""
        with self._lock:
            self._first_and_last_s.pop(sha256, None)
