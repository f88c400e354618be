"""Reports: what the services answer, as values that know their JSON form (SPEC §9).

Findings are values, never exceptions: a damaged image is a line in a report. Every ``as_json`` returns only what
``json.dumps`` accepts, and its keys are a contract. The sync status is by far the largest report and has its own file
(``sync_status``).
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from strandline.model.events import format_time
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong, and what to do about it."""

    kind: str
    """Stable kebab-case name: ``damaged``, ``unreadable``, ``symlink`` …"""
    message: str
    """What it is and what to do, in a sentence."""
    filename: str | None = None
    image_id: ImageId | None = None

    def as_json(self) -> dict[str, object]:
        """``{kind, message, filename, image_id}``."""
        return {
            "kind": self.kind,
            "message": self.message,
            "filename": self.filename,
            "image_id": self.image_id,
        }


@dataclass(slots=True)
class ScanReport:
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

    @property
    def found_changes(self) -> bool:
        """True if the scan changed the catalog."""
        return bool(self.added or self.changed or self.absent or self.missing or self.returned)

    def as_json(self) -> dict[str, object]:
        """The object that stands for it in ``scan --json``."""
        return {
            "sd_id": self.sd.sd_id,
            "name": self.sd.name,
            "state": self.sd.state.value,
            "added": self.added,
            "changed": self.changed,
            "absent": self.absent,
            "missing": self.missing,
            "returned": self.returned,
            "unchanged": self.unchanged,
            "arriving": self.arriving,
            "ignored": {
                "conflict_copies": self.conflict_copies,
                "placeholders_unparsed": self.placeholders_unparsed,
                "temporaries": self.temporaries,
                "strays": self.strays,
            },
            "findings": [finding.as_json() for finding in self.findings],
            "seconds": round(self.seconds, 3),
            "cancelled": self.cancelled,
        }


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """How the identity of an added storage directory was decided."""

    outcome: str
    """existing, migrated, generated, conflict_resolved, provisional, incomplete, unavailable or offline."""
    migrated: bool
    generated: bool
    had_conflict: bool
    aliases: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The ``identity`` object of ``sd add --json``."""
        return {
            "outcome": self.outcome,
            "migrated": self.migrated,
            "generated": self.generated,
            "had_conflict": self.had_conflict,
            "aliases": list(self.aliases),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class AddedStorageDir:
    """The result of adding a storage directory. ``scan`` is None if it could not be scanned yet."""

    sd: StorageDir
    identity: IdentityReport
    scan: ScanReport | None
    copied: bool = False
    """Another online folder has the same identity."""

    def as_json(self) -> dict[str, object]:
        """``{sd, identity, scan}``."""
        return {
            "sd": self.sd.as_json(),
            "identity": self.identity.as_json(),
            "scan": None if self.scan is None else self.scan.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of saving one image."""

    image_id: ImageId
    filename: str
    media_type: str
    size_bytes: int
    new: bool
    """False if exactly these bytes were here already, so nothing was written."""
    markdown: str
    source: str
    whole: bool
    """False if the bytes are not a whole image. They are kept anyway."""

    def as_json(self) -> dict[str, object]:
        """One element of ``saved`` in ``save --json``."""
        return {
            "image_id": self.image_id,
            "filename": self.filename,
            "media_type": self.media_type,
            "size_bytes": self.size_bytes,
            "new": self.new,
            "markdown": self.markdown,
            "source": self.source,
            "whole": self.whole,
        }


