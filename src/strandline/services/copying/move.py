"""Moving images to another storage directory: first a proven copy, then the source goes to the trash (SPEC §18).

The order is the promise: at every moment, one of the two has the bytes. Notes in the source that use a picture would
lose it, so it stays, unless a person insists.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from strandline.errors import (
    CatalogAwayError,
    CatalogError,
    CatalogLockedError,
    ImageInUseError,
    ImageNotFoundError,
    InSeveralFoldersError,
    RefusedError,
    StrandlineError,
    WrongBytesError,
)
from strandline.model.changes import ChangeReport, FileChange, NamedFile, RefusedChange, change_of
from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.plain_words import show_plainly
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.transfers import MovePlan, TransferReport
from strandline.services.checking.uses import find_uses_in
from strandline.services.finding.by_name import list_files_of_note
from strandline.services.finding.explain import get_image
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.saving.copy import copy_image
from strandline.services.steps import OnDone, Steps
from strandline.services.storage_dirs.presence import refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.delete import TrashRoom, check_deletable, delete_file, find_files
from strandline.services.trashing.trash import recover
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.model.note_checks import NoteUse, UnreadNote
    from strandline.model.reports import Saved


def plan_move(
    bench: Workbench,
    image_ids: Iterable[ImageId],
    to: StorageDir,
    source: StorageDir | None = None,
    files: Iterable[NamedFile] = (),
    note: str | None = None,
) -> MovePlan:
    """Which files would leave their storage directory for another one: all files of the images, these files alone,
    and the pictures that the note uses. Moves nothing.

    With ``source``, only files in it. Without, each image must be in one storage directory besides the target. An
    image that is only in the target is there already: nothing is planned for it.

    Cost: as for a deletion.

    Raises:
        InSeveralFoldersError: An image is in several other storage directories, and nobody has said which is meant.
        StorageDirNotFoundError, SourceNotFoundError, InvalidPathError, DiskError: The note cannot be read.
    """
    used, refused = ([], []) if note is None else list_files_of_note(bench, note)
    wanted: dict[ImageId, set[tuple[int, str]] | None] = {}
    for file in (*files, *used):
        wanted.setdefault(file.image_id, set()).add((file.sd.number, file.path))  # type: ignore[union-attr]
    wanted |= dict.fromkeys(image_ids)
    with bench.catalog.read() as reader:
        known = [refresh(bench, sd) for sd in reader.sds.list_storage_dirs()]
    for sd in known:
        recover(bench, sd)
    steps: list[DeleteStep] = []
    several: list[DeleteStep] = []
    for image_id, only in wanted.items():
        found = find_files(bench, image_id, known)
        away = [
            step
            for step in found
            if step.sd.number != to.number
            and (source is None or step.sd.number == source.number)
            and (only is None or (step.sd.number, step.path) in only)
        ]
        if not away and not any(step.sd.number == to.number for step in found):
            refused.append(_refuse_missing(image_id, source))
        elif source is None and only is None and len({step.sd.number for step in away}) > 1:
            several += away
        steps += away
    if several:
        raise _in_several(several, to)
    uses, _ = _find_uses(steps)
    return MovePlan(to, tuple(steps), tuple(refused), tuple(uses))


def move_files(
    bench: Workbench,
    plan: MovePlan,
    *,
    insists: bool = False,
    dry_run: bool = False,
    on_done: OnDone | None = None,
    cancel: threading.Event | None = None,
) -> TransferReport:
    """Moves the files of the plan, one after the other. One that is refused does not stop the others.

    Each is saved in the target, read again there, and only then moved to the trash, if it still has the same bytes.
    Unless ``insists``, one that notes of its storage directory use stays. Durable when it returns. ``dry_run`` says
    what would be refused now, as far as that can be told without changing anything. ``cancel`` stops before the
    next file.
    """
    uses, unread = ([], {}) if insists else _find_uses(plan.steps)
    in_use = {(use.sd.number, use.path): use for use in reversed(uses)}
    room = TrashRoom(bench)
    done: list[FileChange] = []
    copied: list[FileChange] = []
    refused = list(plan.refused)
    steps = Steps(plan.steps, cancel, on_done)
    for step in steps:
        try:
            sd = check_deletable(bench, step)
            room.check(step)
            _check_unused(step, in_use.get((sd.number, step.path)), unread.get(sd.number))
            _check_keeps_id(step, plan.to)
            if dry_run:
                check_writable(bench, plan.to)
                get_image(bench, step.image_id, sd).close()
            else:
                saved, sha256 = _copy_proven(bench, step, plan.to)
                copied += (
                    [change_of(plan.to, saved.path, saved.image_id, saved.size_bytes)] if saved.new else []
                )
                done.append(delete_file(bench, sd, step, room, only=sha256))
        except (CatalogError, CatalogAwayError, CatalogLockedError):
            raise  # every other one would have it, too
        except StrandlineError as error:
            refused.append(step.change.refuse(error))
    report = ChangeReport(plan.changes, tuple(done), tuple(refused), steps.complete)
    return TransferReport(report, tuple(copied))


def _copy_proven(bench: Workbench, step: DeleteStep, to: StorageDir) -> tuple[Saved, str]:
    """Saves the image in the target, and reads it there. Returns the SHA-256 of what is there.

    Raises:
        WrongBytesError: It cannot be read there as it was written.
        RefusedError: Both are the same file on the disk.
        StrandlineError: It cannot be copied.
    """
    saved = copy_image(bench, step.image_id, to, first=step.sd)
    folder, here = bench.folder(to), bench.folder(step.sd)
    name, own = folder.layout.name_of(saved.path), here.layout.name_of(step.path)
    proven = prove_file(bench, to, name)
    if proven.outcome is not Outcome.GOOD or proven.copy is None:
        raise WrongBytesError(
            f"{folder.where(name)} was written, but is not good when it is read again: {proven.reason}; the source "
            "stays",
            path=saved.path,
        )
    stamps = {stamp for place, each in ((folder, name), (here, own)) for _, stamp in place.probe([each])}
    if len(stamps) == 1 and next(iter(stamps)).inode:
        raise RefusedError(
            f"{here.where(own)} and {folder.where(name)} are one file on the disk, so it stays",
            path=step.path,
        )
    return saved, proven.copy.sha256


def _find_uses(steps: Iterable[DeleteStep]) -> tuple[list[NoteUse], dict[int, str]]:
    """The places in notes of the storage directories that mean one of their files; and by number, why nobody can tell
    all of them.
    """
    paths: dict[int, set[str]] = {}
    sds: dict[int, StorageDir] = {}
    for step in steps:
        paths.setdefault(step.sd.number, set()).add(step.path)
        sds[step.sd.number] = step.sd
    uses: list[NoteUse] = []
    unknown: dict[int, str] = {}
    for number, sd in sorted(sds.items()):
        if not sd.is_reachable:
            continue  # nothing leaves it
        unread: list[UnreadNote] = []
        try:
            uses += find_uses_in(sd, paths[number], unread)
        except StrandlineError as error:
            unknown[number] = error.message
        if unread:
            unknown[number] = f"{show_plainly(unread[0].path)} could not be read: {unread[0].reason}"
    return uses, unknown


def _check_unused(step: DeleteStep, use: NoteUse | None, unknown: str | None) -> None:
    """Raises ``ImageInUseError`` if a note would lose the picture, or nobody can tell."""
    what = f"{show_plainly(step.path)} in {step.sd.name!r}"
    if use is not None:
        raise ImageInUseError(
            f"{what} is used by {show_plainly(use.note)}:{use.line}, which would lose it; copy it, or insist with "
            "--yes",
            path=step.path,
            note=use.note,
            line=use.line,
        )
    if unknown is not None:
        raise ImageInUseError(
            f"nobody can tell whether a note uses {what}: {unknown}; copy it, or insist with --yes",
            path=step.path,
        )


def _check_keeps_id(step: DeleteStep, to: StorageDir) -> None:
    """Raises ``RefusedError`` if the image would lose an id that people may have written down."""
    if to.layout is LayoutKind.NAMED and not is_content_id(step.image_id):
        raise RefusedError(
            f"{to.name!r} is a folder with named pictures, where the image could not keep its id {step.image_id}; "
            "copy it instead",
            image_id=step.image_id,
        )


def _refuse_missing(image_id: ImageId, source: StorageDir | None) -> RefusedChange:
    where = "in any storage directory" if source is None else f"in {source.name!r}"
    missing = ImageNotFoundError(f"there is no image {image_id} {where}; nothing was moved")
    return FileChange(image_id, None, None).refuse(missing)


def _in_several(steps: Iterable[DeleteStep], to: StorageDir) -> InSeveralFoldersError:
    sds = {step.sd.number: step.sd for step in steps}
    images = {step.image_id for step in steps}
    subject = "an image is" if len(images) == 1 else f"{len(images):,} images are"
    return InSeveralFoldersError(
        f"{subject} in several storage directories besides {to.name!r}: "
        f"{', '.join(repr(sd.name) for sd in sds.values())}; nothing was moved; say from which with --from",
        sds=[{"sd_id": sd.sd_id, "name": sd.name} for sd in sds.values()],
    )
