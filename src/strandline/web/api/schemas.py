"""Answers that only HTTP gives: named lists, and values with extra keys for pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from strandline.model.changes import ChangeReport
from strandline.model.conflicts import ChosenVersion, ResolveReport
from strandline.model.events import Event
from strandline.model.json_form import JsonForm, Table, table_of
from strandline.model.note_checks import NoteUse
from strandline.model.open_references import OpenReference
from strandline.model.put_back import PutBackPlan
from strandline.model.reports import Check, ImageFileReport, ImageInfo, Saved
from strandline.model.storage_dirs import FileCounts, StorageDir
from strandline.model.sync_status import SyncStatus
from strandline.model.transfers import TransferReport
from strandline.model.values import dataclass
from strandline.model.verification import VerifyReport
from strandline.model.wanted import RescueReport, WantedFile
from strandline.model.work import WorkTask
from strandline.runtime.scan_jobs import ScanJob


def keys_of(field: str, kind: type[JsonForm]) -> Table:
    """The keys of a value's JSON form, for a class with that value as this field."""
    return {key: f"{field}.{path}" for key, path in table_of(kind).items()}


@dataclass(frozen=True, slots=True)
class StorageDirDetails(JsonForm):
    """A storage directory with its numbers."""

    sd: StorageDir
    counts: FileCounts
    scanning: ScanJob | None

    JSON: ClassVar[Table] = {
        **keys_of("sd", StorageDir),
        "images": "counts.images",
        "checked": "counts.checked",
        "arriving": "counts.arriving",
        "noteworthy": "counts.total_noteworthy",
        "scanning": "scanning",
    }


@dataclass(frozen=True, slots=True)
class StorageDirs(JsonForm):
    """All storage directories."""

    sds: list[StorageDirDetails]


@dataclass(frozen=True, slots=True)
class OneStorageDir(JsonForm):
    """One storage directory."""

    sd: StorageDirDetails


@dataclass(frozen=True, slots=True)
class OpenReferences(JsonForm):
    """The pictures that notes miss."""

    references: list[OpenReference]


@dataclass(frozen=True, slots=True)
class PuttingBack(JsonForm):
    """The missing pictures of some notes, and what became of each, or would."""

    plan: PutBackPlan
    dry_run: bool

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("plan", PutBackPlan)}


@dataclass(frozen=True, slots=True)
class Verification(JsonForm):
    """The latest verification of this server."""

    running: bool
    started_at: datetime
    done: int
    total: int
    """0 while it is unknown."""
    report: VerifyReport | None
    error: str | None
    """Why it ended without a report."""


@dataclass(frozen=True, slots=True)
class OneVerification(JsonForm):
    """The latest verification; null if nobody asked for one since the server started."""

    verification: Verification | None


@dataclass(frozen=True, slots=True)
class Dropped(JsonForm):
    """How many were dropped."""

    dropped: int


@dataclass(frozen=True, slots=True)
class Urls(JsonForm):
    """The URLs of its bytes."""

    bytes: str
    thumbnail: str


@dataclass(frozen=True, slots=True)
class ImageDetails(JsonForm):
    """Everything known about an image, with more for a page."""

    info: ImageInfo
    markdown: str
    urls: Urls

    JSON: ClassVar[Table] = {**keys_of("info", ImageInfo), "markdown": "markdown", "urls": "urls"}


@dataclass(frozen=True, slots=True)
class Files(JsonForm):
    """All files of an image."""

    files: tuple[ImageFileReport, ...]


@dataclass(frozen=True, slots=True)
class DataUrl(JsonForm):
    """An image as a ``data:`` URL."""

    data_url: str


@dataclass(frozen=True, slots=True)
class Failed(JsonForm):
    """A file that could not be saved, and why."""

    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Upload(JsonForm):
    """The results for the uploaded files."""

    saved: list[Saved]
    failed: list[Failed]


@dataclass(frozen=True, slots=True)
class Changes(JsonForm):
    """What was planned, what was done, and what was refused. After a dry run, nothing was done."""

    report: ChangeReport
    dry_run: bool

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("report", ChangeReport)}


@dataclass(frozen=True, slots=True)
class Wanted(JsonForm):
    """The files that are missing, or have other bytes than they should."""

    wanted: list[WantedFile]


@dataclass(frozen=True, slots=True)
class Resolution(JsonForm):
    """What became of conflict copies."""

    report: ResolveReport
    dry_run: bool

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("report", ResolveReport)}