@dataclass(frozen=True, slots=True)
class ImageFileReport:
    """One image file and its storage directory, for people and programs."""

    file: ImageFile
    sd: StorageDir

    def as_json(self) -> dict[str, object]:
        """One element of ``files`` in ``info``, ``whereis`` and ``ls``."""
        file = self.file
        return {
            "sd_id": self.sd.sd_id,
            "sd_name": self.sd.name,
            "sd_state": self.sd.state.value,
            "filename": file.filename,
            "media_type": file.media_type,
            "state": file.state.value,
            "proven": file.is_proven,
            "proof": None if file.proof is None or not file.proof_is_current else file.proof.kind.value,
            "whole": file.is_whole,
            "size_bytes": None if file.stamp is None else file.stamp.size_bytes,
            "first_seen": format_time(file.first_seen),
            "unchanged_since": format_time(file.unchanged_since),
            "absent_since": None if file.absent_since is None else format_time(file.absent_since),
        }


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Everything the catalog knows about one image. ``files`` is never empty; the best file comes first."""

    image_id: ImageId
    files: tuple[ImageFileReport, ...]
    original_names: tuple[str, ...] = ()

    @property
    def best(self) -> ImageFile:
        """The file that would be used to show the image."""
        return self.files[0].file

    def as_json(self) -> dict[str, object]:
        """The object of ``info --json`` and one element of ``images`` in ``ls --json``."""
        best = self.best
        return {
            "image_id": self.image_id,
            "media_type": best.media_type,
            "width": best.width,
            "height": best.height,
            "size_bytes": None if best.stamp is None else best.stamp.size_bytes,
            "whole": best.is_whole,
            "taken_at": None if best.taken_at is None else format_time(best.taken_at),
            "original_name": self.original_names[0] if self.original_names else None,
            "names": list(self.original_names),
            "files": [file.as_json() for file in self.files],
        }


@dataclass(frozen=True, slots=True)
class ImagePage:
    """One page of a listing, newest first. ``next`` is the cursor of the next page, or None at the end."""

    images: tuple[ImageInfo, ...]
    total: int
    """Number of distinct matching images on all pages."""
    next: str | None

    def as_json(self) -> dict[str, object]:
        """The object of ``ls --json``."""
        return {"images": [image.as_json() for image in self.images], "total": self.total, "next": self.next}


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many image files a storage directory has in the catalog."""

    images: int
    noteworthy: dict[str, int]
    """How many of them are in each state that a person should know of."""


class Verdict(StrEnum):
    """The result for a requested image."""

    SHOWN = "shown"
    """It can be shown."""
    FROM_CONFLICT_COPY = "from-conflict-copy"
    """Only a sync client's conflict copy has its bytes. The image is shown from there."""
    ARRIVING = "arriving"
    ONLINE_ONLY = "online-only"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    """One of its files, or the media folder that may contain it, is here but cannot be read now."""
    SD_SUSPECT = "sd-suspect"
    """Its file is gone, but too many files of that folder are gone at once to draw conclusions."""
    SD_OFFLINE = "sd-offline"
    NOT_FOUND = "not-found"


@dataclass(frozen=True, slots=True)
class DiskFact:
    """What the disk shows about one file that has to do with an image."""

    filename: str
    what: str
    """present, incomplete, arriving, damaged, foreign, online-only, conflict-copy, other-copy, rival-copy,
    unreadable, symlink, folder or special file."""
    size_bytes: int | None
    message: str
    """In plain words, with what will happen next, if anything."""

    def as_json(self) -> dict[str, object]:
        """``{filename, what, size_bytes, message}``."""
        return {
            "filename": self.filename,
            "what": self.what,
            "size_bytes": self.size_bytes,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class StorageDirTrace:
    """What one storage directory shows about an image."""

    sd: StorageDir
    catalog: tuple[ImageFile, ...]
    disk: tuple[DiskFact, ...]

    def as_json(self) -> dict[str, object]:
        """One element of ``sds`` in ``explain --json``."""
        return {
            "sd_id": self.sd.sd_id,
            "name": self.sd.name,
            "path": self.sd.path,
            "state": self.sd.state.value,
            "problem": self.sd.problem,
            "catalog": [ImageFileReport(file, self.sd).as_json() for file in self.catalog],
            "disk": [fact.as_json() for fact in self.disk],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole trace of an image: every storage directory, what the catalog says, what the disk says, and what
    happens next.
    """

    image_id: ImageId
    verdict: Verdict
    summary: str
    """One or two sentences for a person."""
    sds: tuple[StorageDirTrace, ...]
    next: str | None
    """What will happen by itself, or what to do. None if nothing is needed."""

    def as_json(self) -> dict[str, object]:
        """The object of ``explain --json``."""
        return {
            "image_id": self.image_id,
            "verdict": self.verdict.value,
            "summary": self.summary,
            "sds": [trace.as_json() for trace in self.sds],
            "next": self.next,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``doctor``."""

    name: str
    ok: bool
    message: str
    remedy: str | None = None

    def as_json(self) -> dict[str, object]:
        """``{name, ok, message, remedy}``."""
        return {"name": self.name, "ok": self.ok, "message": self.message, "remedy": self.remedy}
