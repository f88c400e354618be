"""The tree of a storage directory, for people who browse it: listed a page at a time, described, and read.

A folder may have a million files. One ``scandir`` keeps only the names of the requested page. No link is followed
below the root.
"""

from __future__ import annotations

import errno
import heapq
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from strandline.folders.disk_errors import as_unreadable
from strandline.folders.media_folder import MEDIA_FOLDER, iter_names, open_image_file
from strandline.folders.opening import is_dataless
from strandline.folders.port import WHOLE_TREE
from strandline.folders.tree_walk import iter_folders
from strandline.model.values import dataclass

ENTRIES_LISTED = 20_000
"""A person chooses among fewer folders, and a folder of images may have a million entries."""


class PathPage(NamedTuple):
    """Paths relative to the root, in order, with forward slashes."""

    paths: list[str]
    passed: int
    """Number of matching paths before them."""
    total: int
    """Number of all matching paths."""

    @property
    def is_last(self) -> bool:
        """No matching path comes after them."""
        return self.passed + len(self.paths) >= self.total


class FoundFile(NamedTuple):
    """A regular file somewhere below a root."""

    path: str
    """Relative to the root, with ``/``."""
    size_bytes: int
    is_here: bool
    """False if the system says that its bytes are in the cloud."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry with a path. Links are shown, not followed."""

    path: str
    """Relative to the storage directory, with ``/``."""
    kind: str
    """``file``, ``folder``, ``symlink`` or ``special``."""
    size_bytes: int
    mtime_s: float
    inode: int
    mode: str
    """In the form of ``ls -l``; empty if this kind of place has none."""
    is_here: bool
    """False if the system says that its bytes are in the cloud."""


def list_paths(
    root: str, folders: Sequence[str], *, after: str, limit: int, fits: Callable[[str], bool]
) -> PathPage:
    """The next ``limit`` matching paths after ``after`` in the root (empty), ``media``, or both; or in the whole tree
    (``WHOLE_TREE``).

    Raises:
        OSError: A folder cannot be listed.
    """
    return page_of(filter(fits, _iter_paths(root, folders)), after=after, limit=limit)


def page_of(paths: Iterable[str], *, after: str, limit: int) -> PathPage:
    """The next ``limit`` of the paths after ``after``. Memory: those."""
    passed = total = 0

    def iter_rest() -> Iterator[str]:
        nonlocal passed, total
        for path in paths:
            total += 1
            if path > after:
                yield path
            else:
                passed += 1

    return PathPage(heapq.nsmallest(limit, iter_rest()), passed, total)


def _iter_paths(root: str, folders: Sequence[str]) -> Iterator[str]:
    if WHOLE_TREE in folders:
        yield from iter_tree_names(root)
        return
    if "" in folders:
        with os.scandir(root) as entries:
            yield from (entry.name for entry in entries)
    if MEDIA_FOLDER in folders and _is_folder(os.path.join(root, MEDIA_FOLDER)):
        yield from (f"{MEDIA_FOLDER}/{name}" for name in iter_names(root))


def iter_tree_names(root: str) -> Iterator[str]:
    """The path of every entry in the whole tree, lazily and in no particular order. Raises as :func:`list_paths`."""
    for prefix, listed in iter_folders(root, []):
        yield from (prefix + entry.name for entry in listed)


def iter_files(root: str, refused: list[str]) -> Iterator[list[FoundFile]]:
    """All regular files below the root, also hidden ones, in pieces. Raises as :func:`iter_folders`."""
    for prefix, listed in iter_folders(root, refused, passes_over=lambda _path: False):
        found = []
        for entry in listed:
            with suppress(OSError):  # it is gone
                seen = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(seen.st_mode):
                    found.append(FoundFile(prefix + entry.name, seen.st_size, not is_dataless(seen)))
        yield found


def list_folders(root: str) -> list[str]:
    """The names of the folders in a folder, also of those that a link leads to.

    Raises:
        OSError: It cannot be listed.
    """
    with os.scandir(root) as entries:
        return [entry.name for entry in islice(entries, ENTRIES_LISTED) if _leads_to_folder(entry)]


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def look_at(root: str, paths: Iterable[str]) -> list[Entry]:
    """The current entries with these paths. Missing ones are omitted. One ``lstat`` per path.

    Raises:
        OSError: The state of one of them is unknown.
    """
    found = []
    for path in paths:
        try:
            found.append(_entry(path, os.lstat(os.path.join(root, path))))
        except FileNotFoundError:
            continue
    return found


def look_at_safely(root: str, paths: Iterable[str]) -> list[Entry]:
    """The same for paths that may have a link above them: those are omitted. One ``lstat`` per part of a path."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            found.append(describe(root, path))
    return found


def describe(root: str, path: str) -> Entry:
    """The entry with this path. One ``lstat`` per part of it.

    Raises:
        FileNotFoundError: A part of it does not exist; ``filename`` is the path up to it.
        NotADirectoryError: A part of it is no folder, or a link; ``filename`` is the path up to it.
        OSError: It is unknown.
    """
    parts = path.split("/")
    for number in range(1, len(parts) + 1):
        above = "/".join(parts[:number])
        try:
            seen = os.lstat(os.path.join(root, above))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                raise
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), above) from error
        if number < len(parts) and not stat.S_ISDIR(seen.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
    return _entry(path, seen)


def read_piece(root: str, path: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
    """Some bytes of a regular file, and its size. Raises as :func:`describe`.

    Raises:
        UnreadableFileError: It is no regular file, or cannot be read.
    """
    describe(root, path)
    with open_image_file(root, path, keeps_inodes=True, folder="") as opened:
        try:
            data = os.pread(opened.fd, size_bytes, offset) if offset < opened.stamp.size_bytes else b""
        except OSError as error:
            raise as_unreadable(error, opened.path) from error
        return data, opened.stamp.size_bytes


def _entry(path: str, seen: os.stat_result) -> Entry:
    return Entry(
        path,
        _kind_of(seen.st_mode),
        seen.st_size,
        seen.st_mtime,
        seen.st_ino,
        stat.filemode(seen.st_mode),
        is_here=not is_dataless(seen),
    )


def _kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "symlink" if stat.S_ISLNK(mode) else "special"


def find_unwritable(folders: Iterable[str]) -> str | None:
    """The first of the folders that exists but is not writable for this user. Writes nothing."""
    return _find_closed(folders, os.W_OK | os.X_OK)


def find_unlistable(folders: Iterable[str]) -> str | None:
    """The first of the folders that exists but may not be listed by this user. Lists nothing."""
    return _find_closed(folders, os.R_OK | os.X_OK)


def find_free_bytes(root: str) -> int | None:
    """How many bytes this user may still write to the disk. None if it does not say."""
    usage = shutil.disk_usage(root)
    return usage.free if usage.total else None


def find_used_files(root: str) -> int | None:
    """How many files and folders the disk has. None if it does not say: Btrfs and most shares do not."""
    if not hasattr(os, "statvfs"):
        return None
    usage = os.statvfs(root)
    return usage.f_files - usage.f_ffree if usage.f_files else None


def _find_closed(folders: Iterable[str], rights: int) -> str | None:
    as_whom_we_act = os.access in os.supports_effective_ids
    for folder in folders:
        if not os.access(folder, rights, effective_ids=as_whom_we_act) and os.path.lexists(folder):
            return folder
    return None
