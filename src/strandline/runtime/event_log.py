"""The log of events: each event of a home as one line, for as long as the daemon runs.

What a person must look at is a warning, the course of a scan is for debugging, and everything else is at info.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.model.events import ALARMS, LIVE_ONLY, Event, StorageDirEvent, describe_facts
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.assembly import LocalStore

log = get_logger(__name__)


NAMES_READ_AFTER_S = 1.0
"""How old names may be. A rename is no event, and to read the names for each of many events would cost more than
they do.
"""


class StorageDirNames:
    """The names of storage directories, also of those that were renamed or added meanwhile.

    Args:
        list_storage_dirs: What there is now.
        monotonic: A clock, in seconds.
    """

    def __init__(
        self,
        list_storage_dirs: Callable[[], Iterable[StorageDir]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._list, self._monotonic = list_storage_dirs, monotonic
        self._names: dict[str | None, str] = {}
        self._read_s = -math.inf

    def name(self, event: Event) -> str:
        """The name of the event's storage directory. Its identity if it is forgotten, and empty if it is of none."""
        now_s = self._monotonic()
        if now_s - self._read_s >= NAMES_READ_AFTER_S:
            self._read_s = now_s
            with suppress(StrandlineError):  # the shared catalog is away: the last known names
                self._names |= {sd.sd_id: sd.name for sd in self._list()}
        if isinstance(event, StorageDirEvent):
            self._names[event.sd_id] = event.name
        return self._names.get(event.sd_id) or event.sd_id or ""


class EventLog:
    """Logs events."""

    def __init__(self, names: StorageDirNames) -> None:
        self._names = names

    def write(self, events: Sequence[Event]) -> None:
        """One line for each event. The line contains names as they are; what shows it must escape them."""
        for event in events:
            name = self._names.name(event)
            log.log(choose_level(event.type), "%s %s %s", event.type, name, describe_facts(event))


def choose_level(event_type: str) -> int:
    """The level at which an event of this type is logged."""
    if event_type in ALARMS:
        return logging.WARNING
    return logging.DEBUG if event_type in LIVE_ONLY else logging.INFO


@contextmanager
def logging_events(store: LocalStore) -> Iterator[None]:
    """Logs what happens on the store's home while the block runs, whichever process caused it."""
    event_log = EventLog(StorageDirNames(store.list_storage_dirs))
    feed = store.follow_events(event_log.write)
    feed.start()
    try:
        yield
    finally:
        feed.stop()
