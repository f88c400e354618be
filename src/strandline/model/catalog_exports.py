"""The document of ``catalog export``: read without believing it, and compared with what is here. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple, TypeVar

from strandline.errors import InvalidInputError, StrandlineError
from strandline.model.events import parse_time
from strandline.model.identity.sd_ids import StorageDirId, find_storage_dir_id
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.plain_words import show_plainly
from strandline.model.remedies import say_add, say_command
from strandline.model.storage_dirs import LayoutKind, StorageDir, list_by_identity, parse_layout_kind
from strandline.model.trash import TrashedFile, parse_trashed
from strandline.model.values import dataclass

EXPORT_FORMAT = 1

LARGEST_NUMBER = 2**63 - 1
"""Of the database."""

MAX_PATH = 4096

MOST_POSSIBLE = 3
"""Folders that are named as the possible one: more help nobody."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")


class Origin(NamedTuple):
    """An original name of an image."""

    image_id: ImageId
    original_name: str
    source: str
    saved_at: datetime


class ExportedDir(NamedTuple):
    """A storage directory as the other catalog knew it."""

    sd_id: StorageDirId
    name: str
    path: str
    layout: LayoutKind
    provisional: bool
    """Only the other catalog knows the identity, because the folder has none."""
    aliases: tuple[StorageDirId, ...]


class ExportedFile(NamedTuple):
    """Which bytes were at a path of one of them, and until when."""

    sd_id: StorageDirId
    path: str
    sha256: str
    size_bytes: int
    since: datetime
    until: datetime


class CatalogExport(NamedTuple):
    """The parts of the document that another catalog can use."""

    origins: list[Origin]
    sds: list[ExportedDir]
    history: list[ExportedFile]
    trash: list[TrashedFile]


@dataclass(frozen=True, slots=True)
class ImportedDir(JsonForm):
    """A storage directory of the document, and which one here is the same."""

    sd_id: StorageDirId
    name: str
    path: str
    """On the other machine."""
    layout: LayoutKind
    here: str | None
    """Its name here; None if it is not here yet."""
    by_name: bool
    """Neither has an identity in the folder, so only the names say that they are the same."""
    needs_name: bool
    """The folder has no identity, so here it must have the same name."""
    may_be: tuple[str, ...] = ()
    """If it is not here yet, and needs its name: the folders here that it may be, by the names that they have."""

    @property
    def advice(self) -> str:
        """What brings its part of the document over, if it is not here yet."""
        others = [show_plainly(name) for name in self.may_be]
        add = say_add("PATH", "--name", self.name) if self.needs_name else say_add("PATH")
        advice = f"add its folder with {add}"
        if others:
            names = " or ".join(map(repr, others))
            commands = " or ".join(say_command("sd", "rename", name, self.name) for name in others)
            advice += f"; if it is {names} here, give it that name: {commands}"
        return f"{advice}; then import again"


@dataclass(frozen=True, slots=True)
class ImportedCatalog(JsonForm):
    """What an import did."""

    added: int
    """Original names."""
    known: int
    """Those that were in the catalog before."""
    history_added: int
    history_known: int
    trash_added: int
    trash_known: int
    trash_without_bytes: int
    """Entries whose bytes are not in the trash of this home: copy its ``trash`` folder, and import again."""
    storage_dirs: tuple[ImportedDir, ...]

    JSON: ClassVar[Table] = {
        **own_keys("added", "known"),
        "history": {"added": "history_added", "known": "history_known"},
        "trash": {"added": "trash_added", "known": "trash_known", "without_bytes": "trash_without_bytes"},
        "storage_dirs": "storage_dirs",
    }

    @property
    def waiting(self) -> list[ImportedDir]:
        """Those that are not here yet."""
        return [each for each in self.storage_dirs if each.here is None]


def parse_export(document: object) -> CatalogExport:
    """The document's parts. Exports of earlier versions have no history.

    Raises:
        InvalidInputError: It is no catalog's export, or a part of it makes no sense.
    """
    if not isinstance(document, Mapping) or document.get("format") != EXPORT_FORMAT:
        raise InvalidInputError(
            f"this is not an export of a catalog in format {EXPORT_FORMAT}; `strandline catalog export` makes one"
        )
    return CatalogExport(
        _read_all(document, "origins", _read_origin),
        [sd for sd in _read_all(document, "storage_dirs", _read_dir, default=[]) if sd is not None],
        _read_all(document, "history", _read_file, default=[]),
        _read_all(document, "trash", _read_trashed, default=[]),
    )


