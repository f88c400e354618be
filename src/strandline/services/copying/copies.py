"""Copying many images into a storage directory, one after the other (SPEC §18). Each is a save of proven bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from strandline.errors import CatalogAwayError, CatalogError, CatalogLockedError, StrandlineError
from strandline.model.changes import ChangeReport, FileChange, NamedFile, change_of
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.transfers import CopyPlan, CopyStep, TransferReport
from strandline.services.finding.by_name import list_files_of_note
from strandline.services.finding.explain import get_image
from strandline.services.saving.copy import copy_image
from strandline.services.steps import OnDone, Steps
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.model.image_files import ImageFile


def plan_copy(
    bench: Workbench,
    image_ids: Iterable[ImageId],
    to: StorageDir,
    files: Iterable[NamedFile] = (),
    note: str | None = None,
) -> CopyPlan:
    """Which images should be in the storage directory: these, those of the files, and all that the note uses. Writes
    nothing. Cost: one statement; for a note, what a check of it costs.

    Raises:
        StorageDirNotFoundError, SourceNotFoundError, InvalidPathError, DiskError: The note cannot be read.
    """
    used, refused = ([], []) if note is None else list_files_of_note(bench, note)
    wanted = list(dict.fromkeys([*image_ids, *(file.image_id for file in (*files, *used))]))
    with bench.catalog.read() as reader:
        rows = reader.files.list_rows_of_images(wanted)
    steps = [_step_of(image_id, to, rows.get(image_id, ())) for image_id in wanted]
    return CopyPlan(to, tuple(steps), tuple(refused))


def copy_files(
    bench: Workbench,
    plan: CopyPlan,
    *,
    dry_run: bool = False,
    on_done: OnDone | None = None,
    cancel: threading.Event | None = None,
) -> TransferReport:
    """Saves a good copy of each image of the plan. One that is refused does not stop the others.

    Durable when it returns. Idempotent: what is there already counts as done, and is not written again. ``dry_run``
    says what would be refused now, as far as that can be told without writing. ``cancel`` stops before the next
    image.
    """
    done: list[FileChange] = []
    copied: list[FileChange] = []
    refused = list(plan.refused)
    steps = Steps(plan.steps, cancel, on_done)
    for step in steps:
        try:
            if dry_run:
                check_writable(bench, step.to)
                get_image(bench, step.image_id).close()
            else:
                saved = copy_image(bench, step.image_id, step.to)
                row = change_of(step.to, saved.path, saved.image_id, saved.size_bytes)
                done.append(row)
                copied += [row] if saved.new else []
        except (CatalogError, CatalogAwayError, CatalogLockedError):
            raise  # every other one would have it, too
        except StrandlineError as error:
            refused.append(step.change.refuse(error))
    report = ChangeReport(plan.changes, tuple(done), tuple(refused), steps.complete)
    return TransferReport(report, tuple(copied))


def _step_of(image_id: ImageId, to: StorageDir, rows: Sequence[ImageFile]) -> CopyStep:
    here = [row for row in rows if row.sd == to.number and row.is_present]
    own = max(here, key=lambda row: row.is_proven, default=None)
    stamp = next((row.stamp for row in rows if row.stamp is not None), None)
    return CopyStep(
        image_id, to, None if own is None else own.path, None if stamp is None else stamp.size_bytes
    )
