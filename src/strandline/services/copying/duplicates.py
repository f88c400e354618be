"""Duplicates are counted by the catalog alone, and superfluous ones go to the trash (SPEC §18).

Folding is as careful as collecting: it does nothing while any text that may name a picture was not read, and a file
goes only if another one in its storage directory has the same bytes when both are read.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from itertools import groupby

from strandline.errors import (
    CatalogAwayError,
    CatalogError,
    CatalogLockedError,
    FileChangedError,
    StrandlineError,
    UnreadTextsError,
)
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.deletions import DeleteStep
from strandline.model.duplicates import (
    DuplicateFile,
    DuplicateGroup,
    DuplicateReport,
    FoldStep,
    choose_to_fold,
)
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.collecting.collect import say_gaps
from strandline.services.collecting.usage import find_usage
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.steps import Steps
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.trashing.delete import TrashRoom, check_deletable, delete_file
from strandline.services.workbench import Workbench


def list_duplicates(
    bench: Workbench, sds: Collection[StorageDir] | None = None, *, across: bool = False
) -> DuplicateReport:
    """Files with the same bytes in one storage directory, of these or of all; with ``across``, also those that are
    once in several.

    By the catalog alone, of what was read as it is now. Cost: two statements, each a walk over all rows.
    """
    with bench.catalog.snapshot() as reader:
        known = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
        rows = reader.duplicates.list_files(across=across)
        in_several = reader.duplicates.count_in_several()
    wanted = None if sds is None else {sd.number for sd in sds}
    groups = [
        group
        for group in _group(rows, known)
        if wanted is None or any(_is_wanted(own, wanted, across=across) for own in group.by_storage_dir())
    ]
    groups.sort(key=lambda group: (-group.extra_bytes, group.sha256))
    return DuplicateReport(tuple(groups), in_several)


def plan_fold(bench: Workbench, sds: Collection[StorageDir] | None = None) -> list[FoldStep]:
    """Which files could go, because no text names them and another one in their storage directory has the same bytes.
    Never one of which only a conflict copy would stay.

    Cost: a listing of each storage directory, and a read of each text in it.

    Raises:
        UnreadTextsError: Something that may name pictures was not read.
    """
    known = refresh_storage_dirs(bench)
    wanted = {sd.number for sd in (known if sds is None else sds)}
    with bench.catalog.read() as reader:
        rows = reader.duplicates.list_files(across=False)
    if not any(row.sd in wanted for row in rows):
        return []
    usage = find_usage(bench, known, rows, by_image=False)
    if usage.gaps:
        raise UnreadTextsError(say_gaps(usage.gaps, done="moved"), gaps=[gap.to_json() for gap in usage.gaps])
    steps = []
    for group in _group(rows, {sd.number: sd for sd in known}):
        for own in group.by_storage_dir():
            if own[0].sd.number in wanted and len(own) > 1:
                stay, go = choose_to_fold(own, usage.used)
                keepers = tuple(file.path for file in stay)
                steps += [
                    FoldStep(
                        DeleteStep(file.sd, file.path, file.image_id, group.size_bytes), group.sha256, keepers
                    )
                    for file in go
                ]
    return steps


def fold(
    bench: Workbench,
    steps: Sequence[FoldStep],
    *,
    dry_run: bool = False,
    cancel: threading.Event | None = None,
) -> ChangeReport:
    """Moves the files to the trash, one after the other. One that is refused does not stop the others.

    Before each, one that stays is read, and must have the same bytes. Durable when it returns. ``cancel`` stops
    before the next file.
    """
    room = TrashRoom(bench)
    done: list[FileChange] = []
    refused: list[RefusedChange] = []
    begun = Steps(steps, cancel)
    for each in begun:
        try:
            sd = check_deletable(bench, each.step)
            room.check(each.step)
            if not dry_run:
                _check_kept(bench, sd, each)
                done.append(delete_file(bench, sd, each.step, room, only=each.sha256))
        except (CatalogError, CatalogAwayError, CatalogLockedError):
            raise  # every other one would have it, too
        except StrandlineError as error:
            refused.append(each.step.change.refuse(error))
    planned = tuple(each.step.change for each in steps)
    return ChangeReport(planned, tuple(done), tuple(refused), begun.complete)


def _check_kept(bench: Workbench, sd: StorageDir, each: FoldStep) -> None:
    """Reads one that stays.

    Raises:
        FileChangedError: None has the same bytes any more.
    """
    folder = bench.folder(sd)
    for path in each.keepers:
        proven = prove_file(bench, sd, folder.layout.name_of(path))
        is_same = proven.copy is not None and proven.copy.sha256 == each.sha256
        if is_same and proven.outcome is Outcome.GOOD:
            return
    raise FileChangedError(
        f"{each.step.path} in {sd.name!r} stays: {each.keepers[0]} does not have the same bytes any more",
        path=each.step.path,
    )


def _is_wanted(own: Sequence[DuplicateFile], wanted: Collection[int], *, across: bool) -> bool:
    return own[0].sd.number in wanted and (across or len(own) > 1)


def _group(rows: Sequence[ImageFile], sds: dict[int, StorageDir]) -> list[DuplicateGroup]:
    groups = []
    for sha256, some in groupby(rows, key=lambda row: "" if row.proof is None else row.proof.sha256):
        files, sizes = [], []
        for row in some:
            assert row.image_id is not None, "a proven file has an image"
            assert row.stamp is not None, "a proven file is here"
            sd = sds[row.sd]
            inode = row.stamp.inode if sd.is_on_disk else 0  # in a bucket, two objects may have one ETag
            files.append(DuplicateFile(sd, row.path, row.image_id, row.first_seen, inode, row.mtime))
            sizes.append(row.stamp.size_bytes)
        groups.append(DuplicateGroup(sha256, sizes[0], tuple(files)))
    return groups
