"""Schemas of the inspector's answers; the same rules as in ``schemas``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from strandline.web.api.schemas import Finding, Shape


class OnDisk(Shape):
    """Images on disk."""

    count: int
    bytes: int


class InCatalog(Shape):
    """Image files in the catalog."""

    count: int


class FileItem(BaseModel):
    """A file in a list, with facts specific to that list."""

    model_config = ConfigDict(extra="allow")

    image_id: str | None
    filename: str
    size_bytes: int | None


class SyncStatus(Shape):
    """Disk against catalog, measured now."""

    sd_id: str | None
    name: str
    path: str
    state: str
    measured_at: str
    on_disk: OnDisk
    in_catalog: InCatalog
    on_disk_not_in_catalog: list[FileItem]
    in_catalog_not_on_disk: list[FileItem]
    size_differs: list[FileItem]
    arriving: list[FileItem]
    damaged: list[FileItem]
    incomplete: list[FileItem]
    foreign: list[FileItem]
    online_only: list[FileItem]
    conflict_copies: list[FileItem]
    temporaries: list[FileItem]
    strays: list[FileItem]
    wrong_extension: list[FileItem]
    case_clashes: list[FileItem]
    differing_copies: list[FileItem]
    symlinks: list[FileItem]
    unreadable: list[FileItem]
    identity: dict[str, Any]
    problems: list[Finding]


class SyncSummary(Shape):
    """Disk against catalog in numbers: the length of each list."""

    sd_id: str | None
    name: str
    path: str
    state: str
    measured_at: str
    healthy: bool
    on_disk: OnDisk
    in_catalog: InCatalog
    counts: dict[str, int]
    problems: list[Finding]


class SyncSummaries(Shape):
    """All storage directories in numbers."""

    sds: list[SyncSummary]


class TreeEntry(Shape):
    """One entry in a storage directory."""

    path: str
    kind: str
    size_bytes: int | None
    meaning: str
    state: str | None


class Tree(Shape):
    """A page of a storage directory's entries, by path."""

    entries: list[TreeEntry]
    next: str | None
    total: int


class FileFacts(Shape):
    """The facts of one file."""

    path: str
    kind: str
    meaning: str
    size_bytes: int
    mtime: str | None
    inode: int
    mode: str
    media_type: str | None
    state: str | None
    proof: str | None
    whole: bool | None
    sha256: str | None
    image_id: str | None


class HexPage(Shape):
    """A page of a file's bytes."""

    path: str
    offset: int
    size_bytes: int
    hex: str
