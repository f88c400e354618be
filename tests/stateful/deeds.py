"""What a store does, what is known about it, and the looks before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stateful.replica import Seen
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir

Key = tuple[int, str]
"""A row's key: the number of its storage directory, and the file name."""

Disk = dict[str, dict[str, Seen]]
"""For each replica's label, every entry by its key."""


class LawBrokenError(AssertionError):
    """An invariant is violated. The message begins with its number."""


class Deed(StrEnum):
    """The kind of a store's operation, which determines the allowed writes."""

    WATCH = "watch"
    LOOK = "look"
    ADD = "add"
    SAVE = "save"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the history knows about a deed."""

    label: str = ""
    filename: str = ""
    """The only name that a save may write."""
    data: bytes = b""


def check(holds: bool, invariant: str, says: str) -> None:
    """Fails with the invariant's number if the condition is false."""
    if not holds:
        raise LawBrokenError(f"{invariant}: {says}")


@dataclass(slots=True)
class Look:
    """Disk and catalog at one moment."""

    disk: Disk
    rows: dict[Key, ImageFile]
    sds: dict[int, StorageDir]
    values: dict[str, frozenset[bytes]]
    """Identities in each root, in bytes or in names."""
