"""A real PostgreSQL server stops, restarts, crashes in the middle of commits, is full, or becomes another one.

While it is away, every call says so. Once it is back, the first call works. Nothing that was acknowledged is lost,
nothing is told twice, and no number is given again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

import psycopg
import pytest

from builders.catalogs import add_sd
from builders.image_rows import NOW
from builders.postgres import Server, kill_backend, make_standby, started
from strandline.catalog.journal import JUMP
from strandline.catalog.port import Catalog
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.errors import CatalogAwayError, StrandlineError
from strandline.model.events import StorageDirAdded

LIMIT_S = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that these tests may stop. Few may connect to it."""
    with started("max_connections = 12\nsuperuser_reserved_connections = 1\nmax_wal_senders = 2\n") as server:
        yield server


@pytest.fixture
def catalog(server: Server) -> Iterator[PostgresCatalog]:
    """A catalog there, with connections that have been used."""
    with server.lent_database() as url, closing(open_postgres(url)) as catalog:
        save(catalog, "first")
        yield catalog


def save(catalog: Catalog, name: str) -> None:
    """A change with its event, which is on the disk once this returns."""
    with catalog.write(durable=True) as writer:
        add_sd(writer, name)
        writer.journal.append_event(StorageDirAdded(at=NOW, sd_id=None, name=name, path="p"))


def names(catalog: Catalog) -> list[str]:
    """Those that the catalog has."""
    with catalog.read() as reader:
        return [sd.name for sd in reader.sds.list_storage_dirs()]


def told(catalog: Catalog) -> dict[int, str]:
    """Which number told of which."""
    with catalog.read() as reader:
        events = reader.journal.list_events(since=0, limit=100_000)
    return {event.seq or 0: event.name for event in events if isinstance(event, StorageDirAdded)}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_stops_and_comes_back(server: Server, catalog: PostgresCatalog, mode: str) -> None:
    """Meanwhile each call says so at once, except for the first, which has patience. Then the first call works."""
    server.stop(mode)
    with pytest.raises(CatalogAwayError, match="does not answer"):
        names(catalog)
    begin_s = time.monotonic()
    with pytest.raises(CatalogAwayError, match="goes on as soon as it does"):
        save(catalog, "meanwhile")
    assert time.monotonic() - begin_s < 1.5
    server.start()
    assert names(catalog) == ["first"]
    save(catalog, "second")
    assert names(catalog) == ["first", "second"]


def test_a_restart_is_not_noticed_by_whoever_waits(server: Server, catalog: PostgresCatalog) -> None:
    """A call that comes while the server is being restarted waits for it."""
    server.stop("fast")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(names, catalog)
        server.start()
        assert asked.result(LIMIT_S) == ["first"]


def test_numbers_jump_when_the_server_was_started_again(server: Server, catalog: PostgresCatalog) -> None:
    """What had not reached its disk may be gone, and somebody may have seen the numbers."""
    (first,) = told(catalog)
    server.stop()
    server.start()
    save(catalog, "second")
    assert list(told(catalog)) == [first, first + JUMP + 1]


def test_numbers_jump_when_one_process_of_the_server_crashed(
    server: Server, catalog: PostgresCatalog
) -> None:
    """The server recovers, with the start time that it had. Its last commits may be gone, but no jump is."""
    seen = told(catalog)
    for crash in range(3):
        with catalog.write() as writer:
            writer.journal.append_event(StorageDirAdded(at=NOW, sd_id=None, name=f"{crash}", path="p"))
        seen |= told(catalog)
        wait_for(lambda: kill_one(server))
        wait_for(lambda crash=crash: save_or_not(catalog, f"after {crash}"))  # type: ignore[misc]
        number = max(told(catalog))
        assert number not in seen
        assert number > (crash + 1) * JUMP
    assert number < 4 * JUMP, "one jump for each crash"


def test_every_connection_is_ended_by_the_administrator(server: Server, catalog: PostgresCatalog) -> None:
    """As in a failover. What waits in the pool is not handed out again."""
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(catalog.read())
    with server.admin() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND application_name = 'strandline'"
        )
        deadline_s = time.monotonic() + LIMIT_S
        while conn.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'strandline' LIMIT 1"
        ).fetchone():
            assert time.monotonic() < deadline_s
    for number in range(5):
        save(catalog, str(number))


