"""Verifying: bytes are read again and compared with what they were, and what is found then. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from strandline.model.changes import FileChange, HealReport, change_of
from strandline.model.earlier_files import EarlierFile
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

DECAYED = (
    "its bytes changed, although nothing seems to have written to it: size, time, and place on the disk are as "
    "before; the disk may be failing"
)
"""What is said of a file whose bytes the disk changed."""

VERIFY_AFTER = timedelta(days=30)
"""How long a verification is good enough, unless a person says otherwise."""


class Fault(StrEnum):
    """What a verification finds of a file. The values appear in JSON."""

    ARRIVING = "arriving"
    """Its bytes are not those of its id, and it is young."""
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    """Another whole image is under the id."""
    ALTERED = "altered"
    """Its bytes changed, although nothing seems to have written to it: size, time, and inode are as before."""
    UNREADABLE = "unreadable"
    MISSING = "missing"
    """The file is gone."""


FAULT_OF_STATE = {
    FileState.ARRIVING: Fault.ARRIVING,
    FileState.DAMAGED: Fault.DAMAGED,
    FileState.FOREIGN: Fault.FOREIGN,
    FileState.MISSING: Fault.MISSING,
}

HEALED_FROM_BYTES = frozenset({Fault.ARRIVING, Fault.DAMAGED, Fault.FOREIGN, Fault.ALTERED})
"""Faults that good bytes mend. A file that is gone may have been deleted on purpose; one that cannot be read may be
fine.
"""


@dataclass(frozen=True, slots=True)
class AlteredFile:
    """A file whose bytes changed although nothing seems to have written to it."""

    sd: int
    path: str
    sha256: str
    """What it was."""
    size_bytes: int
    stamp: FileStamp
    """What the file looked like before and after. If it looks otherwise, somebody has written to it since."""
    since: datetime


@dataclass(frozen=True, slots=True)
class VerifyFinding(JsonForm):
    """A file that is not as it should be."""

    sd: StorageDir
    path: str
    image_id: ImageId | None
    fault: Fault
    message: str
    """What it is, in a sentence."""
    size_bytes: int | None = None
    sha256: str | None = None
    """What its bytes were, if that is known; a content id says it as well."""
    found_sha256: str | None = None
    """What they are."""
    is_healed: bool = False
    kept_as: str | None = None
    """Where the whole image is now that was under another one's id; None if there was none."""
    is_decayed: bool = False
    """The disk changed the bytes of a file under a content id: nobody seems to have written to it since the proof."""
    stale_since: datetime | None = None
    """The file's own date if it is called arriving, and will hardly arrive any more."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id",
        "sd_id": "sd.sd_id",
        "sd_name": "sd.name",
        **own_keys("path", "size_bytes"),
        "state": "fault",
        **own_keys("sha256", "message"),
        "healed": "is_healed",
        "kept_as": "kept_as",
    }

    @property
    def change(self) -> FileChange:
        """Its row in a report of what is healed."""
        return change_of(self.sd, self.path, self.image_id, self.size_bytes)


@dataclass(frozen=True, slots=True)
class NotVerified(JsonForm):
    """Files, or a whole storage directory, that were not looked at."""

    sd: StorageDir
    files: int | None
    """How many; None if it is unknown."""
    reason: str

    JSON: ClassVar[Table] = {"sd_id": "sd.sd_id", "sd_name": "sd.name", **own_keys("files", "reason")}


@dataclass(frozen=True, slots=True)
class VerifyReport(JsonForm):
    """What one verification found."""

    checked: int
    """Files that were read."""
    ok: int
    """Those of them that are as they should be."""
    size_bytes: int
    """What was read."""
    fresh: int
    """Files that were verified not long ago, and were not read again."""
    findings: tuple[VerifyFinding, ...]
    not_verified: tuple[NotVerified, ...]
    seconds: float
    is_complete: bool = True
    """False if it was interrupted, or its budget was spent. The next one goes on."""
    healing: HealReport | None = None
    """What was healed; None if nobody asked."""

    JSON: ClassVar[Table] = {
        "checked": "checked", "ok": "ok", "findings": "findings", "fresh": "fresh", "bytes": "size_bytes",
        "not_verified": "not_verified", "complete": "is_complete", "seconds": "seconds",
    }  # fmt: skip

    def to_json(self) -> dict[str, object]:
        """With the keys of the healing, if anybody asked for one. Then both are complete, or it is not."""
        told = JsonForm.to_json(self)
        if self.healing is None:
            return told
        return told | self.healing.to_json() | {"complete": self.is_complete and self.healing.complete}


def was_altered(old: ImageFile, new: ImageFile) -> bool:
    """Whether the proven bytes changed although nothing seems to have written to the file.

    Law: a content id is never altered: it is damaged, or foreign. Law: a file that looks otherwise than before was
    written to, and is not altered.
    """
    return (
        old.proof is not None
        and new.proof is not None
        and old.proof_is_current
        and new.proof_is_current
        and old.stamp == new.stamp
        and old.proof.sha256 != new.proof.sha256
    )


def has_decayed(row: ImageFile, earlier: EarlierFile) -> bool:
    """Whether the file has other bytes than these, which were proven at its path, and seems not to have been written
    to since: size, mtime, and inode are as they were then.

    Law: a file that looks otherwise than at that proof, or whose proof still holds, has not decayed.
    """
    return (
        row.proof is None
        and row.stamp is not None
        and row.stamp.size_bytes == earlier.size_bytes
        and row.unchanged_since <= earlier.since
    )


def any_decayed(row: ImageFile, earlier: Iterable[EarlierFile]) -> bool:
    """Whether the file under a content id had the image's own bytes, among these earlier ones, and has decayed."""
    return row.image_id is not None and any(
        has_decayed(row, each)
        for each in earlier
        if each.path == row.path and content_id_of(each.sha256) == row.image_id
    )


def summarize(report: VerifyReport, older_than: timedelta, *, go_on: str) -> str:
    """``18,412 files, all verified within 30 days, 2 not as they should be``.

    ``go_on`` says how, if it is not over.
    """
    bad = sum(not finding.is_healed for finding in report.findings)
    total = report.checked + report.fresh
    if report.is_complete and not total and report.not_verified:
        return "no file was read"
    if report.is_complete and any(gap.files is None for gap in report.not_verified):
        files = say_count(total, "file")
        told = f"{files} verified {_say_age(older_than)}, and not all: not everything can be reached"
    elif report.is_complete:
        told = f"{say_count(total, 'file')}, all verified {_say_age(older_than)}"
    else:
        told = f"{say_count(report.checked, 'file')} verified, and not all; {go_on} to go on"
    rate = report.size_bytes / report.seconds if report.seconds else 0
    read = f"; read {say_bytes(report.size_bytes)}" + (
        f", {say_bytes(int(rate))}/s" if report.seconds >= 1 else ""
    )
    return told + (f", {bad:,} not as they should be" if bad else "") + (read if report.checked else "")


def _say_age(older_than: timedelta) -> str:
    hours = int(older_than.total_seconds()) // 3600
    if not hours:
        return "just now"
    return f"within {say_count(hours // 24, 'day') if hours >= 24 else f'{hours} h'}"
