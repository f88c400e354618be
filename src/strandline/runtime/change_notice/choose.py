"""Which watcher watches which folder: the system's own for local disks, polling for the rest.

Both implement the same protocol, and their waits are one wait: polling rings the native watcher's bell. Running out
of watches is not an error. The folder is polled instead, and :meth:`MixedFolderWatcher.fallbacks` says which and why,
so `doctor` can name the remedy.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from strandline.errors import WatchLimitError
from strandline.model.defaults import POLL_INTERVAL_S
from strandline.runtime.change_notice.folder_watcher import FolderWatcher
from strandline.runtime.change_notice.hints import FolderGone, Hint
from strandline.runtime.change_notice.polling import PollingFolderWatcher


def choose_folder_watcher(
    is_native: Callable[[Path], bool], *, poll_interval_s: float = POLL_INTERVAL_S
) -> MixedFolderWatcher:
    """This system's native watcher with polling beside it, or polling alone if the system allows no native watcher.

    Args:
        is_native: Whether the system reports all changes in the folder (a local disk). Called by ``watch()``.
        poll_interval_s: See :class:`~.polling.PollingFolderWatcher`.
    """
    try:
        native, why_none = open_native_watcher(), ""
    except WatchLimitError as error:
        native, why_none = None, error.message
    return MixedFolderWatcher(native, is_native, poll_interval_s=poll_interval_s, why_no_native=why_none)


def open_native_watcher() -> FolderWatcher:
    """The native watcher of this system. Imports no other.

    Raises:
        WatchLimitError: The system allows no more watchers.
    """
    if sys.platform == "linux":
        from strandline.runtime.change_notice.inotify import InotifyFolderWatcher

        return InotifyFolderWatcher()
    else:  # noqa: RET505 (mypy knows by it that each system takes one of the two ways)
        from strandline.runtime.change_notice.watchdog import WatchdogFolderWatcher

        return WatchdogFolderWatcher()


class MixedFolderWatcher:
    """A :class:`~.folder_watcher.FolderWatcher` that gives each folder to the backend that suits it.

    Owns both backends and closes them. A folder that fell back to polling stays polled until it is unwatched or gone.

    Args:
        native: The system's watcher; None to poll everything.
        is_native: Whether the system reports a folder's changes.
        why_no_native: If there is no native watcher, the reason to give for native folders.
    """

    def __init__(
        self,
        native: FolderWatcher | None,
        is_native: Callable[[Path], bool],
        *,
        poll_interval_s: float = POLL_INTERVAL_S,
        why_no_native: str = "",
    ) -> None:
        self._native = native
        self._is_native = is_native
        self._why_no_native = why_no_native
        self._polling = PollingFolderWatcher(
            interval_s=poll_interval_s, on_hints=None if native is None else native.wake
        )
        # Held only while the two dictionaries are read, never during a disk access.
        self._lock = threading.Lock()
        self._backends: dict[Path, FolderWatcher] = {}
        self._fallbacks: dict[Path, str] = {}

    @property
    def name(self) -> str:
        """`inotify+polling`, `watchdog+polling`, or `polling`."""
        return self._polling.name if self._native is None else f"{self._native.name}+{self._polling.name}"

    def fallbacks(self) -> dict[Path, str]:
        """Folders that are polled although the system could report their changes, each with the reason."""
        with self._lock:
            return dict(self._fallbacks)

    def watch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.watch`; never raises WatchLimitError."""
        try:
            self._watch_with(self._choose(folder), folder)
        except WatchLimitError as error:
            self._watch_with(self._polling, folder)
            with self._lock:
                self._fallbacks[folder] = error.message

    def watch_natively(self, folder: Path) -> None:
        """The same for a folder whose changes the system reports; but it is never polled.

        Raises:
            WatchLimitError: The system allows no more watches.
            OSError: As :meth:`watch`.
        """
        if self._native is None:
            raise WatchLimitError(self._why_no_native)
        self._watch_with(self._native, folder)

    def unwatch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.unwatch`."""
        self._forget(folder)
        for backend in self._all_backends():
            backend.unwatch(folder)

    def wait(self, timeout_s: float) -> list[Hint]:
        """See :meth:`~.folder_watcher.FolderWatcher.wait`."""
        if self._native is None:
            hints = self._polling.wait(timeout_s)
        else:
            hints = self._native.wait(timeout_s) + self._polling.wait(0)
        for hint in hints:
            if isinstance(hint, FolderGone):
                self._forget(hint.folder)
        return hints

    def wake(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.wake`."""
        (self._native or self._polling).wake()

    def close(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.close`."""
        for backend in self._all_backends():
            backend.close()

    def _all_backends(self) -> list[FolderWatcher]:
        return [self._polling] if self._native is None else [self._native, self._polling]

    def _choose(self, folder: Path) -> FolderWatcher:
        """The backend that watches the folder; if none does, the one that suits it."""
        with self._lock:
            known = self._backends.get(folder)
        if known is not None:
            return known
        if not self._is_native(folder):
            return self._polling
        if self._native is None:
            raise WatchLimitError(self._why_no_native)
        return self._native

    def _watch_with(self, backend: FolderWatcher, folder: Path) -> None:
        try:
            backend.watch(folder)
        except OSError:
            self._forget(folder)
            raise
        with self._lock:
            self._backends[folder] = backend

    def _forget(self, folder: Path) -> None:
        with self._lock:
            self._backends.pop(folder, None)
            self._fallbacks.pop(folder, None)
