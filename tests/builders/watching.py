"""Watching in tests: a real clock that can be moved ahead, and a reader that waits for events with a limit."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from builders.clocks import FakeClock
from builders.storage import make_pictures
from strandline.model.events import Event, ImageEvent
from strandline.runtime.live_events import Bell, iter_pages
from strandline.runtime.settings import Settings
from strandline.runtime.watching.session import watch_events
from strandline.runtime.watching.watcher import Watcher
from strandline.services.workbench import Workbench

LIMIT_S = 30.0
"""Far more than anything here takes. A slow machine is not a failure."""


class RunningClock(FakeClock):
    """Real time plus whatever :meth:`pass_time` has added, for code that really waits."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self._began = self._now
        self._began_s = self._monotonic_s

    def now(self) -> datetime:
        """The wall clock plus the added time."""
        return datetime.now(UTC) + (self._now - self._began)

    def monotonic(self) -> float:
        """The machine's monotonic clock plus the added time."""
        return monotonic() + (self._monotonic_s - self._began_s)


class EventReader:
    """Reads events in its own thread, keeps all of them, and lets a test wait for some.

    Args:
        events: Ends when the watching ends.
        on_event: Called with each event as it is read, in the reader's thread; what it raises fails the next wait.
    """

    def __init__(self, events: Iterator[Event], on_event: Callable[[Event], None] | None = None) -> None:
        self._events = events
        self._on_event = on_event
        self._came = threading.Condition()
        self._fault: BaseException | None = None
        self.read: list[Event] = []
        self._thread = threading.Thread(target=self._run, name="test-reader", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self._events:
                if self._on_event is not None:
                    self._on_event(event)
                with self._came:
                    self.read.append(event)
                    self._came.notify_all()
        except BaseException as error:  # noqa: BLE001  (raised in the test's thread)
            with self._came:
                self._fault = error
                self._came.notify_all()

    def wait_until(self, is_so: Callable[[list[Event]], bool], limit_s: float = LIMIT_S) -> list[Event]:
        """All events read so far, once they suffice."""
        with self._came:
            enough = self._came.wait_for(lambda: self._fault is not None or is_so(self.read), limit_s)
            if self._fault is not None:
                raise self._fault
            told = [(event.type, getattr(event, "filename", None)) for event in self.read[-20:]]
            assert enough, f"not told within {limit_s:g} s; the last events were {told}"
            return list(self.read)

    def wait_for(self, event_type: str, filename: str | None = None, *, count: int = 1) -> Event:
        """The ``count``-th event of the type, about that file if one is given."""
        wanted: list[Event] = []

        def is_there(events: list[Event]) -> bool:
            wanted[:] = [
                event
                for event in events
                if event.type == event_type and filename in (None, getattr(event, "filename", None))
            ]
            return len(wanted) >= count

        self.wait_until(is_there)
        return wanted[count - 1]

    def types_of(self, filename: str) -> list[str]:
        """The types of all events about the file so far."""
        return [
            event.type for event in self.read if isinstance(event, ImageEvent) and event.filename == filename
        ]

    def join(self) -> None:
        """Waits until the events have ended."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "the events do not end"
        if self._fault is not None:
            raise self._fault


def is_whole(root: Path, filename: str) -> bool:
    """Whether the file's bytes now hash to the content id in its name."""
    data = (root / "media" / filename).read_bytes()
    return hashlib.sha256(data).hexdigest().startswith(filename.partition(".")[0])


def connect_bell(bench: Workbench) -> Bell:
    """A bell that rings when this workbench commits and announces, as the assembly makes it."""
    bell = Bell()
    bench.catalog.on_commit = bell.ring
    bench.announce = bell.announce
    return bell


@contextmanager
def watching(
    bench: Workbench,
    *,
    settings: Settings | None = None,
    since: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Iterator[EventReader]:
    """Watches with this workbench while the block runs."""
    bell = connect_bell(bench)
    with watch_events(bench, settings or Settings(), bell, once=False, since=since) as events:
        reader = EventReader(events, on_event)
        yield reader
    reader.join()


@contextmanager
def run_watcher(bench: Workbench, settings: Settings | None = None) -> Iterator[tuple[Watcher, EventReader]]:
    """A watcher without a session, and a reader of what it commits."""
    listener = connect_bell(bench).listen()
    done = threading.Event()
    with bench.catalog.read() as reader_of_catalog:
        newest = reader_of_catalog.journal.get_bounds()[1]

    def iter_events() -> Iterator[Event]:
        since = newest
        while not done.is_set():
            yield from listener.wait(0.05)
            for page in iter_pages(bench, since, done):
                since = page[-1].seq or since
                yield from page

    watcher = Watcher(bench, settings or Settings())
    watcher.start()
    reader = EventReader(iter_events())
    try:
        yield watcher, reader
    finally:
        watcher.stop()
        done.set()
        reader.join()


def make_arrival(number: int) -> bytes:
    """A picture that the fixtures of the watcher's tests do not have."""
    return make_pictures(1, first_seed=1000 + number)[0]


def wait_for_all(reader: EventReader, root: Path) -> None:
    """Waits until an event has reported every image in the folder as available."""
    names = {path.name for path in (root / "media").iterdir()}
    reader.wait_until(
        lambda events: names <= {getattr(e, "filename", "") for e in events if e.type == "image.available"}
    )
