"""Restoring: deleted files go back to where they were. Nothing is ever replaced (SPEC §16)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from strandline.errors import (
    EntryNotFoundError,
    ImageNotFoundError,
    PlaceTakenError,
    StorageDirNotFoundError,
    StrandlineError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder, SaveMode
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.conflicts import list_free_names
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.image_ids import ImageId
from strandline.model.put_back import explain_no_place
from strandline.model.remedies import say_add, say_command
from strandline.model.states import choose_mtime
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.sync_names import is_identity_like
from strandline.model.trash import RESTORABLE, TrashedFile, TrashReason, choose_to_restore, find_target
from strandline.services.proving.prove import prove_file
from strandline.services.steps import Steps
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.shelves import recover_shelf
from strandline.services.trashing.trash import discard_copy, open_bytes, recover
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import ProofCopy


def restore_images(
    bench: Workbench,
    image_ids: Iterable[ImageId],
    sd: StorageDir | None = None,
    *,
    dry_run: bool = False,
    cancel: threading.Event | None = None,
) -> ChangeReport:
    """Puts back each deleted file of the images, or only those of one storage directory, if its place is free. An id
    that no deleted image has may be the number of an entry: then that one alone.

    Durable when it returns. Idempotent: bytes that are back already count as done. One that is refused stays in the
    trash and does not stop the others. ``cancel`` stops before the next file.
    """
    sds = _list_storage_dirs(bench)
    for each in sds:
        recover(bench, each)
        recover_shelf(bench, each)
    wanted: list[tuple[TrashedFile, StorageDir | None]] = []
    missing: list[RefusedChange] = []
    for image_id in dict.fromkeys(image_ids):
        with bench.catalog.read() as reader:
            entries, _ = choose_to_restore(reader.trash.list_trashed(image_id))
            single = None if entries else reader.trash.find_trashed(image_id)
        if single is not None and single.reason in RESTORABLE:
            entries = [single]
        pairs = [(entry, find_target(entry, sds)) for entry in entries]
        found = [(entry, target) for entry, target in pairs if sd is None or target == sd]
        if not found:
            error = ImageNotFoundError(
                f"no deleted file of image {image_id} is in the trash" + (f" for {sd.name!r}" if sd else "")
            )
            missing.append(FileChange(image_id, None, None).refuse(error))
        wanted += found
    return _restore_all(bench, wanted, missing, dry_run=dry_run, cancel=cancel)


def restore_entries(
    bench: Workbench, trash_ids: Iterable[str], *, dry_run: bool = False, keeps_entries: bool = False
) -> ChangeReport:
    """The same for single entries of the trash. Wrong bytes that were replaced never go back. With ``keeps_entries``,
    the bytes are also in the trash afterward.
    """
    sds = _list_storage_dirs(bench)
    wanted: list[tuple[TrashedFile, StorageDir | None]] = []
    missing: list[RefusedChange] = []
    with bench.catalog.read() as reader:
        for trash_id in dict.fromkeys(trash_ids):
            entry = reader.trash.find_trashed(trash_id)
            if entry is None or entry.reason not in RESTORABLE:
                error = EntryNotFoundError(f"no deleted file in the trash has the number {trash_id[:40]!r}")
                missing.append(FileChange(None, None, None).refuse(error))
            else:
                wanted.append((entry, find_target(entry, sds)))
    return _restore_all(bench, wanted, missing, dry_run=dry_run, keeps_entries=keeps_entries)


def _restore_all(
    bench: Workbench,
    wanted: Sequence[tuple[TrashedFile, StorageDir | None]],
    missing: Iterable[RefusedChange],
    *,
    dry_run: bool = False,
    keeps_entries: bool = False,
    cancel: threading.Event | None = None,
) -> ChangeReport:
    done: list[FileChange] = []
    refused = list(missing)
    steps = Steps([(entry, target, _change_of(entry, target)) for entry, target in wanted], cancel)
    for entry, target, change in steps:
        try:
            path = _restore(bench, entry, target, dry_run=dry_run)
            if path is not None and not keeps_entries:
                forget_entries(bench, [entry])
            done += [] if path is None else [replace(change, path=path)]
        except StrandlineError as error:
            refused.append(change.refuse(error))
    plan = tuple(change for _, _, change in steps.planned)
    return ChangeReport(plan, tuple(done), tuple(refused), steps.complete)


def _change_of(entry: TrashedFile, target: StorageDir | None) -> FileChange:
    name = target.name if target else None
    return FileChange(entry.image_id, entry.sd_id, entry.path, entry.size_bytes, name)


def _list_storage_dirs(bench: Workbench) -> list[StorageDir]:
    with bench.catalog.read() as reader:
        return reader.sds.list_storage_dirs()


def _restore(bench: Workbench, entry: TrashedFile, target: StorageDir | None, *, dry_run: bool) -> str | None:
    """Puts one file back. Returns where it is: None after a dry run."""
    if target is None:
        raise StorageDirNotFoundError(
            f"the storage directory that {entry.path} was in ({entry.sd_path}) is not known here; add it again: "
            f"{say_add(entry.sd_path)}; if that is a path of another computer, "
            f"import its catalog ({say_command('catalog', 'import', '--help')}), which says what the folder "
            "has to be called here",
            path=entry.sd_path,
        )
    sd = check_writable(bench, target)
    with ExitStack() as opened:
        copy = open_bytes(bench, entry, opened)
        # Another version has the place of a version that was not kept, so it comes back beside it.
        beside = list_free_names(entry.path) if entry.reason is TrashReason.VERSION else ()
        paths: list[str] = [entry.path, *beside]
        for path in paths:
            try:
                bring_back(bench, sd, path, copy, entry.mtime_ns, dry_run=dry_run)
                break
            except PlaceTakenError:
                if path == paths[-1]:
                    raise
    return None if dry_run else path


def forget_entries(bench: Workbench, entries: Sequence[TrashedFile]) -> None:
    """Takes entries whose bytes are elsewhere out of the trash for good, one after the other."""
    with bench.catalog.write(durable=True) as writer:
        writer.trash.delete_trashed([entry.trash_id for entry in entries])
    for entry in entries:
        discard_copy(bench, entry)


def bring_back(
    bench: Workbench, sd: StorageDir, path: str, copy: ProofCopy, mtime_ns: int | None, *, dry_run: bool
) -> bool:
    """Puts the bytes to this path of a storage directory that may be written to. Replaces nothing. Durable when it
    returns. Idempotent: bytes that are there already are fine. Returns whether it wrote them: not if they were there,
    nor in a dry run.

    Raises:
        PlaceTakenError: Something else is there, or no image has such a path any more.
        DiskError: The disk refused.
    """
    folder, name = _find_place(bench, sd, path)
    with disk_errors("look at", folder.where(name)):
        there = next(iter(folder.look_at([path])), None)
    if there is not None:
        _check_same(bench, folder, name, path, copy.sha256, is_file=there.kind == "file")
    if dry_run:
        return False
    if there is None:
        _write(bench, sd, folder, name, path, copy, mtime_ns)
    if folder.layout.split(name) is not None:  # a conflict copy has no row
        prove_file(bench, sd, name)
    return there is None


def _find_place(bench: Workbench, sd: StorageDir, path: str) -> tuple[Folder, str]:
    """The folder, and the name in its layout, under which the file goes back.

    Raises:
        PlaceTakenError: Its name means no image there any more, or nothing may be written there.
    """
    folder = bench.folder(sd)
    if "/" not in path and sd.layout is LayoutKind.IDS and is_identity_like(path) and path != IDENTITY_FILE:
        return bench.folder_at(sd.path, LayoutKind.NAMED), path
    name = folder.layout.find_name(path)
    why = explain_no_place(path) if sd.layout is LayoutKind.NAMED else None
    if name is None or (folder.layout.split(name) is None and folder.layout.find_copied(name) is None):
        why = "images are in other places there now"
    if why is not None or name is None:
        raise PlaceTakenError(f"{path} cannot go back into {sd.name!r}: {why}", path=path)
    return folder, name


def _check_same(
    bench: Workbench, folder: Folder, name: str, path: str, sha256: str, *, is_file: bool
) -> None:
    """Raises unless the file that has the place has these bytes."""
    found = None
    with disk_errors("read", folder.where(name)), suppress(FileNotFoundError):
        found = folder.hash_image(name, limit_bytes=bench.limits.read_max_bytes) if is_file else None
    if found is None or found.changed_while_read or found.sha256 != sha256:
        raise PlaceTakenError(
            f"something else is at {folder.where(name)} now, and stays; move it away to get the file back",
            path=path,
        )


def _write(
    bench: Workbench,
    sd: StorageDir,
    folder: Folder,
    name: str,
    path: str,
    copy: ProofCopy,
    mtime_ns: int | None,
) -> None:
    key = (sd.number, name)
    mtime_ns = choose_mtime(mtime_ns or 0, bench.now())
    bench.being_saved.add(key)
    try:
        with copy.open() as data, disk_errors("write", folder.where(name), FileExistsError):
            folder.write_image(name, data, SaveMode.NEW, lambda: False, mtime_ns=mtime_ns)
    except FileExistsError as error:
        raise PlaceTakenError(
            f"a file came to {folder.where(name)} at this moment; nothing was replaced; try again",
            path=path,
        ) from error
    finally:
        bench.being_saved.discard(key)
