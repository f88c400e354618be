"""Locks of names in a shared catalog: one holder at a time, for a limited time, who learns if it lost one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from builders.postgres import Server
from strandline.catalog.database import open_catalog
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.errors import CatalogAwayError, CatalogLockedError, NotSharedError

pytestmark = pytest.mark.slow  # a server takes seconds to start

LIMIT_S = 60.0
SLOW_S = 0.1


@pytest.fixture
def other(url: str) -> Iterator[PostgresCatalog]:
    """Another machine, which waits for a fifth of a second."""
    with closing(open_postgres(url, lock_timeout_s=0.2)) as catalog:
        yield catalog


def test_one_holds_a_name_at_a_time(catalog: PostgresCatalog) -> None:
    """Also with more who wait than there are connections. Other names are free, and so is the catalog."""
    inside, most, lock = 0, 0, threading.Lock()

    def hold(_: int) -> None:
        nonlocal inside, most
        with catalog.hold("bucket/a", LIMIT_S) as check:
            with lock:
                inside += 1
                most = max(most, inside)
            check()
            with catalog.read() as reader:
                reader.sds.list_storage_dirs()
            with lock:
                inside -= 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(hold, range(48)))
    assert most == 1
    with catalog.hold("bucket/a", LIMIT_S), catalog.hold("bucket/b", LIMIT_S):
        pass


def test_who_waits_for_too_long_is_told(catalog: PostgresCatalog, other: PostgresCatalog) -> None:
    """And has it as soon as it is free."""
    with (
        catalog.hold("bucket/a", LIMIT_S),
        pytest.raises(CatalogLockedError),
        other.hold("bucket/a", LIMIT_S),
    ):
        pass
    with other.hold("bucket/a", LIMIT_S) as check:
        check()


def test_threads_of_one_program_wait_for_each_other(url: str) -> None:
    """For longer than a lock is waited for: a batch of slow writes moves on. They give up if nobody does."""
    with closing(open_postgres(url, pool_size=2, lock_timeout_s=SLOW_S)) as catalog:

        def hold(number: int, limit_s: float = LIMIT_S) -> None:
            with catalog.hold(f"bucket/{number}", limit_s):
                threading.Event().wait(SLOW_S)

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(hold, range(6)))
            with catalog.hold("bucket/a", LIMIT_S), pytest.raises(CatalogLockedError, match="threads"):
                threads.submit(hold, 1, SLOW_S).result(LIMIT_S)
        hold(1)


def test_a_lock_ends_with_its_time_and_its_holder_learns_it(
    catalog: PostgresCatalog, other: PostgresCatalog
) -> None:
    """A program that was suspended does not go on as if nothing had happened."""
    with (
        catalog.hold("bucket/a", 0.05) as check,
        other.hold("bucket/a", LIMIT_S),
        pytest.raises(CatalogAwayError),
    ):
        check()
    with catalog.hold("bucket/a", LIMIT_S):
        pass


def test_a_lock_ends_with_its_connection(
    catalog: PostgresCatalog, other: PostgresCatalog, server: Server
) -> None:
    """A holder that was killed keeps nobody waiting."""
    with catalog.hold("bucket/a", LIMIT_S) as check:
        with server.admin() as admin:
            found = admin.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
            for (pid,) in found.fetchall():
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        with other.hold("bucket/a", LIMIT_S), pytest.raises(CatalogAwayError):
            check()


def test_the_catalog_of_one_home_has_none(tmp_path: Path) -> None:
    """Another home would not see it."""
    with closing(open_catalog(tmp_path / "catalog", busy_timeout_s=1)) as own, pytest.raises(NotSharedError):
        own.hold("bucket/a", LIMIT_S)
