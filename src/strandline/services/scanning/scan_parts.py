"""A scan in parts: many machines each list a range of names, and only the last step concludes that images are gone.

A part registers what is new and changed, which is safe to do twice. It asks for each image that is not listed, and
writes nothing about those that are gone. The last step sees all parts, asks again, decides the brake, and only then
lets anything become absent (SPEC §25). The identity is asked before and after each listing, and by the last step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from strandline.catalog.image_files.reader import KEYS_AT_ONCE
from strandline.errors import DiskError, StorageDirNotFoundError
from strandline.folders.disk_errors import explain_unlistable
from strandline.model.image_files import FileState
from strandline.model.listing import FreshNames, name_of_known_line, split_line
from strandline.model.name_ranges import NameRange
from strandline.model.reports import ScanReport
from strandline.model.scan_parts import ScanPart, add_up, describe_part
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.conflict_copies import note_conflict_copies
from strandline.services.scanning.scan import Scan
from strandline.services.storage_dirs.presence import check_reachable
from strandline.services.workbench import Workbench


def scan_part(
    bench: Workbench,
    sd: StorageDir,
    names: NameRange,
    *,
    limit: int,
    hand_over: Callable[[str], bool],
    cancel: threading.Event,
) -> ScanPart | None:
    """Lists a range of names, and registers what is new and changed. Concludes nothing about what is gone.

    If the range has more than ``limit`` names, ``hand_over`` gets the last one that is done here. Cost: as of a scan
    of so many files.

    Returns:
        What was found. None if it was cancelled, or if ``hand_over`` said that others did that before.

    Raises:
        StorageDirNotFoundError: The SD was forgotten.
        StorageDirOfflineError, DiskError: It could not be listed. Nothing was concluded.
    """
    scan = _begin(bench, sd, cancel)
    try:
        listing = scan.folder.list_some(names, limit=limit)
    except OSError as error:
        raise DiskError(f"{sd.name!r}: {explain_unlistable(error)}", sd_id=sd.sd_id) from error
    check_reachable(bench, scan.sd)
    if listing.last is not None:
        if not hand_over(listing.last):
            return None
        names = NameRange(names.after, listing.last)
    listed = scan.account.total = len(listing.lines)
    scan.account.note_odd(scan.folder.layout, listing.odd)
    difference, images, fresh = scan.compare(listing, names)
    unlisted = {name_of_known_line(line) for line in difference.stale}
    unlisted.difference_update(fresh.evicted, (split_line(line)[0] for line in images))
    gone = scan.list_gone(sorted(unlisted))
    if not scan.sd.first_scan_done:
        images = _register_new(scan, images, fresh)
    scan.apply_seen((), images, fresh, vanishing_held=True)
    if scan.account.is_cancelled():
        return None
    return describe_part(scan.report, listed, gone, fresh.conflict_copies)


def _begin(bench: Workbench, sd: StorageDir, cancel: threading.Event) -> Scan:
    with bench.catalog.read() as reader:
        known = reader.sds.find_storage_dir(sd.number)
    if known is None:
        raise StorageDirNotFoundError(f"{sd.name!r} was forgotten")
    return Scan(bench, check_reachable(bench, known), None, cancel, False, False)


def _register_new(scan: Scan, images: list[str], fresh: FreshNames) -> list[str]:
    """Registers the images without a row. Returns the lines of the others."""
    known: set[str] = set()
    names = [split_line(line)[0] for line in images]
    with scan.bench.catalog.read() as reader:
        for start in range(0, len(names), KEYS_AT_ONCE):
            known.update(scan.find_rows(reader, names[start : start + KEYS_AT_ONCE]))
    scan.register_new([line for line in images if split_line(line)[0] not in known], fresh)
    return [line for line in images if split_line(line)[0] in known]


def finish_scan(
    bench: Workbench, sd: StorageDir, parts: Sequence[ScanPart], *, cancel: threading.Event
) -> ScanReport:
    """The last step, after all parts have ended well: decides the brake, and records what is gone. Safe to repeat.

    Cost: one request for each image that is gone, and one read of each that is still arriving.

    Raises:
        StorageDirNotFoundError, StorageDirOfflineError: As :func:`scan_part`.
    """
    scan = _begin(bench, sd, cancel)
    report = scan.report
    add_up(report, parts)
    gone = scan.list_gone(sorted(name for part in parts for name in part.gone))
    scan.account.total = len(gone)
    held = scan.brake(gone, ())
    scan.apply_seen(gone, [], FreshNames(scan.folder.layout), vanishing_held=held)
    if scan.account.is_cancelled():
        return report
    if not scan.sd.first_scan_done:
        with bench.catalog.write() as writer:
            writer.sds.mark_first_scan_done(scan.sd.number)
    scan.read_arrivals()
    copies = [name for part in parts for name in part.conflict_copies]
    note_conflict_copies(bench, scan.sd, copies, scan.account.is_cancelled)
    with bench.catalog.read() as reader:
        scan.account.note_damaged(reader.files.list_rows_in_state(scan.sd.number, FileState.DAMAGED))
        report.arriving = reader.files.count_in_state(scan.sd.number, FileState.ARRIVING)
    scan.account.complete()
    scan.account.finished()
    return report