def match_dirs(exported: Iterable[ExportedDir], here: Iterable[StorageDir]) -> dict[StorageDirId, StorageDir]:
    """Which storage directory here is which of the document's, by its identity there. Pure.

    The identity in the folder decides, also a former one. A folder of named pictures without one is the same if both
    have it so, with the same name and layout.

    Laws: nothing here stands for two folders by its name alone; the order of the document decides nothing.
    """
    here = list(here)
    by_identity = list_by_identity(here)
    exported = list(exported)
    found: dict[StorageDirId, StorageDir] = {}
    for each in exported:
        known = next(
            (by_identity[sd_id][0] for sd_id in (each.sd_id, *each.aliases) if sd_id in by_identity), None
        )
        if known is not None:
            found[each.sd_id] = known
    taken = {sd.number for sd in found.values()}
    for each in exported:
        if each.sd_id in found or not each.provisional:
            continue
        namesakes = [other for other in exported if other.provisional and other.name == each.name]
        same = [
            sd
            for sd in here
            if sd.provisional and (sd.name, sd.layout) == (each.name, each.layout) and sd.number not in taken
        ]
        if len(same) == len(namesakes) == 1:
            found[each.sd_id] = same[0]
    return found


def list_possible(
    each: ExportedDir, found: Mapping[StorageDirId, StorageDir], here: Iterable[StorageDir]
) -> list[StorageDir]:
    """Which storage directories here the one of the document may be, if none is it by identity or name: those without
    an identity in the folder, of its layout, that are no other one of the document. Pure.
    """
    if each.sd_id in found or not each.provisional:
        return []
    taken = {sd.number for sd in found.values()}
    return [sd for sd in here if sd.provisional and sd.layout is each.layout and sd.number not in taken]


def _read_all(
    document: Mapping[str, object],
    key: str,
    read: Callable[[Mapping[str, object]], T],
    default: list[T] | None = None,
) -> list[T]:
    rows = document.get(key, default)
    if not isinstance(rows, list):
        raise InvalidInputError(f"the export has no list of {key!r}; export the other catalog again")
    return [_read_row(key, number, row, read) for number, row in enumerate(rows, 1)]


def _read_row(key: str, number: int, row: object, read: Callable[[Mapping[str, object]], T]) -> T:
    try:
        if not isinstance(row, Mapping):
            raise TypeError("it is not an object")
        return read(row)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, StrandlineError) as error:
        raise InvalidInputError(
            f"entry {number} of {key!r} in the export makes no sense, so nothing was imported ({error})",
            entry=number,
        ) from error


def _read_origin(row: Mapping[str, object]) -> Origin:
    name, source = _text(row["original_name"]), _text(row["source"])
    if not name:
        raise ValueError("a name is empty")
    return Origin(parse_image_id(_text(row["image_id"])), name, source, parse_time(_text(row["saved_at"])))


def _read_dir(row: Mapping[str, object]) -> ExportedDir | None:
    """None if it has no identity yet."""
    if row["sd_id"] is None:
        return None
    aliases = row["aliases"]
    if not isinstance(aliases, list):
        raise TypeError("aliases are not a list")
    return ExportedDir(
        _identity(row["sd_id"]),
        _text(row["name"]),
        _text(row["path"]),
        parse_layout_kind(_text(row.get("layout", LayoutKind.IDS.value))),
        row["provisional"] is True,
        tuple(_identity(each) for each in aliases),
    )


def _read_file(row: Mapping[str, object]) -> ExportedFile:
    path, sha256, size_bytes = _text(row["path"]), _text(row["sha256"]), row["size_bytes"]
    if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path or len(path) > MAX_PATH:
        raise ValueError("a path leads elsewhere")
    if not _SHA256.fullmatch(sha256):
        raise ValueError("a hash is not one")
    if (
        not isinstance(size_bytes, int)
        or isinstance(size_bytes, bool)
        or not 0 <= size_bytes <= LARGEST_NUMBER
    ):
        raise ValueError("a size is not one")
    since, until = parse_time(_text(row["since"])), parse_time(_text(row["until"]))
    return ExportedFile(_identity(row["sd_id"]), path, sha256, size_bytes, since, until)


def _read_trashed(row: Mapping[str, object]) -> TrashedFile:
    trashed = parse_trashed(_text(row["trash_id"]), row)
    if trashed.sd_id is not None:
        _identity(trashed.sd_id)
    return trashed


def _identity(value: object) -> StorageDirId:
    found = find_storage_dir_id(_text(value))
    if found is None:
        raise ValueError("an identity is not one")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is not one")
    value.encode()
    return value
