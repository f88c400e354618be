"""Background scans: each storage directory is scanned when due, and verified in between.

The notes in it are checked after it, and when one of them has changed.

One thread runs them, one after the other; any thread may schedule one. A scan only lists and registers. What it finds
goes to the thread that looks at arrivals, so all files are proven in one place. The next periodic scan is scheduled
before a scan begins, so none is lost if the scan fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from strandline.errors import StorageDirNotFoundError, StrandlineError
from strandline.logs import get_logger
from strandline.model.byte_budget import ByteBudget
from strandline.model.image_files import FileState
from strandline.model.reports import ScanReport
from strandline.model.states import DAMAGED_AFTER, EXPECTED
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.change_notice import plan_rest_s
from strandline.runtime.scan_jobs import ScanJobs
from strandline.runtime.settings import Settings
from strandline.services.proving.backlog import verify_unproven
from strandline.services.proving.hidden_edits import HiddenEdits
from strandline.services.saving.tidy import remove_leftovers
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.presence import reconsider
from strandline.services.verifying.background import BackgroundVerification
from strandline.services.workbench import Workbench

log = get_logger(__name__)

ABSENCE_SETTLES_S = 61.0
"""One second after an absent file may become missing (SPEC §6)."""

NOTES_SETTLE_S = 2.0
"""How long after a change the notes are checked: a program saves several files one after the other."""

CHECKS_SHARE = 20
"""After a check of notes, this many times as long as it took passes before the next one of the same SD."""

RETRY_S = 10.0
"""Retry delay after the catalog refused a scan, for example because another process holds it."""

LONGEST_WAIT_S = 1.0
"""Maximum wait for the byte budget, which refills meanwhile."""

OnFound = Callable[[int, Sequence[str], Sequence[str]], None]
"""Called with an SD's number, the files to look at now, and the arriving files to look at later."""


class ScanStoppedError(Exception):
    """The watcher must end. Unwinds a scan that is still listing."""


