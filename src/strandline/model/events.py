"""Events: what happened, one dataclass each with a stable wire name.

Events of images, storage directories, and references, and each ``scan.finished`` that changed something are appended
to the journal in the transaction that makes the change. They get their sequence number there. ``scan.started`` and
``scan.progress`` are live only and have none. An event is built *before* it has a number; the journal returns the
numbered copy. Events that add no field to their kind are plain subclasses of a dataclass: fifteen more dataclasses
would slow down the start of every command by 10 ms.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from typing import ClassVar

from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Where in the journal a listener begins."""

    seq: int
    """It has seen the events up to this number."""
    is_reset: bool = False
    """What it knew is not known here, so it must load everything again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened. ``seq`` is None for live-only events, and until the journal has stored the event."""

    type: ClassVar[str]
    at: datetime
    sd_id: str | None
    seq: int | None = None

    def to_json(self) -> dict[str, object]:
        """``{"seq", "at", "type", "sd_id", …}``, as ``watch --json`` and the HTTP API give it. ``at`` is RFC 3339 in
        UTC with microseconds.
        """
        body: dict[str, object] = {
            "seq": self.seq,
            "at": format_time(self.at),
            "type": self.type,
            "sd_id": self.sd_id,
        }
        return body | self.facts()

    def facts(self) -> dict[str, object]:
        """The fields that only this type of event has, ready for JSON."""
        own = (field.name for field in fields(self) if field.name not in ("at", "sd_id", "seq"))
        facts = {name: getattr(self, name) for name in own}
        return {name: fact.value if isinstance(fact, Enum) else fact for name, fact in facts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEvent(Event):
    """Something happened to one image file."""

    image_id: ImageId | None
    """None if the name does not say it, and the bytes were not proven yet."""
    filename: str
    state: FileState
    whole: bool | None = None
    """Whether the bytes are a complete picture. Half a picture can be saved, and is shown. None if nobody knows."""
    path: str | None = None
    """Of the file, relative to the storage directory, with ``/``. None for events from before it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAvailable(ImageEvent):
    """The image file was proven and can be shown. Published exactly once per arrival."""

    type: ClassVar[str] = "image.available"
    saved: bool = False
    """Whether Strandline saved it on this machine. Otherwise it arrived by itself."""


class ImageArriving(ImageEvent):
    """Only part of the image file is here."""

    __slots__ = ()
    type: ClassVar[str] = "image.arriving"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChanged(ImageEvent):
    """A shown image file was proven again with other bytes: under a legacy id, or in a folder with named pictures."""

    type: ClassVar[str] = "image.changed"
    old_image_id: ImageId | None = None
    """What the file showed before, if that is another image."""


class ImageDamaged(ImageEvent):
    """The image file is broken and has not changed for 24 hours."""

    __slots__ = ()
    type: ClassVar[str] = "image.damaged"


class ImageForeign(ImageEvent):
    """Another whole image is under the name of this content id."""

    __slots__ = ()
    type: ClassVar[str] = "image.foreign"


class ImageMissing(ImageEvent):
    """Two healthy scans at least 60 s apart did not find the image file."""

    __slots__ = ()
    type: ClassVar[str] = "image.missing"


class ImageRemoved(ImageEvent):
    """A person moved the image file to the trash, or accepted that it is gone."""

    __slots__ = ()
    type: ClassVar[str] = "image.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirEvent(Event):
    """Something happened to a storage directory."""

    name: str
    path: str


class StorageDirAdded(StorageDirEvent):
    """A storage directory was added to this catalog."""

    __slots__ = ()
    type: ClassVar[str] = "sd.added"


class StorageDirOnline(StorageDirEvent):
    """A storage directory can be read (again)."""

    __slots__ = ()
    type: ClassVar[str] = "sd.online"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirOffline(StorageDirEvent):
    """A storage directory cannot be read, or has no identity now."""

    type: ClassVar[str] = "sd.offline"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirSuspect(StorageDirEvent):
    """So many known files are gone that their absence is not believed. ``absent`` is 0 if they cannot be listed."""

    type: ClassVar[str] = "sd.suspect"
    absent: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirIdentityChanged(StorageDirEvent):
    """A storage directory has a new identity. The old one is now an alias."""

    type: ClassVar[str] = "sd.identity_changed"
    old_sd_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirLayoutChanged(StorageDirEvent):
    """The names in a storage directory mean something else from now on, because of what arrived in it."""

    type: ClassVar[str] = "sd.layout_changed"
    layout: str
    old_layout: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEvent(Event):
    """Something about a picture that a note refers to."""

    note: str
    """Relative to the storage directory, with ``/``."""
    line: int
    target: str
    """The destination as the note spells it."""
    path: str | None
    """Where the picture should be, relative to the storage directory."""


class ReferenceMissing(ReferenceEvent):
    """A note refers to a picture that is not where it should be."""

    __slots__ = ()
    type: ClassVar[str] = "reference.missing"


class ReferenceResolved(ReferenceEvent):
    """The note no longer misses the picture: it is there, or the note does not refer to it any more."""

    __slots__ = ()
    type: ClassVar[str] = "reference.resolved"


class ScanStarted(Event):
    """A scan began. Live only."""

    __slots__ = ()
    type: ClassVar[str] = "scan.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanProgress(Event):
    """A scan has handled ``done`` of ``total`` files. Live only."""

    type: ClassVar[str] = "scan.progress"
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFinished(Event):
    """A scan ended. In the journal only if it changed something."""

    type: ClassVar[str] = "scan.finished"
    added: int
    changed: int
    absent: int
    missing: int
    returned: int


class JournalReset(Event):
    """What the listener knew is not in this journal: it must load everything again. Live only, for one listener."""

    __slots__ = ()
    type: ClassVar[str] = "reset"


EVENT_TYPES: dict[str, type[Event]] = {
    cls.type: cls
    for cls in (
        ImageAvailable, ImageArriving, ImageChanged, ImageDamaged, ImageForeign, ImageMissing, ImageRemoved,
        StorageDirAdded, StorageDirOnline, StorageDirOffline, StorageDirSuspect, StorageDirIdentityChanged,
        StorageDirLayoutChanged, ReferenceMissing, ReferenceResolved, ScanStarted, ScanProgress, ScanFinished,
        JournalReset,
    )
}  # fmt: skip
"""Every event by its wire name."""


ALARMS = frozenset(
    cls.type for cls in (ImageDamaged, ImageForeign, ImageMissing, StorageDirOffline, StorageDirSuspect)
)
"""The types of what a person should look at."""

LIVE_ONLY = frozenset({ScanStarted.type, ScanProgress.type, JournalReset.type})
"""The types that the journal never has."""


def is_save(event: Event) -> bool:
    """Whether it tells of what was saved on this machine. Nobody looks for that among what arrived."""
    return isinstance(event, ImageAvailable) and event.saved


def describe_facts(event: Event) -> str:
    """What is particular to the event, on one line, without the storage directory's name. Names are not escaped."""
    if isinstance(event, ImageEvent):
        return event.filename
    if isinstance(event, StorageDirSuspect):
        if not event.absent:
            return "its media folder cannot be listed"
        return f"{event.absent:,} of {event.known:,} known images are gone at once"
    return ", ".join(f"{name} {value}" for name, value in event.facts().items() if name != "name")


def parse_event(wire: dict[str, object]) -> Event:
    """Parses what :meth:`Event.to_json` wrote.

    Raises:
        KeyError: This version does not know the type.
    """
    facts = dict(wire)
    cls = EVENT_TYPES[str(facts.pop("type"))]
    facts["at"] = parse_time(str(facts["at"]))
    if "state" in facts:
        facts["state"] = FileState(str(facts["state"]))
    return cls(**facts)  # type: ignore[arg-type]


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds and a ``Z``; sorts as text. Years have four digits."""
    # strftime would write the year 476 with three digits on Linux.
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def parse_time(text: str) -> datetime:
    """Parses the text of :func:`format_time` to an aware UTC datetime."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
