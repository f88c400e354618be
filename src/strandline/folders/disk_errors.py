"""Refusals of the operating system, worded so that a person can act on them.

An ``OSError`` knows a number. People need to know what happened, to which file, and what to do. One table turns the
common numbers (full disks, read-only mounts, shares that went away) into :class:`~strandline.errors.DiskError` and
its subclasses, with the number's name among the facts. "No such file" and "file exists" are answers, not faults, and
pass through unchanged.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from strandline.errors import DiskError, DiskFullError, UnreadableFileError, UnwritableFolderError

_FULL = "free some space there, or raise the quota, and try again"
_AWAY = "the share or disk does not answer; try again when it is back"
_REMEDIES: dict[int, str] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: "it is mounted read-only; mount it writable or choose another folder",
    errno.EACCES: "give this user access"
    + (", or wait until the program that locked it has finished" if os.name == "nt" else ""),
    errno.EPERM: "give this user access",
    errno.EIO: "the disk reports a fault; check it",
    errno.ESTALE: _AWAY,
    errno.ETIMEDOUT: _AWAY,
    errno.EHOSTDOWN: _AWAY,
    errno.EHOSTUNREACH: _AWAY,
    errno.ENOTCONN: _AWAY,
    errno.ENODEV: _AWAY,
    errno.EFBIG: "the file system, or a limit for this user, does not allow a file of that size",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.ENOENT: "the folder is not there; check that its disk is mounted",
    errno.ENOTDIR: "there is something else in the place of a folder; move it away",
    errno.ELOOP: "there is a symbolic link in the place of a folder; put the folder itself there",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
}
_WRITE_CLASSES: dict[int, type[DiskError]] = {
    errno.ENOSPC: DiskFullError,
    errno.EDQUOT: DiskFullError,
    errno.EROFS: UnwritableFolderError,
    errno.EACCES: UnwritableFolderError,
    errno.EPERM: UnwritableFolderError,
}


def as_disk_error(error: OSError, doing: str, path: Path | str) -> DiskError:
    """Our error for a refused write (or folder). Raise it ``from`` the original.

    ``doing`` is a verb that fits "cannot … PATH": ``"write"``, ``"list"``.
    """
    kind = _WRITE_CLASSES.get(error.errno or 0, DiskError)
    return kind(_say(error, doing, path), **_facts(error, path))


def as_unreadable(error: OSError, path: Path | str) -> UnreadableFileError:
    """Our error for a refused read of one file. Raise it ``from`` the original."""
    return UnreadableFileError(_say(error, "read", path), **_facts(error, path))


def explain_unlistable(error: OSError) -> str:
    """Why the images' folder cannot be listed, although something has its name, and what to do about it."""
    if isinstance(error, NotADirectoryError):
        return "'media' is not a folder; rename it, so that images can be kept there"
    if error.errno == errno.ELOOP:
        return "the media folder is a link, and links are never followed; put the folder itself there"
    return f"the media folder cannot be listed: {error.strerror or error}"


class PlaceError(OSError):
    """A refusal of a place that is no disk, in its own words, and what to do about it."""

    def __init__(self, number: int, reason: str, remedy: str) -> None:
        super().__init__(number, reason)
        self.remedy = remedy


class disk_errors:
    """Turns every ``OSError`` of the block into a :class:`~strandline.errors.DiskError`.

    ``answers`` (``FileExistsError``, …) pass unchanged: they are results that the caller expects.
    A class, because every save enters several, and a generator takes three times as long.
    """

    __slots__ = ("_answers", "_doing", "_path")

    def __init__(self, doing: str, path: Path | str, *answers: type[OSError]) -> None:
        self._doing = doing
        self._path = path
        self._answers = answers

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, self._answers):
            raise as_disk_error(error, self._doing, self._path) from error


def _say(error: OSError, doing: str, path: Path | str) -> str:
    if isinstance(error, PlaceError):
        return f"cannot {doing} {path}: {error.strerror}; {error.remedy}"
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = _REMEDIES.get(_number_of(error) or 0, "check the disk and try again")
    return f"cannot {doing} {path}: {reason}; {remedy}"


def _facts(error: OSError, path: Path | str) -> dict[str, str]:
    number = _number_of(error)
    return {"path": str(path), "errno": errno.errorcode.get(number or 0, str(number))}


def _number_of(error: OSError) -> int | None:
    """The errno. Our own time limit counts like the system's."""
    return errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
