"""Tasks that are ordered while they end: in any order of events, what is new is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from builders.catalogs import add_sd
from builders.postgres import Server
from strandline.catalog.dialect import Rows
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.database import open_postgres
from strandline.catalog.postgres.work.queue import WorkQueue
from strandline.model.name_ranges import EVERYTHING
from strandline.model.work import WorkKind, WorkState

pytestmark = pytest.mark.slow  # a server takes seconds to start

LIMIT_S = 60


@pytest.fixture
def queue(url: str) -> Iterator[WorkQueue]:
    """An empty one, of a catalog with storage directory 1."""
    with closing(open_postgres(url)) as catalog:
        with catalog.write() as writer:
            add_sd(writer, "bucket")
        yield WorkQueue(catalog)


def order(queue: WorkQueue, **more: Any) -> tuple[int, bool]:
    """Orders that arrivals are proven."""
    return queue.add_task(WorkKind.ARRIVALS, 1, [EVERYTHING], total=None, **more)


@pytest.mark.parametrize("before", ["SELECT number FROM tasks", "UPDATE tasks SET facts"])
def test_a_task_that_ends_while_news_is_ordered(
    queue: WorkQueue, server: Server, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Before any statement: another task is there, or the one that ends says that another one must follow."""
    number, _ = order(queue)
    execute = PostgresConnection.execute
    threads = ThreadPoolExecutor(1)
    ending: list[Future[Any]] = []

    def end_before(connection: PostgresConnection, statement: str, values: Any = (), /) -> Rows:
        if not ending and statement.strip().startswith(before) and threading.current_thread() is main:
            ending.append(threads.submit(queue.end_task, number, WorkState.FINISHED, None))
            wait_for(ending[0], server)
        return execute(connection, statement, values)

    main = threading.current_thread()
    monkeypatch.setattr(PostgresConnection, "execute", end_before)
    with threads:
        ordered, is_new = order(queue, is_news=True)
    told = ending[0].result(LIMIT_S)
    assert is_new == (ordered != number) == ("again" not in told)


def test_many_workers_mend_no_more_often_than_one(queue: WorkQueue) -> None:
    """It walks over all parts. Who comes too early leaves it; a clock that was set back stops nobody."""
    order(queue)

    def lose_and_mend(rests_s: float) -> int:
        with queue._transaction() as connection:
            connection.execute("DELETE FROM procrastinate_jobs")
        with ThreadPoolExecutor(4) as threads:
            return sum(threads.map(lambda _: queue.mend(30.0, rests_s=rests_s), range(8)))

    assert [lose_and_mend(rests_s) for rests_s in (60.0, 60.0, 0.0)] == [1, 0, 1]
    with queue._transaction() as connection:
        connection.execute("UPDATE meta SET value = value || '0' WHERE key = 'mended_us'")
    assert [lose_and_mend(60.0), lose_and_mend(60.0)] == [1, 0]


def wait_for(ending: Future[Any], server: Server) -> None:
    """Until it has ended, or waits for the one who orders."""
    end_s = time.monotonic() + LIMIT_S
    with server.admin() as admin:
        while not ending.done():
            if admin.execute("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1").fetchone():
                return
            assert time.monotonic() < end_s
