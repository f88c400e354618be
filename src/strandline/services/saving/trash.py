"""The trash: wrong bytes are copied aside before anything takes their place (SPEC §7).

Each entry is its own folder in ``<home>/trash``, with the bytes under their old file name and ``about.json`` next to
them. So the trash can be read without the catalog and outlives it. The copy is durable *before* the file is touched:
a crash in between leaves one file too many, never one too few.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import open_folder
from strandline.folders.saving import write_whole
from strandline.model.events import format_time
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import AsideCopy

ABOUT_FILE = "about.json"


def copy_to_trash(
    bench: Workbench, sd: StorageDir, filename: str, image_id: ImageId, reason: TrashReason
) -> tuple[TrashedFile, AsideCopy]:
    """Copies the file durably into the trash with a description. The file itself stays.

    Returns the entry and the copy. The caller adds the entry to the index, in the transaction that reports the
    change. With the copy it can check that the file is the one that it judged.

    Raises:
        FileNotFoundError: The file is gone.
        UnreadableFileError, DiskError: It cannot be read or copied. Nothing was changed.
    """
    trash_id = uuid.uuid4().hex
    with _new_entry(bench.trash_folder, trash_id) as folder:
        place = bench.folder(sd)
        with disk_errors("copy", place.where(filename), FileNotFoundError):
            copied = place.put_aside(filename, folder, filename)
        trashed = TrashedFile(
            trash_id=trash_id,
            sd_id=sd.sd_id,
            sd_path=sd.path,
            filename=filename,
            image_id=image_id,
            size_bytes=copied.size_bytes,
            sha256=copied.sha256,
            reason=reason,
            trashed_at=bench.now(),
        )
        about = json.dumps(_as_json(trashed), indent=2, ensure_ascii=False) + "\n"
        write_whole(folder, ABOUT_FILE, about.encode(), scratch=bench.scratch)
    return trashed, copied


def discard_copy(bench: Workbench, trashed: TrashedFile) -> None:
    """Removes an unneeded entry, because nothing replaced its file. Best effort; never raises."""
    _remove(bench.trash_folder / trashed.trash_id)


@contextmanager
def _new_entry(trash_folder: Path, trash_id: str) -> Iterator[Path]:
    """A new folder in the trash, durable at the end of the block. Removed if the block fails."""
    folder = trash_folder / trash_id
    with disk_errors("make a folder in the trash,", folder):
        folder.mkdir(parents=True)
    try:
        yield folder
        for above in (trash_folder, trash_folder.parent):
            with disk_errors("sync", above), open_folder(above) as opened:
                opened.sync()
    except BaseException:
        _remove(folder)
        raise


def _remove(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _as_json(trashed: TrashedFile) -> dict[str, object]:
    return {
        "trash_id": trashed.trash_id,
        "sd_id": trashed.sd_id,
        "sd_path": trashed.sd_path,
        "filename": trashed.filename,
        "image_id": trashed.image_id,
        "size_bytes": trashed.size_bytes,
        "sha256": trashed.sha256,
        "reason": trashed.reason.value,
        "trashed_at": format_time(trashed.trashed_at),
    }
