"""Resolving: each conflict copy is folded, heals its file, or becomes an image of its own (SPEC §21).

A copy leaves its folder only for the trash, and only once its bytes are in a file of the same storage directory:
that is looked at again at the moment it is moved. So whenever a process is killed, each version is somewhere, and
resolving again goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from strandline.errors import (
    EntryNotFoundError,
    FileChangedError,
    ImageTooLargeError,
    RefusedError,
    StorageDirNotFoundError,
    StrandlineError,
    UnreadableFileError,
    WrongBytesError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.conflicts import GONE, Conflict, ConflictListing, Remedy, ResolveReport
from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.model.verification import Fault, VerifyFinding
from strandline.services.checking.uses import find_uses_of
from strandline.services.proving.drawing import is_whole
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.resolving.listing import list_conflicts, list_identity_conflicts
from strandline.services.saving.entries import read_entry
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.manage import StorageDirRef, get_storage_dir
from strandline.services.storage_dirs.paths import parse_inside, spell_path
from strandline.services.trashing.delete import TrashRoom, check_deletable, take_out
from strandline.services.trashing.restore import bring_back
from strandline.services.verifying.heal import heal_findings
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from datetime import datetime

    from strandline.folders.port import AsideCopy, ProofCopy

NO_IMAGE = ImageId("0" * 32)
"""For a copy of ``SD_ID``."""

MAX_IDENTITY_BYTES = 4096
"""More than any copy of ``SD_ID`` has."""


class Given(NamedTuple):
    """What a person wants resolved."""

    sds: tuple[StorageDir, ...]
    whole: frozenset[int]
    """Numbers of those that are meant as a whole."""
    paths: frozenset[tuple[int, str]] = frozenset()
    """Single files: numbers of storage directories, and paths in them."""

    def means(self, conflict: Conflict) -> bool:
        """Whether the conflict copy is one of them."""
        number = conflict.sd.number
        return number in self.whole or (number, conflict.path) in self.paths


def find_given(
    bench: Workbench, sds: Sequence[StorageDir], texts: Iterable[str | tuple[StorageDirRef, str]]
) -> Given:
    """The storage directories, and the files in them, that the texts name: identity, name, or a path on this machine.
    Or a storage directory, and a path in it.

    Raises:
        StorageDirNotFoundError: A text is neither.
        InvalidPathError: A path leads out of its storage directory.
    """
    wanted: dict[int, StorageDir] = {}
    whole: set[int] = set()
    paths: set[tuple[int, str]] = set()
    for text in texts:
        if isinstance(text, tuple):
            sd = get_storage_dir(bench, text[0])
            wanted[sd.number] = sd
            paths.add((sd.number, parse_inside(sd, text[1])))
            continue
        try:
            sd = get_storage_dir(bench, text)
            whole.add(sd.number)
        except StorageDirNotFoundError:
            path = spell_path(bench, text)
            inside = [sd for sd in sds if path.startswith(f"{sd.path}{os.sep}")]
            if not inside:
                raise
            sd = max(inside, key=lambda each: len(each.path))
            paths.add((sd.number, os.path.relpath(path, sd.path).replace(os.sep, "/")))
        wanted[sd.number] = sd
    return Given(tuple(wanted.values()), frozenset(whole), frozenset(paths))


def resolve_conflicts(bench: Workbench, given: Given, *, dry_run: bool = False) -> ResolveReport:
    """Resolves the conflict copies. One that is refused does not stop the others.

    Durable when it returns. Idempotent. ``dry_run`` only says what would be done.

    Cost: as for listing them, and for those that would leave their folder, a read of the storage directory's notes.
    """
    listing = list_conflicts(bench, given.sds)
    chosen = [each for each in listing.conflicts if given.means(each)]
    refused = _refuse_unknown(given, listing)
    to_do = [each for each in chosen if each.remedy is not Remedy.LEAVE]
    used = {(use.sd.number, use.path): use for use in find_uses_of((each.sd, each.path) for each in to_do)}
    room = TrashRoom(bench)
    plan: list[FileChange] = []
    done: list[FileChange] = []
    resolved: list[Conflict] = []
    for each in to_do:
        plan.append(each.change)
        try:
            if (use := used.get((each.sd.number, each.path))) is not None:
                raise RefusedError(
                    f"{use.note}:{use.line} uses {each.path}, so it stays; let the note name another picture first"
                )
            step = DeleteStep(each.sd, each.path, each.image_id or NO_IMAGE, each.size_bytes)
            sd = check_deletable(bench, step)
            room.check(step)
            if not dry_run:
                trashed = _resolve(bench, sd, each)
                room.take(each.size_bytes or 0)
                done.append(replace(each.change, trash_id=trashed.trash_id))
            resolved.append(each)
        except StrandlineError as error:
            refused.append(each.change.refuse(error))
    left = tuple(each for each in chosen if each.remedy is Remedy.LEAVE)
    changes = ChangeReport(tuple(plan), tuple(done), tuple(refused))
    return ResolveReport(changes, tuple(resolved), left, listing.not_listed, tuple(chosen))


def _refuse_unknown(given: Given, listing: ConflictListing) -> list[RefusedChange]:
    """Paths that a person named, and that are no conflict copies."""
    known = {(each.sd.number, each.path) for each in listing.conflicts}
    away = {each.sd.number for each in listing.not_listed}
    sds = {sd.number: sd for sd in given.sds}
    return [
        FileChange(None, sds[number].sd_id, path, None, sds[number].name).refuse(
            EntryNotFoundError(f"{path} in {sds[number].name!r} is not a conflict copy", path=path)
        )
        for number, path in sorted(given.paths)
        if (number, path) not in known and number not in away
    ]


def _resolve(bench: Workbench, sd: StorageDir, conflict: Conflict) -> TrashedFile:
    if conflict.bytes_are == "recorded":
        return _fold_identity(bench, sd, conflict)
    if conflict.remedy is Remedy.FOLD:
        assert conflict.of is not None
        twin = conflict.of
    else:
        with ExitStack() as opened:
            copy, written_at = read_copy(bench, sd, conflict, opened)
            twin = _write_elsewhere(bench, sd, conflict, copy, written_at)
    return fold_copy(bench, sd, conflict, twin)


def read_copy(
    bench: Workbench, sd: StorageDir, conflict: Conflict, opened: ExitStack
) -> tuple[ProofCopy, datetime | None]:
    """The copy's bytes, if they are those that were judged."""
    copy, written_at = read_entry(bench, bench.folder(sd), conflict.path, opened)
    if copy.sha256 != conflict.sha256:
        raise FileChangedError(f"{conflict.path} has other bytes now; try again", path=conflict.path)
    return copy, written_at


