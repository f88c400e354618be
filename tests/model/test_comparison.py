"""A sync status of made-up listings and catalogs: the numbers add up, and every file is in the list that fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from builders.identities import A
from strandline.model.comparison import Comparison
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.layout import ID_LAYOUT
from strandline.model.listing import (
    ONLINE_ONLY_LINE,
    MediaListing,
    OddEntry,
    OddKind,
    plan_difference,
    sort_names,
)
from strandline.model.states import Seen, register_listed
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.sync_status import SyncStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SD = StorageDir(1, A, "SD", "/sd", StorageDirState.ONLINE, False, False, (), NOW)
NAMES = [f"{number:032x}.png" for number in range(6)]
STAMPS = [FileStamp(5, 6, 7), FileStamp(5, 8, 7), FileStamp(9, 8, 7)]

stamps = st.sampled_from(STAMPS)
rows_on_disk = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(stamps, st.sampled_from(FileState), st.booleans())
)
listed_files = st.dictionaries(
    st.sampled_from(NAMES), stamps | st.sampled_from(OddKind) | st.just("placeholder")
)


def make_rows(known: dict[str, tuple[FileStamp, FileState, bool]]) -> dict[str, ImageFile]:
    """The rows of a catalog: stamp, state, and whether the file was absent at the last listing."""
    rows = {}
    for name, (stamp, state, is_absent) in known.items():
        split = ID_LAYOUT.split(name)
        assert split is not None
        row = register_listed(1, ID_LAYOUT.path_of(name), *split, Seen(stamp), NOW)
        is_absent = is_absent or state in (FileState.MISSING, FileState.TRASHED)
        rows[name] = replace(row, state=state, absent_since=NOW if is_absent else None)
    return rows


def is_trashed(row: ImageFile) -> bool:
    """A trashed row counts nowhere."""
    return row.state is FileState.TRASHED


def line_of(row: ImageFile) -> str | None:
    """The line that the catalog makes of it, as SPEC §6 says."""
    name = ID_LAYOUT.name_of(row.path)
    if row.state in (FileState.MISSING, FileState.TRASHED):
        return None
    if row.absent_since is not None:
        return f"{name}:absent"
    if row.state is FileState.ONLINE_ONLY:
        return ONLINE_ONLY_LINE.format(name)
    assert row.stamp is not None
    return f"{name}:{row.stamp.as_text()}"


def compare(
    rows: dict[str, ImageFile], listed: dict[str, FileStamp | OddKind | str], arrived: set[str]
) -> tuple[Comparison, SyncStatus]:
    """As inspecting does it, with made-up rows and names."""
    lines = {f"{name}:{how.as_text()}" for name, how in listed.items() if isinstance(how, FileStamp)}
    lines |= {f".{name}.icloud:1:1:1" for name, how in listed.items() if how == "placeholder"}
    odd = [OddEntry(name, how) for name, how in listed.items() if isinstance(how, OddKind)]
    listing = MediaListing(
        lines, odd, sum(how.size_bytes for how in listed.values() if isinstance(how, FileStamp))
    )
    known = [line for row in rows.values() if (line := line_of(row)) is not None]
    difference = plan_difference(listing.lines, [known])
    compared = Comparison(ID_LAYOUT, listing, difference, sort_names(ID_LAYOUT, difference.fresh, odd))
    compared.rows = {
        name: row
        for name, row in rows.items()
        if row.state is not FileState.PRESENT or row.absent_since is not None
    }
    compared.rows |= {name: rows[name] for name in compared.names_to_ask if name in rows}
    compared.sort()
    status = SyncStatus(SD, NOW, {})
    compared.fill(status, arrived & compared.gone)
    return compared, status


@given(rows_on_disk, listed_files, st.sets(st.sampled_from(NAMES)))
def test_disk_and_catalog_add_up(
    known: dict[str, tuple[FileStamp, FileState, bool]],
    listed: dict[str, FileStamp | OddKind | str],
    arrived: set[str],
) -> None:
    """The law of a sync status, whatever was listed, known, or arrived meanwhile."""
    rows = make_rows(known)
    compared, status = compare(rows, listed, arrived)
    assert not compared.gone & compared.on_disk.keys()
    assert status.in_catalog_count == sum(not is_trashed(row) for row in rows.values())
    assert status.on_disk_count - len(status.on_disk_not_in_catalog) == status.in_catalog_count - len(
        status.in_catalog_not_on_disk
    )
