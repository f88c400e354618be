"""Lines of the activity page: what happened as sentences, under the day on which it happened. Pure.

Events that happened together are one line, which opens to show them one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from strandline.model.events import (
    EVENT_TYPES,
    Event,
    ImageEvent,
    ImageRemoved,
    ReferenceEvent,
    ScanFinished,
    StorageDirEvent,
    StorageDirIdentityChanged,
    StorageDirLayoutChanged,
    StorageDirOffline,
    StorageDirSuspect,
    is_save,
)
from strandline.model.layout import ID_LAYOUT
from strandline.model.plain_words import say_count
from strandline.model.storage_dirs import StorageDir, list_by_identity
from strandline.web.pages.words import has_address, in_address, key_of, say_day

KINDS = {
    "arrivals": ["image.available", "image.arriving"],
    "trouble": [
        "image.damaged",
        "image.foreign",
        "image.missing",
        "reference.missing",
        "sd.offline",
        "sd.suspect",
    ],
    "images": [name for name in EVENT_TYPES if name.startswith("image.")],
    "folders": [name for name in EVENT_TYPES if name.startswith("sd.")],
    "scans": ["scan.finished"],
}
"""The choices of the filter, and their event types."""

SENTENCES = {
    "image.available": "An image is here and checked",
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
    "sd.layout_changed": "The names in a folder mean something else now",
    "reference.missing": "A note misses a picture",
    "reference.resolved": "A note no longer misses a picture",
}


MANY = {
    "image.available": ("image", "images", "checked"),
    "image.arriving": ("image", "images", "began to arrive"),
    "image.changed": ("image", "images", "with other bytes than before"),
    "image.damaged": ("image", "images", "damaged"),
    "image.foreign": ("other image", "other images", "under images' names"),
    "image.missing": ("image", "images", "missing"),
    "image.removed": ("image", "images", "removed"),
}
"""For several events of a type: the words for one, for many, and what happened to them."""

GONE = frozenset({"image.missing", "image.removed"})
"""After these there is no file to show."""

SAVED = ("image", "images", "saved here")
"""The same for what was saved on this machine."""

RETURNED = ("image is", "images are", "back")
"""The same for what came back after it was removed."""

GONE_IN_FILES, BACK_IN_FILES = ("file removed", "files removed"), ("file is back", "files are back")
"""If several files of one image went or came back, a person is told of files, as in the question before."""

ByIdentity = Mapping[str, Sequence[StorageDir]]

MOST_SHOWN = 50
"""Events that a line opens to. A link leads to all of them."""


class Line(NamedTuple):
    """One event, for a person."""

    at: datetime
    text: str
    detail: str
    image_id: str | None
    has_picture: bool
    is_whole: bool
    """Of half a picture there is no small copy, but a browser shows the part that is there."""
    sd_name: str | None
    place: str
    """Where an event without an image leads to, from the base path on. Empty if there is nothing to see."""


class Happening(NamedTuple):
    """What happened together. A single event has itself as its only line, and no text."""

    text: str
    number: int
    type: str
    newest: int
    lines: list[Line]


class Day(NamedTuple):
    """A day in this machine's time zone, and what happened on it."""

    name: str
    happenings: list[Happening]


def list_days(
    groups: Iterable[tuple[Sequence[Event], int]],
    sds: Sequence[StorageDir],
    returns: Collection[int | None] = (),
) -> list[Day]:
    """The happenings in their order, each with its number of events, grouped by day. ``returns`` are the numbers of
    the events of what came back.
    """
    by_identity = {str(sd_id): found for sd_id, found in list_by_identity(sds).items()}
    told = [
        _tell(events, number, by_identity, is_return=events[0].seq in returns) for events, number in groups
    ]
    days = groupby(told, lambda happening: say_day(happening.lines[0].at.astimezone()))
    return [Day(name, list(group)) for name, group in days]


def list_lines(events: Iterable[Event], sds: Sequence[StorageDir]) -> list[Line]:
    """The events in their order, one by one."""
    days = list_days((([event], 1) for event in events), sds)
    return [line for day in days for happening in day.happenings for line in happening.lines]


