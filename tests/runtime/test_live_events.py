"""The bell: everybody who listens is woken and reads the journal, and nobody who is slow holds up anybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.storage import open_bench
from builders.watching import connect_bell
from strandline.model.events import Event, ScanProgress, StorageDirAdded
from strandline.runtime import live_events
from strandline.runtime.assembly import open_store
from strandline.runtime.live_events import Bell, iter_pages
from strandline.services.workbench import Workbench

LIMIT_S = 600
"""Longer than a test may take: a listener that is not woken fails by that."""


def progress(done: int) -> ScanProgress:
    """A live-only event."""
    return ScanProgress(at=datetime.now(UTC), sd_id=None, done=done, total=9)


def test_a_ring_wakes_everybody_who_listens() -> None:
    """A listener is woken by the bell, not by the time; a ring that it did not wait for is not lost."""
    bell = Bell()
    listeners = [bell.listen(), bell.listen()]
    timer = threading.Timer(0.01, bell.ring)
    timer.start()
    assert [listener.wait(LIMIT_S) for listener in listeners] == [[], []]
    timer.join()
    bell.ring()
    bell.ring()
    assert listeners[0].wait(LIMIT_S) == []
    assert listeners[0].wait(0) == []


@pytest.mark.parametrize("how", ["wake", "close"])
@pytest.mark.parametrize("delay_s", [0, 0.01])
def test_a_listener_can_be_woken_alone(how: str, delay_s: float) -> None:
    """Directly, or because it is closed, before or while it waits."""
    listener = Bell().listen()
    timer = threading.Timer(delay_s, getattr(listener, how))
    timer.start()
    if not delay_s:
        timer.join()
    assert listener.wait(LIMIT_S) == []
    timer.join()


def test_live_only_events_come_in_order_to_who_listens_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in no journal, so each listener keeps the newest few of them."""
    monkeypatch.setattr(live_events, "MAX_LIVE_ONLY", 3)
    bell = Bell()
    early = bell.listen()
    bell.announce(progress(1))
    late = bell.listen()
    for done in (2, 3, 4):
        bell.announce(progress(done))
    for listener, expected in ((early, [2, 3, 4]), (late, [2, 3, 4])):
        events = listener.wait(LIMIT_S)
        assert [event.done for event in events if isinstance(event, ScanProgress)] == expected
    bell.announce(progress(5))
    assert len(early.wait(LIMIT_S)) == 1


def test_a_closed_listener_hears_nothing() -> None:
    """Closing is idempotent, and waiting returns at once."""
    bell = Bell()
    listener = bell.listen()
    listener.close()
    listener.close()
    bell.announce(progress(1))
    assert listener.wait(LIMIT_S) == []


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench on an empty home."""
    with open_bench(tmp_path) as bench:
        yield bench


def append(bench: Workbench, name: str) -> None:
    """One commit with one event."""
    with bench.catalog.write() as writer:
        writer.journal.append_event(StorageDirAdded(at=bench.now(), sd_id=None, name=name, path="/nowhere"))


def test_many_threads_lose_nothing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads commit while one follows the bell: it reads each event once, in the journal's order."""
    monkeypatch.setattr(live_events, "PAGE", 7)
    listener, never = connect_bell(bench).listen(), threading.Event()

    def write(first: int) -> None:
        for number in range(25):
            append(bench, str(first + number))

    firsts = [0, 1000, 2000, 3000]
    threads = [threading.Thread(target=write, args=(first,)) for first in firsts]
    for thread in threads:
        thread.start()
    names: list[int] = []
    since = 0
    while len(names) < 100:
        listener.wait(LIMIT_S)
        for page in iter_pages(bench, since, never):
            assert len(page) <= 7
            since = page[-1].seq or since
            names += [int(event.name) for event in page if isinstance(event, StorageDirAdded)]
    for first, thread in zip(firsts, threads, strict=True):
        thread.join()
        assert [name for name in names if first <= name < first + 1000] == list(range(first, first + 25))


def test_reading_ends_when_it_is_stopped(bench: Workbench) -> None:
    """Between two pages, however long the journal is."""
    stop = threading.Event()
    append(bench, "1")
    assert len(list(iter_pages(bench, 0, stop))) == 1
    stop.set()
    assert list(iter_pages(bench, 0, stop)) == []


def test_a_listener_that_fails_is_called_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its mistake is logged with a traceback. What happens next is told as if nothing had been."""
    heard: list[str] = []
    again = threading.Event()

    def hear(events: Sequence[Event]) -> None:
        heard.extend(event.type for event in events)
        if len(heard) > 1:
            again.set()
        raise RuntimeError("the program's own mistake")

    with open_store(tmp_path / "home") as store:
        feed = store.follow_events(hear)
        feed.start()
        for done in (1, 2):
            store.bell.announce(progress(done))
        try:
            assert again.wait(LIMIT_S)
        finally:
            feed.stop()
    assert heard == ["scan.progress", "scan.progress"]
    assert {record.name for record in caplog.records} == {"strandline.runtime.live_events"}
    assert "the program's own mistake" in caplog.text
    assert "Traceback" in caplog.text
