"""The real watcher of local disks without its threads: the test decides when it continues.

Watches, hints, second looks, scans, and the verifier are those of the daemon, on the given clock. Only the waiting is
left out. Kernel hints can be lost, doubled, reversed, or delayed on the way, as on a system that is too busy.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from stateful.words import Word
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.change_notice import Hint, ListFolder
from strandline.runtime.scan_jobs import ScanJobs
from strandline.runtime.settings import Settings
from strandline.runtime.watching.place_watcher import PlaceWatcher
from strandline.services.workbench import Workbench

ROUNDS = 30
"""More than the work after any change needs. If there is more, the watcher is in an endless loop."""

_CLOSERS = ThreadPoolExecutor(1, "closes-watchers")


class Notice(Word):
    """What happens to the kernel's hints."""

    TOLD = "told"
    LOST = "lost"
    TWICE = "twice"
    REVERSED = "reversed"
    LATE = "late"
    """They are delivered when this ends."""


class DrivenWatcher:
    """A watcher that works on demand, on the caller's thread."""

    def __init__(
        self, bench: Workbench, settings: Settings, list_sds: Callable[[], list[StorageDir]]
    ) -> None:
        self.notice = Notice.TOLD
        self._bench = bench
        self._place = PlaceWatcher(bench, settings, ScanJobs(bench), list_sds)
        self._held: list[Hint] = []

    def collect(self) -> None:
        """Reads the kernel's pending hints."""
        hints = self._place._folders.wait(0)
        if self.notice is Notice.LOST:
            # A listing that the watcher requested itself is no kernel event, and cannot be lost.
            hints = [hint for hint in hints if isinstance(hint, ListFolder)]
        elif self.notice is Notice.TWICE:
            hints += hints
        elif self.notice is Notice.REVERSED:
            hints.reverse()
        self._held += hints

    def drop_hints(self) -> None:
        """Drops the kernel's pending hints, because the simulator itself has set a time."""
        self._place._folders.wait(0)

    def work(self) -> None:
        """Does all due work, until none is left."""
        for _ in range(ROUNDS):
            self._place._tick()
            self.collect()
            if not self._work_once():
                return
        raise AssertionError("the watcher does not come to rest while nothing changes")

    def has_work(self) -> bool:
        """Whether there are hints or due work."""
        due_s = self.next_due_s()
        has_hints = bool(self._held) and self.notice is not Notice.LATE
        return has_hints or (due_s is not None and due_s <= self._bench.monotonic())

    def next_due_s(self) -> float | None:
        """When there is work, in the bench's monotonic seconds; None if nothing is scheduled."""
        scans = self._place._scans._due_s.values()
        looks = self._place._relooks.next_due_s()
        return min([*scans, *([] if looks is None else [looks])], default=None)

    def close(self) -> None:
        """Ends it like the end of its process, in another thread, because the kernel takes 13 ms."""
        _CLOSERS.submit(self._place._folders.close)

    def _work_once(self) -> bool:
        """True if something was done."""
        place = self._place
        held = [] if self.notice is Notice.LATE else self._held
        if held:
            self._held = []
        for hint in held:
            place._take_in(hint)
        place._work_off()
        scans = place._scans
        number = scans._take_due(scans._due_s)
        if number is not None:
            scans._scan(number)
        if (due := scans._take_due(scans._checks_due_s)) is not None:
            scans._check_notes(due)
        scans._has_nothing_to_verify()
        place._work_off()
        return bool(held) or number is not None
