"""The trash: files that were deleted, and wrong bytes that were replaced (SPEC §16).

Each entry is its own folder in ``<home>/trash/<identity of the storage directory>``, with the bytes under their old
file name and ``about.json`` next to them. So the trash can be read without the catalog and outlives it. The
description is durable *before* a file is moved, and a copy *before* a file is replaced: a crash in between leaves one
file too many, never one too few. :func:`recover` finds what a killed process left.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.errors import DiskError, StrandlineError, WrongBytesError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import open_folder
from strandline.folders.opening import open_regular, read_some
from strandline.folders.proof_copies import ProofCopy, read_proof_copy
from strandline.folders.saving import write_whole
from strandline.model.image_ids import ImageId
from strandline.model.states import EXPECTED, after_deletion, event_between
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import RESTORABLE, TrashedFile, TrashReason, TrashRules, sniff_trashed
from strandline.services.trashing.shelves import (
    ABOUT_FILE,
    HALF_MADE_AFTER,
    TRASH_ID,
    about_of,
    copy_to_shelf,
    entry_of,
    find_on_shelf,
    read_from_shelf,
    shelf_of,
)
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.catalog.port import Writer
    from strandline.folders.port import AsideCopy, Folder, Shelf
    from strandline.model.image_files import FileStamp

_MOST_ABOUT_BYTES = 1 << 18
"""More than any description needs: it has two paths. A longer one is not ours."""


def rules_of(bench: Workbench) -> TrashRules:
    """How much the trash may hold, and for how long nothing leaves it."""
    return TrashRules(bench.limits.trash_max_bytes, timedelta(days=bench.limits.trash_grace_days))


def copy_to_trash(
    bench: Workbench, sd: StorageDir, name: str, image_id: ImageId, reason: TrashReason
) -> tuple[TrashedFile, AsideCopy]:
    """Copies the file durably into the trash with a description. The file itself stays.

    Returns the entry and the copy. The caller adds the entry to the index, in the transaction that reports the
    change. With the copy it can check that the file is the one that it judged.

    Raises:
        FileNotFoundError: The file is gone.
        UnreadableFileError, DiskError: It cannot be read or copied. Nothing was changed.
    """
    place = bench.folder(sd)
    shelf = place.open_shelf()
    if shelf is not None:
        return copy_to_shelf(bench, sd, shelf, name, image_id, reason)
    folder = _make_entry(bench, sd)
    try:
        with disk_errors("copy", place.where(name), FileNotFoundError):
            copied = place.put_aside(name, folder, _last_part(name))
        trashed = entry_of(bench, sd, place.layout.path_of(name), image_id, reason, folder.name, copied)
        write_whole(folder, ABOUT_FILE, about_of(trashed), scratch=bench.scratch)
    except BaseException:
        _remove(folder)
        raise
    return trashed, copied


def move_to_trash(
    bench: Workbench,
    sd: StorageDir,
    name: str,
    image_id: ImageId,
    reason: TrashReason,
    judge: Callable[[AsideCopy], None],
    *,
    place: Folder | None = None,
) -> TrashedFile | None:
    """Moves the file durably into the trash. The caller adds the entry to the index. None if the file changed at
    this moment: it is where it was.

    ``judge`` sees what is about to be moved. If it raises, nothing is moved. ``place`` is the folder in whose layout
    the name is, if it is not that of the storage directory's images.

    Raises:
        FileNotFoundError: The file is gone.
        UnreadableFileError, DiskError: It cannot be read or moved. It is where it was.
    """
    place = place or bench.folder(sd)
    folder = _make_entry(bench, sd)
    aside = _last_part(name)
    made: list[tuple[TrashedFile, FileStamp]] = []

    def describe(copy: AsideCopy) -> None:
        judge(copy)
        path = place.layout.path_of(name)
        trashed = entry_of(bench, sd, path, image_id, reason, folder.name, copy)
        made.append((trashed, copy.stamp))
        write_whole(folder, ABOUT_FILE, about_of(trashed), scratch=bench.scratch)

    def discard() -> None:
        """Unless the bytes in the folder may be all that is left of the file."""
        with suppress(OSError):
            is_there = bool(made) and place.probe([name]) == [(name, made[0][1])]
            if is_there or not os.path.lexists(folder / aside):
                _remove(folder)

    with disk_errors("move to the trash", place.where(name), FileNotFoundError):
        try:
            moved = place.move_aside(name, folder, aside, describe)
        except TimeoutError:
            raise  # the file may still be moved
        except BaseException:
            discard()
            raise
    if moved.changed_meanwhile:
        discard()
        return None
    return made[0][0]


def discard_copy(bench: Workbench, trashed: TrashedFile) -> None:
    """Removes an entry whose bytes are not needed here. Best effort; never raises. The index must not have it, or not
    any more, durably.
    """
    folder = folder_of(bench, trashed)
    shelf = None if os.path.isdir(folder) else shelf_of(bench, trashed)
    if shelf is not None:
        shelf.remove(trashed.trash_id)
        return
    _remove(folder)
    with suppress(OSError), open_folder(folder.parent) as above:
        above.sync()


def take_back(bench: Workbench, trashed: TrashedFile) -> None:
    """Removes a copy of bytes that were not replaced after all. Best effort; never raises. It leaves the index, too,
    in which another process may have put it.
    """
    discard_copy(bench, trashed)
    with suppress(StrandlineError):
        with bench.catalog.read() as reader:
            is_known = reader.trash.find_trashed(trashed.trash_id) is not None
        if is_known:
            with bench.catalog.write() as writer:
                writer.trash.delete_trashed([trashed.trash_id])


def folder_of(bench: Workbench, trashed: TrashedFile) -> Path:
    """The entry's folder. Those that were made before storage directories had folders of their own are one higher."""
    folder = _folder_for(bench, trashed.sd_id) / trashed.trash_id
    earlier = bench.trash_folder / trashed.trash_id
    return earlier if not os.path.isdir(folder) and os.path.isdir(earlier) else folder


