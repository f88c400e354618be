"""A mailbox for hints: background threads fill it, and the reader waits for them.

For the backends with their own threads (watchdog, polling). It needs no limit on its length, because hints are merged
as they arrive (:class:`~.hints.PendingHints`): an unread mailbox has at most a thousand names per folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strandline.runtime.change_notice.hints import Hint, PendingHints


class Mailbox:
    """Thread-safe; one reader.

    Args:
        ring: Called after each delivery, from the delivering thread, for readers that wait elsewhere.
    """

    def __init__(self, ring: Callable[[], None] | None = None) -> None:
        self._ring = ring
        self._pending = PendingHints()
        self._filled = threading.Condition()
        self._is_woken = False
        self._is_closed = False

    @contextmanager
    def deliver(self) -> Iterator[PendingHints]:
        """A context that gives the pending hints to add to. On exit it wakes the reader if there are any."""
        with self._filled:
            yield self._pending
            is_filled = bool(self._pending)
            self._filled.notify()
        if is_filled and self._ring is not None:
            self._ring()

    def wait(self, timeout_s: float) -> list[Hint]:
        """The new hints. Blocks like :meth:`~.folder_watcher.FolderWatcher.wait`."""
        with self._filled:
            self._filled.wait_for(lambda: self._pending or self._is_woken or self._is_closed, timeout_s)
            self._is_woken = False
            return [] if self._is_closed else self._pending.take()

    def wake(self) -> None:
        """Makes the current wait return, or the next one."""
        with self._filled:
            self._is_woken = True
            self._filled.notify()

    def close(self) -> None:
        """Ends the current wait. Later ones return an empty list at once."""
        with self._filled:
            self._is_closed = True
            self._filled.notify()
