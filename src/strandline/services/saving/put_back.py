"""Putting back: a picture that a note misses gets a copy with the same bytes at its path (SPEC §15).

The catalog knows which bytes were there. A file with the same bytes may be elsewhere in the storage directory, in a
trash or among the old versions that a program keeps in it, in Strandline's own trash, or in another storage
directory. No note is changed, and no file is replaced. Notes are untrusted: only a path that is safe is written to.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from strandline.errors import (
    RefusedError,
    StorageDirNotFoundError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.folders.file_tree import look_at_file, read_file
from strandline.folders.port import SaveMode
from strandline.model.buckets import is_bucket_address
from strandline.model.note_checks import FindingKind, Lost, Place
from strandline.model.put_back import (
    NOT_ALLOWED,
    NOT_TRIED,
    READ_ONLY,
    PutBack,
    PutBackPlan,
    explain_refused_target,
    hold_moved,
)
from strandline.model.remedies import say_add
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.checking.known_notes import check_notes, check_whole
from strandline.services.checking.note_tree import NoteTree
from strandline.services.proving.prove import prove_file
from strandline.services.saving.entries import read_entry
from strandline.services.saving.intake import as_mtime_ns
from strandline.services.storage_dirs.presence import refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.trash import discard_copy, folder_of
from strandline.services.workbench import Workbench

NO_SOURCE = "no file has its bytes now, not even a deleted or an old one; look in a backup"


def plan_put_back(bench: Workbench, path: str) -> PutBackPlan:
    """What would be put back for the notes at or below the path. Writes nothing.

    Cost: a check of the notes. If a picture's bytes are in no known file of the storage directory, also a listing of
    its tree, and a hash of each file of the same size in trashes and old versions.

    Raises:
        StorageDirNotFoundError: The path is in no storage directory, so nobody knows what was there.
        StorageDirOfflineError: The storage directory is not all there, so nobody can tell what is missing.
        RefusedError: Images have ids for names there.
        SourceNotFoundError, InvalidPathError, DiskError: As for a check.
    """
    sd = _find_storage_dir(bench, path)
    check = check_notes(bench, sd, path)
    kinds = Counter(each.kind for each in check.findings)
    kinds.subtract(each.kind for each in check.lost)
    unknown, elsewhere = kinds[FindingKind.MISSING], kinds[FindingKind.MISPLACED]
    steps = tuple(_plan(bench, sd, check.lost))
    missing = len(check.lost) + unknown + elsewhere
    return PutBackPlan(check.path, sd, missing, unknown, elsewhere, steps, check)


def _find_storage_dir(bench: Workbench, path: str) -> StorageDir:
    path = path if is_bucket_address(path) else os.path.abspath(path)
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    around = [sd for sd in sds if path == sd.path or path.startswith(sd.path.rstrip(os.sep) + os.sep)]
    if not around:
        raise StorageDirNotFoundError(
            f"{path} is in no storage directory, so nobody knows which pictures were there; {say_add(path)} lets "
            "Strandline remember from now on",
            path=path,
        )
    sd = refresh(bench, max(around, key=lambda each: len(each.path)))
    if sd.layout is not LayoutKind.NAMED:
        raise RefusedError(
            f"{sd.name!r} keeps its images by id, and pictures with other names in it are not known; "
            "nothing can be put back",
            path=path,
        )
    return check_whole(sd)


def _plan(bench: Workbench, sd: StorageDir, lost: Sequence[Lost]) -> list[PutBack]:
    first = {each.path: each for each in reversed(lost)}
    wanted = [each for each in lost if first[each.path] is each]
    plan = [_plan_one(each) for each in wanted]
    missing = {
        step.sha256: each.was.size_bytes
        for step, each in zip(plan, wanted, strict=True)
        if step.why is None and (step.source is None or step.source.sd is not None)
    }
    kept = dict(_iter_kept(bench, sd, missing)) if missing else {}
    return [_with_source(step, kept.get(step.sha256)) for step in plan]


def put_back_all(
    bench: Workbench,
    plan: PutBackPlan,
    *,
    from_others: bool = False,
    from_renamed: bool = False,
    dry_run: bool = False,
    cancel: threading.Event | None = None,
) -> PutBackPlan:
    """Carries out all steps. Raises as :func:`put_back`; a dry run says why nothing could be written.

    ``from_others`` allows copies from other storage directories, ``from_renamed`` from a folder that was renamed.
    ``cancel`` stops before the next picture; those that are left say so.
    """
    plan = plan if from_renamed else hold_moved(plan)

    def act(step: PutBack) -> PutBack:
        if dry_run and plan.sd.read_only:
            return replace(step, why=step.why or READ_ONLY)
        if step.is_foreign and not from_others:
            return replace(step, why=NOT_ALLOWED)
        if cancel is not None and cancel.is_set():
            return replace(step, why=step.why or NOT_TRIED)
        return step if dry_run else put_back(bench, plan.sd, step)

    return replace(plan, steps=tuple(map(act, plan.steps)))


def put_back(bench: Workbench, sd: StorageDir, step: PutBack) -> PutBack:
    """Carries out one step: copies the bytes if they are still the same. Durable when it returns.

    A picture that cannot be put back says why. Raises only if nothing can be written there at all.

    Raises:
        ReadOnlyStorageDirError, StorageDirOfflineError, StorageDirIncompleteError, CopiedStorageDirError: As for
            saving.
    """
    sd = check_writable(bench, sd)
    if step.source is None or step.why is not None:
        return step
    folder = bench.folder(sd)
    name = folder.layout.name_of(step.path)
    where = os.path.join(step.source.root, step.source.path)
    key = (sd.number, name)
    try:
        with ExitStack() as opened:
            source = bench.folder_at(step.source.root)
            copy, modified_at = read_entry(bench, source, step.source.path, opened)
            if copy.sha256 != step.sha256:
                return replace(step, why=f"{where} has other bytes now; scan and try again")
            mtime_ns = None if modified_at is None else as_mtime_ns(modified_at)
            bench.being_saved.add(key)
            with disk_errors("write", folder.where(name), FileExistsError):
                folder.write_image(name, copy.open(), SaveMode.NEW, lambda: False, mtime_ns=mtime_ns)
        prove_file(bench, sd, name)
        _take_from_trash(bench, sd, step)
    except FileExistsError:
        return replace(step, why="a file has that name now; nothing was replaced")
    except StrandlineError as error:
        return replace(step, why=error.message)
    finally:
        bench.being_saved.discard(key)
    return replace(step, done=True)


def _plan_one(lost: Lost) -> PutBack:
    source = lost.was.places[0] if lost.was.places else None
    why = explain_refused_target(lost.path)
    return PutBack(lost.note, lost.line, lost.target, lost.path, lost.was.sha256, source, why=why)


def _with_source(step: PutBack, kept: Place | None) -> PutBack:
    """A file in the same storage directory is better than one in another: nobody has to be asked."""
    if step.why is None and kept is not None and (step.source is None or step.source.sd is not None):
        step = replace(step, source=kept)
    return replace(step, why=NO_SOURCE) if step.source is None and step.why is None else step


def _iter_kept(bench: Workbench, sd: StorageDir, wanted: dict[str, int]) -> Iterator[tuple[str, Place]]:
    """Files with these hashes in trashes and old versions. ``wanted`` has the size of each, in bytes."""
    sizes = set(wanted.values())
    left = dict(wanted)
    for place in (*_iter_old_files(sd.path), *_iter_own_trash(bench, wanted)):
        if not left:
            return
        root, path = place.root, place.path
        with suppress(OSError, UnreadableFileError):
            look = look_at_file(os.path.join(root, path))
            if look is None or look.size_bytes not in sizes or not look.is_here:
                continue
            sha256 = hashlib.sha256(read_file(os.path.join(root, path), look.size_bytes)).hexdigest()
            if left.pop(sha256, None) is not None:
                yield sha256, place


def _iter_old_files(root: str) -> Iterator[Place]:
    with suppress(OSError):
        for path in NoteTree(root).iter_old_pictures():
            yield Place(None, root, path)


def _iter_own_trash(bench: Workbench, wanted: dict[str, int]) -> Iterator[Place]:
    with bench.catalog.read() as reader:
        trashed = reader.trash.list_trashed()
    for each in trashed:
        if each.sha256 in wanted:
            yield Place(None, str(folder_of(bench, each)), each.filename, each.trash_id)


def _take_from_trash(bench: Workbench, sd: StorageDir, step: PutBack) -> None:
    """Removes the entry of the trash whose file is back at its own path, as restoring it does."""
    if step.source is None or step.source.trash_id is None:
        return
    with bench.catalog.write(durable=True) as writer:
        entry = writer.trash.find_trashed(step.source.trash_id)
        if entry is None or entry.path != step.path or entry.sd_id not in (sd.sd_id, *sd.aliases):
            return
        writer.trash.delete_trashed([entry.trash_id])
    discard_copy(bench, entry)
