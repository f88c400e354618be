"""Browsing: the content of a storage directory, file by file, for people who want to see for themselves (SPEC §8).

Paths come from outside: each part is checked, and no link is ever followed below the root. Nothing is changed.
"""

from __future__ import annotations

import os
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from strandline.errors import EntryNotFoundError, InvalidInputError, InvalidPathError, StorageDirOfflineError
from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.port import WHOLE_TREE
from strandline.model.defaults import ENTRIES_PER_PAGE, HEX_BYTES
from strandline.model.events import format_time
from strandline.model.given import is_within
from strandline.model.identity.sightings import find_identity_name
from strandline.model.layout import Layout
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.model.sync_status import MAX_HEX_BYTES, MAX_TREE_PAGE, HexPage, TreeEntry, TreePage
from strandline.services.storage_dirs.paths import parse_inside, shorten
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import Entry

PATHS_AT_ONCE = 50_000
"""Paths held in memory while all are listed: some 10 MB. A million files are then listed twenty times."""

ROWS_AT_ONCE = 500
"""Catalog rows held in memory at once."""


def list_tree(
    bench: Workbench,
    sd: StorageDir,
    *,
    folder: str | None = None,
    meaning: str = "",
    text: str = "",
    after: str | None = None,
    limit: int = ENTRIES_PER_PAGE,
) -> TreePage:
    """A page of the entries of the root and of the media folder, sorted by path. Other folders are not entered. If
    pictures can be anywhere, of the whole tree, without passed-over folders.

    Cost: one listing per folder, one ``lstat`` per entry of the page. Memory: one page, whatever the folders' size.

    Args:
        bench: The tools.
        sd: The storage directory.
        folder: ``""`` for the root alone, ``"media"`` for the media folder alone.
        meaning: Only entries whose names mean this.
        text: Only entries whose names contain this, in any letter case.
        after: The ``next`` of the previous page.
        limit: Maximum number of entries.

    Raises:
        InvalidInputError: The cursor or the limit is invalid.
        StorageDirOfflineError, DiskError: The SD cannot be read now.
    """
    if not is_within(limit, 1, MAX_TREE_PAGE):
        raise InvalidInputError(
            f"a page has 1 to {MAX_TREE_PAGE:,} entries, not {limit}", parameter="limit", value=limit
        )
    place = bench.folder(sd)
    known = _folders_of(place.layout)
    if folder not in (None, *(known if place.layout.images_folder else ())):
        there = " and ".join(repr(each) if each else "the root" for each in known if each != WHOLE_TREE)
        raise InvalidInputError(
            f"the tree has {there or 'no parts'}, not {shorten(folder or '')!r}; ask for all of it"
        )
    last = "" if after is None else _parse_cursor(after)
    sd = _check_there(bench, sd)
    wanted = text.lower()

    def fits(path: str) -> bool:
        return wanted in path.rpartition("/")[2].lower() and meaning in ("", _meaning_of(place.layout, path))

    with disk_errors("list", sd.path):
        page = place.list_paths(
            known if folder is None else (folder,),
            after=last,
            limit=limit,
            fits=fits if meaning or wanted else bool,
        )
    entries = tuple(_iter_described(bench, sd, page.paths))
    return TreePage(
        entries, None if page.is_last else _format_cursor(page.paths[-1]), page.passed, page.total
    )


def iter_tree(bench: Workbench, sd: StorageDir) -> Iterator[TreeEntry]:
    """All entries of :func:`list_tree`, lazily. Cost: one listing of each folder per 50,000 entries."""
    sd = _check_there(bench, sd)
    place = bench.folder(sd)
    after, is_last = "", False
    while not is_last:
        with disk_errors("list", sd.path):
            page = place.list_paths(_folders_of(place.layout), after=after, limit=PATHS_AT_ONCE)
        yield from _iter_described(bench, sd, page.paths)
        after, is_last = page.paths[-1] if page.paths else "", page.is_last


def _folders_of(layout: Layout) -> tuple[str, ...]:
    """The folders that the tree consists of."""
    return ("", layout.images_folder) if layout.images_folder else (WHOLE_TREE,)


def _iter_described(bench: Workbench, sd: StorageDir, paths: Sequence[str]) -> Iterator[TreeEntry]:
    for start in range(0, len(paths), ROWS_AT_ONCE):
        yield from _describe(bench, sd, paths[start : start + ROWS_AT_ONCE])


def _describe(bench: Workbench, sd: StorageDir, paths: Sequence[str]) -> list[TreeEntry]:
    folder = bench.folder(sd)
    layout = folder.layout
    images = [path for path in paths if (name := layout.find_name(path)) and layout.split(name)]
    with bench.catalog.read() as reader:
        known = reader.files.find_rows(sd.number, images)
    with disk_errors("look into", sd.path):
        found = folder.look_at(paths)
    entries = []
    for seen in found:
        row, meaning = known.get(seen.path), _meaning_of(layout, seen.path)
        state, whole = (None, None) if row is None else (row.state, row.is_whole)
        entries.append(TreeEntry(seen.path, seen.kind, _size_of(seen), meaning, state, whole))
    return entries


