"""Arrivals: the watcher names a file, and it is looked at, registered, proven and announced at once (SPEC §6).

Works on one name at a time and needs no listing. What surprises: a name that is gone proves nothing by itself;
only a healthy scan concludes absence, so the answer then is "scan soon".
"""

from __future__ import annotations

from enum import StrEnum

from strandline.catalog import image_files, journal
from strandline.folders.filesystems import MountKind
from strandline.folders.media_folder import HAS_CLOUD_FLAGS, is_evicted, probe_names
from strandline.model.events import ImageArriving
from strandline.model.image_files import FileStamp, FileState
from strandline.model.media_names import classify_media_name, split_wanted_name
from strandline.model.states import EXPECTED, Seen, after_listing, is_reliable, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.services.prove import Outcome, path_of, prove_file
from strandline.services.workbench import Workbench

NEVER_READ_UNASKED = (MountKind.FUSE, MountKind.WEBDAV)
"""Reading there would download from the cloud (SPEC §6)."""


class Arrival(StrEnum):
    """What came of looking at one name."""

    NOTHING = "nothing"
    """Not an image's name, or nothing has changed."""
    PROVEN = "proven"
    PROVEN_TOO_SOON = "proven-too-soon"
    """Right, and read so soon after its mtime that it is to be read once more."""
    FAILED = "failed"
    """Not right yet: look again later."""
    SCAN_SOON = "scan-soon"
    """Something that only a scan can judge: a file that is gone, a placeholder."""


def look_at_arrival(bench: Workbench, sd: StorageDir, name: str) -> Arrival:
    """Looks at the name in the SD's media folder, now. Cost where nothing changed: one ``lstat``, one statement."""
    if split_wanted_name(name) is None:
        stands_for_one = classify_media_name(name).kind is NameKind.PLACEHOLDER
        return Arrival.SCAN_SOON if stands_for_one else Arrival.NOTHING
    if HAS_CLOUD_FLAGS and is_evicted(path_of(sd, name)):
        return Arrival.SCAN_SOON
    try:
        found = probe_names(sd.path, [name], keeps_inodes=bench.keeps_inodes(sd))
    except OSError:
        return Arrival.SCAN_SOON
    with bench.catalog.read() as conn:
        row = image_files.find_row(conn, sd.number, name)
    if not found:
        return Arrival.NOTHING if row is None or row.state not in EXPECTED else Arrival.SCAN_SOON
    stamp = found[0][1]
    proven = row is not None and row.is_proven and row.stamp == stamp
    if proven and row is not None and row.proof is not None and is_reliable(row.proof):
        return Arrival.NOTHING
    if bench.mount_at(sd.path).kind in NEVER_READ_UNASKED:
        _announce_unread(bench, sd, name, stamp)
        return Arrival.NOTHING
    return _prove(bench, sd, name)


def _prove(bench: Workbench, sd: StorageDir, name: str) -> Arrival:
    result = prove_file(bench, sd, name)
    if result.outcome is Outcome.GONE:
        return Arrival.SCAN_SOON
    if result.outcome is not Outcome.GOOD or result.row is None or result.row.proof is None:
        return Arrival.FAILED
    return Arrival.PROVEN if is_reliable(result.row.proof) else Arrival.PROVEN_TOO_SOON


def _announce_unread(bench: Workbench, sd: StorageDir, name: str, stamp: FileStamp) -> None:
    """Registers the file from its ``lstat`` alone, and tells of it as arriving: nobody has read it."""
    wanted = split_wanted_name(name)
    assert wanted is not None
    now, seen = bench.now(), Seen(stamp)
    with bench.catalog.write() as transaction:
        row = image_files.find_row(transaction.conn, sd.number, name)
        if row is None:
            row = register_listed(sd.number, name, *wanted, seen, now)
            is_news = image_files.insert_row(transaction, row)
        else:
            new = after_listing(row, seen, now, vanishing_held=False)
            is_news = new is not row and image_files.update_row(transaction, row, new)
        if is_news:
            event = ImageArriving(
                at=now, sd_id=sd.sd_id, image_id=row.image_id, filename=name, state=FileState.ARRIVING
            )
            journal.append_event(transaction, event)
