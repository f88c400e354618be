"""Waiting for other programs: they report no events, so they are polled, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 60.0
"""Far more than anything here takes. A slow machine is not a failure."""


class SyncTimeoutError(AssertionError):
    """Something did not happen within its time limit."""


def wait_until(
    what: str, is_so: Callable[[], bool], limit_s: float = LIMIT_S, describe: Callable[[], str] = lambda: ""
) -> None:
    """Checks until it is true.

    Raises:
        SyncTimeoutError: It was not true in time. The message says what, with the result of ``describe``.
    """
    end = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() >= end:
            raise SyncTimeoutError(f"not within {limit_s:g} s: {what}\n{describe()}")
        time.sleep(0.02)
