"""The status: what a monitor asks about a store, from one snapshot of the catalog. Looks at no storage directory.

Of the disk, it asks how much room the home has, and when and how the last scans ended.
"""

from __future__ import annotations

from dataclasses import replace

from strandline.catalog.port import Reader
from strandline.model.conflict_copies import find_shown
from strandline.model.image_files import ImageFilter
from strandline.model.open_references import MOST_FILES
from strandline.model.storage_dirs import FileCounts, LayoutKind, StorageDir
from strandline.model.store_status import FileMeasures, StorageDirStatus, StoreStatus
from strandline.pictures.decoding import count_failures
from strandline.services.scanning.last_scans import count_unreadable, find_last_scan
from strandline.services.workbench import Workbench


def measure_status(bench: Workbench) -> StoreStatus:
    """The numbers of all storage directories, of the trash, and of the journal.

    Cost: a fixed number of statements, and one more for each storage directory that misses files. They walk over all
    rows. If that takes seconds, what it found about the files (bytes, oldest proof, …) is told again for ten times as
    long. One ``statvfs`` of the home, and a small file there for each storage directory.
    """
    with bench.catalog.snapshot() as reader:
        sds = reader.sds.list_storage_dirs()
        counts = reader.files.count_of_each([sd.number for sd in sds])
        measures = bench.measured.get(reader.files.measure_each)
        missed = reader.notes.count_open()
        trash_files, trash_bytes = reader.trash.count_trash()
        return StoreStatus(
            measured_at=bench.now(),
            sds=tuple(
                StorageDirStatus(
                    sd,
                    _complete(reader, sd, counts[sd.number]),
                    measures.get(sd.number, FileMeasures()),
                    find_last_scan(bench, sd),
                    missed.get(sd.number),
                    count_unreadable(bench, sd),
                    sd.number not in missed and _has_notes_to_check(bench, sd, counts[sd.number].images),
                )
                for sd in sds
            ),
            images=reader.images.count_images(ImageFilter()),
            trash_files=trash_files,
            trash_bytes=trash_bytes,
            journal_events=reader.journal.count_events(),
            decoder_failures=count_failures(),
            home_free_bytes=_find_home_room(bench),
        )


def _has_notes_to_check(bench: Workbench, sd: StorageDir, images: int) -> bool:
    """Whether a watcher would check its notes. Those of a folder that has images by ids may be elsewhere."""
    is_named = sd.layout is LayoutKind.NAMED and sd.is_on_disk
    return is_named and images <= MOST_FILES and bench.folder(sd).is_local


def _find_home_room(bench: Workbench) -> int | None:
    try:
        return bench.folder_at(str(bench.home)).find_free_bytes()
    except OSError:
        return None


def _complete(reader: Reader, sd: StorageDir, counts: FileCounts) -> FileCounts:
    """The counts with the images that conflict copies show."""
    if "missing" not in counts.noteworthy:
        return counts
    return replace(counts, shown_from_copies=len(find_shown(reader.copies.list_copies_of_missing(sd.number))))
