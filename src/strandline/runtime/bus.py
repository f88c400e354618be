"""The event bus: passes committed events to every listener in this process, without ever waiting for one.

A subscriber has a bounded queue. A slow subscriber loses no event of the journal: its queue is dropped, and it is
told to read the journal instead.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from strandline.model.events import Event

MAX_QUEUED = 10_000
"""Events that wait for one subscriber: some 3 MB. Beyond, the journal is the cheaper place to wait."""


class Subscription:
    """One listener's queue. A context manager is not needed: :meth:`close` is idempotent."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._condition = threading.Condition()
        self._queue: deque[Event] = deque()
        self._lagged = False
        self._woken = False
        self._closed = False

    def put(self, events: Sequence[Event]) -> None:
        """Called by the bus. Never blocks."""
        with self._condition:
            if len(self._queue) + len(events) > MAX_QUEUED:
                self._queue.clear()
                self._lagged = True
            else:
                self._queue.extend(events)
            self._condition.notify_all()

    def take(self, timeout_s: float) -> tuple[list[Event], bool]:
        """All events that wait, after waiting up to ``timeout_s`` for the first; and whether some were dropped.

        After a drop the journal has what was lost, from the last number that the subscriber has seen.
        """
        with self._condition:
            if not (self._queue or self._lagged or self._woken or self._closed):
                self._condition.wait(timeout_s)
            events, lagged = list(self._queue), self._lagged
            self._queue.clear()
            self._lagged = self._woken = False
        return events, lagged

    def wake(self) -> None:
        """Makes a waiting :meth:`take` return now, or the next one, if none waits."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    def close(self) -> None:
        """Ends the subscription; a waiting :meth:`take` returns."""
        self._bus.drop(self)
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class EventBus:
    """All subscriptions of one store. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """A subscription that gets everything published from now on."""
        subscription = Subscription(self)
        with self._lock:
            self._subscriptions.append(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Ends a subscription; idempotent."""
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

    def publish(self, events: Sequence[Event]) -> None:
        """Hands the events to everybody who listens; never blocks."""
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.put(events)
