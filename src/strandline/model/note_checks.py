"""What ``check`` can say about the notes of a folder: the kinds of findings, how bad each is, and the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias

from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.plain_words import say_count
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Somebody who reads the note sees no picture."""
    WARNING = "warning"
    """It works here, but not everywhere; or a person may want it as it is."""
    NOTE = "note"


class FindingKind(StrEnum):
    """What a finding is. The values are a contract."""

    MISSING = "missing"
    MISPLACED = "misplaced"
    """A file of that name is elsewhere, where the note's tool does not look."""
    DAMAGED = "damaged"
    ARRIVING = "arriving"
    IN_CLOUD = "in-cloud"
    AMBIGUOUS = "ambiguous"
    NOT_PORTABLE = "not-portable"
    NOT_SHOWN = "not-shown"
    """It is there, but the note's tool does not show pictures of its format."""
    BAD_NAME = "bad-name"
    OUTSIDE = "outside"
    UNUSED = "unused"


SEVERITIES = {
    FindingKind.MISSING: Severity.ERROR,
    FindingKind.MISPLACED: Severity.ERROR,
    FindingKind.DAMAGED: Severity.ERROR,
    FindingKind.ARRIVING: Severity.NOTE,
    FindingKind.IN_CLOUD: Severity.NOTE,
    FindingKind.AMBIGUOUS: Severity.WARNING,
    FindingKind.NOT_PORTABLE: Severity.WARNING,
    FindingKind.NOT_SHOWN: Severity.WARNING,
    FindingKind.BAD_NAME: Severity.WARNING,
    FindingKind.OUTSIDE: Severity.NOTE,
    FindingKind.UNUSED: Severity.WARNING,
}

KIND_WORDS = {
    **{kind: kind.value for kind in FindingKind},
    FindingKind.IN_CLOUD: "in the cloud",
    FindingKind.NOT_PORTABLE: "not portable",
    FindingKind.NOT_SHOWN: "not shown",
    FindingKind.BAD_NAME: "with a name that some systems refuse",
}
"""What follows the number of findings of a kind."""

MADE_BY_PROGRAM = "a program makes its address"
"""Why a destination such as ``{{site.url}}/x.png`` is not looked at."""

NEEDED_COMPLETE = frozenset({FindingKind.ARRIVING, FindingKind.IN_CLOUD})
"""Errors if everything is expected to be here (``--complete``)."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to look for beyond the references themselves."""

    unused: bool = False
    """Also list pictures that nothing names."""
    names: bool = False
    """Also check the names of pictures that no note refers to."""
    complete: bool = False
    """A picture that is still arriving, or in the cloud, is an error."""
    reads_pictures: bool = True
    """Look at the bytes of pictures that are not known to be whole. Otherwise none is called damaged."""


@dataclass(frozen=True, slots=True)
class Finding(JsonForm):
    """One thing that a person may want to mend. Paths are relative to the checked path, with ``/``."""

    kind: FindingKind
    severity: Severity
    note: str | None
    """None if it is about a picture and no particular note."""
    line: int | None
    column: int | None
    target: str | None
    """The destination exactly as the note spells it."""
    file: str | None
    """The picture that is meant; of a missing one, where it should be."""
    candidates: tuple[str, ...]
    message: str
    """What is wrong and what to do, in a sentence."""


@dataclass(frozen=True, slots=True)
class MovedFolder:
    """A folder that is not there any more, while its pictures are in another one."""

    old: str
    new: str
    """Where its pictures are now; empty for the folder that is checked."""
    findings: tuple[Finding, ...]
    pictures: int
    moved_notes: str | None = None
    """The folder of the notes, if it looks as if these were moved, and not the pictures."""

    @property
    def message(self) -> str:
        """What happened, as it seems, and what to do."""
        new = f"in {self.new}/" if self.new else "in the folder itself"
        pictures = say_count(
            self.pictures, "picture that notes expect in it is", "pictures that notes expect in it are"
        )
        remedy = (
            f"were the notes in {self.moved_notes}/ moved? Move them back"
            if self.moved_notes
            else "was it renamed? Rename it back"
        )
        return f"there is no such folder, and {pictures} {new}; {remedy}, or change the references"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture is."""

    sd: str | None
    """The name of another storage directory; None if it is in the one that is checked."""
    root: str
    """The path of the storage directory."""
    path: str
    """Relative to the storage directory, with ``/``."""
    trash_id: str | None = None
    """The entry, if it is in the trash of this machine; the root is its folder there."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A picture that was where a note expects one, and is not there any more."""

    path: str
    """Where it was."""
    until: datetime | None
    """When it was noticed that it is gone. None if nobody has noticed yet."""
    sha256: str
    size_bytes: int
    places: tuple[Place, ...]
    """Where the same bytes are now, as far as they are known; at most ten."""
    deleted: ImageId | None = None
    """The image, if a person deleted it: it is in the trash of this machine."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A reference to a picture that was here before. Paths are relative to the root, with ``/``."""

    note: str
    line: int
    target: str
    kind: FindingKind
    """What the check says about it: missing or misplaced."""
    path: str
    """Where the picture belongs."""
    was: Remembered


