"""Choosing: of two different versions of a named picture, a person keeps one, or both (SPEC §21).

Nothing here can tell which one is right, so nobody else resolves these. What is not kept is in the trash, and each
choice can be undone. Both files are looked at again at the moment of acting.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from strandline.errors import EntryNotFoundError, FileChangedError, PlaceTakenError, RefusedError
from strandline.model.changes import ChangeReport
from strandline.model.conflicts import (
    ChoiceUndo,
    ChosenVersion,
    Conflict,
    Keep,
    Remedy,
    list_free_names,
    parse_undo,
)
from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import content_id_of
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.model.verification import Fault, VerifyFinding
from strandline.services.checking.uses import find_uses_of
from strandline.services.resolving.listing import list_conflicts
from strandline.services.resolving.resolve import fold_copy, hash_now, read_copy
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.delete import TrashRoom, check_deletable, take_out
from strandline.services.trashing.restore import bring_back, find_target, restore_entries
from strandline.services.trashing.trash import discard_copy
from strandline.services.verifying.heal import heal_findings
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
    if use := next(iter(find_uses_of([(sd, path)])), None):
        raise RefusedError(
            f"{use.note}:{use.line} uses {path}, so it stays; let the note name another picture first"
        )
    step = DeleteStep(sd, path, conflict.image_id or content_id_of(str(conflict.sha256)), conflict.size_bytes)
    sd = check_deletable(bench, step)
    TrashRoom(bench).check(step)
    plan = (conflict.change,)
    if dry_run:
        return ChosenVersion(conflict, keep, ChangeReport(plan, ()))
    folder, kept_as, detail = bench.folder(sd), None, ""
    match Keep.FILE if is_made else keep:
        case Keep.FILE:
            entry = _take_copy_out(bench, sd, folder, conflict)
        case Keep.COPY:
            detail = str(conflict.plain_sha256)
            _swap(bench, _Versions(sd, path, conflict.of), detail, str(conflict.sha256))
            entry = fold_copy(bench, sd, conflict, conflict.of)
        case Keep.BOTH:
            number, kept_as = _write_beside(bench, sd, conflict)
            entry, detail = fold_copy(bench, sd, conflict, kept_as), str(number)
    undo = ChoiceUndo(entry.trash_id, Keep.FILE if is_made else keep, detail)
    return ChosenVersion(conflict, keep, ChangeReport(plan, plan), kept_as, str(undo))


def undo_choice(bench: Workbench, undo: str) -> ChangeReport:
    """Puts the copy back under its name, and the file's own bytes, if the copy's were in their place.

    Raises:
        EntryNotFoundError: The text undoes nothing, or no longer: the copy is not in the trash.
        FileChangedError: The file, or the one that was kept beside it, has other bytes by now.
        StrandlineError: What else is refused for restoring, or healing.
    """
    wanted = parse_undo(undo)
    with bench.catalog.read() as reader:
        entry = None if wanted is None else reader.trash.find_trashed(wanted.trash_id)
        sd = None if entry is None else find_target(entry, reader.sds.list_storage_dirs())
    if wanted is None or entry is None or sd is None:
        raise EntryNotFoundError(f"nothing in the trash can be undone with {undo[:120]!r}")
    layout = bench.folder(sd).layout
    copied = layout.find_copied(layout.name_of(entry.path))
    if copied is None:
        raise EntryNotFoundError(f"{entry.path} is not a conflict copy", path=entry.path)
    versions = _Versions(sd, entry.path, layout.path_of(copied))
    report = restore_entries(bench, [entry.trash_id])
    if report.refused:
        return report
    if wanted.keep is Keep.COPY:
        _swap(bench, versions, entry.sha256, wanted.detail)
        _forget_versions(bench, versions, {entry.sha256, wanted.detail})
    if wanted.keep is Keep.BOTH:
        kept_as = next(islice(list_free_names(versions.of), int(wanted.detail) - 1, None))

        def judge(seen: AsideCopy) -> None:
            if seen.sha256 != entry.sha256:
                raise FileChangedError(f"{kept_as} has other bytes now", path=kept_as)

        image_id = content_id_of(entry.sha256)
        take_out(bench, sd, bench.folder(sd), layout.name_of(kept_as), image_id, TrashReason.FOLDED, judge)
    return report


class _Versions(NamedTuple):
    """A conflict copy, and the file that it is a copy of."""

    sd: StorageDir
    copy: str
    of: str


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


def _swap(bench: Workbench, versions: _Versions, now: str, wanted: str) -> None:
    """Gives the file the wanted bytes, if it has exactly these now, which go to the trash."""
    sd, copy, of = versions
    finding = VerifyFinding(
        sd,
        of,
        content_id_of(wanted),
        Fault.DAMAGED,
        "another version is kept",
        sha256=wanted,
        found_sha256=now,
    )
    where = os.path.join(sd.path, copy)
    _, report = heal_findings(bench, [finding], lambda *_: [where], reason=TrashReason.VERSION)
    if report.refused:
        raise report.refused[0].error


def _forget_versions(bench: Workbench, versions: _Versions, sha256s: set[str]) -> None:
    """Takes both versions out of the trash: they are where they were."""
    entries = [
        entry
        for entry in list_trash(bench, versions.sd)
        if entry.reason is TrashReason.VERSION and entry.path == versions.of and entry.sha256 in sha256s
    ]
    with bench.catalog.write(durable=True) as writer:
        writer.trash.delete_trashed([entry.trash_id for entry in entries])
    for entry in entries:
        discard_copy(bench, entry)


def _write_beside(bench: Workbench, sd: StorageDir, conflict: Conflict) -> tuple[int, str]:
    """Writes the copy's bytes under a free name beside the file. Returns which name, and its path."""
    with ExitStack() as opened:
        copy, written_at = read_copy(bench, sd, conflict, opened)
        mtime_ns = None if written_at is None else int(written_at.timestamp() * 1e9)
        for number, path in enumerate(list_free_names(str(conflict.of)), start=1):
            try:
                bring_back(bench, sd, path, copy, mtime_ns, dry_run=False)
            except PlaceTakenError:
                continue
            return number, path
    raise RefusedError(
        f"too many other versions of {conflict.of} are there; give {conflict.path} a name yourself"
    )
