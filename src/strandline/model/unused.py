"""Unused pictures: which ones no text names, since when, and which of them may be collected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

SETTLED_AFTER = timedelta(days=7)
"""How long a picture must have been unused, by two looks: a note may still be on its way from another machine."""

OLD_AFTER = timedelta(days=30)
"""How long a picture must have been here: who saved it may not have used it yet."""

LARGEST_SHARE = 10
"""Of the pictures of a storage directory, at most a tenth is collected at once."""


@dataclass(frozen=True, slots=True)
class UnusedFile(JsonForm):
    """A picture file that no text of any storage directory names."""

    sd: StorageDir
    path: str
    image_id: ImageId
    size_bytes: int | None
    first_seen: datetime
    """When this catalog first saw the file; or when it was written, if that is later."""
    unused_since: datetime
    """The first look that found it unused, without one that found it used since."""
    names: tuple[str, ...] = ()
    """Original names, for people."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id",
        "sd_id": "sd.sd_id",
        "sd_name": "sd.name",
        **own_keys("path", "size_bytes", "first_seen", "unused_since", "names"),
    }

    def may_be_collected(self, now: datetime) -> bool:
        """Whether it has been here, and unused, for long enough. A clock that went back makes it longer."""
        return now - self.first_seen >= OLD_AFTER and now - self.unused_since >= SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class Gap(JsonForm):
    """Something that was not read, and that may name pictures."""

    sd: StorageDir
    path: str | None
    """None if all of the storage directory is away."""
    reason: str

    JSON: ClassVar[Table] = {"sd_id": "sd.sd_id", "sd_name": "sd.name", **own_keys("path", "reason")}


@dataclass(frozen=True, slots=True)
class FolderUsage:
    """What was looked at in one storage directory."""

    sd: StorageDir
    images: int
    unused: int
    texts: int

    @property
    def is_without_notes(self) -> bool:
        """Whether no text names any of its pictures: it is no folder of notes, and nothing of it is collected."""
        return self.unused >= self.images


@dataclass(frozen=True, slots=True)
class UnusedReport(JsonForm):
    """What no text names. With gaps, some of it may be used all the same."""

    unused: tuple[UnusedFile, ...]
    gaps: tuple[Gap, ...]
    images: int
    """Files that were compared."""
    texts: int
    """Texts that were read."""
    folders: tuple[FolderUsage, ...] = ()
    """The same by storage directory, of all that were asked for."""

    JSON: ClassVar[Table] = own_keys("unused", "gaps", "images", "texts")


def choose_to_collect(
    unused: Sequence[UnusedFile], now: datetime, total: int
) -> tuple[list[UnusedFile], int]:
    """Those of one storage directory with ``total`` pictures that go now, the oldest first, and how many are left for
    another time although they could go.

    If no text names any of its pictures, it is no folder of notes, and none of them goes.

    Law: each has been here for 30 days and unused for seven, and together they are at most a tenth of all.
    """
    if len(unused) >= total:
        return [], 0
    ripe = sorted(
        (each for each in unused if each.may_be_collected(now)), key=lambda each: (each.first_seen, each.path)
    )
    chosen = ripe[: total // LARGEST_SHARE]
    return chosen, len(ripe) - len(chosen)
