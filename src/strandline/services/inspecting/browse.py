"""Browsing: the content of a storage directory, file by file, for people who want to see for themselves (SPEC §8).

Paths come from outside: each part is checked, and no link is ever followed below the root. Nothing is changed.
"""

from __future__ import annotations

import errno
import os
import stat
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath

from strandline.errors import EntryNotFoundError, InvalidInputError, InvalidPathError, StorageDirOfflineError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.opening import OpenedFile, is_dataless, open_regular, read_start
from strandline.folders.tree import ROOT, kind_of, list_paths, look_at_paths
from strandline.model.events import format_time
from strandline.model.identity.sightings import find_identity_name
from strandline.model.media_names import classify_media_name
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.model.sync_status import HexPage, TreeEntry, TreePage
from strandline.services.storage_dirs.paths import MAX_PATH_LENGTH, can_be_path, find_place, shorten
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

MAX_TREE_PAGE = 10_000
"""Entries of a page: some 3 MB of JSON."""

PATHS_AT_ONCE = 50_000
"""Paths that are held while all are listed: some 10 MB. A million files are listed twenty times then."""

ROWS_AT_ONCE = 500
"""Rows of the catalog that are held at once."""

MAX_HEX_BYTES = 1024 * 1024
"""Of one page; a terminal or a browser shows no more at once."""


def list_tree(
    bench: Workbench,
    sd: StorageDir,
    *,
    folder: str | None = None,
    meaning: str = "",
    text: str = "",
    after: str | None = None,
    limit: int = 1000,
) -> TreePage:
    """A page of the entries of the root and of the media folder, by path; other folders unopened.

    Cost: one listing a folder, one ``lstat`` an entry of the page. Memory for the page, whatever the folders hold.

    Args:
        bench: The tools.
        sd: The storage directory.
        folder: ``""`` for the root alone, ``"media"`` for the media folder alone.
        meaning: Only entries whose names mean this.
        text: Only entries with this in their names, in any letter case.
        after: The ``next`` of the page before.
        limit: At most so many entries.

    Raises:
        InvalidInputError: The cursor or the limit cannot be used.
        StorageDirOfflineError, DiskError: The SD cannot be read now.
    """
    if not 1 <= limit <= MAX_TREE_PAGE:
        raise InvalidInputError(f"a page has 1 to {MAX_TREE_PAGE:,} entries, not {limit}", limit=limit)
    if folder not in (None, "", MEDIA_FOLDER):
        raise InvalidInputError(f"the tree has the root and {MEDIA_FOLDER!r}, not {shorten(folder or '')!r}")
    last = "" if after is None else _parse_cursor(after)
    sd = _check_there(bench, sd)
    wanted = text.lower()

    def fits(path: str) -> bool:
        return wanted in path.rpartition("/")[2].lower() and meaning in ("", _meaning_of(path))

    page = list_paths(
        sd.path,
        after=last,
        limit=limit,
        folders=(ROOT, MEDIA_FOLDER) if folder is None else (folder,),
        fits=fits if meaning or wanted else bool,
    )
    entries = tuple(_iter_described(bench, sd, page.paths))
    return TreePage(
        entries, None if page.is_last else _format_cursor(page.paths[-1]), page.passed, page.total
    )


def iter_tree(bench: Workbench, sd: StorageDir) -> Iterator[TreeEntry]:
    """All entries that :func:`list_tree` pages through, lazily. Cost: one listing a folder for 50,000 entries."""
    sd = _check_there(bench, sd)
    after, is_last = "", False
    while not is_last:
        page = list_paths(sd.path, after=after, limit=PATHS_AT_ONCE)
        yield from _iter_described(bench, sd, page.paths)
        after, is_last = page.paths[-1] if page.paths else "", page.is_last


def _iter_described(bench: Workbench, sd: StorageDir, paths: Sequence[str]) -> Iterator[TreeEntry]:
    for start in range(0, len(paths), ROWS_AT_ONCE):
        yield from _describe(bench, sd, paths[start : start + ROWS_AT_ONCE])


def _describe(bench: Workbench, sd: StorageDir, paths: Sequence[str]) -> list[TreeEntry]:
    names = [path.rpartition("/")[2] for path in paths if _meaning_of(path) == "image"]
    with bench.catalog.read() as reader:
        rows = reader.files.find_rows(sd.number, names)
    states = {f"{MEDIA_FOLDER}/{name}": row.state for name, row in rows.items()}
    return [
        TreeEntry(seen.path, seen.kind, seen.size_bytes, _meaning_of(seen.path), states.get(seen.path))
        for seen in look_at_paths(sd.path, paths)
    ]


def _format_cursor(path: str) -> str:
    """Names may be no UTF-8, and addresses must be."""
    return urlsafe_b64encode(os.fsencode(path)).decode().rstrip("=")


