"""Deleting: what is planned, and what speaks against it. Pure."""

from __future__ import annotations

from typing import ClassVar

from strandline.model.changes import FileChange, RefusedChange, change_of
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.json_form import JsonForm, Table
from strandline.model.note_checks import NoteMention, NoteUse
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.remedies import say_command
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashRules
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class DeleteStep:
    """One file that would go to the trash."""

    sd: StorageDir
    path: str
    image_id: ImageId
    size_bytes: int | None
    """By the catalog; None if it has never seen the file."""

    @property
    def change(self) -> FileChange:
        """Its row in a report."""
        return change_of(self.sd, self.path, self.image_id, self.size_bytes)


@dataclass(frozen=True, slots=True)
class DeletePlan(JsonForm):
    """What a person is about to delete, and which notes would miss it."""

    steps: tuple[DeleteStep, ...]
    refused: tuple[RefusedChange, ...]
    """Images of which there is nothing to delete."""
    uses: tuple[NoteUse, ...]
    """The places in notes that mean one of these files."""
    mentions: tuple[NoteMention, ...] = ()
    """Notes that may use one of them: they have its name. Not in the JSON."""

    JSON: ClassVar[Table] = {"plan": "changes", "refused": "refused", "uses": "uses"}

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The steps as rows of a report."""
        return tuple(step.change for step in self.steps)


def explain_other_bytes(
    step: DeleteStep, sha256: str, *, names_are_ids: bool, only: str | None = None
) -> str | None:
    """Why a file with these bytes is not the one that a person means, or None if it is.

    If names are ids, a person means whatever is under the image's name. Otherwise the bytes are the image. With
    ``only``, the bytes with this SHA-256 are meant, because others have a copy of them.

    Law: among named pictures, a file is deleted only if its bytes are those of the image that was asked for.
    """
    if only is not None and sha256 != only:
        return "has other bytes than its copy; it stays"
    if names_are_ids or content_id_of(sha256) == step.image_id:
        return None
    return "has other bytes now than the image that you mean; it stays; look at it again"


def say_trash_full(rules: TrashRules, used_bytes: int, wanted_bytes: int) -> str:
    """What a person can do if there is no room."""
    return (
        f"the trash has {say_bytes(used_bytes)} and may hold {say_bytes(rules.max_bytes)}, so "
        f"{say_bytes(wanted_bytes)} more do not fit; {say_command('trash', 'empty')} removes what has been in it for "
        f"{say_count(rules.grace.days, 'day')}, or raise the limit: "
        f"{say_command('config', 'set', 'trash.max_bytes', str(2 * max(rules.max_bytes, used_bytes + wanted_bytes)))}"
    )
