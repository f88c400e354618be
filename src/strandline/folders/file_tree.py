"""Any folder as a tree of files: listed without following a link, and read with limits.

Unlike ``tree``, which pages through a storage directory, this lists everything at once, by names alone: one
``scandir`` per folder, no ``lstat`` per file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable
from dataclasses import field
from pathlib import PurePath
from unicodedata import normalize

from strandline.errors import UnreadableFileError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.filesystems import MountKind, find_mount
from strandline.folders.opening import READ_FLAGS, can_be_dataless, is_dataless, open_regular
from strandline.model.portable_names import fold_path
from strandline.model.values import dataclass

MOST_ALIKE = 100
"""Spellings of one path that are followed. A person has one or two."""

_CAN_BE_DATALESS = can_be_dataless()


@dataclass(slots=True)
class TreeListing:
    """Everything below a root. Paths are relative to it, with ``/``; the root itself is empty."""

    folders: dict[str, list[str]] = field(default_factory=dict)
    """The names of the regular files of each listed folder."""
    links: list[str] = field(default_factory=list)
    """Symbolic links. They are not followed."""
    not_entered: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Folders that could not be listed, and the system's reason."""
    is_cut: bool = False
    """There are more files than were asked for, and the rest is not listed."""


def list_tree(root: str, enters: Callable[[str], bool], *, most: int | None = None) -> TreeListing:
    """Lists the tree, up to about ``most`` files. ``enters`` says for each folder's path whether it is listed.

    Raises:
        OSError: The root itself cannot be listed.
    """
    listing = TreeListing()
    waiting, count = [""], 0
    while waiting:
        if most is not None and count > most:
            listing.is_cut = True
            break
        folder = waiting.pop()
        prefix = f"{folder}/" if folder else ""
        names: list[str] = []
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
                    elif entry.is_symlink():
                        listing.links.append(prefix + entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        path = prefix + entry.name
                        (waiting if enters(path) else listing.not_entered).append(path)
        except OSError as error:
            if not folder:
                raise
            if not isinstance(error, FileNotFoundError):  # it went away meanwhile
                listing.refused[folder] = error.strerror or str(error)
            continue
        listing.folders[folder] = names
        count += len(names)
    return listing


def find_linked_folder(link: str) -> str | None:
    """The folder that a symbolic link leads to; empty if it is unknown, or on a disk that may not answer. None if it
    leads to something else.
    """
    try:
        target = os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(link)))
    except OSError:
        return ""
    if find_mount(target).kind is not MountKind.LOCAL:
        return ""
    return target if os.path.isdir(target) else None


def is_work_tree(root: str) -> bool:
    """Whether the folder is the root of a Git work tree."""
    return os.path.lexists(os.path.join(root, ".git"))


@dataclass(frozen=True, slots=True)
class FileLook:
    """What an ``lstat`` says about a file."""

    size_bytes: int
    is_here: bool
    """False if the system says that its bytes are in the cloud."""
    mtime_s: float


def look_at_file(path: str) -> FileLook | None:
    """The file at a path. None if there is none, or if there is something else.

    Raises:
        OSError: It is unknown.
    """
    try:
        seen = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if seen.st_mode & 0o170000 != 0o100000:
        return None
    return FileLook(seen.st_size, not is_dataless(seen), seen.st_mtime)


def list_alike(root: str, path: str) -> list[str]:
    """The files and folders below the root whose paths differ from this one at most in Unicode form, and in what the
    disk itself does not tell apart, such as letter case. Each is spelled as the disk has it.

    Cost: a listing of each folder that a part of the path is in.
    """
    found = [""]
    for part in path.split("/"):
        found = [
            f"{above}/{name}".lstrip("/") for above in found for name in _list_spellings(root, above, part)
        ][:MOST_ALIKE]
    return found


