"""Live events inside the server: one feed, any number of requests that listen.

A listener has a bounded queue. A listener that is too slow is not waited for and gets no further events. It is told
that it lagged, and asks again. Its request was let in once, and is asked about again each time secrets were read:
a session or a token that has ended ends its streams, and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from strandline.model.events import Event
from strandline.runtime.assembly import LocalStore
from strandline.web.threads import Crossing

if TYPE_CHECKING:
    from strandline.runtime.live_events import EventFeed

STILL_KEY = "strandline.still"
"""In the scope of a request that was let in: a function that says whether it would be now, and as the same one's."""

MAX_QUEUED = 2000
"""Events queued for one listener: some 600 KB of JSON. A page that is further behind should reload."""


class Listener:
    """One listening request."""

    def __init__(self, may_listen: Callable[[], bool]) -> None:
        self.may_listen = may_listen
        self._queue: list[Event] = []
        self._wakened = asyncio.Event()
        self.has_lagged = False
        self.is_closed = False

    def put(self, events: Sequence[Event]) -> None:
        """Runs on the loop. Never blocks."""
        if len(self._queue) + len(events) > MAX_QUEUED:
            self._queue.clear()
            self.has_lagged = True
        else:
            self._queue.extend(events)
        self._wakened.set()

    async def take(self) -> list[Event]:
        """New events, after waiting for the first. Empty after a lag or at the end."""
        await self._wakened.wait()
        self._wakened.clear()
        events, self._queue = self._queue, []
        return events

    def close(self) -> None:
        """Called when the server ends, or when it may not listen any more. A waiting :meth:`take` returns."""
        self.is_closed = True
        self._wakened.set()


class Live:
    """All listeners of one server. Used on its event loop only."""

    def __init__(self, store: LocalStore, crossing: Crossing) -> None:
        self._store = store
        self._crossing = crossing
        self._listeners: set[Listener] = set()
        self._feed: EventFeed | None = None
        self._starting: asyncio.Task[None] | None = None
        self.is_closed = False

    @asynccontextmanager
    async def listen(self, may_listen: Callable[[], bool]) -> AsyncIterator[Listener]:
        """Listens while the block runs, or until :meth:`end_lost` finds that it may not any more. The first listener
        starts the feed. From then on, each hears whatever comes after the block began.

        Raises:
            StrandlineError: The feed cannot be started, because the catalog does not answer.
        """
        listener = Listener(may_listen)
        self._listeners.add(listener)
        try:
            if self.is_closed:
                listener.close()
            elif self._feed is None:
                await self._ensure_feed()
            yield listener
        finally:
            self._listeners.discard(listener)

    def end_lost(self) -> None:
        """Ends the listeners that may not listen any more. Costs some 20 µs for each."""
        for listener in self._listeners:
            if not listener.may_listen():
                listener.close()

    def end(self) -> None:
        """Ends every listener. Nobody can listen any more."""
        self.is_closed = True
        for listener in self._listeners:
            listener.close()

    def stop_feed(self) -> None:
        """Ends the feed, which may take a second if the catalog does not answer. On any thread, after :meth:`end`."""
        if self._feed is not None:
            self._feed.stop()

    async def _ensure_feed(self) -> None:
        """One task starts the feed for all who want to listen, also if the one who asked first is gone by then."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()

        def hand_over(events: Sequence[Event]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._spread, events)

        try:
            feed = await self._crossing.quick(lambda: self._store.follow_events(hand_over))
        finally:
            self._starting = None
        if self.is_closed:
            await self._crossing.slow(feed.stop)
            return
        self._feed = feed
        feed.start()

    def _spread(self, events: Sequence[Event]) -> None:
        for listener in self._listeners:
            listener.put(events)
