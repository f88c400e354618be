"""A worker: one process of any number, on any machine, that takes jobs from the queue until it is stopped.

procrastinate fetches jobs, and says every few seconds that this worker is there. A thread of our own mends the queue
and keeps the schedule, beside the jobs: it must go on also while all jobs take long. If the database goes away, the
worker waits, and begins again as another one. What it was doing until then is done by the worker that is first.
"""

from __future__ import annotations

import asyncio
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from logging import ERROR, INFO, Handler, LogRecord
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg_pool import PoolClosed, PoolTimeout

from strandline.catalog.postgres.connections import complete
from strandline.catalog.postgres.work.measures import Teller
from strandline.catalog.postgres.work.statements import LAST_STEP, PART, name_queue
from strandline.catalog.postgres.work.tables import SCHEMA
from strandline.errors import CatalogTooNewError, StrandlineError
from strandline.logs import get_logger
from strandline.model.values import dataclass
from strandline.pictures.decoding import stop_decoders
from strandline.runtime.assembly import LocalStore
from strandline.runtime.heap import limit_pools
from strandline.runtime.work.doing import Doing, TryAgainError

log = get_logger(__name__)

BEATS = 3
"""So often a worker says that it is there, within the time after which it is taken for dead."""

LOOK_S = 2.0
"""How late a worker notices a job of which nobody told it."""

MEND_S = 5.0
"""How often the queue is mended, at most, by all workers together. At least as often as each says that it lives."""
RESTS = 0.9
"""Of that time. A worker alone would leave out each other turn if it were always a millisecond early."""

DUE_S = 10.0
"""How often the schedule is looked at."""

TELL_S = 10.0
"""How often a worker tells what it measured. Prometheus asks once a minute."""

GLANCE_S = 0.2
"""How late a worker notices that it should end."""

AWAY_S = 2.0
"""How long a worker waits before it begins again, after the database went away."""

