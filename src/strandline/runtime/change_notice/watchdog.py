"""The backend for macOS and Windows: watchdog's threads fill a mailbox.

It also runs on Linux, for the tests, but :mod:`~.inotify` is better there: watchdog delays renames out of a folder by
half a second and does not report overflows. Watchdog also does not report that a watched folder was moved away or
replaced. So every two seconds, the waiting reader checks whether the folders are still the same.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from strandline.model.values import dataclass
from strandline.runtime.change_notice.folder_watcher import get_folder_identity, naming_watch_limits
from strandline.runtime.change_notice.hints import Hint, ListReason
from strandline.runtime.change_notice.mailbox import Mailbox

CHECK_INTERVAL_S = 2.0
"""As often as Strandline checks for folders that appear. Two lstat per storage directory."""

_SAY_NOTHING = frozenset({"opened", "closed_no_write"})
"""Reading a file changes nothing, and we read files ourselves: each look would cause the next."""


class WatchdogFolderWatcher:
    """A :class:`~.folder_watcher.FolderWatcher` for local disks on systems without inotify.

    Args:
        check_interval_s: How often ``wait()`` checks that the folders are still the same.

    Raises:
        WatchLimitError: The system allows no more watches.
    """

    name = "watchdog"

    def __init__(self, *, check_interval_s: float = CHECK_INTERVAL_S) -> None:
        self._check_interval_s = check_interval_s
        self._next_check = time.monotonic() + check_interval_s
        self._mailbox = Mailbox()
        # We hold it while watchdog takes its own lock, so watchdog's threads use only the mailbox.
        self._lock = threading.Lock()
        self._watched: dict[Path, _Watched] = {}
        self._is_closed = False
        with naming_watch_limits():
            self._observer: BaseObserver = Observer()
            self._observer.start()

    def watch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.watch`; one lstat if nothing changed."""
        with self._lock:
            if self._is_closed:
                raise ValueError("the watcher is closed")
            known = self._watched.get(folder)
            try:
                identity = get_folder_identity(folder)
                if known is not None and known.identity == identity and not known.handler.is_over:
                    return
                self._drop(folder)
                self._start(folder, identity)
            except OSError:
                self._drop(folder)
                self._forget(folder)
                raise
            reason = ListReason.WATCH_ADDED if known is None else ListReason.FOLDER_REPLACED
            with self._mailbox.deliver() as pending:
                pending.add_listing(folder, reason)

    def unwatch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.unwatch`."""
        with self._lock:
            if not self._is_closed:
                self._drop(folder)
                self._forget(folder)

    def wait(self, timeout_s: float) -> list[Hint]:
        """See :meth:`~.folder_watcher.FolderWatcher.wait`."""
        deadline = time.monotonic() + timeout_s
        while True:
            now = time.monotonic()
            if now >= self._next_check:
                self._end_watches_of_lost_folders()
                self._next_check = now + self._check_interval_s
            until = min(deadline, self._next_check)
            hints = self._mailbox.wait(max(0.0, until - now))
            if hints or until == deadline or time.monotonic() < until:
                return hints

    def wake(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.wake`."""
        self._mailbox.wake()

    def close(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.close`."""
        self._mailbox.close()
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._watched.clear()
                self._observer.stop()
                self._observer.join()

    def _start(self, folder: Path, identity: tuple[int, int]) -> None:
        handler = _Handler(folder, self._mailbox)
        with naming_watch_limits():
            watch = self._observer.schedule(handler, str(folder), recursive=False)
        self._watched[folder] = _Watched(identity, handler, watch)

    def _drop(self, folder: Path) -> None:
        watched = self._watched.pop(folder, None)
        if watched is not None:
            watched.handler.is_over = True
            with suppress(KeyError):  # watchdog has dropped it already
                self._observer.unschedule(watched.watch)

    def _forget(self, folder: Path) -> None:
        with self._mailbox.deliver() as pending:
            pending.forget(folder)

    def _end_watches_of_lost_folders(self) -> None:
        with self._lock:
            for folder, watched in list(self._watched.items()):
                if watched.handler.is_over:
                    self._drop(folder)
                elif watched.is_lost(folder):
                    self._drop(folder)
                    with self._mailbox.deliver() as pending:
                        pending.add_gone(folder)


class _Handler(FileSystemEventHandler):
    """Turns the events of one folder into hints, on watchdog's thread. Raises nothing."""

    def __init__(self, folder: Path, mailbox: Mailbox) -> None:
        self._folder = folder
        self._own_spellings = {str(folder), os.path.realpath(folder)}
        self._mailbox = mailbox
        self.is_over = False

    def dispatch(self, event: FileSystemEvent) -> None:
        if self.is_over or event.event_type in _SAY_NOTHING:
            return
        with self._mailbox.deliver() as pending:
            for path in (os.fsdecode(event.src_path), os.fsdecode(event.dest_path)):
                if path not in self._own_spellings:
                    if path:
                        pending.add_name(self._folder, Path(path).name)
                elif event.event_type in {"deleted", "moved"}:
                    self.is_over = True
                    pending.add_gone(self._folder)


@dataclass(frozen=True, slots=True)
class _Watched:
    """One watch of watchdog's."""

    identity: tuple[int, int]
    handler: _Handler
    watch: ObservedWatch

    def is_lost(self, folder: Path) -> bool:
        """Whether the watched folder is no longer at its path. One lstat."""
        try:
            return get_folder_identity(folder) != self.identity
        except OSError:
            return True
