"""The content of the trash: bytes that were moved aside, and what they were."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


class TrashReason(StrEnum):
    """Why a file was moved to the trash."""

    REPLACED = "replaced"
    """A save replaced its wrong bytes with the right ones."""
    DELETED = "deleted"
    """A person deleted the image."""


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """One entry of the trash. It is also written beside the bytes, so the trash survives the loss of the catalog."""

    trash_id: str
    sd_id: str | None
    sd_path: str
    filename: str
    image_id: ImageId
    size_bytes: int
    sha256: str
    reason: TrashReason
    trashed_at: datetime
