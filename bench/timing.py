"""Timing: the compared jobs run in turns, call by call, so that whatever slows the machine slows all of them.

An :class:`Operation` is one job done in up to three ways: by Strandline, *bare* (only the necessary system calls and
statements), and by what people would use instead. What counts is the ratio within one run. The milliseconds depend on
the machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Generic, TypeVar

Input = TypeVar("Input")


@dataclass(frozen=True, slots=True)
class Target:
    """The project's target; None if there is none."""

    ratio: float | None = None
    """Median of our time divided by that of the bare job."""
    median_s: float | None = None
    p99_s: float | None = None

    def __str__(self) -> str:
        words = [
            f"{self.ratio:g} ×" if self.ratio else "",
            format_seconds(self.median_s) if self.median_s else "",
            f"p99 {format_seconds(self.p99_s)}" if self.p99_s else "",
        ]
        return ", ".join(f"≤ {word}" for word in words if word)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Input]):
    """One job and the ways to do it.

    Each call gets its own input from ``make``, which is not timed.
    """

    name: str
    make: Callable[[int], Input]
    ours: Callable[[Input], object]
    bare: Callable[[Input], object]
    bare_is: str
    """The content of the bare job, for the reader."""
    target: Target = Target()
    instead: Callable[[Input], object] | None = None
    instead_is: str = ""
    calls: int = 1
    """Per round and way."""


@dataclass(slots=True)
class Result:
    """The times of one operation in seconds, one list per round."""

    name: str
    target: Target
    bare_is: str
    instead_is: str
    ours: list[list[float]] = field(default_factory=list)
    bare: list[list[float]] = field(default_factory=list)
    instead: list[list[float]] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Our times divided by the bare job's, by the medians of each round; sorted."""
        return sorted(median(ours) / median(bare) for ours, bare in zip(self.ours, self.bare, strict=True))

    @property
    def p99_s(self) -> float | None:
        """Of all our calls; None if there are fewer than 100."""
        times = [one for some in self.ours for one in some]
        return quantiles(times, n=100)[98] if len(times) >= 100 else None

    @property
    def is_met(self) -> bool:
        """Whether this run met the target, as far as it could be measured."""
        target, p99_s = self.target, self.p99_s
        return (
            (target.ratio is None or median(self.ratios) <= target.ratio)
            and (target.median_s is None or middle(self.ours) <= target.median_s)
            and (target.p99_s is None or p99_s is None or p99_s <= target.p99_s)
        )

    def as_row(self) -> str:
        """One line of the table of :func:`format_table`."""
        ratios = self.ratios
        p99 = f" (p99 {format_seconds(self.p99_s)})" if self.target.p99_s and self.p99_s else ""
        spread = f" ({ratios[0]:.2f}–{ratios[-1]:.2f})" if len(ratios) > 1 else ""
        instead = f"{format_seconds(middle(self.instead))} {self.instead_is}" if self.instead else "–"
        target = f"{self.target} {'✓' if self.is_met else '✗'}" if str(self.target) else "–"
        return (
            f"| {self.name} | {format_seconds(middle(self.ours))}{p99} | {format_seconds(middle(self.bare))} "
            f"{self.bare_is} | {median(ratios):.2f}{spread} | {target} | {instead} |"
        )


def measure(operation: Operation[Input], rounds: int) -> Result:
    """Runs all ways in turn: once to warm up, then ``rounds`` times ``calls`` times."""
    result = Result(operation.name, operation.target, operation.bare_is, operation.instead_is)
    ways = [(operation.ours, result.ours), (operation.bare, result.bare)]
    if operation.instead is not None:
        ways.append((operation.instead, result.instead))
    number = 0
    for turn in range(-1, rounds):
        for _, rounds_of_way in ways:
            rounds_of_way.append([])
        gc.collect()
        gc.freeze()  # the benchmark's own objects must not slow down the garbage collector
        for call in range(operation.calls if turn >= 0 else 1):
            first = (turn + call) % len(ways)
            for way, rounds_of_way in ways[first:] + ways[:first]:
                rounds_of_way[-1].append(_time(way, operation.make(number)))
                number += 1
        gc.unfreeze()
    for _, rounds_of_way in ways:
        del rounds_of_way[0]
    return result


def _time(way: Callable[[Input], object], made: Input) -> float:
    started = time.perf_counter()
    way(made)
    return time.perf_counter() - started


def middle(rounds: list[list[float]]) -> float:
    """The median of the rounds' medians."""
    return median(median(times) for times in rounds)


def format_table(results: list[Result]) -> str:
    """A Markdown table."""
    head = "| operation | Strandline | bare | ratio (range) | target | instead |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(result.as_row() for result in results)])


def format_seconds(seconds: float) -> str:
    """``1.25 s``, ``12.5 ms`` or ``84 µs``."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"
