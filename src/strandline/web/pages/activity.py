"""Lines of the activity page: each event as a sentence, under the day on which it happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from strandline.model.events import (
    EVENT_TYPES,
    Event,
    ImageEvent,
    ScanFinished,
    StorageDirEvent,
    StorageDirIdentityChanged,
    StorageDirOffline,
    StorageDirSuspect,
)
from strandline.model.plain_words import say_count
from strandline.model.storage_dirs import StorageDir
from strandline.web.pages.words import say_day

KINDS = {
    "arrivals": ["image.available", "image.arriving"],
    "trouble": ["image.damaged", "image.foreign", "image.missing", "sd.offline", "sd.suspect"],
    "images": [name for name in EVENT_TYPES if name.startswith("image.")],
    "folders": [name for name in EVENT_TYPES if name.startswith("sd.")],
    "scans": ["scan.finished"],
}
"""The choices of the filter, and their event types."""

SENTENCES = {
    "image.available": "An image arrived whole",
    "image.arriving": "An image began to arrive",
    "image.changed": "An image has other bytes than before",
    "image.damaged": "An image is damaged",
    "image.foreign": "Another image is under an image's name",
    "image.missing": "An image is missing",
    "image.removed": "An image was removed",
    "sd.added": "Folder added",
    "sd.online": "Folder online",
    "sd.offline": "Folder offline",
    "sd.suspect": "Too many files of a folder are gone at once",
    "sd.identity_changed": "Folder has another identity",
}


class Line(NamedTuple):
    """One event, for a person."""

    at: datetime
    text: str
    detail: str
    image_id: str | None
    has_picture: bool
    sd_name: str | None


class Day(NamedTuple):
    """A day in this machine's time zone, and its events."""

    name: str
    lines: list[Line]


def list_days(events: Iterable[Event], sds: Sequence[StorageDir]) -> list[Day]:
    """The events in their order, as lines grouped by day."""
    names = {str(known): sd.name for sd in sds for known in (*sd.aliases, sd.sd_id) if known is not None}
    lines = (_say(event, names) for event in events)
    return [
        Day(name, list(group)) for name, group in groupby(lines, lambda line: say_day(line.at.astimezone()))
    ]


def say_event(event: Event) -> str:
    """The event in one sentence."""
    if isinstance(event, ScanFinished):
        counts = {
            "new": event.added,
            "changed": event.changed,
            "absent": event.absent,
            "missing": event.missing,
            "returned": event.returned,
        }
        parts = [f"{number:,} {word}" for word, number in counts.items() if number]
        return f"Scan: {', '.join(parts)}" if parts else "Scan: nothing changed"
    if isinstance(event, StorageDirSuspect) and not event.absent:
        return "The files of a folder cannot be listed"
    return SENTENCES.get(event.type, event.type)


def _say(event: Event, names: dict[str, str]) -> Line:
    image_id, detail = None, ""
    if isinstance(event, ImageEvent):
        image_id, detail = str(event.image_id), event.filename
    elif isinstance(event, StorageDirOffline):
        detail = event.reason
    elif isinstance(event, StorageDirSuspect):
        detail = f"{event.absent:,} of {say_count(event.known, 'file')}"
    elif isinstance(event, StorageDirIdentityChanged):
        detail = f"{event.old_sd_id or 'none'} before, {event.sd_id or 'none'} now"
    elif isinstance(event, StorageDirEvent):
        detail = event.path
    known = names.get(str(event.sd_id)) if event.sd_id else None
    has_picture = event.type in ("image.available", "image.changed")
    return Line(event.at, say_event(event), detail, image_id, has_picture, known)
