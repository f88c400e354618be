"""The difference between a listing of a media folder and the catalog, as a pure function over *lines*.

A line is ``name:size:mtime_ns:inode``: everything that one ``lstat`` says about a regular file and the catalog
remembers. Two equal lines are one unchanged file. So a scan of a hundred thousand unchanged files compares a hundred
thousand strings and looks at none of them. Names from other machines may contain colons and newlines, so a line is
always split from the right. Names that the catalog knows contain no newline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from enum import StrEnum

from strandline.model.image_files import FileStamp
from strandline.model.image_ids import ImageId
from strandline.model.layout import Layout
from strandline.model.name_ranges import NameRange
from strandline.model.remedies import say_confirm
from strandline.model.states import Seen
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.model.values import dataclass

ONLINE_ONLY_LINE = "{}:online-only"
"""The catalog's line for a file whose bytes were in the cloud at the last listing."""

_WORDS_OF_KNOWN_LINES = ("absent", "online-only")
"""At the end of lines without a stamp. A stamp ends in a number."""


class OddKind(StrEnum):
    """Kinds of names in a media folder that are not regular files with their bytes in place."""

    SYMLINK = "symlink"
    FOLDER = "folder"
    SPECIAL = "special"
    """A FIFO, socket or device."""
    DATALESS = "dataless"
    """A regular file whose bytes are in the cloud (macOS and Windows mark it)."""
    UNREADABLE = "unreadable"
    """``lstat`` failed with something other than "no such file"."""


@dataclass(frozen=True, slots=True)
class OddEntry:
    """An entry without a line."""

    name: str
    kind: OddKind
    stamp: FileStamp | None = None


@dataclass(slots=True)
class MediaListing:
    """A complete listing of a media folder.

    About 150 bytes per file. A set if it will be compared, otherwise a list.
    """

    lines: set[str] | list[str]
    odd: list[OddEntry] = field(default_factory=list)
    total_bytes: int = 0
    """Of all regular files, including those that are no images."""
    closed: list[str] = field(default_factory=list)
    """Regular files whose mode does not say that this program may read them. The system may still let it."""
    refused: list[str] = field(default_factory=list)
    """Folders below the root that could not be listed: paths. Nothing may be concluded about what is in them."""

    last: str | None = None
    """Of a listing that ended early, its last name. What comes after it is not listed."""

    def is_refused(self, name: str) -> bool:
        """Whether the name is in a folder that could not be listed."""
        return any(name.startswith(f"{folder}/") for folder in self.refused)


def take_range(listing: MediaListing, names: NameRange, limit: int) -> MediaListing:
    """What a whole listing says about a range of names, up to ``limit`` of them, in order."""
    lines = sorted(
        (line for line in listing.lines if names.has(split_line(line)[0])),
        key=lambda line: split_line(line)[0],
    )
    last = split_line(lines[limit - 1])[0] if len(lines) > limit else None
    seen = NameRange(names.after, names.through if last is None else last)
    return MediaListing(
        lines[:limit],
        [entry for entry in listing.odd if seen.has(entry.name)],
        sum(int(split_line(line)[1].partition(":")[0]) for line in lines[:limit]),
        [name for name in listing.closed if seen.has(name)],
        listing.refused,
        last,
    )


@dataclass(slots=True)
class Difference:
    """The differences between a listing and the catalog."""

    unchanged: int
    """Files with equal lines on both sides."""
    fresh: list[str]
    """Lines that only the listing has: new and changed files, strays. Sorted."""
    stale: set[str]
    """Lines that only the catalog has."""


def plan_difference(listed: set[str] | list[str], known: Iterable[Sequence[str]]) -> Difference:
    """Compares the lines of a listing with those of the catalog, which come in batches.

    Consumes ``listed``: what is left of it becomes ``fresh``, so no more memory is needed than for the listing.
    Neither side names a line twice. Cost: one hash lookup per line.

    Law: ``unchanged + len(fresh)`` is the number of listed lines, and ``unchanged + len(stale)`` the number of known
    ones. Comparing a listing with itself leaves nothing.
    """
    unchanged = 0
    stale: set[str] = set()
    remaining: set[str] | None = None
    for batch in known:
        if remaining is None:
            remaining = listed if isinstance(listed, set) else set(listed)
        before = len(remaining)
        remaining.symmetric_difference_update(batch)  # removes listed lines and adds the others
        if len(remaining) != before - len(batch):
            not_listed = remaining.intersection(batch)
            remaining -= not_listed
            stale |= not_listed
        unchanged += before - len(remaining)
    return Difference(unchanged, sorted(listed if remaining is None else remaining), stale)


