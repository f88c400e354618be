"""The event feed: everything that happens on this home, in order, for one listener, in its own thread.

Journaled events are read from the journal, whichever process wrote them. Live events come from this process's bus.
The feed begins with the next new event. A listener that needs older ones reads the journal and compares the numbers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from strandline.errors import StrandlineError
from strandline.model.events import Event
from strandline.runtime.bus import EventBus
from strandline.runtime.watching.session import FOLLOW_S, PAGE
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)

STOP_LIMIT_S = 1.0


class EventFeed:
    """Reads until it is stopped. Start it once."""

    def __init__(self, bench: Workbench, bus: EventBus, on_events: Callable[[Sequence[Event]], None]) -> None:
        self._bench = bench
        self._on_events = on_events
        with bench.catalog.read() as reader:
            self._last = reader.journal.get_bounds()[1]
        self._subscription = bus.subscribe()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="strandline-feed", daemon=True)

    def start(self) -> None:
        """Begins to deliver events. The listener must not block."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it. Idempotent."""
        self._stop.set()
        self._subscription.close()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            live, _ = self._subscription.take(FOLLOW_S)
            self._tell([event for event in live if event.seq is None])
            try:
                for page in self._iter_new_pages():
                    self._tell(page)
            except StrandlineError as error:
                log.warning("the event feed goes on after: %s", error)
                self._stop.wait(FOLLOW_S)

    def _iter_new_pages(self) -> Iterator[list[Event]]:
        page_is_full = True
        while page_is_full and not self._stop.is_set():
            with self._bench.catalog.read() as reader:
                page = reader.journal.list_events(since=self._last, limit=PAGE)
            if page:
                self._last = page[-1].seq or self._last
            yield page
            page_is_full = len(page) == PAGE

    def _tell(self, events: Sequence[Event]) -> None:
        if events and not self._stop.is_set():
            self._on_events(events)
