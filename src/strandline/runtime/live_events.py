"""Live events: a bell that says "read the journal", and the reading of the journal when it rings.

The bell keeps no event of the journal. Each listener reads those from its own cursor, so a slow one loses none and
events of other processes are included. Live-only events (``scan.progress``) are not in the journal: a listener keeps
the newest few of them.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from strandline.errors import StrandlineError
from strandline.model.events import Event
from strandline.services.workbench import Workbench

FOLLOW_S = 0.25
"""How late an event of another process is seen, and its end noticed; this process's own events come at once."""

PAGE = 1000
"""Events read at once: some 300 KB."""

MAX_LIVE_ONLY = 1000
"""Live-only events that wait for one listener. Progress is soon out of date, so the oldest are dropped."""

STOP_LIMIT_S = 1.0


class Listener:
    """One who waits for the bell. :meth:`close` is idempotent."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._condition = threading.Condition()
        self._live_only: deque[Event] = deque(maxlen=MAX_LIVE_ONLY)
        self._has_rung = False
        self._is_closed = False

    def wait(self, timeout_s: float) -> list[Event]:
        """Waits until the bell rings, or has rung since the last call; the live-only events since then, in order."""
        with self._condition:
            if not (self._has_rung or self._is_closed):
                self._condition.wait(timeout_s)
            events = list(self._live_only)
            self._live_only.clear()
            self._has_rung = False
        return events

    def wake(self, events: Sequence[Event] = ()) -> None:
        """Makes a waiting :meth:`wait` return now, or the next one if none waits. Never blocks."""
        with self._condition:
            self._live_only.extend(events)
            self._has_rung = True
            self._condition.notify_all()

    def close(self) -> None:
        """Stops listening; a waiting :meth:`wait` returns."""
        self._bell.forget(self)
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()


class Bell:
    """All listeners of one store. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    def listen(self) -> Listener:
        """A listener that hears everything from now on."""
        listener = Listener(self)
        with self._lock:
            self._listeners.append(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """Ends a listener; idempotent."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def ring(self) -> None:
        """The journal has something new. Never blocks."""
        self._wake_all(())

    def announce(self, event: Event) -> None:
        """Hands a live-only event to everybody who listens. Never blocks."""
        self._wake_all([event])

    def _wake_all(self, events: Sequence[Event]) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.wake(events)


def read_page(bench: Workbench, since: int) -> list[Event]:
    """Up to :data:`PAGE` events of the journal after the number."""
    with bench.catalog.read() as reader:
        return reader.journal.list_events(since=since, limit=PAGE)


def iter_pages(bench: Workbench, since: int, stop: threading.Event) -> Iterator[list[Event]]:
    """Everything in the journal after the number, page by page, until its end or until ``stop`` is set."""
    page_is_full = True
    while page_is_full and not stop.is_set():
        page = read_page(bench, since)
        page_is_full = len(page) == PAGE
        if page:
            since = page[-1].seq or since
            yield page


def merge_by_time(journal: Sequence[Event], live_only: Sequence[Event]) -> list[Event]:
    """Events of the journal and live-only ones as they happened. Pure.

    Law: the events of each keep their order, also if somebody set the clock back.
    """
    return list(heapq.merge(journal, live_only, key=lambda event: event.at))


class EventFeed:
    """Hands everything that happens on this home to one listener, in order, in a thread of its own. Start it once.

    It begins with the next new event. A listener that needs older ones reads the journal and compares the numbers.
    If the listener raises, that is logged with its traceback, and the feed goes on with the next events.
    """

    def __init__(self, bench: Workbench, bell: Bell, on_events: Callable[[Sequence[Event]], None]) -> None:
        self._bench = bench
        self._on_events = on_events
        with bench.catalog.read() as reader:
            self._last = reader.journal.get_bounds()[1]
        self._listener = bell.listen()
        bench.catalog.listen()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="strandline-feed", daemon=True)

    def start(self) -> None:
        """Begins to hand over events. The listener must not block."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it. Idempotent."""
        self._stop.set()
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._tell(self._listener.wait(FOLLOW_S))
            try:
                for page in iter_pages(self._bench, self._last, self._stop):
                    self._last = page[-1].seq or self._last
                    self._tell(page)
            except StrandlineError as error:
                from strandline.logs import get_logger  # late: most programs that open a store never log

                get_logger(__name__).warning("the event feed goes on after: %s", error)
                self._stop.wait(FOLLOW_S)

    def _tell(self, events: Sequence[Event]) -> None:
        if not events or self._stop.is_set():
            return
        try:
            self._on_events(events)
        except Exception as error:
            from strandline.logs import get_logger

            logger = get_logger(__name__)
            logger.error("a listener failed on %d events; the feed goes on", len(events), exc_info=error)
