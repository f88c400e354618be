"""The crossing between requests, which are asynchronous, and the store, which is not: a bounded pool of threads.

Lanes keep slow work from delaying quick work: a gallery page never waits for thumbnails. The threads are daemons. If
one hangs on a dead network drive, it is abandoned when the server stops; the standard library's pool would wait for
it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

QUICK_THREADS = 4
"""For catalog reads and small files. They take well under 10 ms, mostly under Python's lock."""

PAGE_THREADS = 2
"""For pages drawn from the catalog. Each takes some 10 ms under Python's lock, so more at once would delay requests
that take less.
"""

SLOW_THREADS = 8
"""For everything that reads images, saves, or walks folders. Some of it waits for slow disks."""

DECODING_THREADS = 4
"""For everything made from pictures: as many as there are decoder processes, and as many again to read the next
ones.
"""


WAITING_THREADS = 8
"""For pages that wait a moment for work that has a thread of its own. They would take all of the slow ones."""


class Lane:
    """A number of threads that run calls in the order of the requests."""

    def __init__(self, name: str, threads: int) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._count = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"strandline-{name}-{number}", daemon=True).start()

    async def run(self, call: Callable[[], T]) -> T:
        """Runs the call in a thread of the lane. Returns its result, or raises its error.

        If the caller is cancelled, it does not wait, and a call that has not started never runs.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._calls.put(_Call(loop, future, call))
        return await future

    def close(self) -> None:
        """Ends the threads once they have finished their calls. Does not wait."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            del call  # its request and its error may be large, and the next call may be hours away


class _Call:
    """One call on its way to a thread and back."""

    __slots__ = ("_call", "_context", "_future", "_loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], call: Callable[[], Any]
    ) -> None:
        self._loop = loop
        self._future = future
        self._call = call
        self._context = copy_context()  # the request's

    def run(self) -> None:
        if self._future.cancelled():
            return
        result, error = None, None
        try:
            result = self._context.run(self._call)
        except BaseException as raised:  # noqa: BLE001 - it is the request's: raised there
            error = raised
        with suppress(RuntimeError):  # the loop has ended, so nobody waits any more
            self._loop.call_soon_threadsafe(self._give, result, error)

    def _give(self, result: Any, error: BaseException | None) -> None:
        if self._future.done():  # the request was cancelled
            return
        if error is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(error)


class Crossing:
    """All lanes. Create it once, and close it with the server."""

    def __init__(self) -> None:
        self._quick = Lane("quick", QUICK_THREADS)
        self._page = Lane("page", PAGE_THREADS)
        self._slow = Lane("slow", SLOW_THREADS)
        self._decoding = Lane("decoding", DECODING_THREADS)
        self._waiting = Lane("waiting", WAITING_THREADS)

    async def quick(self, call: Callable[[], T]) -> T:
        """For calls that read the catalog or one small file."""
        return await self._quick.run(call)

    async def page(self, call: Callable[[], T]) -> T:
        """For calls that draw a page from the catalog."""
        return await self._page.run(call)

    async def slow(self, call: Callable[[], T]) -> T:
        """For calls that may take long."""
        return await self._slow.run(call)

    async def decoding(self, call: Callable[[], T]) -> T:
        """For calls that make pictures from pictures."""
        return await self._decoding.run(call)

    async def waiting(self, call: Callable[[], T]) -> T:
        """For calls that draw a page once work in another thread has ended, or has taken a moment."""
        return await self._waiting.run(call)

    def close(self) -> None:
        """Ends the threads. Does not wait."""
        self._waiting.close()
        self._decoding.close()
        self._quick.close()
        self._page.close()
        self._slow.close()
