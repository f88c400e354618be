"""Turns of the threads of one process: so many at a time, and the others wait in line.

How long the line is says nothing about when to give up: a batch of slow writes is in order as it moves on. A thread
gives up only if nobody in front of it has come out for a long time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Thread-safe. First come, first served."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._moves = threading.Condition()
        self._line: deque[object] = deque()
        self._ended = 0
        """How many turns have ended."""

    @contextmanager
    def one(self, stuck_after_s: float) -> Iterator[None]:
        """One turn.

        Raises:
            TimeoutError: No turn ended for so long.
        """
        me = object()
        with self._moves:
            self._line.append(me)
            try:
                self._wait(me, stuck_after_s)
                self._free -= 1
            finally:
                self._line.remove(me)
                self._moves.notify_all()
        try:
            yield
        finally:
            with self._moves:
                self._free += 1
                self._ended += 1
                self._moves.notify_all()

    def _wait(self, me: object, stuck_after_s: float) -> None:
        def is_next() -> bool:
            return self._free > 0 and self._line[0] is me

        while not is_next():
            ended = self._ended
            if not self._moves.wait_for(lambda ended=ended: is_next() or self._ended != ended, stuck_after_s):  # type: ignore[misc]
                raise TimeoutError
