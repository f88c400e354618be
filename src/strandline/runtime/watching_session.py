"""A watching session: the watcher runs while somebody iterates over events, each once and in the journal's order.

Events are read from the journal and nowhere else; the bus only says when to look. So those of other processes come
too, and a slow reader misses none. What surprises: one process per home holds the watcher's lock; the sessions of
all others follow the journal of that one, and take over when it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from strandline.catalog import journal
from strandline.model.events import Event
from strandline.runtime.bus import EventBus, Subscription
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.settings import Settings
from strandline.runtime.watcher import Watcher, catch_up
from strandline.services.workbench import Workbench

LOCK_FILE = "watcher.lock"

FOLLOW_S = 0.25
"""How late an event of another process is seen; its own come at once."""

PAGE = 1000


@contextmanager
def watch_events(
    bench: Workbench, settings: Settings, bus: EventBus, *, once: bool, since: int | None
) -> Iterator[Iterator[Event]]:
    """Runs the watcher for the length of the block; gives the events after ``since``, as they are committed.

    ``since`` None begins with what the start-up scan finds. With ``once`` the iterator ends when every storage
    directory has been scanned and everything unproven has been proven; else it goes on until the block is left.
    """
    start = _newest(bench) if since is None else since
    session = _Session(bench, settings, bus, once=once)
    session.start()
    try:
        yield session.iter_events(start)
    finally:
        session.stop()


def _newest(bench: Workbench) -> int:
    with bench.catalog.read() as conn:
        return journal.get_bounds(conn)[1]


class _Session:
    def __init__(self, bench: Workbench, settings: Settings, bus: EventBus, *, once: bool) -> None:
        self._bench = bench
        self._settings = settings
        self._once = once
        self._subscription: Subscription = bus.subscribe()
        self._lock = ProcessLock(bench.home / LOCK_FILE)
        self._watcher: Watcher | None = None
        self._stop = threading.Event()
        self._done = threading.Event()
        self._fault: BaseException | None = None
        self._catching_up = threading.Thread(target=self._catch_up, name="strandline-once", daemon=True)

    def start(self) -> None:
        if self._once:
            self._catching_up.start()
        else:
            self._take_over()

    def stop(self) -> None:
        self._stop.set()
        self._subscription.close()
        if self._catching_up.is_alive():
            self._catching_up.join()
        if self._watcher is not None:
            self._watcher.stop()
        self._lock.release()

    def iter_events(self, since: int) -> Iterator[Event]:
        while not self._stop.is_set():
            was_done = self._done.is_set()
            live, _ = self._subscription.take(0.0 if was_done else FOLLOW_S)
            yield from (event for event in live if event.seq is None)
            page = self._read_journal(since)
            while page:
                yield from page
                since = page[-1].seq or since
                page = self._read_journal(since)
            if was_done:
                break
            if self._watcher is None and not self._once:
                self._take_over()
        if self._fault is not None:
            raise self._fault

    def _read_journal(self, since: int) -> list[Event]:
        with self._bench.catalog.read() as conn:
            return journal.list_events(conn, since=since, limit=PAGE)

    def _take_over(self) -> None:
        """Becomes the watcher of this home if nobody is."""
        if self._lock.try_acquire():
            self._watcher = Watcher(self._bench, self._settings)
            self._watcher.start()

    def _catch_up(self) -> None:
        try:
            catch_up(self._bench, cancel=self._stop)
        except BaseException as error:  # noqa: BLE001  (it is the reader's: raised there)
            self._fault = error
        finally:
            self._done.set()
            self._subscription.wake()
