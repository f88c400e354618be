"""Where a file is until it is whole: three ways, the least visible first.

*unnamed*: an unnamed file on the target's disk (O_TMPFILE), which no sync client can see. *scratch*: a file in
STRANDLINE_HOME, if that is on the same device. *hidden*: ``.~<32 hex digits>.tmp`` next to the target, which works on
every file system and has a name that most clients skip (hazard H36). What surprises: another machine's hidden
temporaries may arrive here by sync, and they look just like ours. So each hidden one has a note of the same name in
scratch while it exists, and only noted ones are ever cleaned up.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from strandline.errors import RefusedError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opening import open_flags
from strandline.model.values import dataclass

if sys.platform != "win32":
    import fcntl

TEMPORARY_NAME = re.compile(r"\.~[0-9a-f]{32}\.tmp")
"""The names that temporaries of this program have, and nothing else."""

OLD_AFTER = timedelta(hours=24)
"""A save takes seconds; a day leaves room for a machine that slept meanwhile (invariant I21)."""

_CREATE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | open_flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)
_MODE = 0o666
"""The umask takes away from it, as for any file that a program of the user makes."""

_NO_UNNAMED = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.ENOENT}
"""What file systems and kernels without O_TMPFILE answer; EISDIR and ENOENT come from old kernels."""
_NO_SCRATCH = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS}
"""Scratch cannot be used; the folder itself may still be."""


LOCK_LIMIT_S = 10.0
"""A saver holds a folder's lock for a look and a rename; whoever holds it so long is none, and not waited for."""
_LOCK_PAUSE_S = 0.01


class Way(StrEnum):
    """Where a file lies until it is whole."""

    UNNAMED = "unnamed"
    SCRATCH = "scratch"
    HIDDEN = "hidden"


class WayClosedError(OSError):
    """This way does not exist here; the next one may."""


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """An open folder. Names in it are resolved by its descriptor, so that nobody can swap it for a link."""

    path: Path
    fd: int | None
    """None where the system has no folder descriptors (Windows)."""

    def at(self, name: str) -> str:
        """What to pass to calls that also take ``dir_fd=folder.fd``."""
        return str(self.path / name) if self.fd is None else name

    def device(self) -> int:
        """The number of the device it lies on."""
        return (self.path.stat() if self.fd is None else os.fstat(self.fd)).st_dev

    def has(self, name: str) -> bool:
        """True where anything lies under the name, also a broken link."""
        try:
            os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def sync(self) -> None:
        """Makes the names in the folder durable, where the file system can."""
        if self.fd is None:
            return
        try:
            os.fsync(self.fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the system's lock on the folder, so that of all savers on this machine one is in such a block.

        Other programs are not kept out. Without a lock where the system or file system has none for folders.
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
            pass  # NFS, for one, locks only what is open for writing
        return


@contextmanager
def open_folder(path: Path) -> Iterator[OpenedFolder]:
    """The folder, opened without following a link in its last place."""
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
    """The same; the folder is made first, durably, if nothing has its name.

    Raises:
        RefusedError: Something else has its name.
    """
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_folder(path))
        except FileNotFoundError:
            _make_folder(path)
            opened = stack.enter_context(open_folder(path))
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise RefusedError(
                f"{path} is in the way and is not a folder; move it away and save again", path=str(path)
            ) from None
        yield opened


def _make_folder(path: Path) -> None:
    with disk_errors("make the folder", path), open_folder(path.parent) as above:
        path.mkdir(exist_ok=True)
        above.sync()


