"""What a worker does with a job: it takes a part of a task, does it, and records what it found.

A part may be done twice, if its worker was suspended and woke up: each change of a row is conditional, and only the
first one to end the part counts.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from strandline.catalog.postgres.work.queue import AGAIN
from strandline.catalog.postgres.work.statements import WorkPart
from strandline.catalog.times import from_microseconds
from strandline.errors import (
    CatalogTooNewError,
    StorageDirNotFoundError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.logs import get_logger
from strandline.model.name_ranges import split_rest
from strandline.model.plain_words import say_count
from strandline.model.scan_parts import parse_scan_part
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.work import WorkKind, WorkState, WorkTask
from strandline.runtime.work.orders import BEFORE_US, SINCE_US, WHOLE, Work
from strandline.services.proving.prove_range import prove_range
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.scanning.scan_parts import finish_scan, scan_part
from strandline.services.shared_thumbnails import SharedThumbnails, draw_range
from strandline.services.verifying.verify import verify_range
from strandline.services.workbench import Workbench

log = get_logger(__name__)

ATTEMPTS = 6
"""Then a part is given up. The waits in between add up to a minute: longer outages are for the next schedule."""

REREADS = 2
"""So often a part waits a little for images that cannot be read, before it ends without them. A request that got no
answer says nothing about its image, and the next scan orders what is left.
"""

TELL_S = 1.0
"""How often progress is recorded. So late a part notices that its task was paused or cancelled."""


FAULT = "a fault in Strandline; the log of the worker says what went wrong"


class TryAgainError(Exception):
    """The job goes back to the queue."""

    def __init__(self, in_s: float) -> None:
        super().__init__(in_s)
        self.in_s = in_s


class Doing:
    """Does jobs for one worker. Thread-safe.

    Attributes:
        stopping: If it is set, parts that are being done go back to the queue soon.
        too_new: Set once a newer program changed the tables, so that this one may do nothing more.
    """

    def __init__(self, bench: Workbench, work: Work) -> None:
        self._bench = bench
        self._work = work
        self._queue = work.queue
        self.stopping = threading.Event()
        self.too_new: CatalogTooNewError | None = None

    def do_part(self, number: int) -> None:
        """Does a part, if it is still to be done.

        Raises:
            TryAgainError: It could not be done now.
        """
        with self._ending_if_too_new():
            self._do_part(number)

    def finish(self, number: int) -> None:
        """Does the last step of a task, once all its parts are done or given up.

        Raises:
            TryAgainError: It could not be done now.
        """
        with self._ending_if_too_new():
            self._finish(number)

    @contextmanager
    def _ending_if_too_new(self) -> Iterator[None]:
        """It is nobody's failure: the job goes back to the queue, for newer workers, and this one ends."""
        try:
            yield
        except CatalogTooNewError as error:
            self.too_new = error
            raise TryAgainError(0) from error

    def _do_part(self, number: int) -> None:
        part = self._queue.take_part(number)
        if part is None:
            return
        try:
            _OnePart(self._bench, self._work, part, self.stopping).run()
        except CatalogTooNewError:
            raise
        except StrandlineError as error:
            log.warning("part %s of task %s could not be done: %s", number, part.task, error)
            self._put_off(self._queue.fail_part(part, error.message, attempts=ATTEMPTS))
        except Exception:  # the boundary of a job
            log.exception("part %s of task %s met a fault", number, part.task)
            self._put_off(self._queue.fail_part(part, FAULT, attempts=ATTEMPTS))
        if self.stopping.is_set():
            raise TryAgainError(0)

    def _finish(self, number: int) -> None:
        task = self._queue.find_task(number)
        if (
            task is None
            or task.state is not WorkState.WORKING
            or task.parts_done + task.parts_failed < task.parts
        ):
            return
        if task.parts_failed:
            self._queue.end_task(number, WorkState.FAILED, self._queue.find_failure(number))
            return
        try:
            if task.kind is WorkKind.SCAN:
                self._finish_scan(number, task.sd)
            else:
                self._finish_reading(task)
        except StorageDirNotFoundError:
            self._queue.end_task(number, WorkState.CANCELLED, "the storage directory was forgotten")
        except (CatalogTooNewError, TryAgainError):
            raise
        except StrandlineError as error:
            log.warning("task %s could not be finished: %s", number, error)
            self._put_off(self._queue.fail_last_step(number, error.message, attempts=ATTEMPTS))
        except Exception:  # the boundary of a job
            log.exception("the last step of task %s met a fault", number)
            self._put_off(self._queue.fail_last_step(number, FAULT, attempts=ATTEMPTS))

    def _finish_reading(self, task: WorkTask) -> None:
        known = find_sd(self._bench, task.sd)
        if task.kind in (WorkKind.ARRIVALS, WorkKind.PROVE) and task.done:
            self._work.order_thumbnails(known)
        ended = self._queue.end_task(task.number, WorkState.FINISHED, None)
        is_followed = ended is not None and AGAIN in ended
        if is_followed and task.kind is WorkKind.THUMBNAILS:
            self._work.order_thumbnails(known)
        elif is_followed:
            self._work.follow_up(known)

    def _finish_scan(self, number: int, sd: int) -> None:
        facts = self._queue.read_facts(number)
        known = find_sd(self._bench, sd)
        findings, problem = 0, None
        if not facts.get(WHOLE):
            parts = [parse_scan_part(result) for result in self._queue.list_results(number)]
            report = finish_scan(self._bench, known, parts, cancel=self.stopping)
            if report.cancelled:
                raise TryAgainError(0)
            findings = len(report.findings)
            if report.sd.state is StorageDirState.SUSPECT:
                problem = report.sd.problem
        self._work.follow_up(
            known
        )  # before its end: if this worker is killed in between, another one does both
        self._queue.end_task(number, WorkState.FINISHED, problem, findings=findings)

    def _put_off(self, failures: int | None) -> None:
        if failures is not None:
            raise TryAgainError(float(2**failures))


