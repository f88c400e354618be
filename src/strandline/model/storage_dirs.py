"""A storage directory as this machine knows it: a local number, an identity, a path, a name, a state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from strandline.errors import InvalidInputError
from strandline.model.buckets import is_bucket_address
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.values import dataclass


class LayoutKind(StrEnum):
    """What the names in a storage directory mean (``layout``). The values appear in JSON and in the catalog."""

    IDS = "ids"
    """``media/{id}.{ext}``: Strandline gives the names."""
    NAMED = "named"
    """Any folder as it is: pictures anywhere in it, under names that people gave."""


class StorageDirState(StrEnum):
    """Whether conclusions can be drawn about the images of a storage directory (SPEC §4)."""

    ONLINE = "online"
    """The root is a folder, and its identity is readable and matches."""
    INCOMPLETE = "incomplete"
    """No identity yet: it may be the last file to arrive."""
    OFFLINE = "offline"
    """Unmounted, unreadable, without its identity file, with another identity, or its disk does not answer."""
    SUSPECT = "suspect"
    """Online, but so many known files are gone that their absence is not believed (SPEC §6, mass-vanish brake)."""


class StorageDirQuestion(StrEnum):
    """What only a person can answer about a storage directory that is not online. The values appear in JSON."""

    NEW_IDENTITY = "new-identity"
    """Is nothing being synced? Then it can be given an identity."""
    RESTORE_IDENTITY = "restore-identity"
    """Is it still the same folder? Then its identity can be written back."""
    ACCEPT_ABSENCES = "accept-absences"
    """Are the files gone on purpose? Then they can be accepted as gone."""


@dataclass(frozen=True, slots=True)
class StorageDir(JsonForm):
    """A storage directory. A value: what the catalog knew when it was read."""

    number: int
    """Local to this catalog. Never reused, never shown."""
    sd_id: StorageDirId | None
    """None if no identity has arrived yet."""
    name: str
    path: str
    state: StorageDirState
    read_only: bool
    """Added with ``--read-only``: nothing is ever written to it."""
    provisional: bool
    """The identity exists only in this catalog, because a read-only folder has none."""
    aliases: tuple[StorageDirId, ...]
    """Its other identities, sorted."""
    added_at: datetime
    first_scan_done: bool = False
    """Files from the first scan are proven in the background; files from later scans are proven at once."""
    problem: str | None = None
    """Why it is not online, in a sentence. None if it is."""
    question: StorageDirQuestion | None = None
    """What a person can do about the problem, if it is one of these things."""
    layout: LayoutKind = LayoutKind.IDS
    is_layout_chosen: bool = False
    """A person gave the layout. Otherwise it is decided again when the folder's content says something else."""

    JSON: ClassVar[Table] = own_keys(
        "sd_id",
        "name",
        "path",
        "state",
        "layout",
        "read_only",
        "provisional",
        "aliases",
        "problem",
        "question",
    )

    def name_of(self, path: str) -> str:
        """What people call the file with this path: in a folder of named pictures, the path itself."""
        return path if self.layout is LayoutKind.NAMED else path.rpartition("/")[2]

    @property
    def is_on_disk(self) -> bool:
        """Whether its path is one of this machine. Otherwise it is the address of a bucket."""
        return not is_bucket_address(self.path)

    @property
    def is_unmarked(self) -> bool:
        """True if no file in the folder says which one it is. It is recognized by its anchors."""
        return self.layout is LayoutKind.NAMED and self.provisional

    @property
    def is_left_as_is(self) -> bool:
        """True if nothing that is there is ever changed, and no identity is written. New pictures are saved in it
        unless it is read-only.
        """
        return self.read_only or self.layout is LayoutKind.NAMED

    @property
    def is_reachable(self) -> bool:
        """True if its files can be read and listed now: it is online or suspect."""
        return self.state in (StorageDirState.ONLINE, StorageDirState.SUSPECT)


@dataclass(frozen=True, slots=True)
class FileCounts(JsonForm):
    """The number of a storage directory's image files in the catalog."""

    JSON: ClassVar[Table] = {
        "images": "images", "checked": "checked", "unchecked": "unchecked", "arriving": "arriving",
        "missing": "missing", "noteworthy": "total_noteworthy", "states": "noteworthy",
    }  # fmt: skip

    images: int
    noteworthy: dict[str, int]
    """The number of them in each noteworthy state."""
    unchecked: int
    """Present files whose bytes nobody has checked as they are now."""
    shown_from_copies: int = 0
    """Images whose file is missing, and that a conflict copy shows."""

    @property
    def checked(self) -> int:
        """All others: whatever their state is, it comes from their bytes, or from their absence."""
        return self.images - self.unchecked

    @property
    def arriving(self) -> int:
        """Those that are not whole yet."""
        return self.noteworthy.get("arriving", 0)

    @property
    def missing(self) -> int:
        """Those that are gone, and that no conflict copy shows."""
        return self.noteworthy.get("missing", 0) - self.shown_from_copies

    @property
    def total_noteworthy(self) -> int:
        """All of them."""
        return sum(self.noteworthy.values())


def parse_layout_kind(text: str) -> LayoutKind:
    """The layout with this name.

    Raises:
        InvalidInputError: There is none.
    """
    try:
        return LayoutKind(text)
    except ValueError as error:
        raise InvalidInputError(
            f"{text[:60]!r} is not a layout; give ids or named, or none to let the folder decide",
            value=text[:60],
        ) from error


def find_same_identities(sds: Iterable[StorageDir]) -> list[tuple[StorageDir, StorageDir]]:
    """Pairs of storage directories that are there with the same identity, so one of them is a copy. Pure.

    Of three, the first makes a pair with each of the others.
    """
    first: dict[StorageDirId, StorageDir] = {}
    pairs = []
    for sd in sds:
        if sd.sd_id is not None and sd.is_reachable:
            known = first.setdefault(sd.sd_id, sd)
            pairs += [(known, sd)] if known is not sd else []
    return pairs


def find_probable_copy(sd: StorageDir, twin: StorageDir) -> StorageDir | None:
    """Which of two with one identity is probably the copy: the one added later. None if neither was. Pure."""
    if sd.added_at == twin.added_at:
        return None
    return max(sd, twin, key=lambda each: each.added_at)


def list_by_identity(sds: Iterable[StorageDir]) -> dict[StorageDirId, list[StorageDir]]:
    """The storage directories that an identity may mean, the most probable one first. Pure.

    Those whose own identity it is come before those that had it once. If several are left, the one that was added
    earlier comes first, because a folder that was added later is a copy of it.
    """
    found: dict[StorageDirId, list[StorageDir]] = {}
    in_order = sorted(sds, key=lambda sd: (sd.added_at, sd.number))
    for sd in in_order:
        if sd.sd_id is not None:
            found.setdefault(sd.sd_id, []).append(sd)
    for sd in in_order:
        for alias in sd.aliases:
            found.setdefault(alias, []).append(sd)
    return found
