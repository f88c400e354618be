"""Putting back: pictures that notes miss, and where the same bytes are. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.layout import may_be_picture
from strandline.model.moved_folders import LEAST, split_moved
from strandline.model.note_checks import NoteCheck, Place
from strandline.model.passed_over import is_in_passed_over, is_passed_over
from strandline.model.portable_names import explain_refused
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

READ_ONLY = "the folder was added as read-only, so nothing is written to it"

MOVED = "their whole folder seems to have been renamed to {}/; rename it back"

NOT_TRIED = "it was not tried, because the command was ended; run it again to continue"
NOT_ALLOWED = "it would come from another storage directory, which nobody has allowed"


@dataclass(frozen=True, slots=True)
class PutBack(JsonForm):
    """A missing picture of a note, and what became of it, or would. Paths are relative to the storage directory."""

    JSON: ClassVar[Table] = {
        **own_keys("note", "line", "target", "path"),
        "from_sd": "source.sd",
        "from_path": "source.path",
        **own_keys("done", "why"),
    }

    note: str
    line: int
    target: str
    """The destination as the note spells it."""
    path: str
    """Where the picture belongs."""
    sha256: str
    source: Place | None
    """A file with the same bytes; None if none was found."""
    done: bool = False
    why: str | None = None
    """Why it was not put back, in a sentence. None if it was, or would be."""

    @property
    def is_foreign(self) -> bool:
        """Whether it can be put back only with bytes from another storage directory, which must be allowed."""
        return self.why is None and self.source is not None and self.source.sd is not None

    @property
    def is_own(self) -> bool:
        """Whether it can be put back without asking anybody."""
        return self.why is None and self.source is not None and self.source.sd is None


@dataclass(frozen=True, slots=True)
class PutBackPlan(JsonForm):
    """What can be put back below a path."""

    JSON: ClassVar[Table] = {
        "path": "path",
        "sd_id": "sd.sd_id",
        "missing": "missing",
        "unknown": "unknown",
        "elsewhere": "elsewhere",
        "pictures": "steps",
    }

    path: str
    sd: StorageDir
    missing: int
    """Number of references to pictures that are not where the note expects them."""
    unknown: int
    """Those of them of which nothing is known."""
    elsewhere: int
    """Those of which nothing is known, but a file of that name is elsewhere: ``misplaced`` in a check."""
    steps: tuple[PutBack, ...]
    """The missing pictures that were here before, each once, in the order of the notes."""
    check: NoteCheck
    """Everything that was found in the notes. Not in the JSON."""


def hold_moved(plan: PutBackPlan) -> PutBackPlan:
    """The plan without copies of a whole folder that is only called otherwise now: each of them says so. Pure."""
    groups: dict[tuple[str, str], int] = {}
    for step in plan.steps:
        if step.is_own and (pair := _find_pair(step)):
            groups[pair] = groups.get(pair, 0) + 1
    moved = {pair for pair, number in groups.items() if number >= LEAST}

    def hold(step: PutBack) -> PutBack:
        pair = _find_pair(step) if step.is_own else None
        return replace(step, why=MOVED.format(pair[1] or ".")) if pair in moved and pair is not None else step

    return replace(plan, steps=tuple(map(hold, plan.steps)))


def _find_pair(step: PutBack) -> tuple[str, str] | None:
    if step.source is None or is_in_passed_over(step.source.path):
        return None
    return split_moved(step.path, step.source.path)


def explain_refused_target(path: str) -> str | None:
    """Why nothing new is written to this path, whatever a note says. None if it may be.

    Law: an accepted path is a place of pictures (:func:`explain_no_place`), and every system can have its name.
    """
    why = explain_no_place(path)
    if why is not None:
        return why
    refused = explain_refused(path)
    return None if refused is None else f"Windows or Android cannot have that name: {refused}"


def explain_no_place(path: str) -> str | None:
    """Why no picture is at this path. None if one may be. A file that was there can come back, whatever its name.

    Law: an accepted path is below the root, goes through no hidden or passed-over folder, and has a picture's
    extension.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        return "it is not below the folder"
    if is_in_passed_over(path) or is_passed_over(path):
        return "another program keeps that folder, or that file, for itself"
    if not may_be_picture(parts[-1]):
        return "it has no picture's extension"
    return None
