"""Live events inside the server: one feed, any number of requests that listen.

A listener has a bounded queue. A listener that is too slow is not waited for and gets no further events. It is told
that it lagged, and asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from strandline.model.events import Event
from strandline.runtime.assembly import LocalStore

if TYPE_CHECKING:
    from strandline.runtime.live_events import EventFeed

MAX_QUEUED = 2000
"""Events queued for one listener: some 600 KB of JSON. A page that is further behind should reload."""


class Listener:
    """One listening request."""

    def __init__(self) -> None:
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
        """Called when the server ends. A waiting :meth:`take` returns."""
        self.is_closed = True
        self._wakened.set()


class Live:
    """All listeners of one server. Used on its event loop only."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._feed: EventFeed | None = None
        self.is_closed = False

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Listens while the block runs. The first listener starts the feed."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            if self.is_closed:
                listener.close()
            elif self._feed is None:
                self._start()
            yield listener
        finally:
            self._listeners.discard(listener)

    def disconnect(self) -> None:
        """Ends every listener. Those who may still listen come back."""
        for listener in self._listeners:
            listener.close()

    def close(self) -> None:
        """Ends the feed and every listener."""
        self.is_closed = True
        self.disconnect()
        if self._feed is not None:
            self._feed.stop()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()

        def hand_over(events: Sequence[Event]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._spread, events)

        self._feed = self._store.follow_events(hand_over)
        self._feed.start()

    def _spread(self, events: Sequence[Event]) -> None:
        for listener in self._listeners:
            listener.put(events)
