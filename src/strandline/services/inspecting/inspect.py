"""Inspecting: disk compared with catalog for one storage directory; changes nothing (SPEC §8).

Everything is measured from one fresh and complete listing. If that fails, the report says so and counts nothing as
missing. Only conflict copies, and what they are copies of, are read, within limits. *Damaged*, *incomplete*, and
*wrong extension* come from recorded proofs, because finding them again would mean reading every image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strandline.catalog.port import Reader
from strandline.folders.disk_errors import explain_unlistable
from strandline.model.identity.sightings import IdentityFile
from strandline.model.image_files import FileState, ImageFile, parse_stamp
from strandline.model.layout import Layout
from strandline.model.listing import (
    Difference,
    FreshNames,
    MediaListing,
    OddKind,
    name_of_known_line,
    plan_difference,
    sort_names,
    split_line,
)
from strandline.model.reports import Finding
from strandline.model.states import HERE
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.model.values import dataclass
from strandline.services.inspecting.conflict_copies import ConflictCopy, examine_copies
from strandline.services.proving.prove import extension_fits
from strandline.services.storage_dirs.presence import look, refresh
from strandline.services.workbench import Workbench


def inspect_storage_dir(bench: Workbench, sd: StorageDir) -> SyncStatus:
    """The sync status of the SD, measured now. Changes neither the disk nor the catalog's images.

    Cost: one ``scandir``, one ``lstat`` per file, one walk over the SD's rows, and a read of the conflict copies.
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
    if isinstance(listing, Finding):
        status.problems.append(listing)
    else:
        _compare(bench, sd, listing, status)
    return status


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
        return bench.folder(sd).list_images(comparing=True)
    except FileNotFoundError:
        with bench.catalog.read() as reader:
            if not reader.files.count_unaccepted(sd.number):
                return MediaListing(set())
        problem = "the media folder is gone; nothing is taken for missing until it is back"
    except OSError as error:
        problem = explain_unlistable(error)
    return Finding("unreadable", problem)


@dataclass(slots=True)
class _Names:
    """Names that differ between disk and catalog. ``on_disk`` and ``gone`` share no name."""

    on_disk: dict[str, int | None]
    """Images' names whose listing differs from the catalog: their sizes, None if unknown."""
    evicted: set[str]
    """Those of them with only a placeholder, or with bytes in the cloud."""
    gone: set[str]
    rows: dict[str, ImageFile]
    """The rows of all these names, and all rows that are not simply present."""


def _compare(bench: Workbench, sd: StorageDir, listing: MediaListing, status: SyncStatus) -> None:
    layout = bench.folder(sd).layout
    status.case_clashes = list(_iter_case_clashes(layout, listing.lines))
    with bench.catalog.snapshot() as reader:
        known = reader.files.iter_lines(sd.number, layout.images_folder)
        difference = plan_difference(listing.lines, known)
        fresh = sort_names(difference.fresh, listing.odd)
        names = _find_names(reader, sd, layout, listing, fresh, difference)
        status.in_catalog_count = reader.files.count_rows(sd.number)
        odd_types = [row for row in reader.files.iter_rows_of_odd_type(sd.number) if row.state in HERE]
        incomplete = reader.files.list_incomplete(sd.number)
        differing = [row for row in reader.files.iter_differing_copies(sd.number) if row.state in HERE]
    try:
        unlisted = [name for name, _ in bench.folder(sd).probe(names.gone)]
    except OSError:
        unlisted = list(names.gone)  # unknown, so nothing counts as gone
    names.gone.difference_update(unlisted)  # they arrived during the listing
    sizes = {name: parse_stamp(stamp).size_bytes for name, stamp in map(split_line, difference.fresh)}
    status.on_disk_count = difference.unchanged + len(names.on_disk) + len(unlisted)
    status.on_disk_bytes = listing.total_bytes - sum(
        sizes[name] for name in sizes if name not in fresh.images
    )
    _list_discrepancies(layout, status, names)
    status.wrong_extension = [
        _item(row, (("media_type", row.media_type),)) for row in odd_types if not extension_fits(row)
    ]
    status.incomplete = [_item(row) for row in incomplete if layout.name_of(row.path) not in names.gone]
    status.differing_copies = [_item(row) for row in differing]
    _list_unwanted(layout, status, listing, fresh, sizes)
    copies = [ConflictCopy(name, sizes.get(name)) for name in sorted(fresh.conflict_copies)]
    status.conflict_copies = examine_copies(bench.folder(sd), copies)


