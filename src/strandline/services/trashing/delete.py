"""Deleting: a person takes an image out of storage directories. Its files move to the trash, and can come back.

Plan, show, apply: the plan says which files would go and which notes use them. Each file is looked at again at the
moment it is moved, so what has changed since is refused, not deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from strandline.errors import (
    FileChangedError,
    ImageNotFoundError,
    ImageOnlineOnlyError,
    InSeveralFoldersError,
    NotInBucketsError,
    SourceNotFoundError,
    StorageDirOfflineError,
    StrandlineError,
    TrashFullError,
)
from strandline.model.changes import ChangeReport, FileChange, NamedFile, RefusedChange, change_of
from strandline.model.deletions import DeletePlan, DeleteStep, explain_other_bytes, say_trash_full
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.note_checks import NoteMention
from strandline.model.remedies import say_confirm
from strandline.model.states import EXPECTED
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.trash import TrashReason
from strandline.services.checking.uses import find_uses_of
from strandline.services.finding.candidates import discover
from strandline.services.proving.prove import prove_file
from strandline.services.steps import Steps
from strandline.services.storage_dirs.presence import refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.trash import move_to_trash, record_deletion, recover, rules_of
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import AsideCopy, Folder
    from strandline.model.image_files import ImageFile
    from strandline.model.trash import TrashedFile

ATTEMPTS = 3
"""How often a file that changes at this moment is tried."""


def plan_delete(
    bench: Workbench,
    image_ids: Iterable[ImageId],
    sds: Sequence[StorageDir] = (),
    files: Iterable[NamedFile] = (),
) -> DeletePlan:
    """Which files would go, and which notes use them: all files of the images, and these files alone. Moves nothing.

    With ``sds``, only files in these. Without, each image must be in one storage directory.

    Cost: a look for each image in each storage directory, as for a lookup; one listing of those that have a file of
    it, and a read of their notes.

    Raises:
        InSeveralFoldersError: An image is in several storage directories, and nobody has said which is meant.
    """
    wanted: dict[ImageId, set[tuple[int, str]] | None] = {}
    for file in files:
        wanted.setdefault(file.image_id, set()).add((file.sd.number, file.path))  # type: ignore[union-attr]
    wanted |= dict.fromkeys(image_ids)
    with bench.catalog.read() as reader:
        known = [refresh(bench, sd) for sd in reader.sds.list_storage_dirs()]
    for sd in known:
        recover(bench, sd)
    allowed = {sd.number for sd in sds or known}
    steps: list[DeleteStep] = []
    refused: list[RefusedChange] = []
    several: list[DeleteStep] = []
    for image_id, only in wanted.items():
        found = [
            step
            for step in find_files(bench, image_id, known)
            if step.sd.number in allowed and (only is None or (step.sd.number, step.path) in only)
        ]
        if not found:
            refused.append(_refuse_missing(image_id, sds))
        elif not sds and only is None and len({step.sd.number for step in found}) > 1:
            several += found
        steps += found
    if several:
        raise _in_several(several, len(wanted))
    mentions: list[NoteMention] = []
    uses = find_uses_of(((step.sd, step.path) for step in steps), mentions)
    return DeletePlan(tuple(steps), tuple(refused), tuple(uses), tuple(mentions))


def delete_files(
    bench: Workbench,
    plan: DeletePlan,
    *,
    dry_run: bool = False,
    reason: TrashReason = TrashReason.DELETED,
    cancel: threading.Event | None = None,
) -> ChangeReport:
    """Moves the files of the plan to the trash, one after the other. One that is refused does not stop the others.

    Durable when it returns. Idempotent: what is gone already is refused as not found. ``dry_run`` says what would be
    refused now, as far as that can be told without moving anything. ``cancel`` stops before the next file.
    """
    room = TrashRoom(bench)
    done: list[FileChange] = []
    refused = list(plan.refused)
    steps = Steps(plan.steps, cancel)
    for step in steps:
        try:
            sd = check_deletable(bench, step)
            room.check(step)
            if not dry_run:
                done.append(delete_file(bench, sd, step, room, reason=reason))
        except StrandlineError as error:
            refused.append(step.change.refuse(error))
    return ChangeReport(plan.changes, tuple(done), tuple(refused), steps.complete)


class TrashRoom:
    """How much the trash may still take, during one deletion of many files."""

    def __init__(self, bench: Workbench) -> None:
        self._rules = rules_of(bench)
        with bench.catalog.read() as reader:
            self._used_bytes = reader.trash.measure_trash()

    def check(self, step: DeleteStep) -> None:
        """Raises ``TrashFullError`` if the file does not fit."""
        if self._used_bytes + (step.size_bytes or 0) > self._rules.max_bytes:
            raise TrashFullError(say_trash_full(self._rules, self._used_bytes, step.size_bytes or 0))

    def take(self, size_bytes: int) -> None:
        """So much is in it now."""
        self._used_bytes += size_bytes


def find_files(bench: Workbench, image_id: ImageId, sds: Sequence[StorageDir]) -> list[DeleteStep]:
    """The image's files: those that the catalog expects, and those that it does not know yet."""
    with bench.catalog.read() as reader:
        rows = {(row.sd, row.path): row for row in reader.files.list_rows_of_image(image_id)}
    steps = []
    for sd in sds:
        own = {path: row for (number, path), row in rows.items() if number == sd.number}
        names = own.keys() if not sd.is_reachable else [*own, *_discover(bench, sd, image_id, own)]
        for path in names:
            row = own.get(path)
            if row is None or row.state in EXPECTED:
                steps.append(_step_of(sd, path, image_id, row))
    return steps


