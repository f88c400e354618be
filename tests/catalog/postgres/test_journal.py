"""The law of the journal, on a database that many write at once: a reader that asks for what comes after its last
number misses nothing, and there are no gaps. With numbers from a sequence, the same checks fail.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from builders.image_rows import NOW
from strandline.catalog.journal import to_columns
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.postgres.journal import PostgresJournalWriter
from strandline.model.events import Event, StorageDirAdded

pytestmark = pytest.mark.slow  # a server takes seconds to start

WRITERS, COMMITS, LIMIT_S = 8, 60, 60


def event(name: str = "n") -> StorageDirAdded:
    """An event."""
    return StorageDirAdded(at=NOW, sd_id=None, name=name, path="p")


def read_after(catalog: PostgresCatalog, since: int) -> list[int]:
    """The numbers of the events after that one."""
    with catalog.read() as reader:
        return [each.seq or 0 for each in reader.journal.list_events(since=since, limit=100_000)]


def check_one_that_takes_long(catalog: PostgresCatalog) -> None:
    """A transaction that appended first and commits last is not missed by who reads in between."""
    with catalog.write() as slow:
        slow.journal.append_event(event("first"))
        with catalog.write() as quick:
            quick.journal.append_event(event("second"))
        seen = read_after(catalog, 0)
    assert len(seen) == 1
    assert read_after(catalog, seen[-1]) == [seen[-1] + 1]


def check_law(catalogs: list[PostgresCatalog]) -> None:
    """Many write and one reads, until all is written."""
    done = threading.Event()

    def write(number: int) -> None:
        catalog = catalogs[number % 2]
        for commit in range(COMMITS):
            with catalog.write() as writer:
                for _ in range(1 + commit % 3):
                    writer.journal.append_event(event())

    def follow() -> list[int]:
        seen: list[int] = []
        is_last = False
        while not is_last:
            is_last = done.is_set()
            seen += read_after(catalogs[2], seen[-1] if seen else 0)
        return seen

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        following = pool.submit(follow)
        for writing in [pool.submit(write, number) for number in range(WRITERS)]:
            writing.result(LIMIT_S)
        done.set()
        seen = following.result(LIMIT_S)
    assert seen == list(range(1, WRITERS * COMMITS * 2 + 1))


@pytest.fixture
def catalogs(url: str) -> Iterator[list[PostgresCatalog]]:
    """The same one, opened three times."""
    with (
        closing(open_postgres(url)) as one,
        closing(open_postgres(url)) as other,
        closing(open_postgres(url)) as third,
    ):
        yield [one, other, third]


def test_a_reader_misses_nothing_and_there_are_no_gaps(catalogs: list[PostgresCatalog]) -> None:
    """However many write, and however long one takes."""
    check_law(catalogs)


def number_at_once(writer: PostgresJournalWriter, appended: Event) -> None:
    """The mutant: a plain serial gives the number when the event is appended, not when it is committed."""
    writer._conn.execute(
        "INSERT INTO journal (seq, at_us, type, sd_id, facts) VALUES (nextval('plain'), ?, ?, ?, ?)",
        to_columns(appended),
    )


def test_a_plain_serial_is_caught(catalogs: list[PostgresCatalog], monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above find it, each by itself."""
    with catalogs[0].connected() as conn:
        conn.execute("CREATE SEQUENCE plain")
    monkeypatch.setattr(PostgresJournalWriter, "append_event", number_at_once)
    try:
        with pytest.raises(AssertionError):
            check_one_that_takes_long(catalogs[0])
        with catalogs[0].connected() as conn:
            conn.execute("DELETE FROM journal")
            conn.execute("ALTER SEQUENCE plain RESTART")
        with pytest.raises(AssertionError):
            check_law(catalogs)
    finally:
        with catalogs[0].connected() as conn:
            conn.execute("DROP SEQUENCE plain")


def test_one_that_takes_long_is_not_missed(catalog: PostgresCatalog) -> None:
    """It gets its number when it commits."""
    check_one_that_takes_long(catalog)


def test_whoever_listens_is_woken_by_other_programs(catalogs: list[PostgresCatalog]) -> None:
    """Once it listens, and for commits with events; a commit without any wakes nobody."""
    one, other, _ = catalogs
    rung = threading.Event()
    one.on_commit = rung.set
    one.listen()
    one.listen()
    assert rung.wait(LIMIT_S), "what was told before it listened is lost, so it looks once"
    rung.clear()
    with other.write() as writer:
        writer.journal.append_event(event())
    assert rung.wait(LIMIT_S)


def test_old_events_are_dropped_after_the_commit(url: str, catalog: PostgresCatalog) -> None:
    """Once in a thousand numbers; so what is kept is not more than that above the limit."""
    from strandline.catalog.journal import JournalLimits

    with closing(open_postgres(url, journal_limits=JournalLimits(max_events=500))) as limited:
        for _ in range(6):
            with limited.write() as writer:
                for _ in range(350):
                    writer.journal.append_event(event())
    assert read_after(catalog, 0) == list(range(1501, 2101))
