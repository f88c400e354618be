"""Answers that took long to work out, and are told again for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

WORTH_S = 1.0
"""What takes less is asked again each time."""

TIMES = 10
"""For how many times as long as it took an answer is told again: to ask may take a tenth of the time."""

_Answer = TypeVar("_Answer")


class Remembered(Generic[_Answer]):
    """The last answer to one question. Thread-safe: while one asks again, the others get the last answer."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._asking = threading.Lock()
        self._last: tuple[_Answer, float] | None = None
        """The answer, and until when it is told again."""

    def get(self, ask: Callable[[], _Answer]) -> _Answer:
        """The last answer, or that of ``ask``."""
        last = self._last
        if last is not None and self._monotonic() < last[1]:
            return last[0]
        if not self._asking.acquire(blocking=last is None):
            assert last is not None, "it waits otherwise"
            return last[0]
        try:
            if last is None and self._last is not None:
                return self._last[0]  # somebody has just asked
            begun = self._monotonic()
            answer = ask()
            ended = self._monotonic()
            took_s = ended - begun
            self._last = (answer, ended + TIMES * took_s) if took_s >= WORTH_S else None
            return answer
        finally:
            self._asking.release()
