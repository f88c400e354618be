"""What people and the schedule order: tasks are added, shown, paused, and cancelled, from any machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from strandline.catalog.port import Reader
from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.work.queue import WorkQueue
from strandline.catalog.times import as_microseconds
from strandline.errors import (
    DiskError,
    NotInBucketsError,
    RefusedError,
    StorageDirOfflineError,
    StrandlineError,
    TaskNotFoundError,
)
from strandline.extras import PICTURES, has_extra
from strandline.logs import get_logger
from strandline.model.amounts import find_begin
from strandline.model.name_ranges import EVERYTHING, FIRST_PARTS, NameRange, split_at, split_by_id
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.model.verification import VERIFY_AFTER
from strandline.model.work import OPEN, WorkKind, WorkState, WorkStatus, WorkTask
from strandline.runtime.settings import Settings
from strandline.services.workbench import Workbench

log = get_logger(__name__)

WHOLE = "whole"
"""A fact of a scan that one worker makes alone, because its place cannot be listed in parts."""
BEFORE_US = "before_us"
"""A fact of a verification: what was read later is left out."""

SINCE_US = "since_us"
"""A fact of thumbnails: what was proven before is left out."""

CLOCKS_DIFFER = timedelta(hours=1)
"""Proofs have the time of the machine that made them, tasks that of the database."""

VERIFY_RESTS = timedelta(days=1)
"""Between two tasks of the schedule that look for files to read again: each is a walk over all rows."""


@dataclass(frozen=True, slots=True)
class _Plan:
    parts: list[NameRange]
    total: int | None
    facts: Mapping[str, Any]


class Work:
    """The work of all machines that share this catalog. Thread-safe.

    Methods raise :class:`CatalogAwayError` and the like, as everything that asks the catalog.
    """

    def __init__(self, bench: Workbench, settings: Settings) -> None:
        catalog = bench.catalog
        assert isinstance(catalog, PostgresCatalog), "the assembly has looked"
        self.catalog = catalog
        self.queue = WorkQueue(catalog)
        self.settings = settings.work
        self._bench = bench

    @property
    def shares_thumbnails(self) -> bool:
        """Whether thumbnails are kept where other machines find them."""
        return bool(self._bench.limits.shared_thumbnails)

    @property
    def own_kinds(self) -> frozenset[WorkKind]:
        """What a worker of this machine can do. It leaves the rest to others."""
        can_draw = self.shares_thumbnails and has_extra(PICTURES)
        return frozenset(kind for kind in WorkKind if can_draw or kind is not WorkKind.THUMBNAILS)

    # --- what people ask --------------------------------------------------------------------------------------

    def read_status(self) -> WorkStatus:
        """Workers, open tasks, and those that ended in the last days. Cost: three statements."""
        return self.queue.read_status(self.settings.stalled_after_s)

    def get_task(self, number: str) -> WorkTask:
        """The task with this number.

        Raises:
            TaskNotFoundError: There is none, or it was forgotten.
        """
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        task = self.queue.find_task(int(number)) if is_number else None
        if task is None:
            raise TaskNotFoundError(
                f"there is no task {number[:40]!r}; `strandline work status` lists all", task=number[:40]
            )
        return task

    def add(
        self,
        kind: WorkKind,
        sd: StorageDir,
        *,
        is_first: bool = False,
        is_news: bool = False,
        older_than: timedelta = VERIFY_AFTER,
        since: datetime | None = None,
    ) -> WorkTask:
        """Orders work on a storage directory. Returns the open task of this kind, if there is one.

        Args:
            kind: What is to be done.
            sd: Where.
            is_first: Before all other work, also if it was ordered before.
            is_news: There is something that an open task may have passed, so another one follows it.
            older_than: For a verification: what was not read for so long.
            since: For thumbnails: what was proven since.

        Raises:
            StorageDirNotFoundError: The storage directory was forgotten meanwhile.
            RefusedError: Thumbnails are wanted, and machines share none.
        """
        if kind is WorkKind.THUMBNAILS and not self.shares_thumbnails:
            raise RefusedError(
                "thumbnails that a worker keeps for itself help nobody; set pictures.shared_thumbnails to a place "
                "that machines share (s3://bucket/prefix), on each machine"
            )
        plan = self._plan(kind, sd, older_than, since)
        number, _ = self.queue.add_task(
            kind,
            sd.number,
            plan.parts,
            total=plan.total,
            is_first=is_first,
            is_news=is_news,
            facts=plan.facts,
        )
        return self.get_task(str(number))

    def cancel(self, number: str) -> WorkTask:
        """Ends a task; its parts end within a second or two. What was done stays. Nothing if it has ended.

        Raises:
            TaskNotFoundError: There is none.
        """
        return self._change(number, self.queue.cancel_task)

    def pause(self, number: str) -> WorkTask:
        """Stops a task until it is resumed. Nothing if it is paused.

        Raises:
            TaskNotFoundError: There is none.
            RefusedError: It has ended.
        """
        return self._change(number, self.queue.pause_task, wanted=WorkState.PAUSED)

    def resume(self, number: str) -> WorkTask:
        """Goes on with a paused task. Nothing if it is not paused.

        Raises:
            TaskNotFoundError: There is none.
            RefusedError: It has ended.
        """
        return self._change(number, self.queue.resume_task, wanted=WorkState.WORKING)

    def _change(
        self, number: str, change: Callable[[int], bool], wanted: WorkState | None = None
    ) -> WorkTask:
        task = self.get_task(number)
        change(task.number)
        task = self.get_task(number)
        if wanted is not None and task.state not in OPEN:
            raise RefusedError(f"task {number} is {task.state.value}; order it again", task=number)
        return task

    # --- planning ---------------------------------------------------------------------------------------------

    def _plan(self, kind: WorkKind, sd: StorageDir, older_than: timedelta, since: datetime | None) -> _Plan:
        size = self.settings.images_per_part
        match kind:
            case WorkKind.SCAN:
                return self._plan_scan(sd)
            case WorkKind.VERIFY:
                before = find_begin(older_than, self._bench.now())
                with self._bench.catalog.read() as reader:
                    count, _ = reader.files.count_to_verify(sd.number, before)
                    parts = self._divide(reader, sd, count, size)
                return _Plan(parts, count, {BEFORE_US: as_microseconds(before)})
            case WorkKind.THUMBNAILS:
                with self._bench.catalog.read() as reader:
                    count = reader.ranges.count_proven(sd.number, since)
                    parts = self._divide(reader, sd, count, size)
                return _Plan(parts, count, {} if since is None else {SINCE_US: as_microseconds(since)})
            case WorkKind.ARRIVALS | WorkKind.PROVE:
                is_arrivals = kind is WorkKind.ARRIVALS
                with self._bench.catalog.read() as reader:
                    count = (
                        reader.ranges.count_arrivals(sd.number)
                        if is_arrivals
                        else reader.files.count_unchecked(sd.number)
                    )
                    return _Plan(self._divide(reader, sd, count, size), count, {})

    def _divide(self, reader: Reader, sd: StorageDir, count: int, size: int) -> list[NameRange]:
        """Ranges of paths with some ``size`` of the ``count`` images each."""
        layout = self._bench.folder(sd).layout
        if count <= size:
            return [EVERYTHING]
        if not layout.names_are_ids:
            rows = reader.files.count_rows(sd.number)
            return split_at(reader.ranges.list_every(sd.number, max(size, size * rows // count)))

        def to_path(name: str) -> str:
            return layout.path_of(name) if name else ""

        return [NameRange(to_path(part.after), to_path(part.through)) for part in split_by_id(count, size)]

    def _plan_scan(self, sd: StorageDir) -> _Plan:
        folder, size = self._bench.folder(sd), self.settings.images_per_part
        with self._bench.catalog.read() as reader:
            known = reader.files.count_rows(sd.number)
        try:
            if folder.layout.names_are_ids and not sd.read_only and folder.recall_guarantees() is None:
                folder.find_guarantees()
        except (OSError, DiskError, NotInBucketsError):
            log.info("%r cannot be tried, so one worker scans it alone", sd.name)
        if not folder.can_list_some:
            return _Plan([EVERYTHING], known or None, {WHOLE: True})
        return _Plan(split_by_id(known or FIRST_PARTS * size, size), known or None, {})

    # --- the schedule -----------------------------------------------------------------------------------------

    def follow_up(self, sd: StorageDir) -> None:
        """Orders what a scan leaves to be done: what it found new is proven before what was there before."""
        with self._bench.catalog.read() as reader:
            unchecked = reader.files.count_unchecked(sd.number)
            arrivals = reader.ranges.count_arrivals(sd.number) if unchecked else 0
        if arrivals:
            self.add(WorkKind.ARRIVALS, sd, is_news=True)
        if unchecked > arrivals:
            self.add(WorkKind.PROVE, sd)

    def order_thumbnails(self, sd: StorageDir) -> None:
        """Orders those of what was proven since the last ones were ordered, if machines share them. What was there
        before anybody worked is left to a person's order: each drawing costs three requests.
        """
        if self.shares_thumbnails:
            since = self.queue.find_news_since(sd.number)
            since = None if since is None else since - CLOCKS_DIFFER
            self.add(WorkKind.THUMBNAILS, sd, is_news=True, since=since)

    def order_what_is_due(self) -> None:
        """Orders the scans and verifications whose time has come. Safe in many workers: a task is there once."""
        with self._bench.catalog.read() as reader:
            sds = reader.sds.list_storage_dirs()
        again = timedelta(days=self.settings.verify_again_days)
        for sd in sds:
            try:
                if self._is_due(WorkKind.SCAN, sd, timedelta(seconds=self.settings.scan_every_s)):
                    self.add(WorkKind.SCAN, sd)
                if again and sd.first_scan_done and self._is_due(WorkKind.VERIFY, sd, VERIFY_RESTS):
                    self.add(WorkKind.VERIFY, sd, older_than=again)
            except StorageDirOfflineError:
                continue
            except StrandlineError as error:
                log.warning("nothing was ordered for %r: %s", sd.name, error)

    def _is_due(self, kind: WorkKind, sd: StorageDir, every: timedelta) -> bool:
        if not every:
            return False
        last: datetime | None = self.queue.find_last_end(kind, sd.number)
        return last is None or self._bench.now() - last >= every
