"""Choosing: of two different versions of a named picture, a person keeps one, or both (SPEC §21).

Nothing here can tell which one is right, so nobody else resolves these. What is not kept is in the trash, and each
choice can be undone. Both files are looked at again at the moment of acting.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from strandline.errors import (
    EntryNotFoundError,
    FileChangedError,
    PlaceTakenError,
    RefusedError,
    StrandlineError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.model.changes import ChangeReport
from strandline.model.conflicts import (
    GONE,
    ChoiceUndo,
    ChosenVersion,
    Conflict,
    Keep,
    Remedy,
    list_free_names,
    parse_undo,
    say_name,
)
from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import content_id_of
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.trash import TrashedFile, TrashReason, find_target
from strandline.model.verification import Fault, VerifyFinding
from strandline.services.checking.uses import find_uses_of
from strandline.services.resolving.listing import list_conflicts
from strandline.services.resolving.resolve import fold_copy, hash_now, read_copy
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.delete import TrashRoom, check_deletable, take_out
from strandline.services.trashing.restore import bring_back, forget_entries, restore_entries
from strandline.services.trashing.trash import recover
from strandline.services.verifying.heal import Replacing, heal_findings
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import AsideCopy, Folder


def choose_version(
    bench: Workbench, sd: StorageDir, path: str, keep: Keep, *, dry_run: bool = False
) -> ChosenVersion:
    """Keeps the file, the copy under the file's name, or both: then the copy gets a name that is no conflict copy's.

    Durable when it returns. Idempotent: if both have the same bytes by now, the copy goes. Cost: as for listing the
    conflict copies of the storage directory.

    Raises:
        EntryNotFoundError: The path is not that of a conflict copy.
        RefusedError: There is nothing to choose between, or a note uses the copy under its name.
        FileChangedError: One of the two is not as it was a moment ago.
        StrandlineError: What else is refused for deleting.
    """
    listing = list_conflicts(bench, [sd])
    conflict = next((each for each in listing.conflicts if each.path == path), None)
    if conflict is None:
        raise EntryNotFoundError(f"{path} in {sd.name!r} is not a conflict copy", path=path)
    # A choice that was made, and killed before its end, left the same bytes under both names.
    is_made = conflict.remedy is Remedy.FOLD and sd.layout is LayoutKind.NAMED and keep is not Keep.BOTH
    if not (conflict.needs_choice or is_made) or conflict.of is None:
        raise RefusedError(f"there is nothing to choose for {path}: {conflict.reason}")
    _refuse_if_used(sd, path)
    step = DeleteStep(sd, path, conflict.image_id or content_id_of(str(conflict.sha256)), conflict.size_bytes)
    sd = check_deletable(bench, step)
    room = TrashRoom(bench)
    room.check(step)
    if keep is Keep.COPY and not is_made:  # the bytes that the file has go there, too
        room.take(step.size_bytes or 0)
        room.check(DeleteStep(sd, conflict.of, step.image_id, _measure(bench, sd, conflict.of)))
    plan = (conflict.change,)
    if dry_run:
        return ChosenVersion(conflict, keep, ChangeReport(plan, ()))
    folder, kept_as, detail = bench.folder(sd), None, ""
    match Keep.FILE if is_made else keep:
        case Keep.FILE:
            entry = _take_copy_out(bench, sd, folder, conflict)
        case Keep.COPY:
            detail = str(conflict.plain_sha256)
            _swap(bench, sd, conflict.of, now=detail, wanted=str(conflict.sha256), sources=[path])
            entry = fold_copy(bench, sd, conflict, conflict.of)
        case Keep.BOTH:
            detail, kept_as = _write_beside(bench, sd, conflict)
            entry = fold_copy(bench, sd, conflict, kept_as)
    undo = ChoiceUndo(entry.trash_id, Keep.FILE if is_made else keep, detail)
    done = (replace(conflict.change, trash_id=entry.trash_id),)
    return ChosenVersion(conflict, keep, ChangeReport(plan, done), kept_as, str(undo))


def undo_choice(bench: Workbench, undo: str) -> ChangeReport:
    """Puts the copy back under its name, and the file's own bytes, if the copy's were in their place.

    Durable when it returns. What is refused changes nothing. It can be repeated: what an earlier one has done counts,
    and the copy leaves the trash last. It is kept there if a sync client takes the file away at this moment.

    Raises:
        EntryNotFoundError: The text undoes nothing, or no longer: the copy is not in the trash.
        FileChangedError: The file, or the one that was kept beside it, has other bytes by now.
        RefusedError: A note uses the file that was kept beside it.
        StrandlineError: What else is refused for restoring, deleting, or healing.
    """
    wanted = parse_undo(undo)
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    for each in sds:
        recover(bench, each)  # an undo that was killed may have left something
    with bench.catalog.read() as reader:
        entry = None if wanted is None else reader.trash.find_trashed(wanted.trash_id)
    sd = None if entry is None else find_target(entry, sds)
    if wanted is None or entry is None or sd is None:
        raise EntryNotFoundError(f"nothing in the trash can be undone with {undo[:120]!r}")
    layout = bench.folder(sd).layout
    copied = layout.find_copied(layout.name_of(entry.path))
    if copied is None:
        raise EntryNotFoundError(f"{entry.path} is not a conflict copy", path=entry.path)
    tried = restore_entries(bench, [entry.trash_id], dry_run=True)
    if tried.refused:
        return tried
    of = layout.path_of(copied)
    own_file = wanted.find_own_file(of)
    is_own_there = own_file is not None and _check_own_file(bench, sd, own_file, entry)
    versions: list[TrashedFile] = []
    if wanted.keep is Keep.COPY:
        versions = _give_bytes_back(bench, sd, of, entry, wanted.detail)
    report = restore_entries(bench, [entry.trash_id], keeps_entries=True)
    if report.refused:
        return report
    if own_file is not None and is_own_there:
        _take_own_file_out(bench, sd, own_file, entry)
    _forget_what_is_back(bench, sd, [*versions, entry], {entry.sha256: entry.path, wanted.detail: of})
    return report


def _check_own_file(bench: Workbench, sd: StorageDir, path: str, entry: TrashedFile) -> bool:
    """Whether the file that a choice wrote is still there. Raises if it may not go."""
    found = _look_at(bench, sd, path)
    if found == GONE:
        return False
    if found != entry.sha256:
        raise FileChangedError(f"{path} has other bytes now, or is being written", path=path)
    _refuse_if_used(sd, path)
    check_deletable(bench, DeleteStep(sd, path, content_id_of(entry.sha256), entry.size_bytes))
    return True


def _take_own_file_out(bench: Workbench, sd: StorageDir, path: str, entry: TrashedFile) -> None:
    def judge(seen: AsideCopy) -> None:
        if seen.sha256 != entry.sha256:
            raise FileChangedError(f"{path} has other bytes now", path=path)

    folder = bench.folder(sd)
    take_out(
        bench, sd, folder, folder.layout.name_of(path), content_id_of(entry.sha256), TrashReason.FOLDED, judge
    )


def _give_bytes_back(
    bench: Workbench, sd: StorageDir, of: str, entry: TrashedFile, sha256: str
) -> list[TrashedFile]:
    """Gives the file the bytes and the time that it had, unless it has these bytes. Returns what the choice and this
    have put into the trash.

    Raises:
        FileChangedError: The file has neither these bytes nor the copy's.
    """
    found = _look_at(bench, sd, of)
    if found not in (entry.sha256, sha256):
        raise FileChangedError(f"{of} has other bytes now, or is being written; nothing was undone", path=of)

    def list_versions() -> list[TrashedFile]:
        return [
            each
            for each in list_trash(bench, sd)
            if each.reason is TrashReason.VERSION
            and each.path == of
            and each.sha256 in (entry.sha256, sha256)
        ]

    if found != sha256:
        times = (each.mtime_ns for each in list_versions() if each.sha256 == sha256)
        _swap(bench, sd, of, now=entry.sha256, wanted=sha256, mtime_ns=next(times, None))
    return list_versions()


def _forget_what_is_back(
    bench: Workbench, sd: StorageDir, versions: Iterable[TrashedFile], paths: Mapping[str, str]
) -> None:
    """Takes those out of the trash for good whose bytes, by a hash at this moment, are in the file at their path. The
    others stay: they may be all that is left.
    """
    back: set[str] = set()
    for sha256, path in paths.items():
        with suppress(StrandlineError):
            back |= {sha256} & {_look_at(bench, sd, path)}
    forget_entries(bench, [each for each in versions if each.sha256 in back])


def _look_at(bench: Workbench, sd: StorageDir, path: str) -> str | None:
    """SHA-256 of the file's bytes at this moment, or :data:`GONE`. None if that cannot be told."""
    folder = bench.folder(sd)
    name = folder.layout.name_of(path)
    sha256 = hash_now(bench, folder, name)
    with disk_errors("look at", folder.where(name)):
        return GONE if sha256 is None and not folder.look_at([path]) else sha256


