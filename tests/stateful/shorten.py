"""Shortens a failing history: removes operations, many at first, as long as it still fails in the same way.

Hypothesis could do it, too, and would also search for simpler values, but in ten times as many runs. At a fifth of a
second per run, that is an hour. Every operation is valid in every world, so any of them can be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from stateful.histories import History

T = TypeVar("T")

INVARIANT_LETTERS = 4
"""``I12:``, so that a shorter history that breaks another law is rejected."""


def find_fault(play: Callable[[History], None], history: History) -> Exception | None:
    """The history's error, or None."""
    try:
        play(history)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what was looked for)
        return error
    return None


def shorten(play: Callable[[History], None], history: History, fault: Exception) -> History:
    """The shortest history that a simple search finds with the same kind of error."""

    def fails_alike(operations: tuple[object, ...]) -> bool:
        found = find_fault(play, replace(history, operations=operations))  # type: ignore[arg-type]
        return found is not None and _kind_of(found) == _kind_of(fault)

    operations, size = history.operations, len(history.operations) // 2
    while size >= 1:
        start, taken = 0, False
        while start < len(operations):
            fewer = operations[:start] + operations[start + size :]
            if fails_alike(fewer):
                operations, taken = fewer, True
            else:
                start += size
        size = size if taken and size == 1 else size // 2
    return replace(history, operations=operations)


def _kind_of(error: Exception) -> tuple[type[Exception], str]:
    return type(error), str(error)[:INVARIANT_LETTERS] if isinstance(error, AssertionError) else ""
