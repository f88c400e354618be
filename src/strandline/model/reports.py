"""Reports: what the services answer, as values that know their JSON form (SPEC §9).

Findings are values, never exceptions: a damaged image is a line in a report. The keys of each JSON form are a
contract. The sync status is by far the largest report and has its own file (``sync_status``).
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import ClassVar

from strandline.model.buckets import Guarantees
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.image_files import FileState, ImageFile, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.values import dataclass
from strandline.model.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Finding(JsonForm):
    """Something is wrong, and what to do about it."""

    kind: str
    """Stable kebab-case name: ``damaged``, ``unreadable``, ``symlink`` …"""
    message: str
    """What it is and what to do, in a sentence."""
    filename: str | None = None
    image_id: ImageId | None = None


@dataclass(slots=True)
class ScanReport(JsonForm):
    """What one scan of one storage directory did. The numbers count changes that this scan made."""

    sd: StorageDir
    added: int = 0
    changed: int = 0
    absent: int = 0
    missing: int = 0
    returned: int = 0
    unchanged: int = 0
    arriving: int = 0
    conflict_copies: int = 0
    placeholders_unparsed: int = 0
    temporaries: int = 0
    strays: int = 0
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    cancelled: bool = False
    arrivals: list[str] = field(default_factory=list)
    """Names of files that are new or changed since the first scan, to be proven at once. Not in the JSON."""

    JSON: ClassVar[Table] = {
        "sd_id": "sd.sd_id", "name": "sd.name", "state": "sd.state",
        **own_keys("added", "changed", "absent", "missing", "returned", "unchanged", "arriving"),
        "ignored": own_keys("conflict_copies", "placeholders_unparsed", "temporaries", "strays"),
        "findings": "findings", "seconds": "rounded_seconds", "cancelled": "cancelled",
    }  # fmt: skip

    @property
    def rounded_seconds(self) -> float:
        """For people: to the millisecond."""
        return round(self.seconds, 3)

    @property
    def found_changes(self) -> bool:
        """True if the scan changed the catalog."""
        return bool(self.added or self.changed or self.absent or self.missing or self.returned)


@dataclass(frozen=True, slots=True)
class IdentityReport(JsonForm):
    """How the identity of an added storage directory was decided."""

    outcome: str
    """existing, migrated, generated, conflict_resolved, provisional, incomplete, unavailable or offline."""
    migrated: bool
    generated: bool
    had_conflict: bool
    aliases: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddedStorageDir(JsonForm):
    """The result of adding a storage directory. ``scan`` is None if it could not be scanned yet."""

    sd: StorageDir
    identity: IdentityReport
    scan: ScanReport | None
    copied: bool = False
    """Another online folder has the same identity."""
    layout_reason: str = ""
    """Why it has its layout, as a part of a sentence that begins with "because"."""

    JSON: ClassVar[Table] = own_keys("sd", "identity", "layout_reason", "scan")


@dataclass(frozen=True, slots=True)
class ProbedStorageDir(JsonForm):
    """What the server of a storage directory's bucket was seen to do."""

    sd: StorageDir
    guarantees: Guarantees


@dataclass(frozen=True, slots=True)
class ConfirmedStorageDir(JsonForm):
    """The result of confirming a storage directory: its identity was restored, or absent files were accepted."""

    sd: StorageDir
    identity_restored: bool = False
    """``SD_ID`` was written back. Nothing else was done."""
    accepted: int = 0
    """How many files were absent, and are no longer expected: the next scan may call them missing."""

    JSON: ClassVar[Table] = own_keys("sd", "identity_restored", "accepted")


@dataclass(frozen=True, slots=True)
class Saved(JsonForm):
    """The result of saving one image."""

    image_id: ImageId
    path: str
    """Relative to the storage directory, with ``/``."""
    media_type: str
    size_bytes: int
    new: bool
    """False if exactly these bytes were here already, so nothing was written."""
    markdown: str
    source: str
    whole: bool
    """False if the bytes are not a whole image. They are kept anyway."""
    warning: str | None = None
    """What a person should know who puts the Markdown into a note: that the program there does not show the type."""

    JSON: ClassVar[Table] = own_keys(
        "image_id", "filename", "path", "media_type", "size_bytes", "new", "markdown", "source", "whole", "warning"
    )  # fmt: skip

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class TakenIn(JsonForm):
    """What taking in the pictures that are elsewhere in a storage directory did, or one step of it."""

    saved: tuple[Saved, ...]
    failed: tuple[Finding, ...]
    """Pictures that could not be saved. ``kind`` is the error's code, ``filename`` the relative path."""
    done: int
    """Number of pictures that were handled, with those of the steps before."""
    total: int
    next: str | None
    """Where the next step begins. None if all were handled."""


