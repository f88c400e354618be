"""What programs give: mistakes in their code that would otherwise be taken for something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")

LARGEST = 2**63 - 1
"""Neither databases nor files count further."""


def check_several(given: Iterable[_T], what: str) -> Iterable[_T]:
    """The same. One text is also an iterable, of its letters, and each of them would be looked up.

    Raises:
        TypeError: It is one text, path, or something like them instead of several.
    """
    if isinstance(given, str | bytes | bytearray | memoryview) or hasattr(given, "__fspath__"):
        raise TypeError(f"give {what} as a list or another iterable, not one {type(given).__name__}")
    return given


def is_within(given: object, least: int, most: int = LARGEST) -> bool:
    """Whether it is a whole number from ``least`` to ``most``."""
    return isinstance(given, int) and not isinstance(given, bool) and least <= given <= most
