"""Live events: a listener that cannot be served leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.other_thread import run_in_thread
from builders.served import LIMIT_S
from strandline.errors import CatalogError
from strandline.model.events import Event, ScanProgress
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.live_events import EventFeed
from strandline.web import live
from strandline.web.live import Listener, Live
from strandline.web.threads import Crossing


def test_a_listener_is_forgotten_where_the_feed_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page retries every few seconds, and nobody would read the queues of the earlier ones."""
    made: list[weakref.ref[Listener]] = []

    class Noted(Listener):
        def __init__(self, may_listen: Callable[[], bool]) -> None:
            super().__init__(may_listen)
            made.append(weakref.ref(self))

    monkeypatch.setattr(live, "Listener", Noted)
    store = open_store(tmp_path)
    store.close()
    crossing = Crossing()
    events = Live(store, crossing)

    async def listen() -> None:
        async with events.listen(lambda: True):
            pass

    for _ in range(3):
        with pytest.raises(CatalogError):
            run_in_thread(lambda: asyncio.run(listen()))
    crossing.close()
    gc.collect()
    assert [each() for each in made] == [None] * 3


def test_the_feed_starts_once_and_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that does not answer keeps those waiting who want to listen, and no other request. The one who asked
    first may leave.
    """
    threads, may_go, really_follow = list[str](), threading.Event(), LocalStore.follow_events

    def follow(self: LocalStore, on_events: Callable[[Sequence[Event]], None]) -> EventFeed:
        threads.append(threading.current_thread().name)
        assert may_go.wait(LIMIT_S), "it waits on the event loop"
        return really_follow(self, on_events)

    monkeypatch.setattr(LocalStore, "follow_events", follow)
    heard: list[str] = []

    async def listen(events: Live) -> None:
        async with events.listen(lambda: True) as listener:
            heard.extend(event.type for event in await listener.take())

    async def listen_all(store: LocalStore, events: Live) -> None:
        first, *others = [asyncio.ensure_future(listen(events)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        may_go.set()
        while not events._feed:
            await asyncio.sleep(0.001)
        store.bell.announce(ScanProgress(at=datetime.now(UTC), sd_id=None, done=1, total=9))
        await asyncio.wait_for(asyncio.gather(*others), LIMIT_S)

    with open_store(tmp_path) as store, closing(Crossing()) as crossing:
        events = Live(store, crossing)
        run_in_thread(lambda: asyncio.run(listen_all(store, events)))
        events.stop_feed()
    assert heard == ["scan.progress"] * 2
    (thread,) = threads
    assert thread.startswith("strandline-quick")
