"""Folders that are open: their names are resolved by a descriptor, so nothing can be swapped underneath.

A folder is opened through no link in its last part. One below a root is opened part by part, each from the one above
it, so it is reached through no link at all. What is missing on the way is made durably: its name is synced before
anything is put into it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from strandline.errors import InvalidPathError, RefusedError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opening import open_flags
from strandline.model.values import dataclass

if sys.platform != "win32":
    import fcntl

_FOLDER = open_flags("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")

LOCK_LIMIT_S = 10.0
"""A saver locks a folder only for a look and a rename. If somebody holds the lock longer than this, it is no
saver, and we go on without the lock.
"""
_LOCK_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """An open folder. Its names are resolved by its descriptor, so it cannot be replaced by a link."""

    path: Path
    fd: int | None
    """None if the system has no folder descriptors (Windows)."""
    below: str = ""
    """Where it is below the root of its storage directory, with ``/``, if a temporary in it must be found by that."""

    def at(self, name: str) -> str:
        """The argument for calls that also take ``dir_fd=folder.fd``."""
        return str(self.path / name) if self.fd is None else name

    def device(self) -> int:
        """The number of its device."""
        return (self.path.stat() if self.fd is None else os.fstat(self.fd)).st_dev

    def has(self, name: str) -> bool:
        """True if anything has the name, even a broken link."""
        try:
            os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def sync(self) -> None:
        """Makes the names in the folder durable, if the file system can."""
        if self.fd is None:
            return
        try:
            os.fsync(self.fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the system's lock on the folder, so only one saver on this machine at a time is in this block.

        Other programs are not locked out. If the system or file system cannot lock folders, there is no lock.
        """
        if sys.platform == "win32" or self.fd is None:
            yield
            return
        _wait_for_lock(self.fd)
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.flock(self.fd, fcntl.LOCK_UN)


def _wait_for_lock(fd: int) -> None:
    give_up_s = time.monotonic() + LOCK_LIMIT_S
    while time.monotonic() < give_up_s:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_S)
            continue
        except OSError:
            pass  # NFS, for example, locks only files that are open for writing
        return


@contextmanager
def open_folder(path: Path) -> Iterator[OpenedFolder]:
    """Opens the folder, without following a link in its last part."""
    if sys.platform == "win32":
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        yield OpenedFolder(path, None)
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield OpenedFolder(path, fd)
    finally:
        os.close(fd)


@contextmanager
def open_or_make_folder(path: Path) -> Iterator[OpenedFolder]:
    """The same, but first creates the folder, durably, if nothing has its name.

    Raises:
        RefusedError: Something else has its name.
    """
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_folder(path))
        except FileNotFoundError:
            make_folder(path)
            opened = stack.enter_context(open_folder(path))
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise _in_the_way(path) from None
        yield opened


def make_folders(path: Path) -> None:
    """Makes the folder, and those above it that are missing, durably. It may be reached through links.

    One that is there may have been made by a killed process just now, so its name is synced, too, if possible.
    """
    real = Path(os.path.realpath(path))
    missing = [each for each in (real, *real.parents) if not each.is_dir()]
    real.mkdir(parents=True, exist_ok=True)
    for each in missing:
        with open_folder(each.parent) as above:
            above.sync()
    if not missing:
        with suppress(OSError), open_folder(real.parent) as above:
            above.sync()


@contextmanager
def open_below(root: Path, below: str, *, make: bool = False) -> Iterator[OpenedFolder]:
    """Opens the folder at this path below a root, each part from the one above it, and none through a link.

    With ``make``, creates what is missing, durably, folder by folder. The root must exist.

    Raises:
        FileNotFoundError: It does not exist.
        RefusedError: Something else is in the place of a folder.
        InvalidPathError: The path is not a plain one.
        OSError: The disk refused.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(open_folder(root))
        for part in below.split("/") if below else ():
            if part in ("", ".", ".."):
                raise InvalidPathError(f"{below!r} is not a plain path below a folder", path=below)
            try:
                opened = stack.enter_context(_open_part(opened, part))
            except FileNotFoundError:
                if not make:
                    raise
                with suppress(FileExistsError):
                    os.mkdir(opened.at(part), dir_fd=opened.fd)
                opened.sync()
                opened = stack.enter_context(_open_part(opened, part))
        yield opened


@contextmanager
def _open_part(above: OpenedFolder, part: str) -> Iterator[OpenedFolder]:
    path, below = above.path / part, f"{above.below}/{part}" if above.below else part
    try:
        if above.fd is None:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            fd = None
        else:
            fd = os.open(part, os.O_RDONLY | _FOLDER, dir_fd=above.fd)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        raise _in_the_way(path) from None
    try:
        yield OpenedFolder(path, fd, below)
    finally:
        if fd is not None:
            os.close(fd)


def make_folder(path: Path) -> None:
    """Makes the folder, durably. The one above it must be there, and nothing else in its place.

    Raises:
        DiskError: It could not be made.
    """
    with disk_errors("make the folder", path), open_folder(path.parent) as above:
        path.mkdir(exist_ok=True)
        above.sync()


def _in_the_way(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} is in the way and is not a folder; move it away and save again", path=str(path)
    )
