"""Scans that somebody asked for: started, followed and cancelled by number, each in a thread of its own.

At most one runs for a storage directory: asking again gives the one that runs. What surprises: a job outlives its
scan, so that whoever asked can still read how it ended; the oldest are forgotten.
"""

from __future__ import annotations

import itertools
import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strandline.errors import ScanNotFoundError, StrandlineError
from strandline.model.events import format_time
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.services.scan import scan_storage_dir
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)

MAX_KEPT = 100
"""Ended scans that can still be asked about."""

STOP_LIMIT_S = 1.0
"""A scan that hangs on a dead disk is left behind when the server stops."""


class ScanState(StrEnum):
    """How far a scan is."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(slots=True)
class ScanJob:
    """One scan of one storage directory. Changes while it runs; read it with :meth:`as_json`."""

    number: int
    sd: StorageDir
    started_at: datetime
    state: ScanState = ScanState.RUNNING
    done: int = 0
    total: int = 0
    report: ScanReport | None = None
    error: StrandlineError | None = None
    cancel: threading.Event = field(default_factory=threading.Event)

    def as_json(self) -> dict[str, object]:
        """``{id, sd_id, name, state, done, total, started_at, report, error}``."""
        return {
            "id": str(self.number),
            "sd_id": self.sd.sd_id,
            "name": self.sd.name,
            "state": self.state.value,
            "done": self.done,
            "total": self.total,
            "started_at": format_time(self.started_at),
            "report": None if self.report is None else self.report.as_json(),
            "error": None if self.error is None else self.error.as_json(),
        }


class ScanJobs:
    """The scans of one store. Thread-safe."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._jobs: dict[int, ScanJob] = {}
        self._threads: dict[int, threading.Thread] = {}

    def start(self, sd: StorageDir) -> ScanJob:
        """Begins a scan, or gives the one that is running. Returns at once."""
        with self._lock:
            running = self._find_running(sd)
            if running is not None:
                return running
            job = ScanJob(next(self._numbers), sd, self._bench.now())
            self._jobs[job.number] = job
            self._forget_oldest()
            thread = threading.Thread(
                target=self._run, args=(job,), name=f"strandline-scan-{job.number}", daemon=True
            )
            self._threads[job.number] = thread
            thread.start()
        return job

    def wait(self, job: ScanJob, limit_s: float) -> ScanReport | None:
        """The report, if the scan ends within so many seconds and did not fail."""
        with self._lock:
            thread = self._threads.get(job.number)
        if thread is not None:
            thread.join(limit_s)
        return job.report

    def list_jobs(self) -> list[ScanJob]:
        """All that are known, newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: -job.number)

    def get(self, number: str) -> ScanJob:
        """The scan of that number.

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
        """The scan of that storage directory that runs now."""
        with self._lock:
            return self._find_running(sd)

    def cancel(self, number: str) -> ScanJob:
        """Asks a scan to end between two batches; what it did stays. Returns at once.

        Raises:
            ScanNotFoundError: There is none.
        """
        job = self.get(number)
        job.cancel.set()
        return job

    def stop(self) -> None:
        """Cancels all scans and waits for them, but not for ever."""
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

    def _forget_oldest(self) -> None:
        ended = [number for number, job in self._jobs.items() if job.state is not ScanState.RUNNING]
        for number in ended[: max(0, len(self._jobs) - MAX_KEPT)]:
            del self._jobs[number]

    def _run(self, job: ScanJob) -> None:
        def tell(_sd: StorageDir, done: int, total: int) -> None:
            job.done, job.total = done, total

        try:
            job.report = scan_storage_dir(self._bench, job.sd, on_progress=tell, cancel=job.cancel)
            job.state = ScanState.CANCELLED if job.report.cancelled else ScanState.FINISHED
        except StrandlineError as error:
            job.error, job.state = error, ScanState.FAILED
        except Exception:  # the boundary of a job
            log.exception("the scan of %r met a fault", job.sd.name)
            job.state = ScanState.FAILED
        finally:
            with self._lock:
                self._threads.pop(job.number, None)