_AWAY = (ProcrastinateException, psycopg.Error, PoolTimeout, PoolClosed, StrandlineError, OSError)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works."""

    concurrency: int
    """Jobs at the same time."""
    version: str = ""
    """Of Strandline, for those who look at workers."""
    until_empty: bool = False
    """Whether it ends once there is nothing to do. Then it does not order what is due, either."""
    wait_s: Callable[[float], float] = float
    """How long a job waits before it is tried again, instead of so many seconds."""


def run_worker(
    store: LocalStore,
    options: WorkerOptions,
    stop: threading.Event,
    on_ready: Callable[[int], None] = lambda _: None,
) -> None:
    """Works until ``stop`` is set. Then parts that are being done go back to the queue, within a second or two.

    ``on_ready`` gets the worker's number, each time that it begins.

    Raises:
        NotSharedError, MissingExtraError: See :attr:`LocalStore.work`.
        CatalogTooNewError: A newer program changed the tables meanwhile, so that this one may not go on. What it was
            doing waits for newer workers.
    """
    limit_pools()
    _take_over_logs()
    try:
        asyncio.run(_Process(store, options, stop, on_ready).run())
    finally:
        stop_decoders()


class _TryAgain(BaseRetryStrategy):
    """A job that could not be done goes back to the queue. What became of its part stands in our own tables."""

    def __init__(self, wait_s: Callable[[float], float]) -> None:
        self._wait_s = wait_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        del job
        in_s = exception.in_s if isinstance(exception, TryAgainError) else AWAY_S
        return RetryDecision(retry_in={"seconds": max(round(self._wait_s(in_s)), 0)})


class _Process:
    """This process."""

    def __init__(
        self,
        store: LocalStore,
        options: WorkerOptions,
        stop: threading.Event,
        on_ready: Callable[[int], None],
    ) -> None:
        self._store = store
        self._options = options
        self._stop = stop
        self._on_ready = on_ready
        self._work = store.work
        self._doing = Doing(store.bench, self._work)
        self._stalled_after_s = store.settings.work.stalled_after_s
        self._has_ended = False
        self._teller = Teller(self._work.catalog)
        self._number: int | None = None
        self._is_forgotten = False
        self._mend_s = self._due_s = self._tell_s = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(self._options.concurrency + 2, "strandline-work")
        loop.set_default_executor(threads)
        loop.set_exception_handler(_note_late_failure)
        while not (self._stop.is_set() or self._has_ended):
            try:
                await self._work_on()
                self._check_too_new()
            except CatalogTooNewError:
                raise
            except _AWAY as error:
                log.warning("the queue cannot be reached, so this worker begins again: %s", _say(error))
                await self._rest(AWAY_S)

    def _check_too_new(self) -> None:
        if self._doing.too_new is not None:
            raise self._doing.too_new

    async def _rest(self, seconds: float) -> None:
        await asyncio.to_thread(self._stop.wait, seconds)

    async def _work_on(self) -> None:
        """Works as one worker, until it is stopped, has nothing to do, or the database goes away."""
        app = self._make_app()
        async with app.open_async():
            worker = Worker(
                app=app,
                queues=sorted(map(name_queue, self._work.own_kinds)),
                name=f"{platform.node()}-{os.getpid()}",
                concurrency=self._options.concurrency,
                fetch_job_polling_interval=LOOK_S,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
                update_heartbeat_interval=self._stalled_after_s / BEATS,
                stalled_worker_timeout=self._stalled_after_s,
            )
            keeping = asyncio.create_task(self._keep(worker))
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping

    def _make_app(self) -> App:
        connector = PsycopgConnector(
            conninfo=complete(self._store.settings.catalog.url),
            kwargs={"application_name": "strandline-work", "options": f"-c search_path={SCHEMA},public"},
            min_size=1,
            max_size=4,
            timeout=self._stalled_after_s,
        )
        app = App(connector=connector)
        again = _TryAgain(self._options.wait_s)

        @app.task(name=PART, retry=again)
        def part(number: int) -> None:
            self._doing.do_part(number)

        @app.task(name=LAST_STEP, retry=again)
        def finish(number: int) -> None:
            self._doing.finish(number)

        return app

    async def _keep(self, worker: Worker) -> None:
        """Mends the queue and keeps the schedule, until the worker is to be stopped."""
        known: int | None = None
        while not self._has_ended:
            if worker.worker_id is not None:
                if worker.worker_id != known:
                    known = worker.worker_id
                    await self._call(partial(self._introduce, known))
                    with self._going_on():
                        self._on_ready(known)
                await self._call(self._look_after)
                if self._is_forgotten:  # it said nothing for so long that others took it for dead
                    self._is_forgotten = False
                    log.info("this worker was taken for dead, so it begins again as another one")
                    worker.stop()  # type: ignore[no-untyped-call]
                    return
            if await asyncio.to_thread(self._stop.wait, GLANCE_S) or self._doing.too_new is not None:
                break
        await self._call(self._teller.tell)
        self._doing.stopping.set()
        worker.stop()  # type: ignore[no-untyped-call]

    async def _call(self, do: Callable[[], None]) -> None:
        with self._going_on():
            await asyncio.to_thread(do)

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """A failure is not the end: the worker itself notices if the database is away, and somebody must notice that
        it should stop.
        """
        try:
            yield
        except CatalogTooNewError as error:
            self._doing.too_new = error
        except StrandlineError as error:
            log.info("the queue could not be looked after: %s", error)
        except Exception:  # the boundary of a job
            log.exception("a fault in Strandline: the queue could not be looked after")

    def _introduce(self, number: int) -> None:
        self._number = number
        is_known = self._work.queue.add_worker(number, platform.node(), os.getpid(), self._options.version)
        self._is_forgotten = not is_known

    def _look_after(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._mend_s:
            every_s = min(MEND_S, self._stalled_after_s / BEATS)
            self._mend_s = now_s + every_s
            self._work.queue.mend(self._stalled_after_s, rests_s=every_s * RESTS)
            if self._number is not None:
                self._introduce(self._number)
        if now_s >= self._tell_s:
            self._tell_s = now_s + TELL_S
            self._teller.tell()
        if self._options.until_empty:
            self._has_ended = self._work.queue.count_open(self._work.own_kinds) == 0
        elif now_s >= self._due_s:
            self._due_s = now_s + DUE_S
            self._work.order_what_is_due()


class _Retold(Handler):
    """Tells what a library logs in one line, for those who want to know much. A person needs what we say."""

    def emit(self, record: LogRecord) -> None:
        log.info("%s: %s", record.name, " ".join(record.getMessage().split()))


def _take_over_logs() -> None:
    """Without a handler, Python would write the warnings of these libraries to stderr, with tracebacks."""
    for name in ("procrastinate", "psycopg"):
        logger = get_logger(name)
        logger.propagate = False
        logger.handlers = [_Retold()]


def _note_late_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of a job that could not be ended: the database is away, or others took it over from a worker that slept."""
    error = context.get("exception")
    known = isinstance(error, _AWAY)
    told = _say(error) if isinstance(error, BaseException) else str(context.get("message"))
    log.log(INFO if known else ERROR, "a job could not be ended: %s", told)


def _say(error: BaseException) -> str:
    cause = error.__cause__ or error
    return " ".join(str(cause).split()) or type(cause).__name__
