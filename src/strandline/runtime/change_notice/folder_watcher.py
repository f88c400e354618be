"""The protocol of a watcher, and what its backends share.

One thread reads a watcher (:meth:`FolderWatcher.wait`); any thread may call the rest. Folders are watched one by one,
never recursively, and never through a symlink. Call ``watch()`` again for each folder from time to time: it is cheap,
and it notices that another folder is at the path now. No event reports that if a parent was moved or a disk was
mounted over it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from strandline.errors import WatchLimitError
from strandline.runtime.change_notice.hints import Hint

_LIMITS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""inotify(7): ENOSPC is the user's limit of watches; EMFILE is the limit of instances or descriptors."""


class FolderWatcher(Protocol):
    """Tells which names in the watched folders need a look. All backends are tested by this contract.

    After ``watch()`` has returned, each change in the folder is covered by a hint: by its name, or by a listing that
    is requested after the change. Earlier changes are covered by the listing that ``watch()`` itself requests. There
    may be hints without a change. There is no change without a hint, except those that the system does not report
    (memory-mapped writes, and other machines' writes on network drives).
    """

    @property
    def name(self) -> str:
        """The name in logs and in `doctor`: inotify, watchdog, polling, or two of them joined by a plus."""
        ...

    def watch(self, folder: Path) -> None:
        """Watches the direct children of a folder from now on, and requests one listing of it.

        If the folder is watched already, it does nothing. If another folder is at its path now, it watches that one
        and requests a listing. After an error the folder is not watched.

        Raises:
            FileNotFoundError: Nothing is there.
            NotADirectoryError: Something else is there, even a symlink to a folder.
            WatchLimitError: The system allows no more watches.
            OSError: The system refused for another reason.
        """
        ...

    def unwatch(self, folder: Path) -> None:
        """After this, no hint about the folder is given. Idempotent."""
        ...

    def wait(self, timeout_s: float) -> list[Hint]:
        """Blocks until there are hints, the time is over, or :meth:`wake` or :meth:`close` is called.

        Returns all pending hints, merged by folder, each only once. The list may be empty before the time is over;
        that means nothing. Never blocks on a disk for longer than the timeout.
        """
        ...

    def wake(self) -> None:
        """Makes the current ``wait()`` return, or the next one if none is running."""
        ...

    def close(self) -> None:
        """Ends a running ``wait()`` and frees everything. Later waits return at once."""
        ...


def get_folder_identity(folder: Path) -> tuple[int, int]:
    """Device and inode of the folder at the path; one lstat.

    Raises:
        FileNotFoundError: Nothing is there.
        NotADirectoryError: Something else is there, even a symlink to a folder.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return status.st_dev, status.st_ino


@contextmanager
def naming_watch_limits() -> Iterator[None]:
    """Turns the system's "no more watches" into :class:`WatchLimitError`. Other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _LIMITS:
            raise
        raise WatchLimitError(
            # The system's own message is "No space left on device", which makes people check their disk.
            f"The system allows no more file watches ({errno.errorcode[error.errno]}); raise its limit "
            "(on Linux fs.inotify.max_user_watches and max_user_instances). Until then the folder is polled."
        ) from error
