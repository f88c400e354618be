"""The bus: everybody who listens hears everything in order, and nobody who is slow holds up anybody."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from strandline.model.events import Event, ScanStarted
from strandline.runtime import bus as bus_module
from strandline.runtime.bus import EventBus

LIMIT_S = 600
"""Longer than a test may take: a thread that is not woken fails by it."""


def events(first: int, count: int) -> list[Event]:
    """Numbered events."""
    return [ScanStarted(at=datetime.now(UTC), sd_id=None, seq=first + i) for i in range(count)]


def test_each_subscriber_hears_all_that_came_since() -> None:
    """In order; not what was published before."""
    bus = EventBus()
    early = bus.subscribe()
    bus.publish(events(1, 2))
    late = bus.subscribe()
    bus.publish(events(3, 1))
    assert [event.seq for event in early.take(0)[0]] == [1, 2, 3]
    assert [event.seq for event in late.take(0)[0]] == [3]
    assert early.take(0) == ([], False)


def test_taking_waits_for_the_first() -> None:
    """A taker is woken by the event, not by the time."""
    bus = EventBus()
    subscription = bus.subscribe()
    timer = threading.Timer(0.01, bus.publish, [events(1, 1)])
    timer.start()
    assert [event.seq for event in subscription.take(LIMIT_S)[0]] == [1]
    timer.join()


@pytest.mark.parametrize("how", ["wake", "close"])
@pytest.mark.parametrize("delay_s", [0, 0.01])
def test_a_taker_can_be_woken(how: str, delay_s: float) -> None:
    """By hand, or because the subscription ends, while it waits or before: with nothing in hand."""
    subscription = EventBus().subscribe()
    timer = threading.Timer(delay_s, getattr(subscription, how))
    timer.start()
    if not delay_s:
        timer.join()
    assert subscription.take(LIMIT_S) == ([], False)
    timer.join()


def test_who_is_too_slow_is_told_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is dropped, not the newest events after it; others are not concerned (the journal has the rest)."""
    monkeypatch.setattr(bus_module, "MAX_QUEUED", 5)
    bus = EventBus()
    slow, quick = bus.subscribe(), bus.subscribe()
    bus.publish(events(1, 4))
    assert len(quick.take(0)[0]) == 4
    bus.publish(events(5, 4))
    bus.publish(events(9, 1))
    assert [event.seq for event in quick.take(0)[0]] == [5, 6, 7, 8, 9]
    told, lagged = slow.take(0)
    assert ([event.seq for event in told], lagged) == ([9], True)
    assert slow.take(0) == ([], False)


def test_a_closed_subscription_hears_nothing() -> None:
    """Closing is idempotent, and later takes return at once."""
    bus = EventBus()
    subscription = bus.subscribe()
    subscription.close()
    subscription.close()
    bus.publish(events(1, 1))
    assert subscription.take(LIMIT_S) == ([], False)


def test_many_threads_lose_nothing() -> None:
    """Four threads publish while one takes: each thread's events come whole and in its order."""
    bus = EventBus()
    subscription = bus.subscribe()

    def publish(first: int) -> None:
        for number in range(200):
            bus.publish(events(first + number, 1))

    firsts = [0, 1000, 2000, 3000]
    threads = [threading.Thread(target=publish, args=(first,)) for first in firsts]
    for thread in threads:
        thread.start()
    taken: list[int] = []
    while len(taken) < 800:
        came, lagged = subscription.take(LIMIT_S)
        assert came
        assert not lagged
        taken += [event.seq or 0 for event in came]
    for first, thread in zip(firsts, threads, strict=True):
        thread.join()
        assert [seq for seq in taken if first <= seq < first + 1000] == list(range(first, first + 200))
