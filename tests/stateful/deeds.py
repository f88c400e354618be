"""What a store does, what is known about it, and the looks before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    DELETE = "delete"
    RESTORE = "restore"
    EMPTY = "empty"
    VERIFY = "verify"
    HEAL = "heal"
    COPY = "copy"
    MOVE = "move"
    IMPORT = "import"
    RESCUE = "rescue"
    RESOLVE = "resolve"
    FOLD = "fold"
    COLLECT = "collect"


REPLACING = frozenset({Deed.SAVE, Deed.COPY, Deed.MOVE, Deed.IMPORT, Deed.HEAL, Deed.RESCUE, Deed.RESOLVE})
"""They replace wrong bytes with right ones."""

ADDING = REPLACING | {Deed.RESTORE}
"""They write files where there are none."""

REMOVING = frozenset({Deed.DELETE, Deed.MOVE, Deed.RESOLVE, Deed.FOLD, Deed.COLLECT})
"""They move files to the trash."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the history knows about a deed."""

    label: str = ""
    """The only folder that may be changed; empty if any may."""
    filename: str = ""
    """The only name that a save may write, or the only id whose files a deletion may take."""
    data: bytes = b""
    source: str = ""
    """The folder that a move takes files from."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry of the trash."""

    path: str
    image_id: str
    sha256: str
    reason: str
    at: datetime

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


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
    trash: dict[str, Kept]
