"""Inspecting: disk against catalog for one storage directory, every discrepancy, and nothing changed (SPEC §8).

Everything is measured from one fresh and complete listing; when that fails, the report says so and counts nothing
as missing. The only files that are read are conflict copies, within a budget. What surprises: *damaged* and *wrong
extension* come from recorded proofs, because finding them anew would mean to read every image.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

from strandline.catalog import image_files
from strandline.errors import DiskError, ImageTooLargeError, UnreadableFileError
from strandline.folders.identity_files import look_at_identity
from strandline.folders.media_folder import list_media_folder
from strandline.folders.opening import open_regular
from strandline.folders.proof_copies import read_proof_copy
from strandline.model.identity_sightings import IdentitySighting
from strandline.model.image_files import FileState, ImageFile, parse_stamp
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.listing import (
    Difference,
    FreshNames,
    MediaListing,
    OddEntry,
    OddKind,
    plan_difference,
    sort_names,
    split_line,
)
from strandline.model.media_names import classify_media_name, split_wanted_name
from strandline.model.reports import Finding
from strandline.model.states import HERE
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.services.online import refresh
from strandline.services.prove import extension_fits, path_of
from strandline.services.workbench import Workbench

COPIES_EXAMINED = 1000
"""Conflict copies whose bytes are compared; the rest are listed as "not examined" (SPEC §8)."""
BYTES_EXAMINED = 1024**3


def inspect_storage_dir(bench: Workbench, sd: StorageDir) -> SyncStatus:
    """The sync status of the SD, measured now. Changes nothing, neither on disk nor about images in the catalog.

    Cost: one ``scandir``, one ``lstat`` a file, one walk over the SD's rows, and the reading of conflict copies.
    """
    sd = refresh(bench, sd)
    status = SyncStatus(sd, bench.now(), _describe_identity(bench, sd))
    if not sd.is_reachable:
        status.problems.append(Finding(sd.state.value, sd.problem or "it cannot be read now"))
        return status
    if sd.state is StorageDirState.SUSPECT:
        status.problems.append(Finding("suspect", sd.problem or "too much is gone at once"))
    listing = _list(bench, sd, status)
    if listing is not None:
        _compare(bench, sd, listing, status)
    return status


def _describe_identity(bench: Workbench, sd: StorageDir) -> dict[str, object]:
    told: dict[str, object] = {
        "sd_id": sd.sd_id,
        "provisional": sd.provisional,
        "aliases": list(sd.aliases),
        "plain": None,
        "legacy": None,
        "conflict_copies": [],
        "former": [],
        "ignored": [],
        "problem": sd.problem if not sd.is_reachable else None,
    }
    try:
        sighting: IdentitySighting = bench.bounded(sd.path, lambda: look_at_identity(Path(sd.path)))
    except OSError:
        return told
    return told | {
        "plain": sighting.plain and sighting.plain.value,
        "legacy": sighting.legacy and sighting.legacy.value,
        "conflict_copies": [{"filename": file.name, "value": file.value} for file in sighting.copies],
        "former": sorted(sighting.former_values),
        "ignored": [{"filename": file.name, "reason": str(file.unfit)} for file in sighting.ignored],
    }


def _list(bench: Workbench, sd: StorageDir, status: SyncStatus) -> MediaListing | None:
    try:
        return list_media_folder(sd.path, keeps_inodes=bench.keeps_inodes(sd), comparing=True)
    except FileNotFoundError:
        with bench.catalog.read() as conn:
            if not image_files.count_rows(conn, sd.number):
                return MediaListing(set())
        problem = "the media folder is gone; nothing is taken for missing until it is back"
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        problem = (
            "the media folder is a link, and links are never followed; put the folder itself there"
            if is_link
            else f"the media folder cannot be listed: {error.strerror}"
        )
    status.problems.append(Finding("unreadable", problem))
    return None


def _compare(bench: Workbench, sd: StorageDir, listing: MediaListing, status: SyncStatus) -> None:
    status.on_disk_bytes = listing.total_bytes
    status.case_clashes = list(_find_case_clashes(listing.lines))
    listed = len(listing.lines)
    with bench.catalog.snapshot() as conn:
        difference = plan_difference(listing.lines, image_files.iter_lines(conn, sd.number))
        rows = {row.filename: row for row in image_files.iter_noteworthy_rows(conn, sd.number)}
        names = sort_names(difference.fresh, listing.odd)
        changed = image_files.find_rows(conn, sd.number, sorted(names.images.keys() - rows.keys()))
        status.in_catalog_count = image_files.count_rows(conn, sd.number)
        suspects = list(image_files.iter_rows_of_odd_type(conn, sd.number))
        differing = list(image_files.iter_differing_copies(conn, sd.number))
    rows |= changed
    _count_disk(status, listed, names, difference)
    _list_discrepancies(status, names, rows, difference)
    status.wrong_extension = [
        _item(row, (("media_type", row.media_type),)) for row in suspects if not extension_fits(row)
    ]
    status.differing_copies = [_item(row) for row in differing]
    _list_odd(status, listing.odd)
    status.temporaries = _name_items(names.temporaries)
    status.strays = _name_items(names.strays)
    status.conflict_copies = list(_examine_copies(bench, sd, sorted(names.conflict_copies)))


def _count_disk(status: SyncStatus, listed: int, names: FreshNames, difference: Difference) -> None:
    """``on_disk``: files with the image grammar in any state, and placeholders that stand for one."""
    unwanted = listed - difference.unchanged - len(names.images)
    unwanted_bytes = sum(
        parse_stamp(stamp).size_bytes
        for name, stamp in map(split_line, difference.fresh)
        if name not in names.images
    )
    only_evicted = names.evicted.keys() - names.images.keys()
    status.on_disk_count = listed - unwanted + len(only_evicted)
    status.on_disk_bytes -= unwanted_bytes


def _list_discrepancies(
    status: SyncStatus,
    names: FreshNames,
    rows: dict[str, ImageFile],
    difference: Difference,
) -> None:
    for name, stamp in names.images.items():
        row = rows.get(name)
        if row is None or row.state is FileState.TRASHED:
            status.on_disk_not_in_catalog.append(_listed_item(name, parse_stamp(stamp).size_bytes))
        elif row.stamp is None or row.stamp.size_bytes != parse_stamp(stamp).size_bytes:
            known = None if row.stamp is None else row.stamp.size_bytes
            status.size_differs.append(
                _listed_item(name, parse_stamp(stamp).size_bytes, (("catalog_size_bytes", known),))
            )
    evicted = names.evicted.keys() - names.images.keys()
    for name in sorted(evicted):
        row = rows.get(name)
        size_bytes = None if row is None or row.stamp is None else row.stamp.size_bytes
        status.online_only.append(_listed_item(name, size_bytes))
        if row is None:
            status.on_disk_not_in_catalog.append(_listed_item(name, None))
    status.on_disk_not_in_catalog.sort(key=lambda item: item.filename)
    _list_by_state(status, rows, gone=_names_gone(names, rows, difference))


def _names_gone(names: FreshNames, rows: dict[str, ImageFile], difference: Difference) -> set[str]:
    """Files of the catalog that the listing does not show in any form."""
    here = names.images.keys() | names.evicted.keys()
    stale = {line.partition(":")[0] for line in difference.stale}
    missing = {name for name, row in rows.items() if row.state is FileState.MISSING}
    return (stale | missing) - here


def _list_by_state(status: SyncStatus, rows: dict[str, ImageFile], *, gone: set[str]) -> None:
    lists = {
        FileState.ARRIVING: status.arriving,
        FileState.DAMAGED: status.damaged,
        FileState.FOREIGN: status.foreign,
    }
    for name in sorted(rows):
        row = rows[name]
        if row.state in HERE and row.state in lists and name not in gone:
            lists[row.state].append(_item(row))
    for name in sorted(gone):
        gone_row = rows.get(name)
        facts = () if gone_row is None else (("state", gone_row.state.value),)
        size_bytes = None if gone_row is None or gone_row.stamp is None else gone_row.stamp.size_bytes
        status.in_catalog_not_on_disk.append(_listed_item(name, size_bytes, facts))


def _list_odd(status: SyncStatus, odd: Iterable[OddEntry]) -> None:
    for entry in sorted(odd, key=lambda entry: entry.name):
        item = FileItem(entry.name, _image_id_of(entry.name), None)
        if entry.kind is OddKind.SYMLINK:
            status.symlinks.append(item)
        elif entry.kind is OddKind.UNREADABLE:
            status.unreadable.append(item)


def _find_case_clashes(lines: Iterable[str]) -> Iterator[FileItem]:
    """Wanted names that differ from another one in letter case only, so a case-folding disk holds just one."""
    odd_case = [name for line in lines if not line.islower() for name in (split_line(line)[0],)]
    spelled = {name for name in odd_case if split_wanted_name(name) is not None}
    if not spelled:
        return
    folded = {name.lower() for name in spelled}
    seen: dict[str, list[str]] = {}
    for line in lines:
        name, _ = split_line(line)
        if name.lower() in folded:
            seen.setdefault(name.lower(), []).append(name)
    for exact, clashing in sorted(seen.items()):
        if len(clashing) > 1:
            for name in sorted(clashing):
                yield FileItem(name, _image_id_of(name), None, (("clashes_with", exact),))


def _examine_copies(bench: Workbench, sd: StorageDir, names: list[str]) -> Iterator[FileItem]:
    budget_bytes = BYTES_EXAMINED
    for position, name in enumerate(names):
        stands_for = classify_media_name(name).stands_for
        bytes_are, size_bytes = "not examined", None
        if position < COPIES_EXAMINED and budget_bytes > 0:
            bytes_are, size_bytes = _compare_copy(bench, sd, name, stands_for)
            budget_bytes -= size_bytes or 0
        image_id = None if stands_for is None else _image_id_of(stands_for)
        yield FileItem(name, image_id, size_bytes, (("stands_for", stands_for), ("bytes", bytes_are)))


def _compare_copy(
    bench: Workbench, sd: StorageDir, name: str, stands_for: str | None
) -> tuple[str, int | None]:
    """What the copy's bytes are: the true ones, a duplicate of the plain file, or different."""
    sha256, size_bytes = _hash(bench, sd, name)
    if sha256 is None:
        return "unreadable", None
    image_id = None if stands_for is None else _image_id_of(stands_for)
    plain_sha256 = None if stands_for is None else _hash(bench, sd, stands_for)[0]
    if sha256 == plain_sha256:
        return "duplicate", size_bytes
    if image_id is not None and is_content_id(image_id) and content_id_of(sha256) == image_id:
        return "true", size_bytes
    return "different", size_bytes


def _hash(bench: Workbench, sd: StorageDir, name: str) -> tuple[str | None, int | None]:
    try:
        with open_regular(path_of(sd, name)) as opened:
            limits = bench.limits
            with read_proof_copy(
                opened, max_memory_bytes=limits.max_memory_bytes, scratch=bench.scratch
            ) as copy:
                return copy.sha256, copy.size_bytes
    except (FileNotFoundError, UnreadableFileError, ImageTooLargeError, DiskError):
        return None, None


def _item(row: ImageFile, facts: tuple[tuple[str, object], ...] = ()) -> FileItem:
    return FileItem(row.filename, row.image_id, None if row.stamp is None else row.stamp.size_bytes, facts)


def _listed_item(name: str, size_bytes: int | None, facts: tuple[tuple[str, object], ...] = ()) -> FileItem:
    return FileItem(name, _image_id_of(name), size_bytes, facts)


def _name_items(names: Iterable[str]) -> list[FileItem]:
    return [
        FileItem(name, None, None, (("client", classify_media_name(name).client),)) for name in sorted(names)
    ]


def _image_id_of(name: str) -> ImageId | None:
    wanted = split_wanted_name(name)
    return None if wanted is None else wanted[0]
