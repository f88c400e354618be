"""Sync status: disk compared with catalog, and the content of a storage directory, for people and programs (SPEC §8).

Lists are complete, however long, because people script against them.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar

from strandline.model.discrepancies import DISCREPANCIES, GRAVE_KINDS, SHOWN_FROM_COPIES, Discrepancy
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys, to_json
from strandline.model.reports import Finding
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.values import dataclass

MAX_TREE_PAGE = 10_000
"""Entries per page: some 3 MB of JSON."""

MAX_HEX_BYTES = 1024 * 1024
"""Bytes per page. A terminal or a browser shows no more at once."""


@dataclass(frozen=True, slots=True)
class FileItem(JsonForm):
    """One file in a list of a sync status. ``facts`` are specific to that list."""

    path: str
    """Relative to the storage directory, with ``/``."""
    image_id: ImageId | None
    size_bytes: int | None
    facts: tuple[tuple[str, object], ...] = ()

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def to_json(self) -> dict[str, object]:
        """``{image_id, filename, path, size_bytes, …facts}``."""
        own = {
            "image_id": self.image_id,
            "filename": self.filename,
            "path": self.path,
            "size_bytes": self.size_bytes,
        }
        return own | {name: to_json(value) for name, value in self.facts}


@dataclass(slots=True)
class SyncStatus(JsonForm):
    """Disk against catalog for one storage directory, from one new and complete listing (SPEC §8).

    Law: ``on_disk_count - len(on_disk_not_in_catalog) == in_catalog_count - len(in_catalog_not_on_disk)``. If the
    folder could not be listed, the numbers and lists are empty and ``problems`` says why.
    """

    sd: StorageDir
    measured_at: datetime
    identity: dict[str, Any]
    """``sd_id, provisional, aliases, plain, legacy, conflict_copies, former, problem``."""
    on_disk_count: int = 0
    on_disk_bytes: int = 0
    in_catalog_count: int = 0
    unchecked_count: int = 0
    """Present files whose bytes nobody has checked as they are now."""
    on_disk_not_in_catalog: list[FileItem] = field(default_factory=list)
    in_catalog_not_on_disk: list[FileItem] = field(default_factory=list)
    size_differs: list[FileItem] = field(default_factory=list)
    arriving: list[FileItem] = field(default_factory=list)
    damaged: list[FileItem] = field(default_factory=list)
    incomplete: list[FileItem] = field(default_factory=list)
    """Files with exactly the bytes of their ids that are not whole images. They are shown."""
    foreign: list[FileItem] = field(default_factory=list)
    online_only: list[FileItem] = field(default_factory=list)
    conflict_copies: list[FileItem] = field(default_factory=list)
    temporaries: list[FileItem] = field(default_factory=list)
    strays: list[FileItem] = field(default_factory=list)
    wrong_extension: list[FileItem] = field(default_factory=list)
    case_clashes: list[FileItem] = field(default_factory=list)
    differing_copies: list[FileItem] = field(default_factory=list)
    symlinks: list[FileItem] = field(default_factory=list)
    unreadable: list[FileItem] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)

    LISTS: ClassVar[tuple[str, ...]] = tuple(row.key for row in DISCREPANCIES)

    JSON: ClassVar[Table] = {
        "sd_id": "sd.sd_id", "name": "sd.name", "path": "sd.path", "state": "sd.state",
        "measured_at": "measured_at",
        "on_disk": {"count": "on_disk_count", "bytes": "on_disk_bytes"},
        "in_catalog": {"count": "in_catalog_count", "checked": "checked_count"},
        **own_keys(*LISTS, "identity", "problems"),
    }  # fmt: skip

    @property
    def checked_count(self) -> int:
        """Files of the catalog whose state comes from their bytes, or from their absence."""
        return self.in_catalog_count - self.unchecked_count

    def list_discrepancies(self) -> list[tuple[Discrepancy, list[FileItem]]]:
        """The lists that are not empty, with what they mean; worst news first. Of the images that are missing on the
        disk, those that conflict copies show are a list of their own.
        """
        found: list[tuple[Discrepancy, list[FileItem]]] = []
        for row in DISCREPANCIES:
            items: list[FileItem] = getattr(self, row.key)
            if row.key == "in_catalog_not_on_disk":
                shown = [item for item in items if dict(item.facts).get("shown_from")]
                found += [(SHOWN_FROM_COPIES, shown)] if shown else []
                items = [item for item in items if not dict(item.facts).get("shown_from")]
            found += [(row, items)] if items else []
        return found

    @property
    def is_healthy(self) -> bool:
        """True if ``inspect`` exits with 0: nothing is damaged, incomplete, unreadable, suspect, or offline."""
        kinds = {problem.kind for problem in self.problems} | {
            row.key for row, _ in self.list_discrepancies()
        }
        return self.sd.state is StorageDirState.ONLINE and not kinds & GRAVE_KINDS


@dataclass(frozen=True, slots=True)
class TreeEntry(JsonForm):
    """One entry of a storage directory's tree."""

    path: str
    """Relative to the root, with forward slashes."""
    kind: str
    """file, folder, symlink, special."""
    size_bytes: int | None
    meaning: str
    """What the name means: image, identity, conflict copy, placeholder, temporary, stray …"""
    state: FileState | None = None
    whole: bool | None = None
    """False if the catalog knows that the file is not a whole image."""


@dataclass(frozen=True, slots=True)
class TreePage(JsonForm):
    """A page of a storage directory's tree, by path."""

    entries: tuple[TreeEntry, ...]
    next: str | None
    """The cursor of the next page, or None on the last one."""
    passed: int
    """Number of matching entries before this page."""
    total: int
    """Number of all matching entries."""

    JSON: ClassVar[Table] = own_keys("entries", "next", "total")


@dataclass(frozen=True, slots=True)
class HexPage(JsonForm):
    """A page of a file's bytes."""

    path: str
    offset: int
    size_bytes: int
    """Size of the whole file."""
    data: bytes

    JSON: ClassVar[Table] = own_keys("path", "offset", "size_bytes", "hex")

    @property
    def hex(self) -> str:
        """The bytes as hex digits."""
        return self.data.hex()

    def list_lines(self) -> list[str]:
        """``00000010  89 50 …  |.PNG…|``: offset, 16 bytes, and their printable characters."""
        lines = []
        for start in range(0, len(self.data), 16):
            row = self.data[start : start + 16]
            digits = " ".join(f"{byte:02x}" for byte in row)
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            lines.append(f"{self.offset + start:08x}  {digits:<47}  |{text}|")
        return lines