def _discover(bench: Workbench, sd: StorageDir, image_id: ImageId, known: Collection[str]) -> list[str]:
    folder = bench.folder(sd)
    names = [
        name for name in discover(folder, image_id).filenames if folder.layout.path_of(name) not in known
    ]
    with suppress(OSError):  # a listing may be two seconds old, and what went meanwhile is not missed
        names = [name for name, _ in folder.probe(names)] if names else []
    return [folder.layout.path_of(name) for name in names]


def _step_of(sd: StorageDir, path: str, image_id: ImageId, row: ImageFile | None) -> DeleteStep:
    size_bytes = None if row is None or row.stamp is None else row.stamp.size_bytes
    return DeleteStep(sd, path, image_id, size_bytes)


def _refuse_missing(image_id: ImageId, sds: Sequence[StorageDir]) -> RefusedChange:
    where = f"in {', '.join(repr(sd.name) for sd in sds)}" if sds else "in any storage directory"
    missing = ImageNotFoundError(f"there is no image {image_id} {where}; nothing was deleted")
    return FileChange(image_id, None, None).refuse(missing)


def _in_several(steps: Iterable[DeleteStep], wanted: int) -> InSeveralFoldersError:
    sds = {step.sd.number: step.sd for step in steps}
    images = {step.image_id for step in steps}
    subject = "the image is" if wanted == 1 else f"{len(images):,} of these images are"
    return InSeveralFoldersError(
        f"{subject} in several storage directories: {', '.join(repr(sd.name) for sd in sds.values())}; nothing was "
        "deleted; say from which with --sd, which can be given more than once",
        sds=[{"sd_id": sd.sd_id, "name": sd.name} for sd in sds.values()],
    )


def check_deletable(bench: Workbench, step: DeleteStep) -> StorageDir:
    """The storage directory as it is now, if files may leave it.

    Raises:
        ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: They may
            not.
        NotInBucketsError: Its place does not let files go.
        ImageOnlineOnlyError: The file's bytes are not on this machine, so they cannot be kept.
    """
    place = bench.folder(step.sd)
    if not place.lets_files_go:
        where = place.where(place.layout.name_of(step.path))
        raise NotInBucketsError(
            f"{where} stays, because nothing is taken out of buckets; delete it with another program, and scan "
            f"{step.sd.name!r} then",
            path=where,
        )
    sd = check_writable(bench, step.sd)
    if sd.state is StorageDirState.SUSPECT:
        raise StorageDirOfflineError(
            f"{sd.name!r} is suspect: {sd.problem}; nothing is deleted there until that is settled; if its files are "
            f"gone on purpose, run {say_confirm(sd)}",
            sd_id=sd.sd_id,
            path=sd.path,
        )
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, step.path)
    folder = bench.folder(sd)
    name = folder.layout.name_of(step.path)
    if (row is not None and row.state is FileState.ONLINE_ONLY) or folder.is_evicted(name):
        raise ImageOnlineOnlyError(
            f"the bytes of {folder.where(name)} are in the cloud, so the trash could not keep them; fetch it first "
            "(open it), or delete it in the cloud's own program",
            image_id=step.image_id,
        )
    return sd


def delete_file(
    bench: Workbench,
    sd: StorageDir,
    step: DeleteStep,
    room: TrashRoom,
    *,
    only: str | None = None,
    reason: TrashReason = TrashReason.DELETED,
) -> FileChange:
    """Moves one file to the trash. With ``only``, it must have exactly the bytes with this SHA-256. Durable.

    Raises:
        FileChangedError: It has other bytes than are meant. It stays.
        SourceNotFoundError: It is gone.
        DiskError: It cannot be read or moved.
    """
    folder = bench.folder(sd)
    name = folder.layout.name_of(step.path)

    def judge(copy: AsideCopy) -> None:
        why = explain_other_bytes(step, copy.sha256, names_are_ids=folder.layout.names_are_ids, only=only)
        if why is not None:
            prove_file(bench, sd, name)  # so that the catalog, and the next answer, are right
            raise FileChangedError(f"{folder.where(name)} {why}", path=step.path)

    trashed = take_out(bench, sd, folder, name, step.image_id, reason, judge)
    room.take(trashed.size_bytes)
    return change_of(sd, step.path, step.image_id, trashed.size_bytes, trashed.trash_id)


def take_out(
    bench: Workbench,
    sd: StorageDir,
    folder: Folder,
    name: str,
    image_id: ImageId,
    reason: TrashReason,
    judge: Callable[[AsideCopy], None],
) -> TrashedFile:
    """Moves a file to the trash that ``judge`` has seen, and records it. ``folder`` is that of the storage directory,
    or another one at its root in whose layout the name is. Raises as :func:`delete_file`, and what ``judge`` raises.
    """
    path = folder.layout.path_of(name)
    for _ in range(ATTEMPTS):
        try:
            trashed = move_to_trash(bench, sd, name, image_id, reason, judge, place=folder)
        except FileNotFoundError as error:
            raise SourceNotFoundError(
                f"there is no {folder.where(name)} any more; nothing was deleted", source=path
            ) from error
        if trashed is not None:
            with bench.catalog.write() as writer:
                record_deletion(bench, writer, sd, path, trashed)
            return trashed
    raise FileChangedError(
        f"{folder.where(name)} keeps changing; try again when nothing writes to it", path=path
    )