@dataclass(frozen=True, slots=True)
class NoteUse(JsonForm):
    """A place in a note that means a file of an image. Paths are relative to the storage directory, with ``/``."""

    JSON: ClassVar[Table] = {
        "sd_id": "sd.sd_id",
        "sd_name": "sd.name",
        **own_keys("note", "line", "column", "target", "path"),
    }

    sd: StorageDir
    note: str
    line: int
    column: int
    target: str
    """The destination exactly as the note spells it."""
    path: str
    """The picture that it means."""


@dataclass(frozen=True, slots=True)
class NoteMention:
    """A note that has the name of a picture, but no reference to it that is known: it may use it all the same."""

    sd: StorageDir
    note: str
    path: str
    """The picture."""


@dataclass(frozen=True, slots=True)
class UnreadNote(JsonForm):
    """A note or a folder that could not be read, so its references are unknown."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotChecked(JsonForm):
    """References that nobody can judge from this folder."""

    remote: int
    outside: int


@dataclass(frozen=True, slots=True)
class NoteCheck(JsonForm):
    """The answer about one path."""

    JSON: ClassVar[Table] = {
        **own_keys(
            "path", "sd_id", "layout", "profile", "notes", "images", "references", "findings", "counts"
        ),
        **own_keys("not_checked", "unread"),
    }

    path: str
    base: str
    """The folder that paths in findings are relative to: the path, or the folder of the note that it is."""
    sd_id: str | None
    layout: str
    profile: str
    profile_title: str
    notes: int
    images: int
    references: int
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    """References that were found, by ``found``, and the findings of each kind."""
    not_checked: NotChecked
    unread: tuple[UnreadNote, ...]
    seconds: float
    lost: tuple[Lost, ...] = ()
    """Of the missing pictures, those of which something is known."""
    moved: tuple[MovedFolder, ...] = ()
    """Folders that are elsewhere now, each the cause of many of the findings."""
    emptied: tuple[str, ...] = ()
    """Notes without text that were written not long ago. It may still come, so nothing is concluded from them."""

    @property
    def has_errors(self) -> bool:
        """Whether a finding is an error."""
        return any(each.severity is Severity.ERROR for each in self.findings)


def say_lost(number: int, where: str) -> str:
    """How many references lead to no picture: several may mean the same one. Pure."""
    references = say_count(number, f"reference in {where} leads", f"references in {where} lead")
    return f"{references} to no picture"


Known: TypeAlias = "dict[tuple[object, ...], int]"
"""How often each finding is known already, by what does not change when lines move."""


def leave_out(check: NoteCheck, known: Known) -> NoteCheck:
    """The report without findings that are known already. Lines may have moved since. Counts down in ``known``."""
    kept = []
    for finding in check.findings:
        key = _key_of(finding.kind, finding.note, finding.target, finding.file)
        if known.get(key, 0):
            known[key] -= 1
        else:
            kept.append(finding)
    silenced = len(check.findings) - len(kept)
    left = Counter(each.kind.value for each in kept)
    counts = {name: left[name] if name in _KIND_NAMES else number for name, number in check.counts.items()}
    counts["silenced"] += silenced
    not_checked = NotChecked(check.not_checked.remote, counts[FindingKind.OUTSIDE.value])
    return replace(check, findings=tuple(kept), counts=counts, not_checked=not_checked)


def read_baseline(document: bytes) -> Known:
    """How often each finding occurs in an earlier report in JSON.

    Raises:
        ValueError: It is no such report.
    """
    import json  # here: hardly any check has a baseline

    try:
        findings = [finding for check in json.loads(document)["checked"] for finding in check["findings"]]
        return Counter(
            _key_of(*(each[name] for name in ("kind", "note", "target", "file"))) for each in findings
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it has no findings") from error


def _key_of(kind: object, note: object, target: object, file: object) -> tuple[object, ...]:
    return kind, note, target, file if note is None else None


_KIND_NAMES = frozenset(kind.value for kind in FindingKind)
