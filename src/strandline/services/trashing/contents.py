"""What is in the trash, and how it leaves: back to its folder, or, after its grace time, for good (SPEC §16)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from strandline.errors import EntryNotFoundError
from strandline.model.changes import ChangeReport, FileChange
from strandline.model.given import check_several
from strandline.model.image_files import FileState
from strandline.model.image_ids import parse_image_id, parse_image_ids
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import (
    RESTORABLE,
    ListedFile,
    TrashedFile,
    TrashListing,
    TrashRules,
    choose_to_restore,
)
from strandline.services.storage_dirs.manage import StorageDirRef, get_storage_dir
from strandline.services.trashing.restore import restore_entries, restore_images
from strandline.services.trashing.shelves import recover_shelf
from strandline.services.trashing.trash import discard_copy, open_bytes, recover, rules_of
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.catalog.port import Writer


class Trash:
    """The trash of this machine. Thread-safe."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    @property
    def rules(self) -> TrashRules:
        """How much it may hold, and for how long nothing leaves it."""
        return rules_of(self._bench)

    def list_entries(self, sd: StorageDirRef | None = None) -> list[TrashedFile]:
        """What is in it, latest first; with ``sd``, only what was in that storage directory."""
        return list_trash(self._bench, None if sd is None else get_storage_dir(self._bench, sd))

    def list_deleted(self, image_id: str) -> list[TrashedFile]:
        """The deleted files of an image that :meth:`restore` would put back. Reads only the catalog."""
        with self._bench.catalog.read() as reader:
            return choose_to_restore(reader.trash.list_trashed(parse_image_id(image_id)))[0]

    def describe(self, sd: StorageDirRef | None = None) -> TrashListing:
        """What is in it, latest first, with when each may leave, and how full it is."""
        entries, rules = self.list_entries(sd), self.rules
        with self._bench.catalog.read() as reader:
            used_bytes = reader.trash.measure_trash()
            names = reader.origins.list_names_of_images([entry.image_id for entry in entries])
        listed = tuple(
            ListedFile(entry, rules.kept_until(entry), next(iter(names.get(entry.image_id, ())), None))
            for entry in entries
        )
        return TrashListing(listed, used_bytes, rules.max_bytes, rules.grace.days)

    def has_deleted(self) -> bool:
        """Whether it has anything that a person deleted. Reads only the catalog."""
        with self._bench.catalog.read() as reader:
            return reader.trash.has_trashed(RESTORABLE)

    def restore(
        self,
        image_ids: Iterable[str],
        sd: StorageDirRef | None = None,
        *,
        dry_run: bool = False,
        cancel: threading.Event | None = None,
    ) -> ChangeReport:
        """Puts back each deleted file of the images whose place is free; with ``sd``, only those of that storage
        directory. Never replaces anything. Durable when it returns. Idempotent. ``cancel`` stops before the
        next file.
        """
        ids = parse_image_ids(image_ids)
        known = None if sd is None else get_storage_dir(self._bench, sd)
        return restore_images(self._bench, ids, known, dry_run=dry_run, cancel=cancel)

    def restore_entries(self, trash_ids: Iterable[str], *, dry_run: bool = False) -> ChangeReport:
        """The same for single entries: the ``trash_id`` of each row of a deletion undoes that deletion and nothing
        else. Files that were replaced because their bytes were wrong do not come back.
        """
        ids = check_several(trash_ids, "numbers of entries")
        return restore_entries(self._bench, ids, dry_run=dry_run)

    def empty(self, sd: StorageDirRef | None = None, *, dry_run: bool = False) -> ChangeReport:
        """Removes for good what has been in it for its grace time. Cannot be undone; ``dry_run`` only says what."""
        known = None if sd is None else get_storage_dir(self._bench, sd)
        return empty_trash(self._bench, known, dry_run=dry_run)

    def get_entry(self, trash_id: str) -> TrashedFile:
        """An entry by its number.

        Raises:
            EntryNotFoundError: There is none of that number.
        """
        with self._bench.catalog.read() as reader:
            entry = reader.trash.find_trashed(trash_id)
        if entry is None:
            shown = trash_id[:40]
            raise EntryNotFoundError(f"nothing in the trash has the number {shown!r}", trash_id=shown)
        return entry

    def read(self, trash_id: str) -> bytes:
        """The bytes of an entry.

        Raises:
            EntryNotFoundError: There is none of that number.
            WrongBytesError, DiskError: They are not what was deleted, or cannot be read.
        """
        entry = self.get_entry(trash_id)
        with ExitStack() as opened, open_bytes(self._bench, entry, opened).open() as data:
            return data.read()


def list_trash(bench: Workbench, sd: StorageDir | None = None) -> list[TrashedFile]:
    """What is in the trash, latest first; with ``sd``, only what was in that storage directory."""
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    for each in sds:
        recover(bench, each)
        recover_shelf(bench, each)
    with bench.catalog.read() as reader:
        entries = reader.trash.list_trashed()
    if sd is not None:
        identities = {sd.sd_id, *sd.aliases} - {None}
        entries = [each for each in entries if each.sd_id in identities or each.sd_path == sd.path]
    return entries[::-1]


def empty_trash(bench: Workbench, sd: StorageDir | None = None, *, dry_run: bool = False) -> ChangeReport:
    """Removes the entries whose grace time is over. This cannot be undone. ``dry_run`` only says which.

    Idempotent. Killed at any moment, each entry is there with its bytes, or gone.
    """
    now, rules = bench.now(), rules_of(bench)
    entries = [entry for entry in list_trash(bench, sd) if rules.may_leave(entry, now)]
    plan = tuple(FileChange(entry.image_id, entry.sd_id, entry.path, entry.size_bytes) for entry in entries)
    if dry_run:
        return ChangeReport(plan)
    with bench.catalog.write(durable=True) as writer:
        _forget(writer, entries)
    for entry in entries:
        discard_copy(bench, entry)
    return ChangeReport(plan, plan)


def _forget(writer: Writer, entries: Sequence[TrashedFile]) -> None:
    """Removes the entries from the index, and the rows of their files, unless those are elsewhere or in another
    entry.
    """
    writer.trash.delete_trashed(entry.trash_id for entry in entries)
    kept = {entry.place for entry in writer.trash.list_trashed()}
    sds = writer.sds.list_storage_dirs()
    for entry in entries:
        for sd in sds:
            if entry.place not in kept and (
                entry.sd_id in (sd.sd_id, *sd.aliases) or sd.path == entry.sd_path
            ):
                row = writer.files.find_row(sd.number, entry.path)
                if row is not None and row.state is FileState.TRASHED:
                    writer.files.delete_row(row)
