"""The backend for network drives, and for systems without change events: list, compare, report the difference.

Each folder has its own thread, because a listing on a dead share may never return. Then only that thread hangs, and
it is abandoned. What surprises: a poll first reports a listing, and only *after* taking its own. Later changes differ
from its memory, earlier ones are in the reader's listing, and nothing is lost in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from strandline.model.defaults import POLL_INTERVAL_S
from strandline.runtime.change_notice.folder_watcher import get_folder_identity
from strandline.runtime.change_notice.hints import Hint, ListReason, PendingHints
from strandline.runtime.change_notice.mailbox import Mailbox
from strandline.runtime.change_notice.snapshots import (
    Snapshot,
    find_changed_names,
    iter_stamps,
    take_snapshot,
)

ANSWER_TIMEOUT_S = 5.0
"""How long ``watch()`` waits for a disk to say whether the folder is there. Then it continues without an answer."""

_REST_FOR_WORK = 9
"""Resting nine times as long as a listing took limits the work to a tenth of the time."""


class PollingFolderWatcher:
    """A :class:`~.folder_watcher.FolderWatcher` that lists the folders again and again.

    If the disk does not answer, ``watch()`` returns after :data:`ANSWER_TIMEOUT_S`. The folder then counts as
    watched, and a listing is requested once the disk answers. A folder that cannot be listed is reported once, and
    once more when it can be listed again.

    Args:
        interval_s: The least time between two listings of a folder. It grows with the time that a listing takes.
        on_hints: Called from a background thread if a ``wait()`` would return.
        list_stamps: Lists a folder. Raises OSError like ``os.scandir``.
    """

    name = "polling"

    def __init__(
        self,
        *,
        interval_s: float = POLL_INTERVAL_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        on_hints: Callable[[], None] | None = None,
        list_stamps: Callable[[Path], Iterable[tuple[str, int]]] = iter_stamps,
    ) -> None:
        self._interval_s = interval_s
        self._answer_timeout_s = answer_timeout_s
        self._list_stamps = list_stamps
        self._mailbox = Mailbox(on_hints)
        self._lock = threading.Lock()
        self._polls: dict[Path, _Poll] = {}
        self._is_closed = False

    def watch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.watch`; a replaced folder is reported by its names."""
        with self._lock:
            if self._is_closed:
                raise ValueError("the watcher is closed")
            poll = self._polls.get(folder)
            if poll is None:
                poll = self._polls[folder] = _Poll(folder)
                threading.Thread(target=self._run, args=(poll,), name=f"poll {folder}", daemon=True).start()
            elif poll.is_wanted:
                return
            else:
                poll.begin_again()  # its thread still runs, and may hang: never start a second one
        # A dead share costs its timeout once, not at each try.
        poll.is_silent = not poll.has_answered.wait(0 if poll.is_silent else self._answer_timeout_s)
        if poll.failure is not None:
            self.unwatch(folder)
            raise poll.failure

    def unwatch(self, folder: Path) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.unwatch`; does not wait for a running listing."""
        with self._lock:
            if folder in self._polls:
                self._polls[folder].end()
            with self._mailbox.deliver() as pending:
                pending.forget(folder)

    def wait(self, timeout_s: float) -> list[Hint]:
        """See :meth:`~.folder_watcher.FolderWatcher.wait`."""
        return self._mailbox.wait(timeout_s)

    def wake(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.wake`."""
        self._mailbox.wake()

    def close(self) -> None:
        """See :meth:`~.folder_watcher.FolderWatcher.close`; its threads end by themselves, or stay hung."""
        self._mailbox.close()
        with self._lock:
            self._is_closed = True
            for poll in self._polls.values():
                poll.end()

    def _run(self, poll: _Poll) -> None:
        """The thread of one poll: list, report, rest, until nobody watches the folder."""
        while True:
            started = time.monotonic()
            result = self._look(poll)
            rest_s = plan_rest_s(self._interval_s, time.monotonic() - started)
            if self._ends_after(poll, result):
                return
            poll.bell.wait(rest_s)
            poll.bell.clear()

    def _look(self, poll: _Poll) -> Snapshot | OSError:
        try:
            get_folder_identity(poll.folder)
            poll.has_answered.set()
            return take_snapshot(self._list_stamps(poll.folder))
        except OSError as error:
            return error

    def _ends_after(self, poll: _Poll, result: Snapshot | OSError) -> bool:
        """Reports what a listing found. If True, the thread must end and nothing can revive it."""
        with self._lock:
            if poll.is_wanted:
                with self._mailbox.deliver() as pending:
                    _add_difference(pending, poll.folder, poll.last, result)
                poll.last = result
                if isinstance(result, FileNotFoundError | NotADirectoryError):
                    poll.failure = result
                    poll.is_wanted = False
            if not poll.is_wanted:
                del self._polls[poll.folder]
            poll.has_answered.set()
            return not poll.is_wanted


def plan_rest_s(interval_s: float, listing_s: float) -> float:
    """How long to rest after a listing. Law: listing takes at most a tenth of the time."""
    return max(interval_s, _REST_FOR_WORK * listing_s)


class _Poll:
    """What one thread and its watcher share about a folder, under the watcher's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bell = threading.Event()
        self.has_answered = threading.Event()
        self.is_silent = False
        self.begin_again()

    def begin_again(self) -> None:
        """The folder is watched, and nothing is known about it yet."""
        self.is_wanted = True
        self.last: Snapshot | OSError | None = None
        self.failure: OSError | None = None
        self.has_answered.clear()
        self.bell.set()

    def end(self) -> None:
        """The thread ends when it next checks."""
        self.is_wanted = False
        self.bell.set()


def _add_difference(
    pending: PendingHints, folder: Path, before: Snapshot | OSError | None, now: Snapshot | OSError
) -> None:
    """Turns the difference between two successive listings into hints."""
    if isinstance(now, FileNotFoundError | NotADirectoryError):
        pending.add_gone(folder)
    elif isinstance(now, OSError):
        if not isinstance(before, OSError):
            pending.add_listing(folder, ListReason.UNREADABLE)
    elif before is None:
        pending.add_listing(folder, ListReason.WATCH_ADDED)
    elif isinstance(before, OSError):
        pending.add_listing(folder, ListReason.READABLE_AGAIN)
    else:
        names = find_changed_names(before, now)
        if names is None:
            pending.add_listing(folder, ListReason.TOO_MANY_NAMES)
        for name in names or ():
            pending.add_name(folder, name)
