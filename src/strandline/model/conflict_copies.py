"""Conflict copies that show an image whose own file is missing or bad, and which of them a scan must read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class ListedCopy:
    """A conflict copy on the disk, of an image that has no good file."""

    path: str
    """Relative to the storage directory, with ``/``."""
    image_id: ImageId
    stamp: str
    """As :meth:`~strandline.model.image_files.FileStamp.as_text` gives it."""


@dataclass(frozen=True, slots=True)
class ReadCopy:
    """A conflict copy whose bytes were read as they are now."""

    sd: int
    """The storage directory's local number."""
    path: str
    image_id: ImageId
    stamp: str
    sha256: str | None
    """Of its bytes, if they are the image's (content id) or a whole image (legacy id); otherwise None."""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What a scan does about conflict copies."""

    to_read: list[ListedCopy] = field(default_factory=list)
    to_forget: list[str] = field(default_factory=list)
    """Paths of copies that are gone, or that are not needed any more."""


def plan_copies(listed: Iterable[ListedCopy], known: Mapping[str, ReadCopy]) -> CopyPlan:
    """Which copies must be read, and which forgotten. ``known`` has those that were read before, by path.

    Law: once the plan is carried out, the same listing plans nothing.
    """
    plan, met = CopyPlan(), set()
    for copy in listed:
        met.add(copy.path)
        before = known.get(copy.path)
        if before is None or (before.image_id, before.stamp) != (copy.image_id, copy.stamp):
            plan.to_read.append(copy)
    plan.to_forget.extend(path for path in known if path not in met)
    return plan


def do_they_show_one_image(copies: Iterable[ReadCopy]) -> bool:
    """Whether the copies show the image: some have its bytes, and those agree. Nobody could choose between two."""
    return len({copy.sha256 for copy in copies if copy.sha256 is not None}) == 1


def find_shown(copies: Iterable[ReadCopy]) -> set[ImageId]:
    """The images that their copies show."""
    by_image: dict[ImageId, list[ReadCopy]] = {}
    for copy in copies:
        by_image.setdefault(copy.image_id, []).append(copy)
    return {image_id for image_id, found in by_image.items() if do_they_show_one_image(found)}
