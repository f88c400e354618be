"""The content of the trash: bytes that were moved aside, what they were, and when they may leave. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from strandline.errors import StrandlineError
from strandline.model.events import parse_time
from strandline.model.identity.sd_ids import find_storage_dir_id
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

_TRASH_ID = re.compile("[0-9a-f]{32}")
_SHA256 = re.compile("[0-9a-f]{64}")

_WHOLE_NUMBERS = range(-(2**63), 2**63)
"""What a catalog can keep."""


class TrashReason(StrEnum):
    """Why a file was moved to the trash. The values appear in JSON, in the catalog, and beside the bytes."""

    REPLACED = "replaced"
    """A save replaced its wrong bytes with the right ones."""
    DELETED = "deleted"
    """A person deleted the image."""
    COLLECTED = "collected"
    """No note used it, and a person had such pictures collected."""
    FOLDED = "folded"
    """A conflict copy whose bytes are also in another file of its folder."""
    VERSION = "version"
    """A person kept another version of the picture in its place."""


RESTORABLE = frozenset({TrashReason.DELETED, TrashReason.COLLECTED, TrashReason.FOLDED, TrashReason.VERSION})
"""Files that were the image. The others had wrong bytes, and something better has their place."""

REMOVED = frozenset({TrashReason.DELETED, TrashReason.COLLECTED})
"""Those whose path nothing else has got instead: a person took the picture away."""


@dataclass(frozen=True, slots=True)
class TrashedFile(JsonForm):
    """One entry of the trash. It is also written beside the bytes, so the trash survives the loss of the catalog."""

    trash_id: str
    """32 hex digits; the name of its folder."""
    sd_id: str | None
    sd_path: str
    path: str
    """Where it was in its storage directory, with ``/``."""
    image_id: ImageId
    size_bytes: int
    sha256: str
    reason: TrashReason
    trashed_at: datetime
    mtime_ns: int | None = None
    """The file's own mtime; None if it was not recorded, or is outside of the years 1677 to 2262."""

    JSON: ClassVar[Table] = own_keys(
        "trash_id", "sd_id", "sd_path", "filename", "path", "image_id", "size_bytes", "sha256", "reason",
        "trashed_at", "mtime_ns",
    )  # fmt: skip

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def place(self) -> tuple[str | None, str, str]:
        """Where it belongs."""
        return self.sd_id, self.sd_path, self.path


