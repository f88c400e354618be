"""Replacing: other bytes get a file's place, and those that it had are in the trash first (SPEC §16)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.services.trashing.trash import copy_to_trash, take_back
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import AsideCopy, WrittenFile


def replace_file(
    bench: Workbench,
    sd: StorageDir,
    name: str,
    image_id: ImageId,
    reason: TrashReason,
    *,
    is_judged: Callable[[AsideCopy], bool],
    write: Callable[[Callable[[], bool]], WrittenFile | None],
) -> tuple[WrittenFile, TrashedFile] | None:
    """Copies a file to the trash, and then replaces it. Returns what was written, and the entry, which the caller
    adds to the index in the transaction that reports the change. None if it was not replaced: then nothing is left in
    the trash.

    ``is_judged`` says whether the copied bytes are those that may be replaced. ``write`` replaces the file if what it
    gets returns True at that moment. It returns None if it did not.

    Raises:
        TimeoutError: The write may still happen. The bytes that the file had are in the trash.
        UnreadableFileError, DiskError: It cannot be copied. And what ``write`` raises: then the bytes stay in the
            trash only if the file is not as it was.
    """
    try:
        trashed, copied = copy_to_trash(bench, sd, name, image_id, reason)
    except FileNotFoundError:
        return None

    def is_still_the_same() -> bool:
        return bench.folder(sd).probe([name]) == [(name, copied.stamp)]

    written = None
    try:
        if is_judged(copied) and not copied.changed_meanwhile:
            written = write(is_still_the_same)
    except TimeoutError:
        _keep(bench, trashed)
        raise
    except BaseException:
        with suppress(OSError):
            if is_still_the_same():
                take_back(bench, trashed)
        raise
    if written is None:
        take_back(bench, trashed)
        return None
    return written, trashed


def _keep(bench: Workbench, trashed: TrashedFile) -> None:
    """Adds the entry to the index now. If that fails, it is found again, because its description is on the disk."""
    with suppress(StrandlineError), bench.catalog.write(durable=True) as writer:
        writer.trash.insert_trashed(trashed)
