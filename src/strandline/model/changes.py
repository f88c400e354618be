"""What a verb that changes or removes files is about to do, did, and refused: the same rows for all of them. Pure."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar, NamedTuple

from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass


class NamedFile(NamedTuple):
    """A file that a person means by its path or its name."""

    sd: StorageDir
    path: str
    """Relative to the storage directory, with ``/``."""
    image_id: ImageId


@dataclass(frozen=True, slots=True)
class FileChange(JsonForm):
    """One file that is changed or removed."""

    image_id: ImageId | None
    sd_id: str | None
    """None if no storage directory has the image, or if it has no identity yet."""
    path: str | None
    """Relative to the storage directory, with ``/``; None if there is no such file."""
    size_bytes: int | None = None
    sd_name: str | None = None
    trash_id: str | None = field(default=None, compare=False)
    """The entry of the trash that has it now; None if it is not there."""

    JSON: ClassVar[Table] = own_keys("image_id", "sd_id", "sd_name", "path", "size_bytes", "trash_id")

    def refuse(self, error: StrandlineError) -> RefusedChange:
        """The same change, refused because of the error."""
        return RefusedChange(self, error)


def change_of(
    sd: StorageDir,
    path: str | None,
    image_id: ImageId | None,
    size_bytes: int | None = None,
    trash_id: str | None = None,
) -> FileChange:
    """The row of a file in a known storage directory."""
    return FileChange(image_id, sd.sd_id, path, size_bytes, sd.name, trash_id)


@dataclass(frozen=True, slots=True)
class RefusedChange(JsonForm):
    """A change that was not made, and why."""

    change: FileChange
    error: StrandlineError

    JSON: ClassVar[Table] = {
        "image_id": "change.image_id",
        "sd_id": "change.sd_id",
        "sd_name": "change.sd_name",
        "path": "change.path",
        "code": "code",
        "message": "message",
    }

    @property
    def code(self) -> str:
        """The stable code of the error."""
        return self.error.code

    @property
    def message(self) -> str:
        """What happened, to what, and what to do."""
        return self.error.message


@dataclass(frozen=True, slots=True)
class ChangeReport(JsonForm):
    """What was planned, what was done, and what was refused. After a dry run, nothing was done."""

    plan: tuple[FileChange, ...]
    done: tuple[FileChange, ...] = ()
    refused: tuple[RefusedChange, ...] = ()
    complete: bool = True
    """False if it was ended before all was tried. What is neither done nor refused is as it was."""

    JSON: ClassVar[Table] = own_keys("plan", "done", "refused")  # HTTP does not end in the middle

    @property
    def possible(self) -> tuple[FileChange, ...]:
        """What was planned and not refused. After a dry run: what would be done."""
        refused = {each.change for each in self.refused}
        return tuple(change for change in self.plan if change not in refused)


@dataclass(frozen=True, slots=True)
class HealReport(ChangeReport):
    """What was healed."""

    kept: tuple[FileChange, ...] = ()
    """Other images that had the names of healed files, and were saved under ids of their own before."""

    JSON: ClassVar[Table] = own_keys("plan", "done", "refused")
