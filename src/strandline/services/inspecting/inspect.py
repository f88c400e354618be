"""Inspecting: disk compared with catalog for one storage directory; changes nothing (SPEC §8).

Everything is measured from one fresh and complete listing. If that fails, the report says so and counts nothing as
missing. Only conflict copies, and what they are copies of, are read, within limits. *Damaged*, *incomplete*, and
*wrong extension* come from recorded proofs, because finding them again would mean reading every image.
"""

from __future__ import annotations

from contextlib import suppress

from strandline.folders.disk_errors import explain_unlistable
from strandline.folders.port import Folder
from strandline.model.comparison import Comparison, extension_fits, iter_case_clashes, listed_item, row_item
from strandline.model.conflict_copies import find_shown
from strandline.model.discrepancies import COPIED, PICTURES_ELSEWHERE
from strandline.model.identity.sightings import IdentityFile
from strandline.model.listing import MediaListing, plan_difference, sort_names
from strandline.model.reports import Finding
from strandline.model.states import HERE
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.suitable_folders import say_pictures_elsewhere
from strandline.model.sync_status import SyncStatus
from strandline.services.resolving.examine import ConflictCopy, examine_copies, iter_conflict_copies
from strandline.services.scanning.ignored import read_ignored
from strandline.services.storage_dirs.presence import look, refresh
from strandline.services.storage_dirs.suitable import find_picture_elsewhere
from strandline.services.storage_dirs.writing import find_copy_problem
from strandline.services.workbench import Workbench

UNCHECKED_TRIED = 100_000
"""How many unchecked files the system is asked about on a share, whose modes may promise more than it allows."""

UNCHECKED_TRIED_ON_DISK = 500
"""The same on a local disk. There the mode tells, unless an access list or a policy forbids more, and the verifier
tries each file anyway. To ask about all would take as long as the listing."""


def inspect_storage_dir(bench: Workbench, sd: StorageDir) -> SyncStatus:
    """The sync status of the SD, measured now. Changes neither the disk nor the catalog's images.

    Cost: one ``scandir``, one ``lstat`` per file, four walks over the SD's rows, and a read of the conflict copies.
    On a share, the system is also asked about each file that nobody has checked, up to 100,000.
    """
    sd = refresh(bench, sd)
    if not sd.is_reachable:
        return _describe_unreachable(bench, sd)
    listing = _list(bench, sd)
    sd = refresh(bench, sd)
    if not sd.is_reachable:  # an unmount may have cut the listing short
        return _describe_unreachable(bench, sd)
    status = SyncStatus(sd, bench.now(), _describe_identity(bench, sd))
    if sd.state is StorageDirState.SUSPECT:
        status.problems.append(Finding("suspect", sd.problem or "too much is gone at once"))
    if (copied := find_copy_problem(bench, sd)) is not None:
        status.problems.append(Finding(COPIED, copied))
    if isinstance(listing, Finding):
        status.problems.append(listing)
    else:
        _compare(bench, sd, listing, status)
        for path in listing.refused:
            told = f"{path} cannot be listed, so nothing is known about what is in it"
            status.problems.append(Finding("unreadable", told))
        if not status.on_disk_count and sd.layout is LayoutKind.IDS:
            _look_elsewhere(bench, sd, status)
    return status


def _look_elsewhere(bench: Workbench, sd: StorageDir, status: SyncStatus) -> None:
    """A folder without images may be one of notes with pictures beside them, which nobody would call healthy."""
    with suppress(OSError):
        if example := find_picture_elsewhere(bench.folder(sd)):
            status.problems.append(Finding(PICTURES_ELSEWHERE, say_pictures_elsewhere(sd, example)))


def _find_unreadable(folder: Folder, names: list[str], status: SyncStatus) -> None:
    """Adds those of the files that the system lets this program list but not read."""
    if not folder.may_be_read_unasked:
        return
    images = [name for name in dict.fromkeys(names) if folder.layout.split(name) is not None]
    if not images:
        return
    found = [listed_item(folder.layout, name, None) for name in folder.find_unreadable(images)]
    status.unreadable = sorted([*status.unreadable, *found], key=lambda item: item.path)


