"""Opening a file of a storage directory: only a regular one, never through a link, never waiting.

Other machines write to a storage directory, so a name in it may be a link, a FIFO, a device, a folder, or a file that
is still being written. :func:`open_regular` opens what is safe to open and remembers what it was;
:func:`is_unchanged` says afterwards whether it still is. "No such file" is the only refusal that stays an
``OSError``, because it is the only one that says something about the file (hazard H19).
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from strandline.errors import ImageTooLargeError, UnreadableFileError
from strandline.folders.disk_errors import as_unreadable
from strandline.model.image_files import FileStamp

_CHUNK_BYTES = 1024 * 1024


def open_flags(*names: str) -> int:
    """The flags of ``os.open`` with these names, combined. Windows lacks most of them, and needs none of those."""
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


READ_FLAGS = os.O_RDONLY | open_flags(
    "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"
)
"""Opens a file for reading as if a stranger had put it there: follows no link, does not wait for a FIFO, and does
not acquire a terminal.
"""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}

_NOT_HERE = {
    "st_flags": 0x40000000,
    "st_file_attributes": 0x400000 | 0x40000 | 0x1000,
}
"""Fields of ``stat``, and their bits that say that a file's bytes are in the cloud (hazard H20).

On macOS ``SF_DATALESS``; on Windows RECALL_ON_DATA_ACCESS, RECALL_ON_OPEN, and OFFLINE.
"""


def stamp_of(found: os.stat_result, *, keeps_inodes: bool = True) -> FileStamp:
    """The stamp in a ``stat`` result. The inode is 0 if the file system does not keep inode numbers."""
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ino if keeps_inodes else 0)


def can_be_dataless() -> bool:
    """Whether this system can report that a file's bytes are in the cloud: true for macOS and Windows."""
    return any(hasattr(os.stat_result, field) for field in _NOT_HERE)


def is_dataless(found: os.stat_result) -> bool:
    """True if the system says that the file's bytes are in the cloud, so that opening would download them.

    Needs only a ``stat``. Always False on Linux, which has no such mark (a FUSE mount looks normal).
    """
    return any(getattr(found, field, 0) & bits for field, bits in _NOT_HERE.items())


class OpenedFile:
    """A regular file, open for reading, and its state when it was opened. A context manager."""

    __slots__ = ("fd", "path", "stamp", "stat")

    def __init__(self, fd: int, path: Path | str, found: os.stat_result, stamp: FileStamp) -> None:
        self.fd = fd
        self.path = path
        self.stat = found
        self.stamp = stamp

    @property
    def ctime_ns(self) -> int:
        """The file's ctime when it was opened. Meaningful only if the mount ``keeps_ctimes``."""
        return self.stat.st_ctime_ns

    def is_still_as_opened(self, *, ctimes: bool = False) -> bool:
        """True if size, mtime, and inode are unchanged, and with ``ctimes`` also the ctime. One fstat.

        Raises:
            UnreadableFileError: The disk does not answer.
        """
        try:
            found = os.fstat(self.fd)
            return self._stamp_of(found) == self.stamp and (not ctimes or found.st_ctime_ns == self.ctime_ns)
        except OSError as error:
            raise as_unreadable(error, self.path) from error

    def is_named_by(self, path: Path | str, *, dir_fd: int | None = None) -> bool:
        """True if the path leads to exactly this file, unchanged since it was opened. One lstat."""
        try:
            named = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
        except OSError:
            return False  # whatever the reason, nothing is proven
        is_same_device = self.stamp.inode == 0 or named.st_dev == self.stat.st_dev
        return is_same_device and stat.S_ISREG(named.st_mode) and self._stamp_of(named) == self.stamp

    def _stamp_of(self, found: os.stat_result) -> FileStamp:
        return stamp_of(found, keeps_inodes=self.stamp.inode != 0)

    def close(self) -> None:
        """Closes the descriptor. Idempotent."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def __del__(self) -> None:
        with suppress(OSError):
            self.close()

    def __enter__(self) -> OpenedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_regular(path: Path | str, *, dir_fd: int | None = None, keeps_inodes: bool = True) -> OpenedFile:
    """Opens a regular file for reading. Never follows a link in the last part of the path, and never waits for a
    FIFO.

    Args:
        path: The file; relative to ``dir_fd`` if given.
        dir_fd: A descriptor of the folder.
        keeps_inodes: False if the file system does not (``find_mount``): the stamp's inode is then 0.

    Raises:
        FileNotFoundError: There is no such file (unchanged, because it is an answer).
        UnreadableFileError: It is no regular file (fact ``found`` says what it is), or cannot be opened now.
    """
    try:
        if not hasattr(os, "O_NOFOLLOW"):
            _check_is_no_link(path)
        fd = os.open(path, READ_FLAGS, dir_fd=dir_fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _explain_failed_open(error, path, dir_fd) from error
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(path, found.st_mode)
    except OSError as error:
        os.close(fd)
        raise as_unreadable(error, path) from error
    except UnreadableFileError:
        os.close(fd)
        raise
    return OpenedFile(fd, path, found, stamp_of(found, keeps_inodes=keeps_inodes))


def is_unchanged(opened: OpenedFile, path: Path | str, *, dir_fd: int | None = None) -> bool:
    """True if the open file is unchanged since it was opened, and the path still leads to it.

    One fstat and one lstat. If either fails, nothing is proven, and the result is False.
    """
    try:
        return opened.is_still_as_opened() and opened.is_named_by(path, dir_fd=dir_fd)
    except UnreadableFileError:
        return False


def rewind(opened: OpenedFile) -> None:
    """Moves the read position to the first byte.

    Raises:
        UnreadableFileError: The disk refused.
    """
    try:
        os.lseek(opened.fd, 0, os.SEEK_SET)
    except OSError as error:
        raise as_unreadable(error, opened.path) from error


def read_some(opened: OpenedFile, size_bytes: int) -> bytes:
    """The next bytes, at most ``size_bytes``; none at the end.

    Raises:
        UnreadableFileError: The disk refused.
    """
    try:
        return os.read(opened.fd, size_bytes)
    except OSError as error:
        raise as_unreadable(error, opened.path) from error


def _explain_failed_open(error: OSError, path: Path | str, dir_fd: int | None) -> UnreadableFileError:
    """Links (ELOOP), sockets (ENXIO), and Windows folders (EACCES) cannot be opened. An lstat shows which it is."""
    try:
        mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
    except OSError:
        mode = stat.S_IFREG
    if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EACCES) and not stat.S_ISREG(mode):
        return _not_regular(path, mode)
    return as_unreadable(error, path)


def _not_regular(path: Path | str, mode: int) -> UnreadableFileError:
    kind = _KINDS.get(stat.S_IFMT(mode), "a special file")
    return UnreadableFileError(
        f"{path} is {kind}, not a regular file, and is not read; put the file itself there",
        path=str(path),
        found=kind,
    )


def _check_is_no_link(path: Path | str) -> None:
    """For systems without O_NOFOLLOW (Windows)."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        raise _not_regular(path, mode)


def too_large(opened: OpenedFile, limit_bytes: int) -> ImageTooLargeError:
    """The error for a file that exceeds the limit."""
    return ImageTooLargeError(
        f"{opened.path} has more than {limit_bytes:,} bytes, the limit; make it smaller or raise the limit",
        path=str(opened.path),
        limit_bytes=limit_bytes,
    )