def spell(path: str) -> str:
    """An absolute path as the disk spells it, if nothing is at exactly that path and one file or folder differs from
    it only in Unicode form.

    Cost: an ``lstat``. If nothing is there, as :func:`list_alike`.
    """
    return path if os.path.lexists(path) else spell_missing(path)


def spell_missing(path: str) -> str:
    """The same for a path at which nothing is."""
    anchor = PurePath(path).anchor
    alike = list_alike(anchor, path[len(anchor) :].replace(os.sep, "/"))
    return os.path.join(anchor, alike[0]) if len(alike) == 1 else path


def _list_spellings(root: str, above: str, part: str) -> list[str]:
    folder = os.path.join(root, above)
    written = os.path.join(folder, part)
    try:
        names = os.listdir(folder)
    except OSError:  # it is no folder, or nobody may list it
        return [part] if os.path.lexists(written) else []
    composed, folded = normalize("NFC", part), fold_path(part)
    alike = [name for name in names if fold_path(name) == folded]
    same = [name for name in alike if normalize("NFC", name) == composed]
    return same or [name for name in alike if _is_same_entry(written, os.path.join(folder, name))]


def _is_same_entry(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False


def find_stamp(path: str, *, keeps_inodes: bool) -> str | None:
    """The stamp of the regular file at a path, in the text form of ``FileStamp``. None if there is none, or if it is
    unknown or in the cloud. One ``lstat``.
    """
    try:
        seen = os.lstat(path)
    except OSError:
        return None
    is_here = seen.st_mode & 0o170000 == 0o100000 and not (_CAN_BE_DATALESS and is_dataless(seen))
    return f"{seen.st_size}:{seen.st_mtime_ns}:{seen.st_ino if keeps_inodes else 0}" if is_here else None


def read_file(path: str, limit_bytes: int) -> bytes:
    """All bytes of a regular file. Never follows a link in its last part, and downloads nothing from the cloud.

    Raises:
        FileNotFoundError: There is none.
        UnreadableFileError: It is in the cloud (fact ``in_cloud``), larger than the limit (fact ``limit_bytes``), no
            regular file, or cannot be read.
    """
    if _CAN_BE_DATALESS:
        look = look_at_file(path)
        if look is not None and not look.is_here:
            raise UnreadableFileError(f"{path} is in the cloud; download it first", path=path, in_cloud=True)
    try:
        fd = os.open(path, READ_FLAGS)
    except OSError:
        with open_regular(path) as opened:  # which explains the refusal
            return _read_all(opened.fd, path, limit_bytes)
    try:
        return _read_all(fd, path, limit_bytes)
    except OSError as error:
        raise as_unreadable(error, path) from error
    finally:
        os.close(fd)


def _read_all(fd: int, path: str, limit_bytes: int) -> bytes:
    seen = os.fstat(fd)
    if not stat.S_ISREG(seen.st_mode):
        raise UnreadableFileError(
            f"{path} is not a regular file, and is not read; put the file itself there", path=path
        )
    if seen.st_size > limit_bytes:
        message = f"{path} has more than {limit_bytes:,} bytes and is not read"
        raise UnreadableFileError(message, path=path, limit_bytes=limit_bytes)
    data = os.read(fd, seen.st_size + 1)
    if len(data) == seen.st_size:
        return data
    pieces = [data]  # it is large, or it grows
    while (piece := os.read(fd, limit_bytes)) and sum(map(len, pieces)) <= limit_bytes:
        pieces.append(piece)
    return b"".join(pieces)


def find_anchor(path: str, anchors: Iterable[str], too_wide: Collection[str] = ()) -> str | None:
    """The nearest folder, from this one upward, that contains one of these relative paths. None if there is none.

    The search ends below folders that are too wide to be meant.
    """
    names = tuple(anchors)
    while path not in too_wide:
        if any(os.path.lexists(os.path.join(path, name)) for name in names):
            return path
        above = os.path.dirname(path)
        if above == path:
            break
        path = above
    return None
