"""Unused pictures: which ones no text names, since when, and which of them may be collected. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from strandline.model.changes import ChangeReport
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import judge_names
from strandline.model.values import dataclass

SETTLED_AFTER = timedelta(days=7)
"""How long a picture must have been unused, by two looks: a note may still be on its way from another machine."""

OLD_AFTER = timedelta(days=30)
"""How long a picture must have been here: who saved it may not have used it yet."""

LARGEST_SHARE = 10
"""Of the pictures of a storage directory, at most a tenth is collected in :data:`SHARE_SPAN`."""

SHARE_SPAN = timedelta(days=7)
"""Long enough to notice that something is missing, before the next tenth goes."""


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

    @property
    def key(self) -> tuple[int, str]:
        """Storage directory's number, and path."""
        return self.sd.number, self.path

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
    named: int
    """How many of its pictures the notes in it name."""
    collected_lately: int = 0
    """Files of it that are in the trash because they were collected, within :data:`SHARE_SPAN`."""

    @property
    def has_notes(self) -> bool:
        """Whether it is a folder of notes: those in it name at least a tenth of its pictures. A page about
        photographs that names some of them does not make the others superfluous.
        """
        return self.named > 0 and self.named * LARGEST_SHARE >= self.images

    @property
    def is_without_notes(self) -> bool:
        """Whether it is none, as a folder of photographs: it is left out, unless a person names it."""
        return not self.has_notes

    @property
    def is_left_alone(self) -> bool:
        """Whether nothing of it is collected, even if a person names it: no text anywhere names any picture of it."""
        return self.unused >= self.images

    @property
    def allowance(self) -> int:
        """How many of its files may still be collected in this span."""
        share = (self.images + self.collected_lately) // LARGEST_SHARE
        return max(0, share - self.collected_lately)


@dataclass(frozen=True, slots=True)
class CollectReport(ChangeReport):
    """What was collected, or would be, and what was left out."""

    left: int = 0
    """More files could go, but not now: a tenth of a folder goes in a week, and one of several copies stays."""
    without_notes: tuple[StorageDir, ...] = ()
    """Storage directories that were left out, because no note in them names any of their pictures."""

    JSON: ClassVar[Table] = own_keys("plan", "done", "refused")


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
    unused: Iterable[UnusedFile],
    folders: Iterable[FolderUsage],
    copies: Mapping[tuple[int, str], str],
    now: datetime,
    *,
    named: bool,
) -> tuple[list[UnusedFile], int]:
    """Those that go now, and how many are left for another time although they are old enough. Copies that nobody
    named go first, then the oldest of each storage directory.

    Args:
        unused: The files that nothing names.
        folders: The storage directories in question.
        copies: What bytes each file has, of all files of all storage directories, by their keys.
        now: The time.
        named: A person has named the folders, so those without notes of their own are meant, too.

    Laws: each has been here for 30 days and unused for seven. Together they are at most what the storage directory
    allows. Of several files with the same bytes, at least one stays. If no text names any picture of a storage
    directory, none of it goes. No file goes instead of a conflict copy of it that could go.
    """
    left_of = Counter(copies.values())
    several = {bytes_id for bytes_id, count in left_of.items() if count > 1}
    ripe = defaultdict[int, list[UnusedFile]](list)
    for each in unused:
        if each.may_be_collected(now):
            ripe[each.sd.number].append(each)
    chosen: list[UnusedFile] = []
    left = 0
    for folder in folders:
        if folder.is_left_alone or not (folder.has_notes or named):
            continue
        own = _sort_to_go(ripe[folder.sd.number], copies)
        going = 0
        for each in own:
            bytes_id = copies[each.key]
            if going < folder.allowance and (bytes_id not in several or left_of[bytes_id] > 1):
                left_of[bytes_id] -= 1
                going += 1
                chosen.append(each)
        left += len(own) - going
    return chosen, left


def _sort_to_go(ripe: Iterable[UnusedFile], copies: Mapping[tuple[int, str], str]) -> list[UnusedFile]:
    """In the order in which they would go: of those with the same bytes, names that nobody chose first."""
    same = defaultdict[str, list[UnusedFile]](list)
    for each in ripe:
        same[copies[each.key]].append(each)
    choices = [
        (-choice, file.first_seen, file.path, file)
        for files in same.values()
        for choice, file in zip(judge_names([file.path for file in files]), files, strict=True)
    ]
    return [each[-1] for each in sorted(choices, key=lambda each: each[:-1])]