def _parse_cursor(text: str) -> str:
    try:
        return os.fsdecode(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError as error:
        raise InvalidInputError(
            f"{shorten(text)!r} is no cursor; give the `next` of the page before"
        ) from error


def describe_file(bench: Workbench, sd: StorageDir, path: str) -> dict[str, object]:
    """The facts of one file or folder of the SD, ready for JSON; reads its first bytes to tell its type.

    Raises:
        InvalidPathError: The path leads out of the SD, or through a link.
        EntryNotFoundError: Nothing lies there.
        UnreadableFileError, StorageDirOfflineError: It cannot be read now.
    """
    sd = _check_there(bench, sd)
    relative, full, seen = _check_path(sd, path)
    facts: dict[str, object] = {
        "path": relative,
        "kind": kind_of(seen.st_mode),
        "meaning": _meaning_of(relative),
        "size_bytes": seen.st_size,
        "mtime": _say_time(seen.st_mtime),
        "inode": seen.st_ino,
        "mode": stat.filemode(seen.st_mode),
        "media_type": None,
        "state": None,
        "proof": None,
        "whole": None,
        "sha256": None,
        "image_id": None,
    }
    if stat.S_ISREG(seen.st_mode) and not is_dataless(seen):
        with _open(sd, relative, full) as opened:
            sniffed = sniff_media_type(read_start(opened, SNIFF_BYTES))
        facts["media_type"] = None if sniffed is None else sniffed.name
    folder, _, filename = relative.rpartition("/")
    if folder == MEDIA_FOLDER:
        with bench.catalog.read() as reader:
            row = reader.files.find_row(sd.number, filename)
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


def read_hex(bench: Workbench, sd: StorageDir, path: str, *, offset: int = 0, length: int = 4096) -> HexPage:
    """A page of a file's bytes, as they are now; empty beyond its end. Proves nothing and changes nothing.

    Raises:
        InvalidInputError: Offset or length are out of bounds.
        InvalidPathError: The path leads out of the SD, or to a folder, a link or something stranger.
        EntryNotFoundError, UnreadableFileError: There is no such file to read.
        StorageDirOfflineError: The SD cannot be read now.
    """
    if offset < 0 or not 1 <= length <= MAX_HEX_BYTES:
        raise InvalidInputError(f"give an offset of 0 or more and a length from 1 to {MAX_HEX_BYTES:,} bytes")
    sd = _check_there(bench, sd)
    relative, full, seen = _check_path(sd, path)
    if not stat.S_ISREG(seen.st_mode):
        raise InvalidPathError(
            f"{shorten(relative)!r} is no file ({kind_of(seen.st_mode)}); only files have bytes to show",
            path=shorten(relative),
        )
    with _open(sd, relative, full) as opened:
        size_bytes = opened.stamp.size_bytes
        try:
            data = os.pread(opened.fd, length, offset) if offset < size_bytes else b""
        except OSError as error:
            raise as_unreadable(error, full) from error
        return HexPage(relative, offset, size_bytes, data)


def _check_there(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now; also one whose identity has not arrived can be looked into."""
    sd = refresh(bench, sd)
    if not sd.is_reachable and find_place(bench, sd.path) is None:
        raise StorageDirOfflineError(f"{sd.name!r} is offline: {sd.problem}", sd_id=sd.sd_id, path=sd.path)
    return sd


def _check_path(sd: StorageDir, path: str) -> tuple[str, str, os.stat_result]:
    """The path relative to the root with forward slashes, in full, and what lies there, not followed.

    Every folder on the way is a real one.
    """
    posix = PurePosixPath(path.replace(os.sep, "/"))
    parts = posix.parts
    leads_out = posix.is_absolute() or ".." in parts or any(os.path.splitdrive(part)[0] for part in parts)
    if leads_out or not parts or not can_be_path(path) or len(path) > MAX_PATH_LENGTH:
        raise InvalidPathError(
            f"{shorten(path)!r} is not a path inside the storage directory; give it relative to {sd.path}",
            path=shorten(path),
        )
    full = sd.path
    for position, part in enumerate(parts):
        full = os.path.join(full, part)
        seen = _look(sd, "/".join(parts[: position + 1]), full)
        if position < len(parts) - 1 and not stat.S_ISDIR(seen.st_mode):
            raise InvalidPathError(
                f"{shorten('/'.join(parts[: position + 1]))!r} is not a folder, and links are never followed",
                path=shorten(path),
            )
    return "/".join(parts), full, seen


def _look(sd: StorageDir, relative: str, full: str) -> os.stat_result:
    try:
        return os.lstat(full)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
            raise _not_there(sd, relative) from error
        raise as_unreadable(error, full) from error


def _open(sd: StorageDir, relative: str, full: str) -> OpenedFile:
    try:
        return open_regular(full)
    except FileNotFoundError as error:
        raise _not_there(sd, relative) from error


def _not_there(sd: StorageDir, relative: str) -> EntryNotFoundError:
    return EntryNotFoundError(f"there is no {shorten(relative)!r} in {sd.name!r}", path=shorten(relative))


def _say_time(seconds: float) -> str | None:
    """None for times that no calendar has; there are disks that keep them, and other machines send them."""
    try:
        return format_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _meaning_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    if folder == MEDIA_FOLDER:
        kind = classify_media_name(name).kind
        return "image" if kind is NameKind.WANTED else kind.value
    if path == MEDIA_FOLDER:
        return "media folder"
    identity = find_identity_name(path) if not folder else None
    return "other" if identity is None else f"identity: {identity.role.value}"