@dataclass(frozen=True, slots=True)
class Choice(JsonForm):
    """Which of two versions was kept, and the text that undoes it."""

    chosen: ChosenVersion
    dry_run: bool

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("chosen", ChosenVersion)}


@dataclass(frozen=True, slots=True)
class Rescued(JsonForm):
    """What was found in folders, and what was brought back."""

    report: RescueReport
    dry_run: bool

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("report", RescueReport)}


@dataclass(frozen=True, slots=True)
class Deletion(JsonForm):
    """Which files were to go to the trash, which did, which did not, and the places in notes that use them."""

    report: ChangeReport
    dry_run: bool
    uses: tuple[NoteUse, ...]

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("report", ChangeReport), "uses": "uses"}


@dataclass(frozen=True, slots=True)
class Copying(JsonForm):
    """Which images were to be in the target, which are, which of those were written now, and what was refused."""

    transfer: TransferReport
    dry_run: bool
    next: str | None
    """Where a query goes on; None at its end, and for images that were named."""

    JSON: ClassVar[Table] = {"dry_run": "dry_run", **keys_of("transfer", TransferReport), "next": "next"}

    @property
    def report(self) -> ChangeReport:
        """Its rows."""
        return self.transfer.report


@dataclass(frozen=True, slots=True)
class Moving(JsonForm):
    """Which files were to leave, which left, what was written in the target, and which notes use the files."""

    transfer: TransferReport
    dry_run: bool
    uses: tuple[NoteUse, ...]
    next: str | None
    """Where a query goes on; None at its end, and for images that were named."""

    JSON: ClassVar[Table] = {
        "dry_run": "dry_run", **keys_of("transfer", TransferReport), "uses": "uses", "next": "next",
    }  # fmt: skip

    @property
    def report(self) -> ChangeReport:
        """Its rows."""
        return self.transfer.report


@dataclass(frozen=True, slots=True)
class OneScan(JsonForm):
    """One scan."""

    scan: ScanJob


@dataclass(frozen=True, slots=True)
class Scans(JsonForm):
    """Scans, newest first."""

    scans: list[ScanJob]


@dataclass(frozen=True, slots=True)
class StartedScans(JsonForm):
    """The first started scan, and all of them."""

    scan: ScanJob | None
    scans: list[ScanJob]


@dataclass(frozen=True, slots=True)
class OneTask(JsonForm):
    """One task of the work that machines share."""

    task: WorkTask


@dataclass(frozen=True, slots=True)
class WorkTasks(JsonForm):
    """The tasks that were ordered, or were open already."""

    tasks: list[WorkTask]


@dataclass(frozen=True, slots=True)
class Journal(JsonForm):
    """Events, newest first. ``next`` is the ``before`` of the next page; null at the end."""

    events: list[Event]
    next: int | None


@dataclass(frozen=True, slots=True)
class Health(JsonForm):
    """Whether this machine is healthy."""

    checks: list[Check]


@dataclass(frozen=True, slots=True)
class SyncSummary(JsonForm):
    """Disk against catalog in numbers: the length of each list. The lists of a large folder are long."""

    status: SyncStatus

    JSON: ClassVar[Table] = {
        "sd_id": "status.sd.sd_id", "name": "status.sd.name", "path": "status.sd.path",
        "state": "status.sd.state", "measured_at": "status.measured_at", "healthy": "status.is_healthy",
        "on_disk": {"count": "status.on_disk_count", "bytes": "status.on_disk_bytes"},
        "in_catalog": {"count": "status.in_catalog_count"},
        "counts": "counts", "problems": "status.problems",
    }  # fmt: skip

    @property
    def counts(self) -> dict[str, int]:
        """The length of each list."""
        return {name: len(getattr(self.status, name)) for name in SyncStatus.LISTS}


@dataclass(frozen=True, slots=True)
class SyncSummaries(JsonForm):
    """All storage directories in numbers."""

    sds: list[SyncSummary]


class CatalogExport(BaseModel):
    """What cannot be rebuilt from the folders."""

    model_config = ConfigDict(extra="forbid")

    format: int
    exported_at: str
    epoch: str
    storage_dirs: list[dict[str, Any]]
    origins: list[dict[str, Any]]
    history: list[dict[str, Any]]
    trash: list[dict[str, Any]]
    journal: list[dict[str, Any]]


class FileFacts(BaseModel):
    """The facts of one file."""

    model_config = ConfigDict(extra="forbid")

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