def file_of(bench: Workbench, trashed: TrashedFile) -> Path:
    """The file with the entry's bytes."""
    return folder_of(bench, trashed) / trashed.filename


def open_bytes(bench: Workbench, entry: TrashedFile, opened: ExitStack) -> ProofCopy:
    """The bytes in the trash, checked. They are closed with ``opened``.

    Raises:
        WrongBytesError: They are not the deleted ones any more.
        DiskError: They are gone, or cannot be read.
    """
    path: Path | str = file_of(bench, entry)
    shelf = None if os.path.isdir(folder_of(bench, entry)) else shelf_of(bench, entry)
    if shelf is not None:
        path = shelf.where(entry.trash_id, entry.filename)
        copy = opened.enter_context(read_from_shelf(shelf, entry))
    else:
        copy = opened.enter_context(_read_file(bench, entry, opened))
    if copy.sha256 != entry.sha256:
        raise WrongBytesError(
            f"the bytes of {entry.path} in the trash ({path}) are not the deleted ones any more, so they were not "
            "put back; look at them, and copy them yourself if they are what you want",
            path=str(path),
        )
    return copy


def _read_file(bench: Workbench, entry: TrashedFile, opened: ExitStack) -> ProofCopy:
    path, limits = file_of(bench, entry), bench.limits
    try:
        file = opened.enter_context(open_regular(path))
    except FileNotFoundError as error:
        raise DiskError(
            f"the bytes of {entry.path} are not in the trash any more ({path}); somebody removed them",
            path=str(path),
        ) from error
    return read_proof_copy(
        file,
        max_memory_bytes=limits.max_memory_bytes,
        limit_bytes=limits.read_max_bytes,
        scratch=bench.scratch,
    )


def record_deletion(
    bench: Workbench, writer: Writer, sd: StorageDir, path: str, trashed: TrashedFile
) -> None:
    """Adds a deleted file's entry, and what becomes of its row, with its event, to a transaction. Idempotent."""
    writer.trash.insert_trashed(trashed)
    row = writer.files.find_row(sd.number, path)
    if row is None:
        return
    deleted = after_deletion(row)
    if deleted is not row and writer.files.update_row(row, deleted):
        event = event_between(row, deleted, sd.sd_id, bench.now())
        if event is not None:
            writer.journal.append_event(event)


