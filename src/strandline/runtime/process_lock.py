"""A lock for one process, based on the operating system's file locks: it cannot outlive its holder."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from strandline.folders.disk_errors import disk_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""How the systems report that another process has the lock."""


class ProcessLock:
    """The lock on a file in the home. Programs that this one starts do not inherit it. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Takes the lock without waiting. False if another process, or another lock object, has it.

        Raises:
            DiskError: The file cannot be created, or its file system has no locks.
        """
        if self._descriptor is not None:
            return True
        with disk_errors("lock", self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                _lock(descriptor)
            except OSError as error:
                os.close(descriptor)
                if error.errno not in _TAKEN:
                    raise
                return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Releases the lock. Idempotent. The file stays: if it were deleted, two processes could hold "the" lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