def test_a_transaction_whose_connection_breaks_is_taken_back(
    server: Server, catalog: PostgresCatalog
) -> None:
    """It says so, and the next one works."""

    def change() -> None:
        with catalog.write() as writer:
            add_sd(writer, "second")
            with server.admin() as conn:
                pid = writer._conn.execute("SELECT pg_backend_pid()").fetchone()[0]
                conn.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
            add_sd(writer, "third")

    with pytest.raises(CatalogAwayError):
        change()
    assert names(catalog) == ["first"]


def test_a_server_that_crashes_during_commits_loses_nothing(server: Server, catalog: PostgresCatalog) -> None:
    """What was acknowledged is there with its event, once; what was not is there with its event, or is not there."""
    acknowledged: list[str] = []
    is_over = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            with suppress(StrandlineError):
                save(catalog, f"{writer}-{number}")
                acknowledged.append(f"{writer}-{number}")

    seen: dict[int, str] = {}

    def follow() -> None:
        while not is_over.is_set():
            with suppress(StrandlineError):
                for number, name in told(catalog).items():
                    assert seen.setdefault(number, name) == name

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(write, number) for number in range(4)] + [pool.submit(follow)]
        try:
            for is_last in (False, False, False, True):
                before = len(acknowledged)
                wait_for(lambda before=before: len(acknowledged) > before + 20)  # type: ignore[misc]
                if not is_last:
                    wait_for(lambda: kill_one(server))
        finally:
            is_over.set()
        for each in running:
            each.result(LIMIT_S)
    events = told(catalog)
    assert set(acknowledged) <= set(events.values())
    assert sorted(events.values()) == sorted(names(catalog))
    assert seen.items() <= events.items()


def kill_one(server: Server) -> bool:
    """Kills a connection's process, which makes the server start again. False if it is still doing that."""
    with suppress(psycopg.OperationalError, ProcessLookupError), server.admin() as conn:
        row = conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'strandline' LIMIT 1"
        ).fetchone()
        if row is not None:
            kill_backend(row[0])
            return True
    return False


def wait_for(is_so: Callable[[], bool]) -> None:
    """Waits until it is so."""
    deadline_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_server_without_a_connection_left(server: Server, catalog: PostgresCatalog) -> None:
    """It says which settings decide that. Once there is room, the next call works."""
    with ExitStack() as stack:
        with suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(closing(psycopg.connect(server.url())))
        with catalog.read(), pytest.raises(CatalogAwayError, match=r"no connection left.*max_connections"):
            names(catalog)
    save(catalog, "second")


def test_a_server_that_was_made_read_only(server: Server, catalog: PostgresCatalog) -> None:
    """It answers, and says why it takes no changes. A catalog can be opened there, too."""
    with server.admin() as conn:
        conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        conn.execute("SELECT pg_reload_conf()")
        try:
            wait_for(lambda: conn.execute("SHOW default_transaction_read_only").fetchone() == ("on",))
            with pytest.raises(CatalogAwayError, match="takes no changes now"):
                save(catalog, "second")
            assert names(catalog) == ["first"]
        finally:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
            conn.execute("SELECT pg_reload_conf()")
    wait_for(lambda: save_or_not(catalog, "second"))
    assert names(catalog) == ["first", "second"]


def save_or_not(catalog: Catalog, name: str) -> bool:
    """Whether it was saved."""
    with suppress(CatalogAwayError):
        save(catalog, name)
        return True
    return False


def test_a_standby_that_takes_over(server: Server, catalog: PostgresCatalog) -> None:
    """Before, it answers and takes no changes. After, it does, and its events have another epoch: it may give numbers
    again that the lost primary gave last.
    """
    with make_standby(server) as standby:
        url = standby.url(catalog.place.rpartition("/")[2])
        with closing(open_postgres(url)) as there:
            assert names(there) == ["first"]
            assert there.epoch == catalog.epoch
            with pytest.raises(CatalogAwayError, match="standby"):
                save(there, "second")
            standby.promote()
            wait_for(lambda: save_or_not(there, "second"))
            assert max(told(there)) > JUMP
            assert there.epoch != catalog.epoch
            with closing(open_postgres(url)) as again:
                assert names(again) == ["first", "second"]
                assert again.epoch == there.epoch
