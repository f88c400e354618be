"""A stream of events ends quietly, no matter which thread ends it and which thread reads it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.storage import make_pictures, make_storage_dir
from builders.watching import EventReader
from strandline.catalog.database import SqliteCatalog
from strandline.errors import CatalogError
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.watching.session import LOCK_FILE
from strandline.services.event_stream import EventStream

AVAILABLE = "image.available"


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """A store with three images that no one has proven."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "sd", *make_pictures(3)))
        yield store


def is_watched(store: LocalStore) -> bool:
    """Whether any process holds the watcher's lock."""
    lock = ProcessLock(store.home / LOCK_FILE)
    is_free = lock.try_acquire()
    lock.release()
    return not is_free


def test_a_loop_needs_no_block(store: LocalStore) -> None:
    """It starts the watcher, and a loop that is left early ends it."""
    for event in store.watch():
        assert is_watched(store)
        if event.type == AVAILABLE:
            break
    assert not is_watched(store)


def test_a_loop_over_one_catch_up_ends_by_itself(store: LocalStore) -> None:
    """Nothing keeps running."""
    assert sum(event.type == AVAILABLE for event in store.watch(once=True)) == 3
    assert not is_watched(store)


ENDS: dict[str, Callable[[LocalStore, EventStream, threading.Event], None]] = {
    "stop": lambda _store, _events, stop: stop.set(),
    "events.close()": lambda _store, events, _stop: events.close(),
    "store.close()": lambda store, _events, _stop: store.close(),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("in_a_block", [True, False])
def test_another_thread_ends_the_loop(
    store: LocalStore, end: str, in_a_block: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an error, a warning, or a watcher that stays."""
    caplog.set_level(logging.WARNING)
    stop = threading.Event()
    events = store.watch(stop=stop)
    if in_a_block:
        events.__enter__()
    reader = EventReader(events)
    reader.wait_for(AVAILABLE, count=3)
    ENDS[end](store, events, stop)
    reader.join()
    assert list(events) == []
    events.close()
    assert not is_watched(store)
    assert caplog.messages == []


def test_a_block_whose_store_is_closed_ends_quietly(store: LocalStore) -> None:
    """The usual order at the end of a program may be the other way round."""
    with store.watch() as events:
        store.close()
        assert list(events) == []


def test_a_stop_that_was_set_before_starts_nothing(store: LocalStore) -> None:
    """Also after it was closed."""
    stop = threading.Event()
    stop.set()
    closed = store.watch()
    closed.close()
    for events in (store.watch(stop=stop), closed):
        assert list(events) == []
        assert not is_watched(store)


def test_a_stream_that_nobody_reads_costs_nothing(store: LocalStore) -> None:
    """Only a block or a loop starts the watcher."""
    events = store.watch()
    assert not is_watched(store)
    del events


def test_a_catalog_that_cannot_be_read_is_the_reader_s_error(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the stream, and is never hidden as a quiet end."""
    with store.watch() as events:
        next(events)

        def refuse(_: SqliteCatalog) -> None:
            raise CatalogError("the catalog gave an unexpected answer")

        monkeypatch.setattr(SqliteCatalog, "read", refuse)
        with pytest.raises(CatalogError, match="unexpected"):
            list(events)
        monkeypatch.undo()
    assert not is_watched(store)
