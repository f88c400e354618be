"""How long calls to other servers took, and how they ended: counted in this process since it started.

Two words say what was asked, and how that ended. They are few, whatever happens: they come from tables in the
program, never from a name, a path, or an answer.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

MOST_KINDS = 100
"""Pairs of words of one kind of call. More would be a mistake in the program, and are counted as ``other``."""

OK = "ok"


class Kind(NamedTuple):
    """What was asked, and how that ended."""

    what: str
    outcome: str


OTHER = Kind("other", "other")


class Spread(NamedTuple):
    """How long calls took."""

    numbers: tuple[int, ...]
    """How many took up to each of the bounds, without those before, and how many took longer than all."""
    sum_s: float


class Timings:
    """Calls of one kind. Thread-safe."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = tuple(bounds_s)
        self._lock = threading.Lock()
        self._counts: dict[Kind, list[int]] = {}
        self._sums_s: dict[Kind, float] = {}

    def note(self, what: str, outcome: str, seconds: float) -> None:
        """Counts a call. Cost: a microsecond."""
        kind = Kind(what, outcome)
        place = bisect_left(self.bounds_s, seconds)
        with self._lock:
            counts = self._counts.get(kind)
            if counts is None:
                if len(self._counts) >= MOST_KINDS:
                    kind = OTHER
                counts = self._counts.setdefault(kind, [0] * (len(self.bounds_s) + 1))
            counts[place] += 1
            self._sums_s[kind] = self._sums_s.get(kind, 0.0) + seconds

    @contextmanager
    def noting(self, what: str, explain: Callable[[Exception], str]) -> Iterator[None]:
        """Counts the block as a call. ``explain`` has a word for what it raised."""
        begin_s = time.monotonic()
        try:
            yield
        except Exception as error:
            self.note(what, explain(error), time.monotonic() - begin_s)
            raise
        self.note(what, OK, time.monotonic() - begin_s)

    def read(self) -> Mapping[Kind, Spread]:
        """Everything until now."""
        with self._lock:
            return {
                kind: Spread(tuple(counts), self._sums_s[kind])
                for kind, counts in sorted(self._counts.items())
            }


S3 = Timings((0.01, 0.05, 0.2, 1.0, 5.0, 30.0))
"""Requests to object stores, with what the library repeats. A good one takes some ten milliseconds."""

SQL = Timings((0.001, 0.01, 0.1, 1.0, 5.0, 30.0))
"""Statements and commits in PostgreSQL. A good one takes a millisecond."""

ARRIVALS = Timings((1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 86400.0))
"""From when something told of an image to its proof."""

MEASURED: Mapping[str, Timings] = {"s3": S3, "sql": SQL, "arrivals": ARRIVALS}
"""All, by the name under which workers tell theirs."""
