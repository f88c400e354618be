"""Writing a file so that nobody ever sees half of it under its name, and so that it survives a power cut.

Write to a temporary (:mod:`~strandline.folders.temporaries` knows three ways), fsync it, give it its name in one step
that never replaces, fsync the folder (SPEC §7). What surprises: that one step has three forms as well. A hard link
never replaces. If links fail, a rename without replacing is tried. If that fails too, a plain rename would replace
anything that arrived a moment ago, so the caller has to allow it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from strandline.errors import DiskError, InvalidPathError, StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import OpenedFolder, open_folder
from strandline.folders.opening import open_regular, stamp_of
from strandline.folders.port import SaveMode as SaveMode
from strandline.folders.renaming import patiently, rename_without_replacing
from strandline.folders.temporaries import Temporary, Way, WayClosedError, open_temporary
from strandline.model.image_files import FileStamp
from strandline.model.values import dataclass

_FULL_SYNC: Callable[[int], object] | None = None
"""Flushes the drive's own cache, too. None if fsync is enough on this system."""
if sys.platform == "darwin":
    import fcntl

    _FULL_SYNC = lambda fd: fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # noqa: E731

ALL_WAYS = (Way.UNNAMED, Way.SCRATCH, Way.HIDDEN)
"""The least visible way first."""

_CHUNK_BYTES = 1024 * 1024

_ROUNDING_NS = 2_000_000_000
"""FAT keeps mtimes to 2 s. A write by another program gives an mtime further away than that."""

_NO_LINKS = {
    errno.EPERM,  # vfat, exfat
    errno.ENOSYS,  # FUSE
    errno.EOPNOTSUPP,  # SMB
    errno.ENOTSUP,
    errno.EACCES,  # Android's emulated storage
    errno.EINVAL,
    errno.EMLINK,
    errno.EXDEV,  # one device, two mounts of it
    errno.ENOENT,  # /proc is not mounted
}
"""Errors of file systems without links. If there is another cause, the rename fails with it, too."""

_NO_FULL_SYNC = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY}
"""Errors for F_FULLFSYNC if it is not supported: SMB (ENOTSUP), macFUSE (EINVAL, ENOTTY)."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A durable file. The stamp is that of the written bytes, whatever has the name now."""

    way: Way | None
    """How it was written. None at a place that has one way only."""
    stamp: FileStamp
    ctime_ns: int | None = None
    """The file's ctime now that it has its name. None if it was not asked, or is about to change once more."""

    @property
    def size_bytes(self) -> int:
        """How many bytes were written."""
        return self.stamp.size_bytes


def write_whole(
    folder: Path,
    filename: str,
    source: bytes | BinaryIO,
    *,
    scratch: Path,
    mode: SaveMode = SaveMode.NEW,
    lone_rename_allowed: Callable[[], bool] | None = None,
    ways: Sequence[Way] = ALL_WAYS,
    keeps_inodes: bool = True,
    mtime_ns: int | None = None,
    is_private: bool = False,
    opening: Callable[[Path], AbstractContextManager[OpenedFolder]] = open_folder,
) -> WrittenFile:
    """Writes a file whole and durably: after a crash at any moment it has all its bytes, or does not exist.

    Args:
        folder: An existing folder, unless ``opening`` creates it. Its last part must not be a link.
        filename: A name in it, without separators.
        source: The bytes. A file object must be seekable, and is read from its current position, possibly repeatedly.
        scratch: A folder for temporaries in STRANDLINE_HOME; need not exist.
        mode: Whether an existing file may be replaced.
        lone_rename_allowed: Called immediately before a rename that would replace any existing entry: in mode
            REPLACE, and in mode NEW if the file system can neither link nor rename without replacing. The caller
            should check the existing file once more. None allows it in mode REPLACE only.
        ways: Tried in this order. In mode REPLACE, scratch comes first, because it is invisible and can be renamed.
        keeps_inodes: False if the file system does not (``find_mount``).
        mtime_ns: The file's mtime from the moment it has a name, unless the file system refuses. At least two seconds
            from now, so no later write can give the file the same one. None leaves the time of writing.
        is_private: Only its owner may read it, if the file system has rights. Otherwise as the umask says.
        opening: Opens the folder.

    Raises:
        FileExistsError: In mode NEW, the name is taken. In mode REPLACE, ``lone_rename_allowed`` returned False. If
            several savers use one name, exactly one does not get this error.
        DiskFullError: No space or quota is left. As after every error, no name is new.
        UnwritableFolderError: The folder is read-only, or this user may not write there.
        InvalidPathError: The file name is not a plain one.
        DiskError: The disk refused for another reason. If only the last step (syncing the folder) failed, the file
            exists, whole, and may be lost in a power cut.
    """
    _check_plain_name(filename)
    if mode is SaveMode.REPLACE:
        ways = sorted(ways, key=lambda way: way is not Way.SCRATCH)
    save = _Save(filename, source, scratch, mode, lone_rename_allowed, keeps_inodes, mtime_ns, is_private)
    with disk_errors("write", os.path.join(folder, filename), FileExistsError), opening(folder) as target:
        written = save.by_any(ways, target)
        target.sync()
    return written


