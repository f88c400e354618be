"""The heap of a process that runs for weeks: all its threads share two pools of memory.

The C library of most Linux systems gives threads their own pools, eight per core, and keeps freed memory in each of
them. It looks like a leak. After nine minutes of a soak, a daemon with 25 threads used 36 MB and kept 68 MB that
nobody used, and a little more each minute. With two pools it keeps 15 MB.
"""

from __future__ import annotations

import sys

MAX_POOLS = 2
"""Python threads take turns, so two of them rarely allocate at the same moment."""

_M_ARENA_MAX = -8
"""From glibc's ``malloc.h``."""


def limit_pools() -> None:
    """Call it before threads are started. Does nothing if the C library has no such limit."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # here: only a daemon needs it

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, MAX_POOLS)