def _describe_unreachable(bench: Workbench, sd: StorageDir) -> SyncStatus:
    problem = Finding(sd.state.value, sd.problem or "it cannot be read now")
    return SyncStatus(sd, bench.now(), _describe_identity(bench, sd), problems=[problem])


def _describe_identity(bench: Workbench, sd: StorageDir) -> dict[str, object]:
    sighting = look(bench, sd.path)
    return {
        "sd_id": sd.sd_id,
        "provisional": sd.provisional,
        "aliases": list(sd.aliases),
        "plain": sighting.plain and sighting.plain.value,
        "legacy": sighting.legacy and sighting.legacy.value,
        "conflict_copies": [{"filename": file.name, "value": file.value} for file in sighting.copies],
        "former": sorted(sighting.former_values),
        "ignored": [_describe_ignored(file) for file in sighting.ignored],
        "problem": sd.problem if not sd.is_reachable else None,
    }


def _describe_ignored(file: IdentityFile) -> dict[str, object]:
    return {"filename": file.name, "reason": str(file.unfit)}


def _list(bench: Workbench, sd: StorageDir) -> MediaListing | Finding:
    """The listing, or why there is none."""
    try:
        return read_ignored(bench, sd).list_images(comparing=True)
    except FileNotFoundError:
        with bench.catalog.read() as reader:
            if not reader.files.count_unaccepted(sd.number):
                return MediaListing(set())
        problem = "the media folder is gone; nothing is taken for missing until it is back"
    except OSError as error:
        problem = explain_unlistable(error)
    return Finding("unreadable", problem)


def _compare(bench: Workbench, sd: StorageDir, listing: MediaListing, status: SyncStatus) -> None:
    folder = bench.folder(sd)
    layout = folder.layout
    status.case_clashes = list(iter_case_clashes(layout, listing.lines))
    copies = [] if layout.names_are_ids else list(iter_conflict_copies(layout, listing.lines))
    with bench.catalog.snapshot() as reader:
        difference = plan_difference(listing.lines, reader.files.iter_lines(sd.number, layout.images_folder))
        fresh = sort_names(layout, difference.fresh, listing.odd)
        compared = Comparison(layout, listing, difference, fresh)
        noteworthy = reader.files.iter_noteworthy_rows(sd.number)
        compared.rows = {layout.name_of(row.path): row for row in noteworthy}
        others = reader.files.find_rows(sd.number, sorted(map(layout.path_of, compared.names_to_ask)))
        compared.rows |= {layout.name_of(path): row for path, row in others.items()}
        compared.shown = find_shown(reader.copies.list_copies_of_missing(sd.number))
        status.unchecked_count = reader.files.count_unchecked(sd.number)
        tried = UNCHECKED_TRIED_ON_DISK if folder.keeps_ctimes else UNCHECKED_TRIED
        unchecked = reader.files.list_unchecked_paths(sd.number, limit=tried)
        odd_types = [row for row in reader.files.iter_rows_of_odd_type(sd.number) if row.state in HERE]
        incomplete = reader.files.list_incomplete(sd.number)
        differing = [row for row in reader.files.iter_differing_copies(sd.number) if row.state in HERE]
    compared.sort()
    try:
        arrived = [name for name, _ in folder.probe(compared.gone)]  # during the listing
    except OSError:
        arrived = list(compared.gone)  # unknown, so nothing counts as gone
    compared.fill(status, arrived)
    # A mode may promise more than is allowed, so the system is asked about unchecked files, too.
    _find_unreadable(folder, [*listing.closed, *map(layout.name_of, unchecked)], status)
    status.wrong_extension = [
        row_item(row, (("media_type", row.media_type),))
        for row in odd_types
        if not extension_fits(layout, row)
    ]
    status.incomplete = [row_item(row) for row in incomplete if layout.name_of(row.path) not in compared.gone]
    status.differing_copies = [row_item(row) for row in differing]
    copies += [ConflictCopy(name, compared.sizes.get(name)) for name in sorted(fresh.conflict_copies)]
    status.conflict_copies = examine_copies(folder, copies)
