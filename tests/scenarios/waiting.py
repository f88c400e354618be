"""Waiting for other programs: they have no event to wait for, so they are asked again and again, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 60.0
"""Far more than anything here takes; a slow machine is not a failure."""


class SyncTimeoutError(AssertionError):
    """Something did not happen within its time limit."""


def wait_until(
    what: str, is_so: Callable[[], bool], limit_s: float = LIMIT_S, describe: Callable[[], str] = lambda: ""
) -> None:
    """Asks until it is so.

    Raises:
        SyncTimeoutError: It was not so in time; says what, and what ``describe`` says at that moment.
    """
    end = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() >= end:
            raise SyncTimeoutError(f"not within {limit_s:g} s: {what}\n{describe()}")
        time.sleep(0.02)
