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
"""inotify(7): ENOSPC is the user's number of watches, EMFILE the number of instances or of descriptors."""


class FolderWatcher(Protocol):
    """Tells which names in the watched folders deserve a look. The contract that all backends are tested by.

    After a folder's ``watch()`` has returned, each change in it is covered by a hint: by its name, or by a
    listing that is asked for after the change. Changes before are covered by the listing that ``watch()``
    itself asks for. There may be hints about nothing; there are no changes without a hint, but for those that
    the system itself keeps silent about (memory-mapped writes, other machines' writes on network drives).
    """

    @property
    def name(self) -> str:
        """What stands in logs and in `doctor`: inotify, watchdog, polling, or two of them with a plus."""
        ...

    def watch(self, folder: Path) -> None:
        """Watches the direct children of a folder from now on; asks for one listing of it.

        For a folder that is watched already: nothing, or, where another folder lies at its path now, watches
        that one and asks for a listing. After an error the folder is not watched.

        Raises:
            FileNotFoundError: Nothing lies there.
            NotADirectoryError: Something else lies there, be it a symlink to a folder.
            WatchLimitError: The system allows no more watches.
            OSError: The system refused otherwise, with its own reason.
        """
        ...

    def unwatch(self, folder: Path) -> None:
        """No hint about the folder is handed out any more. Idempotent."""
        ...

    def wait(self, timeout_s: float) -> list[Hint]:
        """Blocks until there are hints, the time is over, or :meth:`wake` or :meth:`close` is called.

        Hands out all there is, merged by folder, and each hint once. An empty list says nothing: it may come
        before the time is over. Never blocks on a disk for longer than the timeout.
        """
        ...

    def wake(self) -> None:
        """Makes the current ``wait()`` return, or the next one where none is under way."""
        ...

    def close(self) -> None:
        """Ends a ``wait()`` that is under way and gives everything back. Later waits return at once."""
        ...


def get_folder_identity(folder: Path) -> tuple[int, int]:
    """Device and inode of the folder at the path; one lstat.

    Raises:
        FileNotFoundError: Nothing lies there.
        NotADirectoryError: Something else lies there, be it a symlink to a folder.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return status.st_dev, status.st_ino


@contextmanager
def naming_watch_limits() -> Iterator[None]:
    """Turns the system's "no more watches" into :class:`WatchLimitError`; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _LIMITS:
            raise
        raise WatchLimitError(
            # The system's own words for it are "No space left on device", which sends people to their disk.
            f"The system allows no more file watches ({errno.errorcode[error.errno]}); raise its limit "
            "(on Linux fs.inotify.max_user_watches and max_user_instances). Until then the folder is polled."
        ) from error