def recover(bench: Workbench, sd: StorageDir) -> None:
    """Brings the index up to date with the entries of the storage directory that are on the disk.

    A process that was killed while it deleted has moved a file, and told nobody. After a power cut, or in a new
    catalog, that may also be one from when the storage directory had another identity. Cost: one listing of the trash
    for each of its identities, and one statement, unless something was left. Raises nothing for what it cannot read:
    it is looked at again next time.
    """
    for sd_id in (sd.sd_id, *sd.aliases):
        folder = _folder_for(bench, sd_id)
        with suppress(OSError):
            found = {name for name in os.listdir(folder) if TRASH_ID.fullmatch(name)}
            with bench.catalog.read() as reader:
                unknown = found - reader.trash.list_trash_ids() if found else set()
            for trash_id in sorted(unknown):
                with suppress(OSError):  # the others are looked at
                    _recover_entry(bench, sd, folder / trash_id)


def _recover_entry(bench: Workbench, sd: StorageDir, folder: Path) -> None:
    trashed = read_about(folder)
    if trashed is None or not os.path.isfile(folder / trashed.filename):
        is_old = bench.now().timestamp() - folder.lstat().st_mtime > HALF_MADE_AFTER.total_seconds()
        names = os.listdir(folder)
        # Without a description, it is half removed, or half of a copy. Without bytes, nothing was moved.
        if is_old and (ABOUT_FILE not in names or names == [ABOUT_FILE]):
            _remove(folder)
        return
    place = bench.folder(sd)
    is_gone = sd.is_reachable and not place.probe([place.layout.name_of(trashed.path)])
    with bench.catalog.write() as writer:
        row = writer.files.find_row(sd.number, trashed.path)
        if is_gone and trashed.reason in RESTORABLE and row is not None and row.state in EXPECTED:
            record_deletion(bench, writer, sd, trashed.path, trashed)
        else:
            writer.trash.insert_trashed(trashed)


def read_about(folder: Path) -> TrashedFile | None:
    """The description in an entry's folder, or None if there is none that makes sense. It may come from elsewhere:
    nothing in it is believed that could lead out of the folder.
    """
    with suppress(OSError, StrandlineError), open_regular(folder / ABOUT_FILE) as file:
        trashed = sniff_trashed(folder.name, read_some(file, _MOST_ABOUT_BYTES))
        if trashed is not None and os.path.basename(trashed.filename) == trashed.filename:
            return trashed
    return None


def find_entry(bench: Workbench, known: TrashedFile) -> TrashedFile | None:
    """The entry as the disk describes it, if its bytes are in the trash of this home, and are called the same. Or as
    the trash of a known bucket describes it.
    """
    folder = folder_of(bench, known)
    trashed, has_bytes = read_about(folder), os.path.isfile(file_of(bench, known))
    if trashed is None and (shelf := _find_known_shelf(bench, known)) is not None:
        with suppress(OSError):
            trashed, has_bytes = find_on_shelf(shelf, known.trash_id, known.sd_path), True
    return trashed if has_bytes and trashed is not None and trashed.sha256 == known.sha256 else None


def _find_known_shelf(bench: Workbench, known: TrashedFile) -> Shelf | None:
    """The shelf of the entry. None if no storage directory is there: then nothing is asked."""
    with bench.catalog.read() as reader:
        is_known = any(sd.path == known.sd_path for sd in reader.sds.list_storage_dirs())
    return shelf_of(bench, known) if is_known else None


def _make_entry(bench: Workbench, sd: StorageDir) -> Path:
    """A new folder in the trash, durable."""
    above = _folder_for(bench, sd.sd_id)
    folder = above / uuid.uuid4().hex
    try:
        with disk_errors("make a folder in the trash,", folder):
            folder.mkdir(parents=True)
            for each in (above, bench.trash_folder, bench.trash_folder.parent):
                with open_folder(each) as opened:
                    opened.sync()
    except BaseException:
        _remove(folder)
        raise
    return folder


def _folder_for(bench: Workbench, sd_id: str | None) -> Path:
    return bench.trash_folder / (sd_id or "unknown")


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def _remove(folder: Path) -> None:
    """First the description: without it, a folder is half made, and nobody takes its bytes for deleted ones."""
    with suppress(OSError):
        with suppress(FileNotFoundError):
            (folder / ABOUT_FILE).unlink()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