def find_sd(bench: Workbench, number: int) -> StorageDir:
    """The storage directory with this number.

    Raises:
        StorageDirNotFoundError: It was forgotten.
    """
    with bench.catalog.read() as reader:
        sd = reader.sds.find_storage_dir(number)
    if sd is None:
        raise StorageDirNotFoundError("the storage directory was forgotten meanwhile")
    return sd


class _OnePart:
    """A part that is being done."""

    def __init__(self, bench: Workbench, work: Work, part: WorkPart, stopping: threading.Event) -> None:
        self._bench = bench
        self._work = work
        self._queue = work.queue
        self._part = part
        self._stopping = stopping
        self._cancel = threading.Event()
        self._done = self._told = 0
        self._told_s = time.monotonic()

    def run(self) -> None:
        """Does it, and records that, unless it was stopped."""
        sd = find_sd(self._bench, self._part.sd)
        findings: int | None = 0
        result: str | None = ""
        if self._part.kind is WorkKind.SCAN:
            result = self._scan(sd)
        else:
            findings = self._read(sd)
        if result is not None and findings is not None:
            since = self._done - self._told
            self._queue.end_part(self._part, done=self._done, since=since, findings=findings, result=result)

    def _read(self, sd: StorageDir) -> int | None:
        """Proves, verifies, or draws. Returns the number of findings."""
        part, names = self._part, self._part.names
        if part.kind is WorkKind.VERIFY:
            before = from_microseconds(int(part.facts[BEFORE_US]))
            older_than = max(self._bench.now() - before, timedelta(0))
            found = verify_range(
                self._bench, sd, names, older_than=older_than, go_on=self._go_on, cancel=self._cancel
            )
            return None if found is None else len(found)
        if part.kind is WorkKind.THUMBNAILS:
            return self._draw(sd)
        only_arrivals = part.kind is WorkKind.ARRIVALS
        unread = prove_range(self._bench, sd, names, only_arrivals=only_arrivals, go_on=self._go_on)
        if unread is None:
            return None
        self._check_read(sd, [each.message for each in unread])
        return len(unread)

    def _draw(self, sd: StorageDir) -> int | None:
        """Makes thumbnails. Returns how many images have none."""
        since_us = self._part.facts.get(SINCE_US)
        shared = SharedThumbnails(self._bench, self._bench.limits.shared_thumbnails)
        lacking = draw_range(
            self._bench, shared, sd, self._part.names,
            since=None if since_us is None else from_microseconds(int(since_us)), go_on=self._go_on,
        )  # fmt: skip
        if lacking is None:
            return None
        self._check_read(sd, lacking.now)
        return lacking.never + len(lacking.now)

    def _check_read(self, sd: StorageDir, problems: Sequence[str]) -> None:
        """The part is done again soon because of these, unless that was tried."""
        if problems and self._part.failures < REREADS:
            count = say_count(len(problems), "image")
            raise UnreadableFileError(f"{count} in {sd.name!r} cannot be read: {problems[0]}")

    def _scan(self, sd: StorageDir) -> str | None:
        with _polling(self._is_unwanted, self._cancel):
            if self._part.facts.get(WHOLE):
                report = scan_storage_dir(self._bench, sd, cancel=self._cancel, prove_arrivals=False)
                self._done = report.added + report.changed + report.unchanged
                return None if report.cancelled else json.dumps({})
            found = scan_part(
                self._bench, sd, self._part.names,
                limit=self._work.settings.images_per_part, hand_over=self._hand_over, cancel=self._cancel,
            )  # fmt: skip
        if found is None:
            return None
        self._done = found.listed
        return found.to_text()

    def _hand_over(self, last: str) -> bool:
        """Makes parts of what is too much for this one."""
        names, size = self._part.names, self._work.settings.images_per_part
        return self._queue.hand_over(self._part, last, split_rest(names, last, size, size))

    def _go_on(self, since: int) -> bool:
        self._done += since
        if self._stopping.is_set():
            return False
        now_s = time.monotonic()
        if now_s - self._told_s < TELL_S:
            return True
        told, self._told, self._told_s = self._told, self._done, now_s
        return self._queue.note_progress(self._part, self._done, self._done - told)

    def _is_unwanted(self) -> bool:
        return self._stopping.is_set() or not self._queue.note_progress(self._part, self._done, 0)


class _polling:
    """Sets an event once a question is answered with yes. Asks every second, in a thread, while the block runs."""

    def __init__(self, question: Callable[[], bool], event: threading.Event) -> None:
        self._question = question
        self._event = event
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="strandline-wanted", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(TELL_S):
            try:
                if self._question():
                    self._event.set()
                    return
            except StrandlineError:
                continue  # the catalog is away: the part itself will notice
