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
import stat
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import OpenedFolder, open_below
from strandline.folders.opening import open_flags
from strandline.model.values import dataclass

if sys.platform != "win32":
    pass

TEMPORARY_NAME = re.compile(r"\.~[0-9a-f]{32}\.tmp")
"""Matches the names of this program's temporaries, and no others."""

_MOST_NOTED = 4096
"""Bytes of a note: the longest path on Linux."""

OLD_AFTER = timedelta(hours=24)
"""A save takes seconds. A day leaves room for a machine that slept meanwhile (invariant I21)."""

_CREATE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | open_flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)
_MODE = 0o666
"""Reduced by the umask, like any file of the user's programs."""

_NO_UNNAMED = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.ENOENT}
"""Errors of file systems and kernels without O_TMPFILE. Old kernels return EISDIR and ENOENT."""
_NO_SCRATCH = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS}
"""Scratch cannot be used, but the folder itself may work."""


class Way(StrEnum):
    """Where a file is until it is whole."""

    UNNAMED = "unnamed"
    SCRATCH = "scratch"
    HIDDEN = "hidden"


class WayClosedError(OSError):
    """This way is not available here; try the next one."""


@dataclass(slots=True)
class Temporary:
    """An open file without a wanted name."""

    fd: int
    name: str
    """A path, or a name in :attr:`folder`."""
    folder: OpenedFolder | None
    """None for an unnamed file, which can be linked but not renamed."""
    note: Path | None = None

    @property
    def dir_fd(self) -> int | None:
        """The descriptor to which :attr:`name` is relative."""
        return self.folder.fd if self.folder else None

    @property
    def location(self) -> str:
        """The argument for calls that also take :attr:`dir_fd`."""
        return self.folder.at(self.name) if self.folder else self.name

    def take_hidden_name(self, target: OpenedFolder, scratch: Path) -> None:
        """Gives an unnamed file a hidden name, so that it can be renamed."""
        hidden = _new_name()
        self.note = _leave_note(scratch, hidden, target.below)
        os.link(self.name, hidden, dst_dir_fd=target.fd, follow_symlinks=True)
        self.name, self.folder = hidden, target

    def close(self) -> None:
        """Closes the file, whose bytes must be durable by now. It keeps its name. Never raises."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            with suppress(OSError):
                os.close(fd)

    def discard(self) -> None:
        """Closes the file and removes its name if it still has it. Never raises."""
        self.close()
        if self.folder:
            with suppress(OSError):
                os.unlink(self.location, dir_fd=self.dir_fd)
        if self.note:
            with suppress(OSError):
                self.note.unlink()


def open_temporary(way: Way, target: OpenedFolder, scratch: Path) -> Temporary:
    """A new, empty file on the target's disk. Discard it in any case, even after it was linked or renamed.

    Raises:
        WayClosedError: This way is not available here.
        OSError: The disk refused.
    """
    match way:
        case Way.UNNAMED:
            return _open_unnamed(target)
        case Way.SCRATCH:
            return _open_in_scratch(target, scratch)
        case Way.HIDDEN:
            name = _new_name()
            note = _leave_note(scratch, name, target.below)
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
    """Removes what unfinished saves have left in a folder. Returns the names.

    Removes only regular files with exactly a temporary's name, whose bytes and attributes have not changed for
    ``older_than``. In any folder except scratch, it removes only files that a note in scratch marks as this
    machine's. Clean the media folders first and scratch last: the notes are in scratch, and grow old as well.

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


def remove_noted_temporaries(root: Path, *, scratch: Path, now: datetime) -> tuple[str, ...]:
    """The same for temporaries in any folder below a root: each note says in which one it is. Returns their paths.

    Cost: a look at each note. Follows no link.
    """
    removed = []
    for name in sorted(path.name for path in scratch.iterdir() if TEMPORARY_NAME.fullmatch(path.name)):
        with suppress(OSError, StrandlineError):
            below = _read_note(scratch / name)
            with open_below(root, below) as folder:
                if _is_old_file(folder.at(name), now - OLD_AFTER, dir_fd=folder.fd):
                    os.unlink(folder.at(name), dir_fd=folder.fd)
                    (scratch / name).unlink(missing_ok=True)
                    removed.append(f"{below}/{name}" if below else name)
    return tuple(removed)


def _read_note(note: Path) -> str:
    """Where the temporary is. A file of a save by way of scratch is no note, and may be long."""
    with note.open("rb") as opened:
        data = opened.read(_MOST_NOTED + 1)
    if len(data) > _MOST_NOTED or b"\0" in data:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(note))
    return os.fsdecode(data)


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


def _leave_note(scratch: Path, name: str, below: str) -> Path | None:
    """Marks a hidden name as this machine's, and says in which folder it is. Best effort: without a note, nobody
    cleans up after a crash.
    """
    note = scratch / name
    try:
        fd = os.open(note, _CREATE, _MODE)
    except OSError:
        return None
    try:
        if below:
            os.write(fd, os.fsencode(below))
    except OSError:
        note.unlink(missing_ok=True)
        return None
    finally:
        os.close(fd)
    return note


def _is_old_file(path: Path | str, limit: datetime, *, dir_fd: int | None = None) -> bool:
    found = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    # ctime: a file from elsewhere keeps its old mtime, and may still be arriving.
    return stat.S_ISREG(found.st_mode) and max(found.st_mtime, found.st_ctime) < limit.timestamp()


def _new_name() -> str:
    return f".~{os.urandom(16).hex()}.tmp"
