"""The real watcher of local disks without its threads: whoever drives it says when it goes on.

Watches, hints, second looks, scans and the verifier are the ones that run in the daemon, on the clock that is
handed in. Only the waiting is left out; and hints of the kernel can be lost, doubled, turned round or held back on
the way, as on a system that is too busy.
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
"""More than any work takes that comes of one change: else the watcher is busy with nothing."""

_CLOSERS = ThreadPoolExecutor(1, "closes-watchers")


class Notice(Word):
    """What becomes of the kernel's hints."""

    TOLD = "told"
    LOST = "lost"
    TWICE = "twice"
    REVERSED = "reversed"
    LATE = "late"
    """They are told when this ends."""


class DrivenWatcher:
    """A watcher that works when it is told to, on the caller's thread."""

    def __init__(
        self, bench: Workbench, settings: Settings, list_sds: Callable[[], list[StorageDir]]
    ) -> None:
        self.notice = Notice.TOLD
        self._bench = bench
        self._place = PlaceWatcher(bench, settings, ScanJobs(bench), list_sds)
        self._held: list[Hint] = []

    def collect(self) -> None:
        """Takes what the kernel has to tell now."""
        hints = self._place._folders.wait(0)
        if self.notice is Notice.LOST:
            # A listing that the watcher asked itself for is no event, and cannot be lost.
            hints = [hint for hint in hints if isinstance(hint, ListFolder)]
        elif self.notice is Notice.TWICE:
            hints += hints
        elif self.notice is Notice.REVERSED:
            hints.reverse()
        self._held += hints

    def drop_hints(self) -> None:
        """Forgets what the kernel has to tell now: the simulator itself has set a time."""
        self._place._folders.wait(0)

    def work(self) -> None:
        """Does all that is due now, until nothing is."""
        for _ in range(ROUNDS):
            self._place._tick()
            self.collect()
            if not self._work_once():
                return
        raise AssertionError("the watcher does not come to rest while nothing changes")

    def has_work(self) -> bool:
        """Whether there are hints, or something is due."""
        due_s = self.next_due_s()
        has_hints = bool(self._held) and self.notice is not Notice.LATE
        return has_hints or (due_s is not None and due_s <= self._bench.monotonic())

    def next_due_s(self) -> float | None:
        """When there is something to do, in the bench's monotonic seconds; None where nothing is planned."""
        scans = self._place._scans._due_s.values()
        looks = self._place._relooks.next_due_s()
        return min([*scans, *([] if looks is None else [looks])], default=None)

    def close(self) -> None:
        """Ends it, as the end of its process does; beside the caller, for the kernel takes 13 ms."""
        _CLOSERS.submit(self._place._folders.close)

    def _work_once(self) -> bool:
        """True where something was done."""
        place = self._place
        held = [] if self.notice is Notice.LATE else self._held
        if held:
            self._held = []
        for hint in held:
            place._take_in(hint)
        place._work_off()
        scans = place._scans
        number = scans._take_due()
        if number is not None:
            scans._scan(number)
        scans._has_nothing_to_verify()
        place._work_off()
        return bool(held) or number is not None
