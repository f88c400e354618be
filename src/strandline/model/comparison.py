"""A listing compared with the catalog's rows, for a sync status: which file is in which list. Pure (SPEC §8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import field

from strandline.model.image_files import FileState, ImageFile, parse_stamp
from strandline.model.image_ids import ImageId
from strandline.model.layout import Layout
from strandline.model.listing import (
    Difference,
    FreshNames,
    MediaListing,
    OddKind,
    name_of_known_line,
    split_line,
)
from strandline.model.media_types import find_media_type
from strandline.model.states import HERE
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.model.values import dataclass


@dataclass(slots=True)
class Comparison:
    """A listing and what the catalog said of it at one moment.

    Laws: no name is both on the disk and gone. Every image's name in the listing is unchanged or ``on_disk``, and
    every row's name is unchanged, ``on_disk``, or ``gone``.
    """

    layout: Layout
    listing: MediaListing
    difference: Difference
    fresh: FreshNames
    rows: dict[str, ImageFile] = field(default_factory=dict)
    """By name: the rows of all names that differ, and all rows that are not simply present."""
    shown: set[ImageId] = field(default_factory=set)
    """Images whose file is missing, and that a conflict copy shows."""
    on_disk: dict[str, int | None] = field(default_factory=dict)
    """Images' names whose listing differs from the catalog: their sizes, None if unknown."""
    evicted: set[str] = field(default_factory=set)
    """Those of them with only a placeholder, or with bytes in the cloud."""
    gone: set[str] = field(default_factory=set)
    """Names that the catalog expects and the listing does not have."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The sizes of the files whose lines only the listing has."""

    @property
    def names_to_ask(self) -> set[str]:
        """The names whose rows must be in ``rows`` before :meth:`sort`, besides the noteworthy ones."""
        return (self.fresh.images.keys() | self.fresh.evicted.keys() | self._stale) - self.rows.keys()

    def sort(self) -> None:
        """Fills the fields after ``rows``."""
        split = self.layout.split
        self.evicted = {
            name
            for name in self.fresh.evicted.keys() - self.fresh.images.keys()
            if name not in self.rows or not self._is_listed_unchanged(name)
        }
        unreadable = (entry.name for entry in self.listing.odd if entry.kind is OddKind.UNREADABLE)
        self.on_disk = {name: None for name in unreadable if split(name) is not None}
        self.on_disk |= {name: _known_size(self.rows.get(name)) for name in self.evicted}
        self.on_disk |= {name: parse_stamp(stamp).size_bytes for name, stamp in self.fresh.images.items()}
        missing = {name for name, row in self.rows.items() if row.state is FileState.MISSING}
        self.gone = (self._stale | missing) - self.on_disk.keys()
        self.sizes = {
            name: parse_stamp(stamp).size_bytes for name, stamp in map(split_line, self.difference.fresh)
        }

    @property
    def _stale(self) -> set[str]:
        return {name_of_known_line(line) for line in self.difference.stale}

    def _is_listed_unchanged(self, name: str) -> bool:
        """Whether the file itself is beside its placeholder, unchanged since the catalog saw it."""
        row = self.rows[name]
        is_expected = row.state in HERE and row.absent_since is None and row.stamp is not None
        return is_expected and f"{name}:{row.stamp and row.stamp.as_text()}" not in self.difference.stale

    def fill(self, status: SyncStatus, arrived: Collection[str]) -> None:
        """Fills the numbers and lists of the status that need no other rows.

        Args:
            status: Changed in place.
            arrived: Names that were gone in the listing and are on the disk now.
        """
        missing = sum(row.state is FileState.MISSING for row in self.rows.values())  # they have no lines
        status.in_catalog_count = self.difference.unchanged + len(self.difference.stale) + missing
        self.gone.difference_update(arrived)
        status.on_disk_count = self.difference.unchanged + len(self.on_disk) + len(arrived)
        unwanted = sum(size for name, size in self.sizes.items() if name not in self.fresh.images)
        status.on_disk_bytes = self.listing.total_bytes - unwanted
        self._list_differing(status)
        self._list_by_state(status)
        self._list_unwanted(status)

    def _list_differing(self, status: SyncStatus) -> None:
        for name, size_bytes in sorted(self.on_disk.items()):
            row = self.rows.get(name)
            placeholder = self.fresh.placeholders.get(name) if name in self.evicted else None
            stand_in = () if placeholder is None else (("placeholder", placeholder),)
            if row is None or row.state is FileState.TRASHED:
                status.on_disk_not_in_catalog.append(listed_item(self.layout, name, size_bytes, stand_in))
            elif size_bytes is not None and _known_size(row) not in (None, size_bytes):
                facts = (("catalog_size_bytes", _known_size(row)),)
                status.size_differs.append(listed_item(self.layout, name, size_bytes, facts))
            if name in self.evicted:
                status.online_only.append(listed_item(self.layout, name, size_bytes, stand_in))

    def _list_by_state(self, status: SyncStatus) -> None:
        by_state = {
            FileState.ARRIVING: status.arriving,
            FileState.DAMAGED: status.damaged,
            FileState.FOREIGN: status.foreign,
        }
        for name, row in sorted(self.rows.items()):
            if name in self.gone:
                facts: tuple[tuple[str, object], ...] = (
                    ("state", row.state.value),
                    ("absent_since", row.absent_since),
                )
                if row.image_id in self.shown:
                    facts += (("shown_from", "a conflict copy"),)
                status.in_catalog_not_on_disk.append(row_item(row, facts))
            elif row.state in by_state:
                by_state[row.state].append(row_item(row))

    def _list_unwanted(self, status: SyncStatus) -> None:
        layout, fresh = self.layout, self.fresh
        strays = [*fresh.strays, *fresh.placeholders_unparsed]
        for entry in self.listing.odd:
            if entry.kind is OddKind.SYMLINK:
                status.symlinks.append(listed_item(layout, entry.name, None))
            elif entry.kind is OddKind.UNREADABLE:
                status.unreadable.append(listed_item(layout, entry.name, None))
            elif entry.kind is not OddKind.DATALESS and layout.split(entry.name) is not None:
                strays.append(entry.name)  # a folder or a FIFO with the name of an image
        for items in (status.symlinks, status.unreadable):
            items.sort(key=lambda item: item.path)
        for unwanted, items in ((fresh.temporaries, status.temporaries), (strays, status.strays)):
            for name in sorted(unwanted):
                facts = (("client", layout.explain(name).client),)
                items.append(FileItem(layout.path_of(name), None, self.sizes.get(name), facts))