class BackgroundScans:
    """The scans of the SDs of one place. One thread runs them; :meth:`plan` and :meth:`wake` are thread-safe."""

    def __init__(
        self,
        bench: Workbench,
        settings: Settings,
        jobs: ScanJobs,
        stop: threading.Event,
        on_found: OnFound,
        list_sds: Callable[[], list[StorageDir]],
    ) -> None:
        self._bench = bench
        self._periodic_s = settings.scan.periodic_s
        self._poll_s = settings.watch.poll_interval_s
        self._polled: frozenset[int] = frozenset()
        self._budget = ByteBudget(settings.watch.verify_bytes_per_hour, bench.monotonic())
        self._jobs = jobs
        self._stop = stop
        self._on_found = on_found
        self._list_sds = list_sds
        self._changed = threading.Condition()
        self._due_s: dict[int, float] = {}
        self._checks_due_s: dict[int, float] = {}
        self._rested_at_s: dict[int, float] = {}
        self._settles_at_s: dict[int, float] = {}
        """By an SD's number: when all files that were absent at its last scan may become missing."""
        self._hidden_edits = HiddenEdits(bench)
        self._verification = BackgroundVerification(bench, timedelta(days=settings.watch.verify_again_days))
        self._unverified: dict[int, None] = {}

    def plan(self, number: int, in_s: float) -> None:
        """Schedules a scan of the SD in this many seconds. A scan that is due sooner keeps its time."""
        due_s = self._bench.monotonic() + in_s
        with self._changed:
            self._due_s[number] = min(self._due_s.get(number, due_s), due_s)
            self._changed.notify_all()

    def plan_check(self, number: int) -> None:
        """Schedules a check of the SD's notes: one of them, or a picture, may have changed."""
        now_s = self._bench.monotonic()
        with self._changed:
            if number not in self._checks_due_s:
                self._checks_due_s[number] = max(now_s + NOTES_SETTLE_S, self._rested_at_s.get(number, now_s))
                self._changed.notify_all()

    def poll(self, numbers: Collection[int]) -> None:
        """From now on, exactly these SDs are scanned often, because not all their changes are told."""
        before, self._polled = self._polled, frozenset(numbers)
        for number in self._polled - before:
            self.plan(number, self._poll_s)

    def wake(self) -> None:
        """Makes :meth:`run` check its stop event now."""
        with self._changed:
            self._changed.notify_all()

    def run(self) -> None:
        """Scans and verifies until the stop event is set. After the first scans, cleans up after killed saves."""
        is_tidy = has_waited = False
        while not self._stop.is_set():
            number = self._take_due(self._due_s)
            if number is not None:
                self._scan(number)
            elif (number := self._take_due(self._checks_due_s)) is not None:
                self._check_notes(number)
            elif not is_tidy and (
                has_waited or self._unverified
            ):  # otherwise the first scan may not be scheduled yet
                self._tidy()
                is_tidy = True
            elif self._has_nothing_to_verify():
                self._wait()
                has_waited = True

    def _tidy(self) -> None:
        with self._bench.catalog.read() as reader:
            known = [sd.number for sd in reader.sds.list_storage_dirs()]
        remove_leftovers(self._bench, self._list_sds(), known)

    def _take_due(self, due_s: dict[int, float]) -> int | None:
        """The SD whose scan or check has been due the longest, or None if none is due."""
        with self._changed:
            number = min(due_s, key=due_s.__getitem__, default=None)
            if number is None or due_s[number] > self._bench.monotonic():
                return None
            del due_s[number]
            return number

    def _is_work_due(self) -> bool:
        with self._changed:
            return any(due_s <= self._bench.monotonic() for due_s in self._list_due())

    def _list_due(self) -> list[float]:
        return [*self._due_s.values(), *self._checks_due_s.values()]

    def _wait(self) -> None:
        with self._changed:
            next_s = min(self._list_due(), default=float("inf")) - self._bench.monotonic()
            if not self._stop.is_set():
                self._changed.wait(max(0.0, min(next_s, LONGEST_WAIT_S)))

    def _scan(self, number: int) -> None:
        sd = self._find(number)
        if sd is None:  # forgotten
            self._unverified.pop(number, None)
            return
        self.plan(number, self._periodic_s)
        if self._bench.has_workers():
            return  # they scan what all machines share, and prove what they find
        try:
            report = self._list(reconsider(self._bench, sd))
        except (ScanStoppedError, StorageDirNotFoundError):
            return  # told to stop, or forgotten meanwhile
        except StrandlineError as error:
            log.warning("%r could not be scanned: %s", sd.name, error)
            self.plan(number, RETRY_S)
            return
        if number in self._polled:
            self.plan(number, plan_rest_s(self._poll_s, report.seconds))
        self._plan_for_absent(number, is_news=report.absent > 0)
        self._unverified[number] = None
        self._tell_found(number, report.arrivals)
        self.plan_check(number)

    def _plan_for_absent(self, number: int, *, is_news: bool) -> None:
        """Schedules the scan that decides about absent files, also if another one came in between, or if they were
        absent before this program started.
        """
        now_s = self._bench.monotonic()
        if is_news or (number not in self._settles_at_s and self._has_absent(number)):
            self._settles_at_s[number] = now_s + ABSENCE_SETTLES_S
        settles_at_s = self._settles_at_s.setdefault(number, now_s)
        if settles_at_s > now_s:
            self.plan(number, settles_at_s - now_s)

    def _has_absent(self, number: int) -> bool:
        with self._bench.catalog.read() as reader:
            return any(
                row.absent_since is not None and row.state in EXPECTED
                for row in reader.files.iter_noteworthy_rows(number)
            )

    def _check_notes(self, number: int) -> None:
        """Tells what the notes of the SD miss, and what they miss no longer. Only on disks that cannot hang."""
        sd = self._find(number)
        if sd is None or not self._bench.folder(sd).is_local:
            return
        from strandline.services.checking.open_references import (
            tell_references,  # here: it loads the parser of Markdown
        )

        begun_s = self._bench.monotonic()
        try:
            tell_references(self._bench, sd, self._go_on)
        except (ScanStoppedError, StorageDirNotFoundError):
            return
        except StrandlineError as error:
            log.warning("the notes of %r could not be checked: %s", sd.name, error)
        now_s = self._bench.monotonic()
        self._rested_at_s[number] = now_s + CHECKS_SHARE * (now_s - begun_s)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise ScanStoppedError

    def _list(self, sd: StorageDir) -> ScanReport:
        """Scans as a job, so its progress can be followed. It ends if it is cancelled or the watcher stops."""
        with self._jobs.following(sd) as job:

            def tell(sd: StorageDir, done: int, total: int) -> None:
                job.note_progress(sd, done, total)
                if self._stop.is_set():
                    job.cancel.set()
                    raise ScanStoppedError

            job.report = scan_storage_dir(
                self._bench, sd, on_progress=tell, cancel=job.cancel, prove_arrivals=False
            )
            return job.report

    def _find(self, number: int) -> StorageDir | None:
        with self._bench.catalog.read() as reader:
            return reader.sds.find_storage_dir(number)

    def _tell_found(self, number: int, arrivals: Sequence[str] = ()) -> None:
        sd = self._find(number)
        if sd is None:
            return
        with self._bench.catalog.read() as reader:
            arriving = reader.files.list_paths_in_state(
                number, FileState.ARRIVING, empty_before=self._bench.now() - DAMAGED_AFTER
            )
        self._on_found(number, arrivals, list(map(self._bench.folder(sd).layout.name_of, arriving)))

    def _has_nothing_to_verify(self) -> bool:
        """Proves what listings registered, until a scan is due. False if a due scan ended it."""
        for number in list(self._unverified):
            if self._verify(number):
                del self._unverified[number]
                self._tell_found(number)
            elif self._is_work_due():
                return False
        return True

    def _verify(self, number: int) -> bool:
        """True if nothing is left to prove in the SD, a part of it was looked at for hidden edits, and no file is due
        to be read again.
        """
        sd = self._find(number)
        if sd is None or not sd.is_reachable:
            return True
        try:
            return (
                verify_unproven(self._bench, sd, may_read=self._may_read, cancel=self._stop)
                and self._hidden_edits.go_on(sd, may_read=self._may_read, cancel=self._stop)
                and self._verification.go_on(sd, may_read=self._may_read, cancel=self._stop)
            )
        except StorageDirNotFoundError:
            return True  # forgotten meanwhile

    def _may_read(self, size_bytes: int) -> bool:
        return not self._is_work_due() and self._budget.try_spend(size_bytes, self._bench.monotonic())
