"""Confirming: what only a person can say about a storage directory (SPEC §4, §6).

A person can say that a folder is the same although its identity was lost, that files are gone on purpose, and that
missing ones may be forgotten. One confirmation does one thing: restoring an identity says nothing about files.
"""

from __future__ import annotations

from strandline.catalog.port import Reader
from strandline.errors import (
    ReadOnlyStorageDirError,
    StorageDirConflictError,
    StorageDirIncompleteError,
    StorageDirOfflineError,
)
from strandline.model.conflict_copies import find_shown
from strandline.model.events import ImageRemoved
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity.rules import FIXED
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.image_files import FileState, ImageFile
from strandline.model.remedies import say_add, say_bring_back, say_confirm, say_new_identity
from strandline.model.reports import ConfirmedStorageDir
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.services.storage_dirs.presence import look, move_to_state, reconsider, refresh
from strandline.services.workbench import Workbench


def confirm_storage_dir(bench: Workbench, sd: StorageDir) -> ConfirmedStorageDir:
    """Does the one thing that waits for a person: restores a lost identity, otherwise accepts that files are gone.

    Raises:
        StorageDirOfflineError: The folder is not there, or it or its media folder cannot be examined.
        StorageDirIncompleteError: It has never had an identity.
        StorageDirConflictError: There is another identity, or an entry that must not be replaced.
        ReadOnlyStorageDirError: The identity is lost, but must not be written.
        DiskError: It could not be written.
    """
    sd = reconsider(bench, sd)
    if sd.is_reachable:
        return _accept_absences(bench, sd)
    if sd.sd_id is None:
        raise StorageDirIncompleteError(
            f"{sd.name!r} has never had an identity here; wait for it, or run {say_new_identity(sd.path)}",
            path=sd.path,
        )
    if sd.is_unmarked:
        return ConfirmedStorageDir(_take_for_same(bench, sd), identity_restored=True)
    return ConfirmedStorageDir(_restore_identity(bench, sd), identity_restored=True)


def accept_missing(bench: Workbench, sd: StorageDir) -> int:
    """Drops the rows of missing files and reports it in the journal. Returns how many.

    An image that a conflict copy shows is not gone, so it stays.
    """
    now = bench.now()
    with bench.catalog.write() as writer:
        missing = _list_missing(writer, sd)
        for row in missing:
            writer.files.delete_row(row)
            if sd.layout is LayoutKind.NAMED:
                writer.earlier.remember(row, now)
            removed = ImageRemoved(
                at=now, sd_id=sd.sd_id, image_id=row.image_id, filename=row.filename, path=row.path,
                state=row.state,
            )  # fmt: skip
            writer.journal.append_event(removed)
    return len(missing)


def list_missing(bench: Workbench, sd: StorageDir) -> list[ImageFile]:
    """The files whose rows :func:`accept_missing` would drop now. Reads only the catalog."""
    with bench.catalog.read() as reader:
        return _list_missing(reader, sd)


def _list_missing(reader: Reader, sd: StorageDir) -> list[ImageFile]:
    shown = find_shown(reader.copies.list_copies_of_missing(sd.number))
    rows = reader.files.list_rows_in_state(sd.number, FileState.MISSING)
    return [row for row in rows if row.image_id not in shown]


def _accept_absences(bench: Workbench, sd: StorageDir) -> ConfirmedStorageDir:
    media_is_gone = _is_media_gone(bench, sd)
    with bench.catalog.write() as writer:
        accepted = writer.files.accept_absences(sd.number, bench.now(), all_rows=media_is_gone)
    return ConfirmedStorageDir(move_to_state(bench, sd, StorageDirState.ONLINE, None), accepted=accepted)


def _is_media_gone(bench: Workbench, sd: StorageDir) -> bool:
    """Whether the media folder is gone from a storage directory that is there before and after the check.

    Raises:
        StorageDirOfflineError: The system cannot tell: only "no such file" means absence (hazard H19).
    """
    try:
        if bench.folder(sd).has_images_folder():
            return False
        problem = None if refresh(bench, sd).is_reachable else "it went away"
    except OSError as error:
        problem = error.strerror or str(error)
    if problem is not None:
        raise StorageDirOfflineError(
            f"Strandline cannot tell whether the media folder of {sd.name!r} is gone ({problem}), so it accepts "
            "nothing; check the disk and try again",
            sd_id=sd.sd_id, path=sd.path,
        )  # fmt: skip
    return True


def _take_for_same(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD without an identity file is what is at its path now, because a person says so."""
    with bench.catalog.write() as writer:
        writer.sds.update_anchors(sd.number, None)
    sd = refresh(bench, sd)
    if not sd.is_reachable:
        raise StorageDirOfflineError(f"{sd.name!r} is offline; {sd.problem}", sd_id=sd.sd_id, path=sd.path)
    return sd


def _restore_identity(bench: Workbench, sd: StorageDir) -> StorageDir:
    """Writes the known identity back if ``SD_ID`` was lost. Never replaces another identity."""
    assert sd.sd_id is not None
    sighting = look(bench, sd.path)
    if sighting.errors:
        raise StorageDirOfflineError(
            f"{sd.path} cannot be read ({sighting.errors[0].reason}); {say_bring_back(sd)}",
            sd_id=sd.sd_id, path=sd.path,
        )  # fmt: skip
    if others := sighting.candidates - {sd.sd_id}:
        raise StorageDirConflictError(
            f"{sd.path} has another identity ({', '.join(sorted(others))}); to use it, run {say_add(sd.path)}",
            path=sd.path,
        )
    if sighting.candidates:
        raise StorageDirOfflineError(
            f"the identity of {sd.name!r} could not be read a moment ago, and can be now; try again",
            sd_id=sd.sd_id, path=sd.path,
        )  # fmt: skip
    if sighting.plain is not None and sighting.plain.unfit in FIXED:
        raise StorageDirConflictError(
            f"{IDENTITY_FILE} in {sd.path} is {sighting.plain.unfit}; move it away, then run {say_confirm(sd)}",
            path=sd.path,
        )
    if sd.is_left_as_is:
        raise ReadOnlyStorageDirError(
            f"{sd.name!r} is only read, so Strandline does not write {IDENTITY_FILE}; restore "
            "that file from another machine or a backup",
            sd_id=sd.sd_id,
        )
    decision = IdentityDecision(
        IdentityOutcome.EXISTING, sd.sd_id, write=sd.sd_id, may_replace=sighting.plain is not None
    )
    bench.folder(sd).apply_identity(decision)
    return reconsider(bench, sd)