def iter_case_clashes(layout: Layout, lines: Iterable[str]) -> Iterator[FileItem]:
    """Images' names that differ from another one only in case, so a disk that folds case has just one of them.

    ``lines`` is read twice.
    """
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
                yield listed_item(layout, name, None, (("clashes_with", exact),))


def extension_fits(layout: Layout, row: ImageFile) -> bool:
    """False if the bytes, when last read, had another type than the extension."""
    by_name = layout.split(layout.name_of(row.path))
    by_bytes = find_media_type(row.media_type)
    return by_name is None or by_bytes is None or by_name[1] == by_bytes.name


def row_item(row: ImageFile, facts: tuple[tuple[str, object], ...] = ()) -> FileItem:
    """The item of a file that the catalog knows, with the size that it remembers."""
    return FileItem(row.path, row.image_id, _known_size(row), facts)


def listed_item(
    layout: Layout, name: str, size_bytes: int | None, facts: tuple[tuple[str, object], ...] = ()
) -> FileItem:
    """The item of a listed name."""
    wanted = layout.split(name)
    return FileItem(layout.path_of(name), None if wanted is None else wanted[0], size_bytes, facts)


def _known_size(row: ImageFile | None) -> int | None:
    return None if row is None or row.stamp is None else row.stamp.size_bytes