def _refuse_if_used(sd: StorageDir, path: str) -> None:
    """Raises ``RefusedError`` if a note uses the file."""
    if use := next(iter(find_uses_of([(sd, path)])), None):
        raise RefusedError(
            f"{use.note}:{use.line} uses {path}, so it stays; let the note name another picture first"
        )


def _measure(bench: Workbench, sd: StorageDir, path: str) -> int | None:
    folder = bench.folder(sd)
    with disk_errors("look at", folder.where(folder.layout.name_of(path))):
        return next((each.size_bytes for each in folder.look_at([path])), None)


def _take_copy_out(bench: Workbench, sd: StorageDir, folder: Folder, conflict: Conflict) -> TrashedFile:
    """Moves the copy to the trash, if both are as they were."""

    def judge(seen: AsideCopy) -> None:
        of = str(conflict.of)
        if (
            seen.sha256 != conflict.sha256
            or hash_now(bench, folder, folder.layout.name_of(of)) != conflict.plain_sha256
        ):
            raise FileChangedError(f"{conflict.path} or {of} has other bytes now; try again", path=of)

    name = folder.layout.name_of(conflict.path)
    return take_out(bench, sd, folder, name, content_id_of(str(conflict.sha256)), TrashReason.FOLDED, judge)


def _swap(
    bench: Workbench,
    sd: StorageDir,
    of: str,
    *,
    now: str,
    wanted: str,
    sources: Sequence[str] = (),
    mtime_ns: int | None = None,
) -> None:
    """Gives the file the wanted bytes, if it has exactly these now, which go to the trash."""
    finding = VerifyFinding(
        sd,
        of,
        content_id_of(wanted),
        Fault.DAMAGED,
        "another version is kept",
        sha256=wanted,
        found_sha256=now,
    )
    where = [os.path.join(sd.path, path) for path in sources]
    _, report = heal_findings(
        bench, [finding], lambda *_: where, how=Replacing(TrashReason.VERSION, mtime_ns)
    )
    if report.refused:
        raise report.refused[0].error


def _write_beside(bench: Workbench, sd: StorageDir, conflict: Conflict) -> tuple[str, str]:
    """Writes the copy's bytes under a free name beside the file, unless they are under the name. Returns which one it
    is, for an undo, and its path.
    """
    with ExitStack() as opened:
        copy, written_at = read_copy(bench, sd, conflict, opened)
        mtime_ns = None if written_at is None else int(written_at.timestamp() * 1e9)
        for number, path in enumerate(list_free_names(str(conflict.of)), start=1):
            try:
                is_new = bring_back(bench, sd, path, copy, mtime_ns, dry_run=False)
            except PlaceTakenError:
                continue
            return say_name(number, was_there=not is_new), path
    raise RefusedError(
        f"too many other versions of {conflict.of} are there; give {conflict.path} a name yourself"
    )