@dataclass(slots=True)
class FreshNames:
    """Names that the catalog does not have, sorted by what the layout says that they mean."""

    layout: Layout
    images: dict[str, str] = field(default_factory=dict)
    """Wanted names with their stamps as text."""
    evicted: dict[str, Seen] = field(default_factory=dict)
    """Wanted names whose bytes are in the cloud."""
    placeholders: dict[str, str] = field(default_factory=dict)
    """By the wanted name that it stands for: the placeholder's own name."""
    conflict_copies: list[str] = field(default_factory=list)
    temporaries: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    placeholders_unparsed: list[str] = field(default_factory=list)

    def split(self, name: str) -> tuple[ImageId | None, str] | None:
        """The image id and media type of an image's name. Adds any other name to its list, and returns None."""
        wanted = self.layout.split(name)
        if wanted is None:
            self._add_unwanted(name)
        return wanted

    def _add_unwanted(self, name: str) -> None:
        meaning = self.layout.explain(name)
        match meaning.kind:
            case NameKind.PLACEHOLDER if meaning.stands_for is not None:
                self.evicted.setdefault(meaning.stands_for, Seen(None, online_only=True))
                self.placeholders.setdefault(meaning.stands_for, name)
            case NameKind.PLACEHOLDER:
                self.placeholders_unparsed.append(name)
            case NameKind.CONFLICT_COPY | NameKind.DUPLICATE:
                self.conflict_copies.append(name)
            case NameKind.TEMPORARY:
                self.temporaries.append(name)
            case _:
                self.strays.append(name)


def sort_names(layout: Layout, lines: Iterable[str], odd: Iterable[OddEntry]) -> FreshNames:
    """Sorts lines that the catalog does not have, and all odd entries, by what their names mean.

    A link, folder, or device with an image's name goes into none of these lists: it is a separate finding.
    """
    names = FreshNames(layout)
    for line in lines:
        name, stamp = split_line(line)
        if names.split(name) is not None:
            names.images[name] = stamp
    for entry in odd:
        if names.split(entry.name) is not None and entry.kind is OddKind.DATALESS:
            names.evicted[entry.name] = Seen(entry.stamp, online_only=True)
    return names


def drain(lines: list[str] | set[str]) -> Iterator[str]:
    """The lines (a list's in order). Each is freed as it is taken, so a million of them never exist twice."""
    if isinstance(lines, list):
        lines.reverse()
    while lines:
        yield lines.pop()


def split_line(line: str) -> tuple[str, str]:
    """``(name, stamp as text)`` of a line that a listing made."""
    name = line.rsplit(":", 3)[0]
    return name, line[len(name) + 1 :]


def name_of_known_line(line: str) -> str:
    """The file name of a line from the catalog."""
    name, _, end = line.rpartition(":")
    return name if end in _WORDS_OF_KNOWN_LINES else line.rsplit(":", 3)[0]


def is_too_much_gone(absent: int, known: int) -> bool:
    """The mass-vanish brake: more than max(5, 10 %) of the known files are gone, or all of two or more (SPEC §6).

    ``absent`` counts absent files whose absence nobody has accepted. ``known`` counts all files that should be there.
    """
    return absent > max(5, known / 10) or (absent == known and known >= 2)


def say_too_much_gone(absent: int, known: int, sd: StorageDir) -> str:
    """Why nothing becomes missing now, and what to do about it, for a person."""
    return (
        f"{absent:,} of {known:,} known images are gone at once, which is rarely intended, so none is called "
        f"missing; bring them back, or if they are meant to be gone, run {say_confirm(sd)}"
    )
