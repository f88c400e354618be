"""How much a test run tries of what is random or exhaustive: a sample by the seed of the day, or everything.

``make trials`` sets ``STRANDLINE_TEST_EXHAUSTIVE=1``. ``STRANDLINE_TEST_SEED`` repeats the sample of another run.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from datetime import date
from typing import TypeVar

_Item = TypeVar("_Item")

SEED_VARIABLE = "STRANDLINE_TEST_SEED"
"""If it is unset, tests/conftest.py sets it to the seed of today, so that all workers have the same one."""

EXHAUSTIVE_VARIABLE = "STRANDLINE_TEST_EXHAUSTIVE"

ONE_OF = 10
"""A sample has every tenth item. Ten consecutive seeds cover them all."""

CALLS_ONE_OF = 20
"""The same for system calls that fail or end a program: each takes several processes."""


def is_exhaustive() -> bool:
    """True if everything must be tried, however long it takes."""
    return os.environ.get(EXHAUSTIVE_VARIABLE, "").lower() in {"1", "true"}


def seed_of(day: date) -> int:
    """The number of the day since the year 1. The next day has the next number, also at the end of a month."""
    return day.toordinal()


def get_seed() -> int:
    """The seed of this run, which pytest's header shows."""
    return int(os.environ[SEED_VARIABLE])


def take_sample(items: Sequence[_Item], name: str, *, one_of: int = ONE_OF) -> list[_Item]:
    """Every tenth of the items, or all of them in an exhaustive run. The order stays.

    There is always at least one, unless there are no items.

    Args:
        items: What could be tried.
        name: Which test asks: different tests begin with different items in one run.
        one_of: Every how many-th item is tried, and so how many days cover them all.
    """
    if is_exhaustive():
        return list(items)
    first = (get_seed() + zlib.crc32(name.encode())) % max(1, min(one_of, len(items)))
    return list(items[first::one_of])