def write_several(
    folder: Path,
    files: Sequence[tuple[str, bytes, int | None]],
    *,
    scratch: Path,
    lone_rename_allowed: Callable[[str], bool],
    keeps_inodes: bool = True,
    opening: Callable[[Path], AbstractContextManager[OpenedFolder]] = open_folder,
) -> list[WrittenFile | OSError | StrandlineError]:
    """Writes several new files like :func:`write_whole`, with one sync of the folder for all of their names.

    Each is its name, its bytes, and its ``mtime_ns``. One result for each file: what was written, or the error of
    that file alone. ``lone_rename_allowed`` gets its name.

    Raises:
        DiskError: The folder cannot be opened or synced. All of the files may be lost in a power cut.
    """
    results: list[WrittenFile | OSError | StrandlineError] = []
    with disk_errors("write in", folder), opening(folder) as target:
        for filename, data, mtime_ns in files:
            is_allowed = partial(lone_rename_allowed, filename)
            save = _Save(filename, data, scratch, SaveMode.NEW, is_allowed, keeps_inodes, mtime_ns)
            try:
                _check_plain_name(filename)
                with disk_errors("write", folder / filename, FileExistsError):
                    results.append(save.by_any(ALL_WAYS, target))
            except (FileExistsError, StrandlineError) as error:
                results.append(error)
        if any(isinstance(result, WrittenFile) for result in results):
            target.sync()
    return results


def ensure_durable(
    folder: Path,
    filename: str,
    *,
    opening: Callable[[Path], AbstractContextManager[OpenedFolder]] = open_folder,
) -> None:
    """Makes a file durable that another program wrote: its bytes and its name. Writes nothing.

    Raises:
        FileNotFoundError: It is gone.
        DiskError: The disk refused, or it is no regular file: it may not be durable.
    """
    with disk_errors("sync", folder / filename, FileNotFoundError), opening(folder) as target:
        with open_regular(target.at(filename), dir_fd=target.fd) as opened:
            if sys.platform != "win32":  # which syncs only files that are open for writing
                _sync(opened.fd)
        target.sync()