def _size_of(entry: Entry) -> int | None:
    return entry.size_bytes if entry.kind == "file" else None


def _format_cursor(path: str) -> str:
    """Encodes a path, because names may not be UTF-8, but addresses must be."""
    return urlsafe_b64encode(os.fsencode(path)).decode().rstrip("=")


def _parse_cursor(text: str) -> str:
    try:
        return os.fsdecode(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError as error:
        raise InvalidInputError(
            f"{shorten(text)!r} is not a cursor; give the `next` of the page before"
        ) from error


def describe_file(bench: Workbench, sd: StorageDir, path: str) -> dict[str, object]:
    """The facts of one file or folder of the SD, ready for JSON; reads its first bytes to tell its type.

    Raises:
        InvalidPathError: The path leads out of the SD, or through a link.
        EntryNotFoundError: There is no such entry.
        UnreadableFileError, StorageDirOfflineError: It cannot be read now.
    """
    sd = _check_there(bench, sd)
    folder = bench.folder(sd)
    relative = parse_inside(sd, path)
    with _refusals(sd, path):
        seen = folder.describe(relative)
    facts: dict[str, object] = {
        "path": relative,
        "kind": seen.kind,
        "meaning": _meaning_of(folder.layout, relative),
        "size_bytes": seen.size_bytes,
        "mtime": _say_time(seen.mtime_s),
        "inode": seen.inode,
        "mode": seen.mode,
        "media_type": None,
        "state": None,
        "proof": None,
        "whole": None,
        "sha256": None,
        "image_id": None,
    }
    if seen.kind == "file" and seen.is_here:
        with _refusals(sd, path):
            sniffed = sniff_media_type(folder.read_piece(relative, 0, SNIFF_BYTES)[0])
        facts["media_type"] = None if sniffed is None else sniffed.name
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, relative)
    if row is not None:
        current = row.proof if row.proof_is_current else None
        facts |= {
            "image_id": row.image_id,
            "state": row.state.value,
            "proof": current and current.kind.value,
            "whole": current and current.whole,
            "sha256": current and current.sha256,
        }
    return facts


def read_hex(
    bench: Workbench, sd: StorageDir, path: str, *, offset: int = 0, length: int = HEX_BYTES
) -> HexPage:
    """A page of a file's bytes as they are now; empty beyond its end. Proves nothing and changes nothing.

    Raises:
        InvalidInputError: Offset or length are out of bounds.
        InvalidPathError: The path leads out of the SD, or to a folder, a link, or something else.
        EntryNotFoundError, UnreadableFileError: There is no such file, or it cannot be read.
        StorageDirOfflineError: The SD cannot be read now.
    """
    if offset < 0 or not 1 <= length <= MAX_HEX_BYTES:
        raise InvalidInputError(f"give an offset of 0 or more and a length from 1 to {MAX_HEX_BYTES:,} bytes")
    sd = _check_there(bench, sd)
    folder = bench.folder(sd)
    relative = parse_inside(sd, path)
    with _refusals(sd, path):
        kind = folder.describe(relative).kind
        if kind != "file":
            raise InvalidPathError(
                f"{shorten(relative)!r} is not a file ({kind}); only files have bytes to show",
                path=shorten(relative),
            )
        data, size_bytes = folder.read_piece(relative, offset, length)
    return HexPage(relative, offset, size_bytes, data)


def _check_there(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now. An SD whose identity has not arrived can be browsed, too."""
    sd = refresh(bench, sd)
    if not sd.is_reachable and bench.folder(sd).find_place() is None:
        raise StorageDirOfflineError(f"{sd.name!r} is offline; {sd.problem}", sd_id=sd.sd_id, path=sd.path)
    return sd


@contextmanager
def _refusals(sd: StorageDir, path: str) -> Iterator[None]:
    """The error for people if a path cannot be shown."""
    try:
        yield
    except FileNotFoundError as error:
        missing = shorten(error.filename or path)
        raise EntryNotFoundError(f"there is no {missing!r} in {sd.name!r}", path=missing) from error
    except NotADirectoryError as error:
        raise InvalidPathError(
            f"{shorten(error.filename or path)!r} is not a folder, and links are never followed",
            path=shorten(path),
        ) from error
    except OSError as error:
        raise as_unreadable(error, os.path.join(sd.path, path)) from error


def _say_time(seconds: float) -> str | None:
    """None for times without a calendar date. Some disks store them, and other machines send them."""
    try:
        return format_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _meaning_of(layout: Layout, path: str) -> str:
    name = layout.find_name(path)
    if name is not None and (layout.names_are_ids or layout.split(name) is not None):
        kind = layout.explain(name).kind
        return "image" if kind is NameKind.WANTED else kind.value
    if path == layout.images_folder and path:
        return "media folder"
    identity = find_identity_name(path) if "/" not in path else None
    return "other" if identity is None else f"identity: {identity.role.value}"