@dataclass(frozen=True, slots=True)
class TrashRules:
    """How much the trash may hold, and for how long nothing leaves it."""

    max_bytes: int
    grace: timedelta

    def may_leave(self, trashed: TrashedFile, now: datetime) -> bool:
        """Whether its grace time is over. A clock that went back makes it longer, never shorter."""
        return now - trashed.trashed_at >= self.grace

    def kept_until(self, trashed: TrashedFile) -> datetime:
        """When its grace time is over. Until then, nothing removes it."""
        try:
            return trashed.trashed_at + self.grace
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListedFile(JsonForm):
    """A file in a listing of the trash."""

    entry: TrashedFile
    kept_until: datetime
    """Until then, nothing removes it."""
    original_name: str | None = None
    """What it was called when it was saved."""

    JSON: ClassVar[Table] = {
        "image_id": "entry.image_id", "sd_id": "entry.sd_id", "path": "entry.path",
        "size_bytes": "entry.size_bytes", "deleted_at": "entry.trashed_at", "reason": "entry.reason",
        "trash_id": "entry.trash_id", "sd_path": "entry.sd_path", "kept_until": "kept_until",
        "original_name": "original_name",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrashListing(JsonForm):
    """What is in the trash, latest first, and how full it is."""

    trash: tuple[ListedFile, ...]
    used_bytes: int
    """Of everything in it, also of what is not listed."""
    max_bytes: int
    grace_days: int


def choose_to_restore(entries: Iterable[TrashedFile]) -> tuple[list[TrashedFile], list[TrashedFile]]:
    """The entries of an image that go back, and those that another one stands for.

    A place gets back what was deleted from it last; the order is that of the entries.

    Law: each place of a restorable entry gets exactly one, and no place of another entry gets any.
    """
    latest: dict[tuple[str | None, str, str], TrashedFile] = {}
    entries = [entry for entry in entries if entry.reason in RESTORABLE]
    for entry in entries:
        known = latest.get(entry.place)
        if known is None or (known.trashed_at, known.trash_id) < (entry.trashed_at, entry.trash_id):
            latest[entry.place] = entry
    chosen = [entry for entry in entries if latest[entry.place] is entry]
    return chosen, [entry for entry in entries if latest[entry.place] is not entry]


def find_target(entry: TrashedFile, sds: Sequence[StorageDir]) -> StorageDir | None:
    """The storage directory that the file was in: the one that has or had its identity; otherwise the one at its
    path.
    """
    by_identity = [sd for sd in sds if entry.sd_id is not None and entry.sd_id in (sd.sd_id, *sd.aliases)]
    at_path = [sd for sd in sds if sd.path == entry.sd_path]
    both = [sd for sd in by_identity if sd in at_path]
    return next(iter([*both, *by_identity, *at_path]), None)


def list_called(
    entries: Iterable[TrashedFile], text: str, full_path: str, roots: Mapping[str, str]
) -> list[TrashedFile]:
    """The entries that a person means by a path or a name: of each place, the one that goes back.

    Args:
        entries: Those of the trash.
        text: As it was typed: the path in a storage directory, or the file's name.
        full_path: The text as an absolute path of this machine.
        roots: Where storage directories are now, by identity.
    """
    found = [
        entry
        for entry in entries
        if text in (entry.path, entry.filename)
        or full_path in {f"{root}/{entry.path}" for root in (entry.sd_path, roots.get(entry.sd_id or ""))}
    ]
    return choose_to_restore(found)[0]


def find_kept_mtime(mtime_ns: int) -> int | None:
    """The mtime as an entry has it. None if no catalog can keep it: some disks have times of any year. A file that is
    put back gets none of those anyway (``states.choose_mtime``).
    """
    return mtime_ns if mtime_ns in _WHOLE_NUMBERS else None


def sniff_trashed(trash_id: str, about: bytes) -> TrashedFile | None:
    """The entry that the description beside its bytes tells of, or None if it makes no sense."""
    odd = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, StrandlineError)
    with suppress(*odd):
        return parse_trashed(trash_id, json.loads(about))
    return None


def parse_trashed(trash_id: str, about: Mapping[str, Any]) -> TrashedFile:
    """The entry that the JSON object describes, which may come from elsewhere: nothing in it leads out of a folder,
    and a catalog can keep all of it.

    Raises:
        KeyError, ValueError, TypeError, AttributeError, OverflowError, StrandlineError: It makes no sense.
    """
    path = about.get("path") or f"media/{about['filename']}"
    sha256, mtime_ns = str(about["sha256"]), about.get("mtime_ns")
    sd_id = None if about["sd_id"] is None else find_storage_dir_id(about["sd_id"])
    sd_path, size_bytes = str(about["sd_path"]), int(about["size_bytes"])
    is_plain = "\0" not in path and all(part not in ("", ".", "..") for part in path.split("/"))
    if not (is_plain and _SHA256.fullmatch(sha256) and _TRASH_ID.fullmatch(trash_id)):
        raise ValueError("it leads elsewhere, or has no hash")
    if sd_id is None and about["sd_id"] is not None:
        raise ValueError("its storage directory has no identity")
    if not ((path + sd_path).encode() and "\0" not in sd_path and size_bytes in range(2**63)):
        raise ValueError("no catalog can keep it")
    return TrashedFile(
        trash_id=trash_id,
        sd_id=sd_id,
        sd_path=sd_path,
        path=path,
        image_id=parse_image_id(about["image_id"]),
        size_bytes=size_bytes,
        sha256=sha256,
        reason=TrashReason(about["reason"]),
        trashed_at=parse_time(about["trashed_at"]),
        mtime_ns=None if mtime_ns is None else find_kept_mtime(int(mtime_ns)),
    )
