"""The Linux backend: one inotify instance, one watch per folder, read by whichever thread waits.

There is no thread and no delay: the reader polls the kernel's queue itself. So a hint is available a fraction of a
millisecond after the rename, and a burst is one large read. The kernel bounds the queue. After an overflow, every
folder must be listed. What surprises: the overflow may also have dropped the news that a watch has ended, so all
watches are set again. (If a folder is unchanged, the kernel returns the same watch descriptor, which is also how a
second ``watch()`` finds a replaced folder.)
"""

from __future__ import annotations

import math
import os
import re
import select
import threading
import time
from contextlib import suppress
from pathlib import Path

from inotify_simple import Event, INotify, flags  # type: ignore[import-untyped]

from strandline.runtime.change_notice.folder_watcher import naming_watch_limits
from strandline.runtime.change_notice.hints import Hint, ListReason, PendingHints

_MASK = (
    # A file that was written in place is worth a look once its writer closes it. MODIFY would report each
    # write (149 for one file of 50 MB). It is needed only for truncate(2) by path, which reports nothing else.
    flags.CLOSE_WRITE
    | flags.MOVED_TO
    | flags.MOVED_FROM
    | flags.DELETE
    # Hard links, unnamed files that get a name, symlinks, and folders report only this.
    | flags.CREATE
    # Syncthing and rclone set the mtime after the last byte. A file may also become readable.
    | flags.ATTRIB
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
    | flags.DONT_FOLLOW
    | flags.EXCL_UNLINK
)

_UNNAMED = re.compile(r"#\d+")
"""What Linux calls a file without a name (``O_TMPFILE``), by its inode. Each of our own saves begins as one."""

_ENDS_WATCH = flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT | flags.IGNORED


class InotifyFolderWatcher:
    """A :class:`~.folder_watcher.FolderWatcher` for local disks on Linux.

    Raises:
        WatchLimitError: The user has too many inotify instances, or the process too many open files.
    """

    name = "inotify"

    def __init__(self) -> None:
        with naming_watch_limits():
            self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            try:
                self._inotify = INotify()
            except OSError:
                os.close(self._bell)
                raise
        self._poller = select.poll()
        self._poller.register(self._bell, select.POLLIN)
        self._poller.register(self._inotify.fileno(), select.POLLIN)
        self._descriptors: dict[Path, int] = {}
        self._folders: dict[int, list[Path]] = {}  # two paths of one folder share a descriptor
        self._pending = PendingHints()
        self._lock = threading.Lock()
        # Held during a wait, so close() does not close the descriptors under it.
        self._reading = threading.Lock()
        self._is_closed = False

    def watch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.watch`; one system call if nothing changed."""
        with self._lock:
            if self._is_closed:
                raise ValueError("the watcher is closed")
            known = folder in self._descriptors
            try:
                is_new = self._ensure_watch(folder)
            except OSError:
                self._drop(folder)
                self._pending.forget(folder)
                raise
            if is_new:
                reason = ListReason.FOLDER_REPLACED if known else ListReason.WATCH_ADDED
                self._pending.add_listing(folder, reason)
                self._ring()

    def unwatch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.unwatch`."""
        with self._lock:
            if not self._is_closed:
                self._drop(folder)
                self._pending.forget(folder)

    def wait(self, timeout_s: float) -> list[Hint]:
        """See :meth:`~.folder_watcher.FolderWatcher.wait`."""
        deadline = time.monotonic() + timeout_s
        with self._reading:
            while not self._is_closed:
                left_s = max(0.0, deadline - time.monotonic())
                ready = {fd for fd, _ in self._poller.poll(math.ceil(left_s * 1000))}
                hints = self._read_hints(ready)
                if hints or not ready or self._bell in ready:
                    return hints
        return []

    def wake(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.wake`."""
        with self._lock:
            self._ring()

    def close(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.close`."""
        with self._lock:
            if self._is_closed:
                return
            self._ring()
            self._is_closed = True
        with self._reading:
            self._inotify.close()
            os.close(self._bell)

    def _ring(self) -> None:
        if not self._is_closed:
            os.eventfd_write(self._bell, 1)

    def _read_hints(self, ready: set[int]) -> list[Hint]:
        with self._lock:
            if self._bell in ready:
                os.eventfd_read(self._bell)
            if self._inotify.fileno() in ready:
                for event in self._inotify.read(timeout=0):
                    self._take_in(event)
            return self._pending.take()

    def _take_in(self, event: Event) -> None:
        if event.mask & flags.Q_OVERFLOW:
            self._recover()
            return
        for folder in self._folders.get(event.wd, ())[:]:
            if event.mask & _ENDS_WATCH:
                self._drop(folder)
                self._pending.add_gone(folder)
            elif event.name:
                if not _is_unnamed(event):
                    self._pending.add_name(folder, event.name)
            else:
                self._pending.add_listing(folder, ListReason.FOLDER_CHANGED)

    def _recover(self) -> None:
        """After an overflow nobody knows which events were lost, so all folders must be listed."""
        for folder in list(self._descriptors):
            try:
                self._ensure_watch(folder)
            except OSError:
                self._drop(folder)
                self._pending.add_gone(folder)
            else:
                self._pending.add_listing(folder, ListReason.EVENTS_LOST)

    def _ensure_watch(self, folder: Path) -> bool:
        """Watches what is at the path now. False if it was watched already."""
        with naming_watch_limits():
            descriptor: int = self._inotify.add_watch(folder, _MASK)
        if self._descriptors.get(folder) == descriptor:
            return False
        self._drop(folder)
        self._descriptors[folder] = descriptor
        self._folders.setdefault(descriptor, []).append(folder)
        return True

    def _drop(self, folder: Path) -> None:
        """Ends the watch of a path. Its events that are still in the queue are then ignored."""
        descriptor = self._descriptors.pop(folder, None)
        if descriptor is None:
            return
        sharers = self._folders[descriptor]
        sharers.remove(folder)
        if not sharers:
            del self._folders[descriptor]
            with suppress(OSError):  # the kernel has already ended it if the folder was deleted
                self._inotify.rm_watch(descriptor)


def _is_unnamed(event: Event) -> bool:
    return not event.mask & flags.ISDIR and _UNNAMED.fullmatch(event.name) is not None
