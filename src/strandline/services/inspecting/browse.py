"""Browsing: the content of a storage directory, file by file, for people who want to see for themselves (SPEC §8).

Paths come from outside: each part is checked, and no link is ever followed below the root. Nothing is changed.
"""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import PurePosixPath

from strandline.catalog import image_files
from strandline.errors import EntryNotFoundError, InvalidInputError, InvalidPathError, StorageDirOfflineError
from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.opening import OpenedFile, is_dataless, open_regular, read_start
from strandline.model.events import format_time
from strandline.model.identity.sightings import find_identity_name
from strandline.model.image_files import FileState
from strandline.model.media_names import classify_media_name
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.model.sync_status import HexPage, TreeEntry
from strandline.services.storage_dirs.paths import MAX_PATH_LENGTH, can_be_path, find_place, shorten
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

MAX_HEX_BYTES = 1024 * 1024
"""Of one page; a terminal or a browser shows no more at once."""


def list_tree(bench: Workbench, sd: StorageDir) -> list[TreeEntry]:
    """The entries of the root and of the media folder, each with what its name means; other folders unopened.

    Cost: two listings and one ``lstat`` an entry.

    Raises:
        StorageDirOfflineError: The SD cannot be read now.
    """
    sd = _check_there(bench, sd)
    entries = _list_folder(sd, "")
    media = os.path.join(sd.path, MEDIA_FOLDER)
    if os.path.isdir(media) and not os.path.islink(media):
        states = _states(bench, sd)
        entries += [
            TreeEntry(e.path, e.kind, e.size_bytes, e.meaning, states.get(e.path.partition("/")[2]))
            for e in _list_folder(sd, MEDIA_FOLDER)
        ]
    return sorted(entries, key=lambda entry: entry.path)


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
        "kind": _kind_of(seen.st_mode),
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
        with bench.catalog.read() as conn:
            row = image_files.find_row(conn, sd.number, filename)
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
            f"{shorten(relative)!r} is no file ({_kind_of(seen.st_mode)}); only files have bytes to show",
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


def _list_folder(sd: StorageDir, folder: str) -> list[TreeEntry]:
    entries = []
    full = os.path.join(sd.path, folder)
    with disk_errors("list", full), os.scandir(full) as listing:
        for entry in listing:
            path = f"{folder}/{entry.name}" if folder else entry.name
            try:
                seen = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            size_bytes = seen.st_size if stat.S_ISREG(seen.st_mode) else None
            entries.append(TreeEntry(path, _kind_of(seen.st_mode), size_bytes, _meaning_of(path)))
    return entries


def _say_time(seconds: float) -> str | None:
    """None for times that no calendar has; there are disks that keep them, and other machines send them."""
    try:
        return format_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "symlink" if stat.S_ISLNK(mode) else "special"


def _meaning_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    if folder == MEDIA_FOLDER:
        kind = classify_media_name(name).kind
        return "image" if kind is NameKind.WANTED else kind.value
    if path == MEDIA_FOLDER:
        return "media folder"
    identity = find_identity_name(path) if not folder else None
    return "other" if identity is None else f"identity: {identity.role.value}"


def _states(bench: Workbench, sd: StorageDir) -> dict[str, FileState]:
    with bench.catalog.read() as conn:
        return image_files.list_states(conn, sd.number)
