"""Scans as jobs: started, followed, and cancelled by number, whether a person or the watcher started them.

Each requested scan runs in its own thread. A request during a scan returns the running one, even the watcher's. A job
outlives its scan, so its result can still be read; the oldest jobs are forgotten.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from strandline.errors import ScanNotFoundError, StrandlineError
from strandline.logs import get_logger
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Workbench

log = get_logger(__name__)

MAX_KEPT = 100
"""Ended scans that are remembered."""

STOP_LIMIT_S = 1.0
"""When the server stops, a scan that hangs on a dead disk is abandoned after this time."""


class ScanState(StrEnum):
    """The state of a scan."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(slots=True)
class ScanJob(JsonForm):
    """One scan of one storage directory. It changes while it runs."""

    number: int
    sd: StorageDir
    started_at: datetime
    state: ScanState = ScanState.RUNNING
    done: int = 0
    total: int = 0
    report: ScanReport | None = None
    error: StrandlineError | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    JSON: ClassVar[Table] = {
        "id": "id", "sd_id": "sd.sd_id", "name": "sd.name",
        **own_keys("state", "done", "total", "started_at", "report", "error"),
    }  # fmt: skip

    @property
    def id(self) -> str:
        """Its number, as text."""
        return str(self.number)

    def note_progress(self, _sd: StorageDir, done: int, total: int) -> None:
        """Records the progress. ``total`` is 0 while the files are being listed."""
        self.done, self.total = done, total


class ScanJobs:
    """The scans of one store. Thread-safe."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._jobs: dict[int, ScanJob] = {}
        self._threads: dict[int, threading.Thread] = {}

    def start(self, sd: StorageDir) -> ScanJob:
        """Starts a scan, or returns the running one. Returns at once."""
        with self._lock:
            running = self._find_running(sd)
            if running is not None:
                return running
            job = self._add(sd)
            thread = threading.Thread(
                target=self._run, args=(job,), name=f"strandline-scan-{job.number}", daemon=True
            )
            self._threads[job.number] = thread
            thread.start()
        return job

    def wait(self, job: ScanJob, limit_s: float) -> ScanReport | None:
        """The report, if the scan succeeds within this many seconds."""
        job.ended.wait(limit_s)
        return job.report

    @contextmanager
    def following(self, sd: StorageDir) -> Iterator[ScanJob]:
        """A job for a scan that runs in the block. The caller reports progress to it, and gives it the report."""
        with self._lock:
            job = self._add(sd)
        with _told(job):
            yield job

    def list_jobs(self) -> list[ScanJob]:
        """All remembered jobs, newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: -job.number)

    def get(self, number: str) -> ScanJob:
        """The scan with that number.

        Raises:
            ScanNotFoundError: There is none, or it was forgotten.
        """
        with self._lock:
            job = (
                self._jobs.get(int(number))
                if number.isascii() and number.isdigit() and len(number) < 19
                else None
            )
        if job is None:
            raise ScanNotFoundError(
                f"there is no scan {number[:40]!r}; 'GET /api/v1/scans' lists all", scan=number[:40]
            )
        return job

    def find_running(self, sd: StorageDir) -> ScanJob | None:
        """The running scan of that storage directory, if any."""
        with self._lock:
            return self._find_running(sd)

    def cancel(self, number: str) -> ScanJob:
        """Asks a scan to end after its current batch. Its work so far stays. Returns at once.

        Raises:
            ScanNotFoundError: There is none.
        """
        job = self.get(number)
        job.cancel.set()
        return job

    def stop(self) -> None:
        """Cancels all scans and waits for them, up to a limit."""
        with self._lock:
            jobs, threads = list(self._jobs.values()), list(self._threads.values())
        for job in jobs:
            job.cancel.set()
        for thread in threads:
            thread.join(STOP_LIMIT_S)

    def _find_running(self, sd: StorageDir) -> ScanJob | None:
        running = (
            j for j in self._jobs.values() if j.state is ScanState.RUNNING and j.sd.number == sd.number
        )
        return next(running, None)

    def _add(self, sd: StorageDir) -> ScanJob:
        job = ScanJob(next(self._numbers), sd, self._bench.now())
        self._jobs[job.number] = job
        ended = [number for number, each in self._jobs.items() if each.state is not ScanState.RUNNING]
        for number in ended[: max(0, len(self._jobs) - MAX_KEPT)]:
            del self._jobs[number]
        return job

    def _run(self, job: ScanJob) -> None:
        try:
            with _told(job):
                job.report = scan_storage_dir(
                    self._bench, job.sd, on_progress=job.note_progress, cancel=job.cancel
                )
        except StrandlineError:
            pass  # it is in the job
        except Exception:  # the boundary of a job
            log.exception("the scan of %r met a fault", job.sd.name)
        finally:
            with self._lock:
                self._threads.pop(job.number, None)


@contextmanager
def _told(job: ScanJob) -> Iterator[None]:
    """Records in the job how the block ended."""
    try:
        yield
        is_cut = job.report is None or job.report.cancelled
        job.state = ScanState.CANCELLED if is_cut else ScanState.FINISHED
    except StrandlineError as error:
        job.error, job.state = error, ScanState.FAILED
        raise
    except BaseException:
        job.state = ScanState.CANCELLED if job.cancel.is_set() else ScanState.FAILED
        raise
    finally:
        job.ended.set()