def _write_elsewhere(
    bench: Workbench, sd: StorageDir, conflict: Conflict, copy: ProofCopy, written_at: datetime | None
) -> str:
    """Gives the bytes to the plain file, or to an image of their own. Returns its path."""
    if conflict.remedy is Remedy.KEEP_BOTH:
        if not is_whole(copy):
            raise WrongBytesError(
                f"{conflict.path} is not a whole image, so it stays; if it is still arriving, try again later"
            )
        return save_image(bench, copy, sd, modified_at=written_at).path
    assert conflict.of is not None
    image_id = conflict.image_id
    if sd.layout is LayoutKind.IDS and image_id is not None and is_content_id(image_id):
        return save_image(bench, copy, sd, image_id=image_id, modified_at=written_at).path
    if conflict.plain_sha256 == GONE:
        mtime_ns = None if written_at is None else int(written_at.timestamp() * 1e9)
        bring_back(bench, sd, conflict.of, copy, mtime_ns, dry_run=False)
        return conflict.of
    name = bench.folder(sd).layout.name_of(conflict.of)
    if not _is_altered(bench, sd, conflict.of) and prove_file(bench, sd, name).outcome is not Outcome.BAD:
        raise FileChangedError(
            f"{conflict.of} is not as it was when {conflict.path} was looked at; try again", path=conflict.of
        )
    finding = VerifyFinding(
        sd,
        conflict.of,
        image_id,
        Fault.DAMAGED,
        conflict.reason,
        sha256=conflict.sha256,
        found_sha256=conflict.plain_sha256,
    )
    where = os.path.join(sd.path, conflict.path)
    _, report = heal_findings(bench, [finding], lambda *_: [where])
    if report.refused:
        raise report.refused[0].error
    return conflict.of


def _is_altered(bench: Workbench, sd: StorageDir, path: str) -> bool:
    with bench.catalog.read() as reader:
        return any(each.path == path for each in reader.earlier.list_altered(sd.number))


def fold_copy(bench: Workbench, sd: StorageDir, conflict: Conflict, twin: str) -> TrashedFile:
    """Moves the copy to the trash, if another file has its bytes at this moment."""
    folder = bench.folder(sd)

    def judge(copy: AsideCopy) -> None:
        if hash_now(bench, folder, folder.layout.name_of(twin)) != copy.sha256:
            raise FileChangedError(
                f"{twin} does not have the bytes of {conflict.path} any more; try again", path=conflict.path
            )

    name = folder.layout.name_of(conflict.path)
    assert conflict.sha256 is not None
    image_id = content_id_of(conflict.sha256)
    if conflict.remedy is not Remedy.KEEP_BOTH and conflict.image_id is not None:
        image_id = conflict.image_id
    entry = take_out(bench, sd, folder, name, image_id, TrashReason.FOLDED, judge)
    with suppress(StrandlineError), bench.catalog.write() as writer:
        writer.copies.forget_copy(sd.number, conflict.path)
    return entry


def _fold_identity(bench: Workbench, sd: StorageDir, conflict: Conflict) -> TrashedFile:
    """The same for a copy of ``SD_ID``, if its value is kept elsewhere at this moment."""
    folder = bench.folder_at(sd.path, LayoutKind.NAMED)
    sha256 = hash_now(bench, folder, conflict.path, MAX_IDENTITY_BYTES)
    if sha256 is None:
        raise UnreadableFileError(f"cannot read {folder.where(conflict.path)}", path=conflict.path)

    def judge(copy: AsideCopy) -> None:
        now = {each.path: each.remedy for each in list_identity_conflicts(bench, sd)}
        if copy.sha256 != sha256 or now.get(conflict.path) is not Remedy.FOLD:
            raise FileChangedError(f"{conflict.path} has changed; try again", path=conflict.path)

    return take_out(bench, sd, folder, conflict.path, content_id_of(sha256), TrashReason.FOLDED, judge)


def hash_now(bench: Workbench, folder: Folder, name: str, limit_bytes: int | None = None) -> str | None:
    """SHA-256 of the file's bytes now. None if it is gone, too large, or being written."""
    try:
        with disk_errors("read", folder.where(name), FileNotFoundError):
            hashed = folder.hash_image(name, limit_bytes=limit_bytes or bench.limits.read_max_bytes)
    except (FileNotFoundError, ImageTooLargeError):
        return None
    return None if hashed.changed_while_read else hashed.sha256
