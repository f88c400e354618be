"""Work in a thread of its own: an event loop can run there. The browser's tests leave one in the main thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


def run_in_thread(work: Callable[[], _Result]) -> _Result:
    """What the work returns or raises."""
    with ThreadPoolExecutor(1, thread_name_prefix="test") as thread:
        return thread.submit(work).result()