@dataclass(slots=True)
class _Save:
    """One save, tried one way after another. The caller syncs the folder, which makes the name durable."""

    filename: str
    source: bytes | BinaryIO
    scratch: Path
    mode: SaveMode
    lone_rename_allowed: Callable[[], bool] | None
    keeps_inodes: bool
    mtime_ns: int | None = None
    is_private: bool = False

    def by_any(self, ways: Sequence[Way], target: OpenedFolder) -> WrittenFile:
        if self.mode is SaveMode.NEW and target.has(self.filename):
            raise _taken(self.filename)
        for way in ways:
            try:
                return self._by(way, target)
            except WayClosedError:
                continue
        path = target.path / self.filename
        raise DiskError(
            f"cannot write {path}: its file system allows none of the ways to write a file whole"
            f" ({', '.join(ways)}); use a storage directory on another disk",
            path=str(path),
        )

    def _by(self, way: Way, target: OpenedFolder) -> WrittenFile:
        temporary = open_temporary(way, target, self.scratch)
        try:
            if self.is_private and sys.platform != "win32":
                with suppress(OSError):  # a disk without rights
                    os.fchmod(temporary.fd, 0o600)
            size_bytes = self._fill(temporary.fd)
            is_dated = self._date(temporary)
            _sync(temporary.fd)
            # The stamp of a file with the given mtime can be taken after it has its name, together with the ctime.
            is_asked_later = is_dated and temporary.folder is None
            found = None if is_asked_later else os.fstat(temporary.fd)
            if sys.platform == "win32":
                temporary.close()  # an open file can neither be linked nor renamed there
            if self.mode is SaveMode.REPLACE:
                self._put_over(temporary, target)
            else:
                self._put_new(temporary, target)
            if found is None:
                return self._asked_now(way, os.fstat(temporary.fd), size_bytes)
        finally:
            temporary.discard()
        return WrittenFile(way, stamp_of(found, keeps_inodes=self.keeps_inodes))

    def _asked_now(self, way: Way, found: os.stat_result, size_bytes: int) -> WrittenFile:
        """The result by what the file is after it has its name. Another program may have written to it already."""
        stamp = stamp_of(found, keeps_inodes=self.keeps_inodes)
        assert self.mtime_ns is not None
        if stamp.size_bytes == size_bytes and abs(stamp.mtime_ns - self.mtime_ns) < _ROUNDING_NS:
            return WrittenFile(way, stamp, found.st_ctime_ns)
        return WrittenFile(way, FileStamp(size_bytes, self.mtime_ns, stamp.inode))

    def _fill(self, fd: int) -> int:
        if isinstance(self.source, bytes):
            _write(fd, self.source)
            return len(self.source)
        start, size_bytes = self.source.tell(), 0
        while chunk := self.source.read(_CHUNK_BYTES):
            _write(fd, chunk)
            size_bytes += len(chunk)
        self.source.seek(start)  # for the next way, if this one is not available
        return size_bytes

    def _date(self, temporary: Temporary) -> bool:
        """Sets the mtime, if one was given and the file system can."""
        if self.mtime_ns is None:
            return False
        file = temporary.fd if os.utime in os.supports_fd else temporary.location
        try:
            os.utime(file, ns=(self.mtime_ns, self.mtime_ns))
        except (
            OSError,
            OverflowError,
        ):  # Android's emulated storage, some FUSE drives: it stays the time of writing
            return False
        return True

    def _put_over(self, temporary: Temporary, target: OpenedFolder) -> None:
        if temporary.folder is None:
            with _way_closed_by(_NO_LINKS):
                temporary.take_hidden_name(target, self.scratch)
        if self.lone_rename_allowed is None:
            self._rename(temporary, target)
            return
        with target.alone():  # if two savers check before either renames, both would be allowed to
            if not self.lone_rename_allowed():
                raise _taken(self.filename)
            self._rename(temporary, target)

    def _put_new(self, temporary: Temporary, target: OpenedFolder) -> None:
        try:
            patiently(
                lambda: os.link(
                    temporary.location,
                    target.at(self.filename),
                    src_dir_fd=temporary.dir_fd,
                    dst_dir_fd=target.fd,
                    follow_symlinks=True,  # an unnamed file is named by a link in /proc
                )
            )
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if temporary.folder is None:
                raise WayClosedError from error
            self._rename_to_new(temporary, target)

    def _rename_to_new(self, temporary: Temporary, target: OpenedFolder) -> None:
        with _way_closed_by({errno.EXDEV}):
            is_done = rename_without_replacing(
                temporary.location,
                target.at(self.filename),
                source_fd=temporary.dir_fd,
                target_fd=target.fd,
            )
        if is_done:
            return
        if target.has(self.filename):
            raise _taken(self.filename)
        if not (self.lone_rename_allowed and self.lone_rename_allowed()):
            path = target.path / self.filename
            raise DiskError(
                f"cannot write {path}: its file system can neither link nor rename without replacing, so a file that"
                " arrives at the same moment could be lost; save under a content id in a folder with ids, or on"
                " another disk",
                path=str(path),
            )
        self._rename(temporary, target)

    def _rename(self, temporary: Temporary, target: OpenedFolder) -> None:
        with _way_closed_by({errno.EXDEV}):
            patiently(
                lambda: os.replace(
                    temporary.location,
                    target.at(self.filename),
                    src_dir_fd=temporary.dir_fd,
                    dst_dir_fd=target.fd,
                )
            )


@contextmanager
def _way_closed_by(numbers: set[int]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in numbers:
            raise WayClosedError from error
        raise


def _check_plain_name(filename: str) -> None:
    if os.path.basename(filename) != filename or filename in ("", ".", "..") or "\0" in filename:
        raise InvalidPathError(f"{filename!r} is not a plain file name", filename=filename)


def _taken(filename: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), filename)


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _sync(fd: int) -> None:
    """Makes the bytes durable. On macOS, fsync alone stops at the drive's cache.

    SMB shares and macFUSE do not support F_FULLFSYNC: there, an fsync is the best available.
    """
    if _FULL_SYNC is not None:
        try:
            _FULL_SYNC(fd)
            return
        except OSError as error:
            if error.errno not in _NO_FULL_SYNC:
                raise
    os.fsync(fd)