def _find_names(
    reader: Reader,
    sd: StorageDir,
    layout: Layout,
    listing: MediaListing,
    fresh: FreshNames,
    difference: Difference,
) -> _Names:
    rows = {layout.name_of(row.path): row for row in reader.files.iter_noteworthy_rows(sd.number)}
    missing = {name for name, row in rows.items() if row.state is FileState.MISSING}
    stale = {name_of_known_line(line) for line in difference.stale}
    asked = (fresh.images.keys() | fresh.evicted.keys() | stale) - rows.keys()
    others = reader.files.find_rows(sd.number, sorted(map(layout.path_of, asked)))
    rows |= {layout.name_of(path): row for path, row in others.items()}
    evicted = {
        name
        for name in fresh.evicted.keys() - fresh.images.keys()
        if name not in rows or not _is_listed_unchanged(name, rows[name], difference)
    }
    on_disk: dict[str, int | None] = {
        entry.name: None
        for entry in listing.odd
        if entry.kind is OddKind.UNREADABLE and layout.split(entry.name) is not None
    }
    on_disk |= {name: _known_size(rows.get(name)) for name in evicted}
    on_disk |= {name: parse_stamp(stamp).size_bytes for name, stamp in fresh.images.items()}
    return _Names(on_disk, evicted, (stale | missing) - on_disk.keys(), rows)


def _is_listed_unchanged(name: str, row: ImageFile, difference: Difference) -> bool:
    """Whether the file itself is beside its placeholder, unchanged since the catalog saw it."""
    is_expected = row.state in HERE and row.absent_since is None and row.stamp is not None
    return is_expected and f"{name}:{row.stamp and row.stamp.as_text()}" not in difference.stale


def _list_discrepancies(layout: Layout, status: SyncStatus, names: _Names) -> None:
    for name, size_bytes in sorted(names.on_disk.items()):
        row = names.rows.get(name)
        if row is None or row.state is FileState.TRASHED:
            status.on_disk_not_in_catalog.append(_listed_item(layout, name, size_bytes))
        elif size_bytes is not None and _known_size(row) not in (None, size_bytes):
            facts = (("catalog_size_bytes", _known_size(row)),)
            status.size_differs.append(_listed_item(layout, name, size_bytes, facts))
        if name in names.evicted:
            status.online_only.append(_listed_item(layout, name, size_bytes))
    by_state = {
        FileState.ARRIVING: status.arriving,
        FileState.DAMAGED: status.damaged,
        FileState.FOREIGN: status.foreign,
    }
    for name, row in sorted(names.rows.items()):
        if name in names.gone:
            status.in_catalog_not_on_disk.append(_item(row, (("state", row.state.value),)))
        elif row.state in by_state:
            by_state[row.state].append(_item(row))


def _list_unwanted(
    layout: Layout, status: SyncStatus, listing: MediaListing, fresh: FreshNames, sizes: dict[str, int]
) -> None:
    strays = [*fresh.strays, *fresh.placeholders_unparsed]
    for entry in listing.odd:
        if entry.kind is OddKind.SYMLINK:
            status.symlinks.append(_listed_item(layout, entry.name, None))
        elif entry.kind is OddKind.UNREADABLE:
            status.unreadable.append(_listed_item(layout, entry.name, None))
        elif entry.kind is not OddKind.DATALESS and layout.split(entry.name) is not None:
            strays.append(entry.name)  # a folder or a FIFO with the name of an image
    for items in (status.symlinks, status.unreadable):
        items.sort(key=lambda item: item.path)
    for unwanted, items in ((fresh.temporaries, status.temporaries), (strays, status.strays)):
        for name in sorted(unwanted):
            facts = (("client", layout.explain(name).client),)
            items.append(FileItem(layout.path_of(name), None, sizes.get(name), facts))


def _iter_case_clashes(layout: Layout, lines: Iterable[str]) -> Iterator[FileItem]:
    """Images' names that differ from another one only in case, so a disk that folds case has just one of them."""
    odd_case = [name for line in lines if line != line.lower() for name in (split_line(line)[0],)]
    spelled = {name for name in odd_case if layout.split(name) is not None}
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
                yield _listed_item(layout, name, None, (("clashes_with", exact),))


def _item(row: ImageFile, facts: tuple[tuple[str, object], ...] = ()) -> FileItem:
    return FileItem(row.path, row.image_id, _known_size(row), facts)


def _listed_item(
    layout: Layout, name: str, size_bytes: int | None, facts: tuple[tuple[str, object], ...] = ()
) -> FileItem:
    wanted = layout.split(name)
    return FileItem(layout.path_of(name), None if wanted is None else wanted[0], size_bytes, facts)


def _known_size(row: ImageFile | None) -> int | None:
    return None if row is None or row.stamp is None else row.stamp.size_bytes
