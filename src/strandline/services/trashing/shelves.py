"""The trash of places that keep one themselves, beside what is in them: buckets (SPEC §24).

The order is that of the home's trash: the copy is durable, then its description, and then something may be replaced.
The index in the catalog is for all machines that share it. :func:`recover_shelf` finds what a killed process left.
"""

from __future__ import annotations

import json
import re
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from strandline.errors import DiskError, NotInBucketsError, StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.model.buckets import is_apart, is_bucket_address, parse_bucket_address
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile, TrashReason, find_kept_mtime, sniff_trashed
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import AsideCopy, ProofCopy, Shelf

ABOUT_FILE = "about.json"

HALF_MADE_AFTER = timedelta(days=1)
"""A description without bytes is left by a process that was killed. Until then, the process may be at work."""

TRASH_ID = re.compile("[0-9a-f]{32}")


def entry_of(
    bench: Workbench,
    sd: StorageDir,
    path: str,
    image_id: ImageId,
    reason: TrashReason,
    trash_id: str,
    copy: AsideCopy,
) -> TrashedFile:
    """The entry for a file that was copied or moved aside now."""
    return TrashedFile(
        trash_id=trash_id,
        sd_id=sd.sd_id,
        sd_path=sd.path,
        path=path,
        image_id=image_id,
        size_bytes=copy.size_bytes,
        sha256=copy.sha256,
        reason=reason,
        trashed_at=bench.now(),
        mtime_ns=find_kept_mtime(copy.stamp.mtime_ns),
    )


def about_of(trashed: TrashedFile) -> bytes:
    """The description that is written beside the bytes."""
    text = json.dumps(trashed.to_json(), indent=2, ensure_ascii=False) + "\n"
    return text.encode(errors="surrogatepass")


def shelf_of(bench: Workbench, trashed: TrashedFile) -> Shelf | None:
    """Where the entry's bytes are, if the place that it was in keeps them itself. Asks nothing."""
    with suppress(StrandlineError):
        return bench.folder_at(trashed.sd_path).open_shelf()
    return None


def copy_to_shelf(
    bench: Workbench, sd: StorageDir, shelf: Shelf, name: str, image_id: ImageId, reason: TrashReason
) -> tuple[TrashedFile, AsideCopy]:
    """Copies the file durably to the shelf with a description. The file itself stays.

    Raises:
        FileNotFoundError: The file is gone.
        NotInBucketsError: The shelf is inside of a storage directory.
        ImageTooLargeError, DiskError: It cannot be copied or read back. Nothing was changed.
    """
    _check_apart(bench, sd, shelf)
    place, entry = bench.folder(sd), uuid.uuid4().hex
    path = place.layout.path_of(name)
    try:
        with disk_errors("copy to the trash", place.where(name), FileNotFoundError):
            copied = shelf.take_copy(path, entry)
            trashed = entry_of(bench, sd, path, image_id, reason, entry, copied)
            shelf.write_about(entry, about_of(trashed))
    except BaseException:
        shelf.remove(entry)
        raise
    return trashed, copied


def read_from_shelf(shelf: Shelf, trashed: TrashedFile) -> ProofCopy:
    """The bytes of the entry, whatever they are now.

    Raises:
        DiskError: They are gone, or cannot be read.
    """
    where = shelf.where(trashed.trash_id, trashed.filename)
    try:
        with disk_errors("read", where, FileNotFoundError):
            return shelf.read(trashed.trash_id, trashed.filename)
    except FileNotFoundError as error:
        raise DiskError(
            f"the bytes of {trashed.path} are not in the trash any more ({where}); somebody removed them",
            path=where,
        ) from error


def find_on_shelf(shelf: Shelf, trash_id: str, sd_path: str) -> TrashedFile | None:
    """The entry as its description says, if its bytes are there, as many as it says. Raises ``OSError`` if nothing
    can be told.

    Others can write there. So it is what a replacement in the storage directory at ``sd_path`` leaves, or nothing: an
    entry that claims to be deleted from elsewhere could be restored there.
    """
    trashed = sniff_trashed(trash_id, shelf.read_about(trash_id) or b"")
    if trashed is None or trashed.sd_path != sd_path or trashed.reason is not TrashReason.REPLACED:
        return None
    return trashed if shelf.find_size(trash_id, trashed.filename) == trashed.size_bytes else None


def recover_shelf(bench: Workbench, sd: StorageDir) -> None:
    """Brings the index up to date with what is on the shelf of the storage directory.

    A process that was killed between its copy and its replacement has told nobody. Cost: one listing, and two
    requests for each entry that nobody knows. Raises nothing for what it cannot read: it is looked at again next
    time.
    """
    shelf = bench.folder(sd).open_shelf()
    if shelf is None:
        return
    with suppress(OSError):
        found = {entry for entry in shelf.list_entries() if TRASH_ID.fullmatch(entry)}
        with bench.catalog.read() as reader:
            unknown = found - reader.trash.list_trash_ids() if found else set()
        for entry in sorted(unknown):
            _recover_entry(bench, sd, shelf, entry)


def _recover_entry(bench: Workbench, sd: StorageDir, shelf: Shelf, entry: str) -> None:
    trashed = find_on_shelf(shelf, entry, sd.path)
    if trashed is not None:
        with bench.catalog.write() as writer:
            writer.trash.insert_trashed(trashed)
        return
    files = shelf.list_files(entry)
    is_half_made = ABOUT_FILE not in files or len(files) == 1
    if files and is_half_made and bench.now() - max(files.values()) > HALF_MADE_AFTER:
        shelf.remove(entry)


def _check_apart(bench: Workbench, sd: StorageDir, shelf: Shelf) -> None:
    """Refuses to put anything into a storage directory, or where one would be taken for it."""
    bucket = parse_bucket_address(sd.path).bucket
    with bench.catalog.whole.read() as reader:  # also one that this caller may not see
        roots = [each.path for each in reader.sds.list_storage_dirs() if is_bucket_address(each.path)]
    addresses = [parse_bucket_address(root) for root in roots]
    if any(each.bucket == bucket and not is_apart(each, shelf.prefix) for each in addresses):
        raise NotInBucketsError(
            f"nothing is replaced in {sd.path}, because the trash of its bucket, {shelf.prefix}, is where a storage "
            "directory is; change s3.trash_prefix on every machine",
            path=sd.path,
        )
