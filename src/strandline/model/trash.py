"""The content of the trash: bytes that were moved aside, and what they were."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


class TrashReason(StrEnum):
    """Why a file was moved aside."""

    REPLACED = "replaced"
    """A save put the right bytes where wrong ones lay."""
    DELETED = "deleted"
    """A person deleted the image."""


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """One entry of the trash. It is also written beside the bytes, so that the trash outlives the catalog."""

    trash_id: str
    sd_id: str | None
    sd_path: str
    filename: str
    image_id: ImageId
    size_bytes: int
    sha256: str
    reason: TrashReason
    trashed_at: datetime
