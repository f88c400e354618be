"""The log of events: each event of a home as one line, for as long as the daemon runs.

What a person must look at is a warning, the course of a scan is for debugging, and everything else is at info.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from strandline.logs import get_logger
from strandline.model.events import ALARMS, LIVE_ONLY, Event, StorageDirEvent, describe_facts
from strandline.runtime.assembly import LocalStore

log = get_logger(__name__)


class EventLog:
    """Logs events, and knows the names of storage directories.

    Args:
        names: Of the storage directories, by identity.
    """

    def __init__(self, names: dict[str | None, str]) -> None:
        self._names = names

    def write(self, events: Sequence[Event]) -> None:
        """One line for each event. The line contains names as they are; what shows it must escape them."""
        for event in events:
            if isinstance(event, StorageDirEvent):
                self._names[event.sd_id] = event.name
            name = self._names.get(event.sd_id) or event.sd_id or ""
            log.log(choose_level(event.type), "%s %s %s", event.type, name, describe_facts(event))


def choose_level(event_type: str) -> int:
    """The level at which an event of this type is logged."""
    if event_type in ALARMS:
        return logging.WARNING
    return logging.DEBUG if event_type in LIVE_ONLY else logging.INFO


@contextmanager
def logging_events(store: LocalStore) -> Iterator[None]:
    """Logs what happens on the store's home while the block runs, whichever process caused it."""
    event_log = EventLog({sd.sd_id: sd.name for sd in store.list_storage_dirs()})
    feed = store.follow_events(event_log.write)
    feed.start()
    try:
        yield
    finally:
        feed.stop()
