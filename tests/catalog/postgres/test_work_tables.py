"""The tables of work: made once by the first program, brought up to date, and refused if they are too new."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from builders.postgres import shared_server
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.postgres.work import tables
from strandline.catalog.postgres.work.queue import WorkQueue
from strandline.catalog.postgres.work.seen import SeenWork
from strandline.errors import CatalogTooNewError


@pytest.fixture
def catalog(request: pytest.FixtureRequest) -> Iterator[PostgresCatalog]:
    """A catalog on which nobody has worked."""
    with shared_server(request).lent_database() as url, closing(open_postgres(url)) as catalog:
        yield catalog


def read_meta(catalog: PostgresCatalog) -> dict[str, str]:
    """What the tables say about themselves."""
    with catalog.connected() as connection:
        return dict(connection.execute("SELECT key, value FROM strandline_work.meta").fetchall())


def test_many_make_them_at_once(catalog: PostgresCatalog) -> None:
    """One does, and the others wait. The catalog's own schema has none of them."""
    assert not SeenWork(catalog, 30.0).has_workers()
    with ThreadPoolExecutor(6) as threads:
        queues = list(threads.map(lambda _: WorkQueue(catalog), range(6)))
    assert {queue.count_open() for queue in queues} == {0}
    assert set(read_meta(catalog)) == {"format", "oldest_format", "queue"}
    with catalog.connected() as connection:
        (here,) = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'procrastinate%'"
        ).fetchone()
    assert here == 0


def test_newer_ones_are_refused(catalog: PostgresCatalog) -> None:
    """A program that does not know them would harm them."""
    WorkQueue(catalog)
    with catalog.connected() as connection:
        connection.execute(
            "UPDATE strandline_work.meta SET value = '99' WHERE key IN ('format', 'oldest_format')"
        )
        connection.driver.commit()
    with pytest.raises(CatalogTooNewError, match="update Strandline"):
        WorkQueue(catalog)


def test_a_queue_of_an_older_version_is_brought_up_to_date(catalog: PostgresCatalog) -> None:
    """By the scripts that its authors ship, one by one, by many programs at once. Then it works as a new one does."""
    scripts = tables._list_queue_scripts()
    with catalog.connected() as connection:
        connection.execute("CREATE SCHEMA strandline_work")
        connection.execute("SET search_path TO strandline_work, public")
        connection.driver.execute(scripts[0].read_bytes())
        for step in tables.STEPS[0]:
            if "procrastinate_workers" not in step:
                connection.execute(step)
        connection.execute("INSERT INTO meta VALUES ('format', '1'), ('queue', ?)", (scripts[0].name,))
        connection.execute("RESET search_path")
    with ThreadPoolExecutor(4) as threads:
        queues = list(threads.map(lambda _: WorkQueue(catalog), range(4)))
    assert read_meta(catalog)["queue"] == scripts[-1].name
    with catalog.connected() as connection:
        connection.execute("SET search_path TO strandline_work, public")
        connection.execute(tables.STEPS[0][-1])
        connection.execute("RESET search_path")
    assert queues[0].mend(30.0) == 0
    assert queues[0].read_status(30.0).tasks == []


def test_an_older_program_leaves_the_queue_as_it_is(
    catalog: PostgresCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library is older than the tables, which work for it, too: programs are upgraded one after the other."""
    WorkQueue(catalog)
    before = read_meta(catalog)
    older = tables._list_queue_scripts()[:-2]
    monkeypatch.setattr(tables, "_list_queue_scripts", lambda: older)
    assert WorkQueue(catalog).count_open() == 0
    assert read_meta(catalog) == before