@dataclass(frozen=True, slots=True)
class ImageFileReport(JsonForm):
    """One image file and its storage directory, for people and programs."""

    file: ImageFile
    sd: StorageDir

    JSON: ClassVar[Table] = own_keys(
        "sd_id", "sd_name", "sd_state", "filename", "path", "media_type", "state", "proven", "proof", "whole",
        "size_bytes", "mtime", "first_seen", "unchanged_since", "absent_since",
    )  # fmt: skip

    @property
    def sd_id(self) -> StorageDirId | None:
        """The storage directory's identity; None if none has arrived yet."""
        return self.sd.sd_id

    @property
    def sd_name(self) -> str:
        """The storage directory's name."""
        return self.sd.name

    @property
    def sd_state(self) -> StorageDirState:
        """Whether the storage directory is there."""
        return self.sd.state

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.file.filename

    @property
    def path(self) -> str:
        """Relative to the storage directory, with ``/``."""
        return self.file.path

    @property
    def media_type(self) -> str:
        """The file's media type."""
        return self.file.media_type

    @property
    def state(self) -> FileState:
        """The file's state."""
        return self.file.state

    @property
    def proven(self) -> bool:
        """Whether it is present and its bytes were checked against the id."""
        return self.file.is_proven

    @property
    def proof(self) -> ProofKind | None:
        """How its bytes were checked; None if they were not."""
        return self.file.proof_kind

    @property
    def whole(self) -> bool | None:
        """Whether its bytes are a whole image; None if nobody knows."""
        return self.file.is_whole

    @property
    def size_bytes(self) -> int | None:
        """Its size; None if it was never here."""
        return None if self.file.stamp is None else self.file.stamp.size_bytes

    @property
    def mtime(self) -> datetime | None:
        """The file's own time; None if it was never here, or no calendar has it."""
        return self.file.mtime

    @property
    def first_seen(self) -> datetime:
        """When this machine saw it first."""
        return self.file.first_seen

    @property
    def unchanged_since(self) -> datetime:
        """When this machine saw its last change."""
        return self.file.unchanged_since

    @property
    def absent_since(self) -> datetime | None:
        """When a scan first did not find it; None if it is there."""
        return self.file.absent_since


@dataclass(frozen=True, slots=True)
class ImageInfo(JsonForm):
    """Everything the catalog knows about one image. ``files`` is never empty; the best file comes first."""

    image_id: ImageId
    files: tuple[ImageFileReport, ...]
    original_names: tuple[str, ...] = ()
    """The names that people gave to its files, those of the best files first; then the names that it was saved with
    or had before, oldest first, but those that a sync client gave a copy last.
    """
    from_conflict_copy: bool = False
    """It has no good file, and a conflict copy shows it."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id", "media_type": "best.media_type", "width": "best.width", "height": "best.height",
        "size_bytes": "best.stamp.size_bytes", "whole": "best.is_whole", "taken_at": "best.taken_at",
        "from_conflict_copy": "from_conflict_copy", "original_name": "original_name", "names": "names",
        "sd_count": "sd_count", "files": "files",
    }  # fmt: skip

    @property
    def best(self) -> ImageFile:
        """The file that would be used to show the image."""
        return self.files[0].file

    @property
    def sd_count(self) -> int:
        """In how many storage directories it is, by the last look at each. If in one, that is its only place."""
        return len({each.sd.number for each in self.files if each.file.is_present})

    @property
    def is_away(self) -> bool:
        """None of its storage directories can be read now."""
        return not any(each.sd.is_reachable for each in self.files)

    @property
    def media_type(self) -> str:
        """The best file's media type."""
        return self.best.media_type

    @property
    def width(self) -> int | None:
        """In pixels; None if unknown."""
        return self.best.width

    @property
    def height(self) -> int | None:
        """In pixels; None if unknown."""
        return self.best.height

    @property
    def size_bytes(self) -> int | None:
        """The best file's size; None if it was never here."""
        return self.files[0].size_bytes

    @property
    def whole(self) -> bool | None:
        """Whether the best file's bytes are a whole image; None if nobody knows."""
        return self.best.is_whole

    @property
    def taken_at(self) -> datetime | None:
        """From EXIF; read as UTC if it has no zone."""
        return self.best.taken_at

    @property
    def names(self) -> tuple[str, ...]:
        """The same as :attr:`original_names`."""
        return self.original_names

    @property
    def original_name(self) -> str | None:
        """The first of its original names; None if unknown."""
        return self.original_names[0] if self.original_names else None


@dataclass(frozen=True, slots=True)
class ImagePage(JsonForm):
    """One page of a listing. ``total`` counts the images of all pages, and ``next`` is the cursor of the next one."""

    images: tuple[ImageInfo, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class DiskFact(JsonForm):
    """What the disk shows about one file that has to do with an image: a conflict copy has time and SHA-256, too."""

    filename: str
    what: str
    """present, incomplete, arriving, damaged, foreign, online-only, conflict-copy, other-copy, rival-copy,
    other-bytes, temporary, unreadable, symlink, folder or special file."""
    size_bytes: int | None
    message: str
    mtime: datetime | None = None
    sha256: str | None = None
    is_decayed: bool = False
    stale_since: datetime | None = None
    """Both as in ``VerifyFinding``."""
    JSON: ClassVar[Table] = own_keys("filename", "what", "size_bytes", "message", "mtime", "sha256")


@dataclass(frozen=True, slots=True)
class StorageDirTrace(JsonForm):
    """What one storage directory shows about an image."""

    sd: StorageDir
    catalog: tuple[ImageFile, ...]
    disk: tuple[DiskFact, ...]

    JSON: ClassVar[Table] = {
        "sd_id": "sd.sd_id", "name": "sd.name", "path": "sd.path", "state": "sd.state", "problem": "sd.problem",
        "catalog": "files", "disk": "disk",
    }  # fmt: skip

    @property
    def files(self) -> list[ImageFileReport]:
        """The catalog's files, as reports."""
        return [ImageFileReport(file, self.sd) for file in self.catalog]


@dataclass(frozen=True, slots=True)
class Explanation(JsonForm):
    """Why an image is shown or not: each storage directory, what catalog and disk say, and what happens next."""

    image_id: ImageId
    verdict: Verdict
    summary: str
    """One or two sentences for a person."""
    sds: tuple[StorageDirTrace, ...]
    next: str | None
    """What will happen by itself, or what to do. None if nothing is needed."""
    original: str | None = None
    """If it is gone or broken: the path of a file with exactly its bytes, from which it was once saved here."""


@dataclass(frozen=True, slots=True)
class Check(JsonForm):
    """One line of ``doctor``."""

    name: str
    ok: bool
    message: str
    remedy: str | None = None
