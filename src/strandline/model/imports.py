"""Imports: what was found in folders, archives, and at addresses, what is new, and what was left out. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import ClassVar

from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.left_out import LeftOut, Reason
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class ImportedImage(JsonForm):
    """One picture that is imported, would be, or is there already."""

    source: str
    """Where it comes from, for people: a path, an archive and the entry in it, or an address."""
    image_id: ImageId
    sd: StorageDir
    path: str
    """Where it is, or would be: relative to the storage directory, with ``/``."""
    size_bytes: int
    media_type: str
    whole: bool
    """False: half an image. It is kept, because the bytes belong to the user."""

    JSON: ClassVar[Table] = {
        "source": "source", "image_id": "image_id", "sd_id": "sd.sd_id", "sd_name": "sd.name",
        **own_keys("path", "size_bytes", "media_type", "whole"),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RefusedImport(JsonForm):
    """Something that looks like a picture and cannot be imported, and why."""

    source: str
    error: StrandlineError
    sd: StorageDir
    image_id: ImageId | None = None
    path: str | None = None

    JSON: ClassVar[Table] = {
        "source": "source", "image_id": "image_id", "sd_id": "sd.sd_id", "path": "path",
        "code": "code", "message": "message",
    }  # fmt: skip

    @property
    def code(self) -> str:
        """The stable code of the error."""
        return self.error.code

    @property
    def message(self) -> str:
        """What happened, to what, and what to do."""
        return self.error.message


@dataclass(slots=True)
class ImportReport(JsonForm):
    """What an import would do (``plan``), what it did, what is there already, and what is not imported.

    After a dry run, nothing was done.
    """

    dry_run: bool = False
    plan: list[ImportedImage] = field(default_factory=list)
    done: list[ImportedImage] = field(default_factory=list)
    already_there: list[ImportedImage] = field(default_factory=list)
    """The same bytes are in the storage directory, or came earlier in this import."""
    refused: list[RefusedImport] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    complete: bool = True
    """False if it was cancelled, or goes on with :attr:`next`."""
    next: str | None = None
    """With a time limit: the ``after`` to go on with."""

    JSON: ClassVar[Table] = {
        **own_keys("dry_run", "plan", "done", "already_there", "refused"),
        "left_out": "left_out_rows", "counts": "counts", "complete": "complete", "next": "next",
    }  # fmt: skip

    @property
    def new(self) -> list[ImportedImage]:
        """Those that were imported; after a dry run, those that would be."""
        return self.plan if self.dry_run else self.done

    @property
    def twice(self) -> int:
        """How many of those that are already there came earlier in this import."""
        new = {image.image_id for image in self.new}
        return sum(image.image_id in new for image in self.already_there)

    @property
    def looked_at(self) -> int:
        """Pictures that were read, or would have been."""
        return len(self.new) + len(self.already_there) + len(self.refused)

    @property
    def left_out_rows(self) -> list[dict[str, object]]:
        """What is left out, with the reason."""
        return [{"path": each.path, "reason": each.reason.value} for each in self.left_out]

    @property
    def counts(self) -> dict[str, object]:
        """How many of each kind; ``left_out`` by reason."""
        reasons = Counter(each.reason for each in self.left_out)
        return {
            "new": len(self.new),
            "new_bytes": sum(each.size_bytes for each in self.new),
            "already_there": len(self.already_there),
            "incomplete": sum(not each.whole for each in self.new),
            "refused": len(self.refused),
            "left_out": {reason.value: reasons[reason] for reason in Reason if reasons[reason]},
        }