def _tell(events: Sequence[Event], number: int, by_identity: ByIdentity, *, is_return: bool) -> Happening:
    lines = [_say(event, by_identity) for event in events[:MOST_SHOWN]]
    text, first = "", events[0]
    if number > 1:
        one, many, verb = SAVED if is_save(first) else RETURNED if is_return else MANY[first.type]
        place = f" in {lines[0].sd_name}" if lines[0].sd_name else ""
        images = _count_images(events) if number == len(events) else number
        if images < number and (is_return or first.type == ImageRemoved.type):
            text = f"{say_count(number, *(BACK_IN_FILES if is_return else GONE_IN_FILES))}{place}"
        else:
            files = f" ({say_count(number, 'file')})" if images < number else ""
            text = f"{say_count(images, one, many)} {verb}{place}{files}"
    if is_return:
        lines = [line._replace(text="An image is back") for line in lines]
    return Happening(text, number, first.type, first.seq or 0, lines)


def _count_images(events: Sequence[Event]) -> int:
    """How many images the events are about. One of a file without an image counts as one."""
    known = [each.image_id for each in events if isinstance(each, ImageEvent) and each.image_id]
    return len(set(known)) + len(events) - len(known)


def say_event(event: Event) -> str:
    """The event in one sentence."""
    if isinstance(event, ScanFinished):
        counts = {
            "new": event.added,
            "changed": event.changed,
            "not seen": event.absent,
            "missing": event.missing,
            "returned": event.returned,
        }
        parts = [f"{number:,} {word}" for word, number in counts.items() if number]
        return f"Scan: {', '.join(parts)}" if parts else "Scan: nothing changed"
    if isinstance(event, StorageDirSuspect) and not event.absent:
        return "The files of a folder cannot be listed"
    if is_save(event):
        return "An image was saved here"
    return SENTENCES.get(event.type, event.type)


def _say(event: Event, by_identity: ByIdentity) -> Line:
    image_id, detail = None, ""
    if isinstance(event, ImageEvent):
        image_id, detail = event.image_id and str(event.image_id), _say_file(event)
    elif isinstance(event, StorageDirOffline):
        detail = event.reason
    elif isinstance(event, StorageDirSuspect):
        detail = f"{event.absent:,} of {say_count(event.known, 'file')}"
    elif isinstance(event, StorageDirIdentityChanged):
        detail = f"{event.old_sd_id or 'none'} before, {event.sd_id or 'none'} now"
    elif isinstance(event, StorageDirLayoutChanged):
        detail = event.reason
    elif isinstance(event, ReferenceEvent):
        detail = f"{event.note}:{event.line}: {event.target}"
    elif isinstance(event, StorageDirEvent):
        detail = event.path
    known = _find_sd(event, by_identity)
    has_picture = event.type in ("image.available", "image.changed")
    is_whole = not isinstance(event, ImageEvent) or event.whole is not False
    name = None if known is None else known.name
    place = "" if known is None or image_id else _find_place(event, known)
    return Line(event.at, say_event(event), detail, image_id, has_picture, is_whole, name, place)


def _find_place(event: Event, sd: StorageDir) -> str:
    """The inspector's page of the file that no image is known of, or of the note that misses a picture."""
    if isinstance(event, ImageEvent) and event.path and event.type not in GONE and has_address(event.path):
        return f"inspect/{key_of(sd)}/file?path={in_address(event.path)}"
    if isinstance(event, ReferenceEvent):
        return f"inspect/{key_of(sd)}/notes"
    return ""


def _say_file(event: ImageEvent) -> str:
    """The file's path, if it says more than its name. Older events have no path."""
    folder = event.path.rpartition("/")[0] if event.path else ""
    return event.filename if event.path is None or folder == ID_LAYOUT.images_folder else event.path


def _find_sd(event: Event, by_identity: ByIdentity) -> StorageDir | None:
    """Whose event it is. If two folders have its identity, its path decides; without one, the one added earlier."""
    known = by_identity.get(str(event.sd_id), []) if event.sd_id else []
    path = event.path if isinstance(event, StorageDirEvent) else None
    return next((sd for sd in known if sd.path == path), known[0] if known else None)
