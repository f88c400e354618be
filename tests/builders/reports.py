"""Reports of the services, made by hand, for the tests of command line and web."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
IMAGE_ID = ImageId("0123456789abcdef0123456789abcdef")
SD_ID = StorageDirId("6f1b2c3d-0000-4000-8000-000000000001")


def make_file(
    *,
    filename: str = f"{IMAGE_ID}.png",
    state: FileState = FileState.PRESENT,
    width: int | None = None,
    height: int | None = None,
    taken_at: datetime | None = None,
) -> ImageFile:
    """A proven image file."""
    stamp = FileStamp(3_100_000, 1_700_000_000_000_000_000, 42)
    return ImageFile(
        sd=1,
        path=f"media/{filename}",
        image_id=IMAGE_ID,
        media_type="image/png",
        stamp=stamp,
        state=state,
        first_seen=NOW,
        unchanged_since=NOW,
        proof=Proof(ProofKind.HASH, IMAGE_ID * 2, stamp, NOW),
        width=width,
        height=height,
        taken_at=taken_at,
    )


def make_storage_dir(
    *, name: str = "Notes", state: StorageDirState = StorageDirState.ONLINE, problem: str | None = None
) -> StorageDir:
    """A storage directory without a folder."""
    return StorageDir(
        number=1,
        sd_id=SD_ID,
        name=name,
        path=f"/somewhere/{name}",
        state=state,
        read_only=False,
        provisional=False,
        aliases=(),
        added_at=NOW,
        problem=problem,
    )


def make_sync_status(
    sd: StorageDir | None = None, lists: Mapping[str, list[FileItem]] | None = None
) -> SyncStatus:
    """A status with these lists, and nothing else to report."""
    identity: dict[str, object] = {
        "sd_id": SD_ID, "provisional": False, "aliases": [], "plain": SD_ID, "legacy": None,
        "conflict_copies": [], "former": [], "ignored": [], "problem": None,
    }  # fmt: skip
    status = SyncStatus(sd or make_storage_dir(), NOW, identity, 1204, 3_100_000_000, 1204)
    for name, items in (lists or {}).items():
        getattr(status, name).extend(items)
    return status