@dataclass(slots=True)
class Temporary:
    """An open file that lies under no wanted name yet."""

    fd: int
    name: str
    """A path, or a name in :attr:`folder`."""
    folder: OpenedFolder | None
    """None for an unnamed file, which can be linked and not renamed."""
    note: Path | None = None

    @property
    def dir_fd(self) -> int | None:
        """What :attr:`name` is relative to."""
        return self.folder.fd if self.folder else None

    @property
    def location(self) -> str:
        """What to pass to calls that also take :attr:`dir_fd`."""
        return self.folder.at(self.name) if self.folder else self.name

    def take_hidden_name(self, target: OpenedFolder, scratch: Path) -> None:
        """Gives an unnamed file a hidden name, so that it can be renamed."""
        hidden = _new_name()
        self.note = _leave_note(scratch, hidden)
        os.link(self.name, hidden, dst_dir_fd=target.fd, follow_symlinks=True)
        self.name, self.folder = hidden, target

    def close(self) -> None:
        """Closes the file, whose bytes are durable by now; it keeps its name. Never raises."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            with suppress(OSError):
                os.close(fd)

    def discard(self) -> None:
        """Closes the file and removes its name where it still has it; never raises."""
        self.close()
        if self.folder:
            with suppress(OSError):
                os.unlink(self.location, dir_fd=self.dir_fd)
        if self.note:
            with suppress(OSError):
                self.note.unlink()


def open_temporary(way: Way, target: OpenedFolder, scratch: Path) -> Temporary:
    """A new, empty file on the target's disk; to be discarded in any case, also after it was linked or renamed.

    Raises:
        WayClosedError: This way does not exist here.
        OSError: The disk refused.
    """
    match way:
        case Way.UNNAMED:
            return _open_unnamed(target)
        case Way.SCRATCH:
            return _open_in_scratch(target, scratch)
        case Way.HIDDEN:
            name = _new_name()
            note = _leave_note(scratch, name)
            try:
                return Temporary(
                    os.open(target.at(name), _CREATE, _MODE, dir_fd=target.fd), name, target, note
                )
            except OSError:
                if note:
                    note.unlink()
                raise


def remove_own_temporaries(
    folder: Path, *, scratch: Path, now: datetime, older_than: timedelta = OLD_AFTER
) -> tuple[str, ...]:
    """Removes what saves that never ended have left in a folder, and returns the names.

    Only regular files with a temporary's exact name go, only where neither their bytes nor their attributes changed
    for ``older_than``, and in any folder but scratch only those that a note in scratch says are this machine's.
    Clean the media folders first, scratch last: the notes are in it, and grow old as well.

    Raises:
        DiskError: The folder cannot be listed. A single file that resists is left for the next time.
    """
    with disk_errors("list", folder):
        names = [path.name for path in folder.iterdir() if TEMPORARY_NAME.fullmatch(path.name)]
    removed = []
    for name in names:
        is_ours = folder == scratch or (scratch / name).exists()
        with suppress(OSError):
            if is_ours and _is_old_file(folder / name, now - older_than):
                (folder / name).unlink()
                (scratch / name).unlink(missing_ok=True)
                removed.append(name)
    return tuple(removed)


def _open_unnamed(target: OpenedFolder) -> Temporary:
    if not hasattr(os, "O_TMPFILE") or target.fd is None:
        raise WayClosedError
    try:
        fd = os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE, dir_fd=target.fd)
    except OSError as error:
        if error.errno in _NO_UNNAMED:
            raise WayClosedError from error
        raise
    return Temporary(fd, f"/proc/self/fd/{fd}", None)


def _open_in_scratch(target: OpenedFolder, scratch: Path) -> Temporary:
    name = _new_name()
    try:
        if scratch.stat().st_dev != target.device():
            raise WayClosedError
        return Temporary(os.open(scratch / name, _CREATE, _MODE), name, OpenedFolder(scratch, None))
    except OSError as error:
        if error.errno in _NO_SCRATCH:
            raise WayClosedError from error
        raise


def _leave_note(scratch: Path, name: str) -> Path | None:
    """Remembers a hidden name as this machine's. Best effort: without a note, nobody cleans up after a crash."""
    note = scratch / name
    try:
        os.close(os.open(note, _CREATE, _MODE))
    except OSError:
        return None
    return note


def _is_old_file(path: Path, limit: datetime) -> bool:
    found = path.lstat()
    # ctime: a file that arrived from elsewhere brings its old mtime along, and may still be arriving.
    return stat.S_ISREG(found.st_mode) and max(found.st_mtime, found.st_ctime) < limit.timestamp()


def _new_name() -> str:
    return f".~{secrets.token_hex(16)}.tmp"
