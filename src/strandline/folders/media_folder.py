"""The images' folder: its names, and one image in it, probed by name. ``media_listing`` lists it with stamps.

Never follows a link: other machines can put one anywhere. The folder is opened once with ``O_NOFOLLOW``, and
everything in it is reached through that descriptor, so nothing can be swapped underneath. A name with ``/`` is
reached folder by folder, each opened from the one above it. ``media`` itself has no folders that are looked into,
because sync clients keep version stores full of real images there; a folder of named pictures is listed by
``tree_walk``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from strandline.folders.disk_errors import as_unreadable
from strandline.folders.opening import OpenedFile, can_be_dataless, is_dataless, open_regular, stamp_of
from strandline.model.image_files import FileStamp
from strandline.model.layout import ID_LAYOUT

MEDIA_FOLDER = ID_LAYOUT.images_folder

_FLAGS = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
_LISTS_DESCRIPTORS = os.scandir in os.supports_fd
_PROBE_FLAGS = _FLAGS | getattr(os, "O_PATH", 0)
"""Probing needs permission to search the folder, but not to list it."""
MAX_DEPTH = 128
"""Folders within folders. Each takes a descriptor while it is listed, and a process may have about a thousand."""

_PROBES_DESCRIPTORS = os.stat in os.supports_dir_fd and os.open in os.supports_dir_fd


def iter_names(root: str | Path) -> Iterator[str]:
    """Every name in ``<root>/media``, lazily and in no particular order.

    Raises:
        OSError: The folder cannot be opened, at the first step, or not listed to its end, later.
    """
    with listed_folder(os.path.join(root, MEDIA_FOLDER)) as folder, os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


@contextmanager
def listed_folder(folder: str) -> Iterator[int | str]:
    """The folder for ``os.scandir``."""
    if not _LISTS_DESCRIPTORS:
        _check_is_folder(folder)
        yield folder
        return
    descriptor = os.open(folder, _FLAGS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class SearchedFolder:
    """An open folder, and the way from it to the names in and below it. Close it after use.

    The folders on the way to the last name stay open: names come sorted, so most are in the same folder.
    """

    def __init__(self, folder: str, descriptor: int | None) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._chain: list[tuple[str, int]] = []

    def locate(self, name: str) -> tuple[str, int | None]:
        """A path for a system call, and the descriptor to which it is relative.

        Raises:
            FileNotFoundError, NotADirectoryError: A folder on the way does not exist, or is a file or a link.
        """
        above, slash, last = name.rpartition("/")
        if self._descriptor is None:
            self._check_way(above.split("/") if slash else [])
            return os.path.join(self._folder, name), None
        return last, self._reach(above.split("/")) if slash else self._descriptor

    def close(self) -> None:
        """Closes all folders."""
        self._shorten(0)
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _reach(self, parts: list[str]) -> int:
        assert self._descriptor is not None
        if len(parts) > MAX_DEPTH:
            raise NotADirectoryError(errno.ENOTDIR, "too deep in its folders", "/".join(parts))
        shared = 0
        while shared < min(len(parts), len(self._chain)) and self._chain[shared][0] == parts[shared]:
            shared += 1
        self._shorten(shared)
        for part in parts[shared:]:
            above = self._chain[-1][1] if self._chain else self._descriptor
            self._chain.append((part, open_folder_in(above, part, _PROBE_FLAGS)))
        return self._chain[-1][1]

    def _shorten(self, length: int) -> None:
        while len(self._chain) > length:
            os.close(self._chain.pop()[1])

    def _check_way(self, parts: list[str]) -> None:
        for number in range(1, len(parts) + 1):
            _check_is_folder(os.path.join(self._folder, *parts[:number]))


def open_folder_in(above: int, name: str, flags: int = _FLAGS) -> int:
    """A descriptor of a folder in an open one.

    Raises:
        NotADirectoryError: It is a file or a link.
        OSError: It cannot be opened.
    """
    if name in ("", ".", ".."):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
    try:
        return os.open(name, flags, dir_fd=above)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name) from error


def find_unreadable(root: str | Path, names: Iterable[str], folder: str = MEDIA_FOLDER) -> list[str]:
    """Those of the names in ``<root>/<folder>`` that exist and that this program may not read, in the given order."""
    may_be_effective = os.access in os.supports_effective_ids
    with suppress(OSError), searched_folder(root, folder) as searched:

        def may(mode: int, name: str) -> bool:
            try:
                path, dir_fd = searched.locate(name)
            except OSError:
                return mode == os.R_OK  # neither gone nor unreadable, as far as is known
            return os.access(path, mode, dir_fd=dir_fd, effective_ids=may_be_effective)

        return [name for name in names if not may(os.R_OK, name) and may(os.F_OK, name)]
    return []


def probe_names(
    root: str | Path, names: Iterable[str], *, keeps_inodes: bool, folder: str = MEDIA_FOLDER
) -> list[tuple[str, FileStamp]]:
    """Those of the names that are regular files in ``<root>/<folder>``, in the given order, with their stamps.

    Cost: one ``lstat`` per name. Finds nothing if the folder is missing, a link, or a file. Includes files whose
    bytes are in the cloud (see :func:`is_evicted`).

    Raises:
        OSError: The folder exists but cannot be searched.
    """
    found = []
    try:
        with searched_folder(root, folder) as searched:
            for name in names:
                try:
                    path, dir_fd = searched.locate(name)
                    seen = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                if stat.S_ISREG(seen.st_mode):
                    found.append((name, stamp_of(seen, keeps_inodes=keeps_inodes)))
    except OSError as error:
        if not _is_no_folder(error):
            raise
    return found


def find_spellings(root: str | Path, names: Sequence[str], odd_spellings: Collection[str]) -> list[str]:
    """How the disk spells names that a probe has found; each once, in the given order.

    A file system that folds case also finds ``id.png`` as ``id.PNG``. To detect this, ask whether it also finds the
    name in a spelling that no file has. Cost: one ``lstat`` per name.

    Args:
        root: The storage directory.
        names: Found by :func:`probe_names`.
        odd_spellings: Names in the folder, known from a listing, that are not all lower case.

    Raises:
        OSError: As :func:`probe_names`.
    """
    asked = [given for name in names if (given := _respell(name, odd_spellings)) is not None]
    if not asked or not probe_names(root, asked, keeps_inodes=False):
        return list(names)
    by_folded = {spelling.lower(): spelling for spelling in odd_spellings}
    return list(dict.fromkeys(by_folded.get(name.lower(), name.lower()) for name in names))


def _respell(name: str, taken: Collection[str]) -> str | None:
    """The name with one letter of its extension in the other case, different from all of those. None if there is
    none.
    """
    dot = name.rindex(".")
    spellings = (name[:at] + name[at].swapcase() + name[at + 1 :] for at in range(dot + 1, len(name)))
    return next((spelling for spelling in spellings if spelling not in taken), None)


def look_again(
    root: str | Path,
    names: Collection[str],
    *,
    keeps_inodes: bool,
    folder: str = MEDIA_FOLDER,
    into: dict[str, FileStamp | None] | None = None,
) -> dict[str, FileStamp | None]:
    """The result of another ``lstat`` of each name: its stamp, or None if it is no regular file with its bytes.

    Names that the system refuses to describe are omitted: only "no such file" means absence (hazard H19).
    """
    again = {} if into is None else into
    try:
        with searched_folder(root, folder) as searched:
            for name in names:
                try:
                    path, dir_fd = searched.locate(name)
                    seen = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
                except (FileNotFoundError, NotADirectoryError):
                    again[name] = None
                except OSError:
                    continue
                else:
                    is_here = stat.S_ISREG(seen.st_mode) and not is_dataless(seen)
                    again[name] = stamp_of(seen, keeps_inodes=keeps_inodes) if is_here else None
    except FileNotFoundError:
        return dict.fromkeys(names)  # no folder, no files
    except OSError:
        return {}
    return again


def find_touched(root: str | Path, ctimes: Mapping[str, int], folder: str = MEDIA_FOLDER) -> list[str]:
    """Those of the regular files in ``<root>/<folder>`` whose ctime is not this one any more, in the given order.

    One ``lstat`` per name. Files that are gone, or that the system refuses to describe, are omitted.
    """
    touched = []
    with suppress(OSError), searched_folder(root, folder) as searched:
        for name, ctime_ns in ctimes.items():
            with suppress(OSError):
                path, dir_fd = searched.locate(name)
                seen = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
                if seen.st_ctime_ns != ctime_ns and stat.S_ISREG(seen.st_mode):
                    touched.append(name)
    return touched


def open_image_file(
    root: str | Path, filename: str, *, keeps_inodes: bool, folder: str = MEDIA_FOLDER
) -> OpenedFile:
    """Opens a regular file in ``<root>/<folder>`` for reading. Neither it nor a folder on the way may be a link.

    Raises:
        FileNotFoundError: There is no such file, or something on the way to it is no folder.
        UnreadableFileError: It is no regular file, or cannot be opened now.
    """
    path = os.path.join(root, folder, filename)
    try:
        with searched_folder(root, folder) as searched:
            last, dir_fd = searched.locate(filename)
            opened = open_regular(last, dir_fd=dir_fd, keeps_inodes=keeps_inodes)
    except OSError as error:
        if _is_no_folder(error):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        raise as_unreadable(error, path) from error
    opened.path = path
    return opened


@contextmanager
def searched_folder(root: str | Path, folder: str) -> Iterator[SearchedFolder]:
    """The folder, open to be searched."""
    path = os.path.join(root, folder) if folder else os.fspath(root)
    if _PROBES_DESCRIPTORS:
        searched = SearchedFolder(path, os.open(path, _PROBE_FLAGS))
    else:
        _check_is_folder(path)
        searched = SearchedFolder(path, None)
    try:
        yield searched
    finally:
        searched.close()


def _is_no_folder(error: OSError) -> bool:
    """True if there is nothing, a file, or a link (the system reports a link as ELOOP or ENOTDIR)."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def is_evicted(path: str | Path) -> bool:
    """True if the system says that the file's bytes are in the cloud. False if the file is gone.

    One ``lstat``, or none if the system cannot tell.
    """
    try:
        return can_be_dataless() and is_dataless(os.lstat(path))
    except OSError:
        return False


def find_folder_mtime_ns(root: str | Path) -> int | None:
    """The media folder's mtime, which moves with every name in it. None if there is no such folder."""
    try:
        seen = os.lstat(os.path.join(root, MEDIA_FOLDER))
    except OSError:
        return None
    return seen.st_mtime_ns if stat.S_ISDIR(seen.st_mode) else None


def _check_is_folder(path: str) -> None:
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise NotADirectoryError(path)
