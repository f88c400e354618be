"""Copying and moving between storage directories: what is planned, and what became of it. Pure."""

from __future__ import annotations

from typing import ClassVar

from strandline.model.changes import ChangeReport, FileChange, RefusedChange, change_of
from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table
from strandline.model.note_checks import NoteUse
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class CopyStep:
    """One image that should be in a storage directory."""

    image_id: ImageId
    to: StorageDir
    path: str | None
    """Its file there, if the catalog knows one."""
    size_bytes: int | None

    @property
    def change(self) -> FileChange:
        """Its row in a report: the file in the target."""
        return change_of(self.to, self.path, self.image_id, self.size_bytes)


@dataclass(frozen=True, slots=True)
class CopyPlan(JsonForm):
    """Which images should be in a storage directory."""

    to: StorageDir
    steps: tuple[CopyStep, ...]
    refused: tuple[RefusedChange, ...]
    """Pictures of the note that cannot be copied."""

    JSON: ClassVar[Table] = {"plan": "changes", "refused": "refused"}

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The steps as rows of a report."""
        return tuple(step.change for step in self.steps)


@dataclass(frozen=True, slots=True)
class MovePlan(JsonForm):
    """Which files would leave their storage directory, and which notes there use them."""

    to: StorageDir
    steps: tuple[DeleteStep, ...]
    refused: tuple[RefusedChange, ...]
    """Images of which there is nothing to move."""
    uses: tuple[NoteUse, ...]
    """The places in notes that would lose their picture."""

    JSON: ClassVar[Table] = {"plan": "changes", "refused": "refused", "uses": "uses"}

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The steps as rows of a report."""
        return tuple(step.change for step in self.steps)


@dataclass(frozen=True, slots=True)
class TransferReport(JsonForm):
    """What copying or moving did. The rows of a copy are files in the target, those of a move the files that left."""

    report: ChangeReport
    copied: tuple[FileChange, ...] = ()
    """Files in the target that were written now. The images of the others were there already."""

    JSON: ClassVar[Table] = {
        "plan": "report.plan",
        "done": "report.done",
        "refused": "report.refused",
        "copied": "copied",
    }
