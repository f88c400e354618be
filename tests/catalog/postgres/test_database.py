"""A catalog in PostgreSQL: how its database is made, shared, and refused, and what its server's errors become."""

from __future__ import annotations

import os
import re
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from builders.catalogs import add_sd
from builders.image_rows import CONTENT_ID, NOW
from builders.postgres import Server
from strandline.catalog import migrations, schema
from strandline.catalog.dialect import Dialect
from strandline.catalog.postgres import tables
from strandline.catalog.postgres.connections import say_place
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.postgres.errors import explain_postgres_error
from strandline.errors import (
    CatalogAwayError,
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    CatalogTooNewError,
    DiskFullError,
    StorageDirNotFoundError,
    StrandlineError,
)

pytestmark = pytest.mark.slow  # a server takes seconds to start

DESCRIBE = """
    SELECT table_name, column_name, data_type, collation_name, is_nullable
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ '_[0-9]{2}$'
    UNION ALL SELECT tablename, indexname, regexp_replace(indexdef, '"?C"?', ''), NULL, NULL
    FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ '_[0-9]{2}$' ORDER BY 1, 2
"""


def test_many_can_open_a_new_database_at_once(server: Server) -> None:
    """One makes the tables, and the others wait for it."""
    url = server.make_database()
    with ThreadPoolExecutor(8) as pool:
        catalogs = list(pool.map(lambda _: open_postgres(url), range(8)))
    assert len({catalog.epoch for catalog in catalogs}) == 1
    for catalog in catalogs:
        catalog.close()


def test_every_text_is_compared_by_code_points(catalog: PostgresCatalog) -> None:
    """As in SQLite, in S3, and in Python, whatever language the server was set up for."""
    with catalog.connected() as conn:
        columns = conn.execute(DESCRIBE).fetchall()
    texts = [
        (table, name) for table, name, kind, collation, _ in columns if kind == "text" and collation != "C"
    ]
    assert texts == []
    assert len(columns) > 90


def test_a_file_is_looked_for_in_one_part(catalog: PostgresCatalog) -> None:
    """The table of image files is divided by the first digit of ids; other names are before and after them."""
    wanted = {
        f"media/{digit}{'0' * 31}.png": f"image_files_{int(digit, 16):02d}" for digit in "0123456789abcdef"
    }
    wanted |= {
        "Photos/a.jpg": "image_files_00",
        "media/zebra.jpg": "image_files_16",
        "x.jpg": "image_files_16",
    }
    with catalog.write() as writer:
        sd = add_sd(writer)
    with catalog.connected() as conn:
        for path in wanted:
            conn.execute(
                "INSERT INTO image_files (sd, path, media_type, state, first_seen_us, unchanged_since_us, sort_us) "
                "VALUES (?, ?, 'image/png', 'present', 0, 0, 0)",
                (sd, path),
            )
        found = conn.execute("SELECT path, tableoid::regclass::text FROM image_files").fetchall()
        assert dict(found) == wanted
        plan = conn.driver.execute(
            "EXPLAIN SELECT 1 FROM image_files WHERE sd = 1 AND path = 'media/3000'"
        ).fetchall()
    assert {part for (line,) in plan for part in line.split() if re.fullmatch("image_files_..", part)} == {
        "image_files_03"
    }


def test_a_new_step_is_made_in_both_databases(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """One list has the steps of both. A catalog of before gets what it lacks, once, also if many come."""
    url = server.make_database()
    open_postgres(url).close()

    def add_column(dialect: Dialect) -> str:
        return f"ALTER TABLE notes ADD COLUMN later {dialect.text}; CREATE TABLE more (n {dialect.whole});"

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_column))
    monkeypatch.setattr(tables, "VERSION", schema.VERSION + 1)
    with ThreadPoolExecutor(4) as pool:
        catalogs = list(pool.map(lambda _: open_postgres(url), range(4)))
    with catalogs[0].connected() as conn:
        assert conn.execute("SELECT count(*) FROM more").fetchone() == (0,)
        assert conn.execute("SELECT count(later) FROM notes").fetchone() == (0,)
    for catalog in catalogs:
        catalog.close()
    monkeypatch.setattr(tables, "VERSION", schema.VERSION)
    with closing(open_postgres(url)) as older:
        assert older.format == schema.VERSION + 1
        with older.write() as writer:
            add_sd(writer)


def test_a_step_that_older_programs_must_not_survive(server: Server) -> None:
    """It waits for the changes that they are making. They refuse the next one, also with a connection of before, and
    although the tables look to them as ever.
    """
    url = server.make_database()

    def change_meaning(_dialect: Dialect) -> str:
        return "UPDATE notes SET stamp = 'means something else';"

    with closing(open_postgres(url)) as older, ThreadPoolExecutor(1) as pool:
        with pytest.MonkeyPatch.context() as newer:
            newer.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, change_meaning))
            with older.write() as writer:
                newer.setattr(tables, "VERSION", schema.VERSION + 1)
                newer.setattr(tables, "OLDEST_FORMAT", schema.VERSION + 1)
                opening = pool.submit(open_postgres, url)
                with psycopg.connect(url, autocommit=True) as looking:
                    while not looking.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                        assert not opening.done()
                add_sd(writer)
            opening.result(60).close()
        with older.read() as reader:
            assert len(reader.sds.list_storage_dirs()) == 1
        with pytest.raises(CatalogTooNewError, match="update Strandline"), older.write():
            pass
        with pytest.raises(CatalogTooNewError, match="update Strandline"):
            older.check_format()
        with pytest.raises(CatalogTooNewError, match="update Strandline"):
            open_postgres(url)


@pytest.mark.parametrize("table", ["meta (a text)", "meta (key text, value text)", "image_files (a text)"])
def test_tables_of_another_program_are_not_touched(server: Server, table: str) -> None:
    """It says so, and makes none."""
    url = server.make_database()
    with psycopg.connect(url) as conn:
        conn.execute(f"CREATE TABLE {table}".encode())
    with pytest.raises(CatalogDamagedError, match="another program"):
        open_postgres(url)
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def test_a_place_shows_no_secret() -> None:
    """Messages and logs name it."""
    assert (
        say_place("postgresql://ann:secret@db.lan:5433/pics?sslmode=require")
        == "postgresql://ann@db.lan:5433/pics"
    )
    assert say_place("postgresql:///pics") == "postgresql:///pics"


def test_a_change_of_many_writers_is_made_once(catalog: PostgresCatalog) -> None:
    """Writers do not wait for each other, unless they change the same row."""
    with catalog.write() as one, catalog.write() as other:
        add_sd(one, "one")
        add_sd(other, "two")
    with catalog.read() as reader:
        assert {sd.name for sd in reader.sds.list_storage_dirs()} == {"one", "two"}


def test_waiting_for_another_change_ends(url: str) -> None:
    """With the error that says to try again, after ``catalog.busy_timeout_s``."""
    with closing(open_postgres(url, lock_timeout_s=0.05)) as catalog:
        with catalog.write() as writer:
            number = add_sd(writer)
        with catalog.write() as writer:
            writer.sds.update_name(number, "a")
            with pytest.raises(CatalogLockedError, match="try again"), catalog.write() as second:
                second.sds.update_name(number, "b")


def test_no_more_connections_than_allowed(url: str) -> None:
    """One who finds none waits, and is told what to do."""
    with closing(open_postgres(url, pool_size=1, lock_timeout_s=0.05)) as catalog:
        with catalog.read(), pytest.raises(CatalogLockedError, match=r"catalog\.pool"), catalog.read():
            pass
        with catalog.read() as reader:
            assert reader.sds.list_storage_dirs() == []


def test_only_a_save_waits_for_the_disk(catalog: PostgresCatalog) -> None:
    """Everything else can be found again."""

    def ask(durable: bool) -> str:
        with catalog.write(durable=durable) as writer:
            return str(writer._conn.execute("SHOW synchronous_commit").fetchone()[0])

    assert [ask(True), ask(False), ask(True)] == ["on", "off", "on"]


def test_a_nul_is_in_no_text(catalog: PostgresCatalog) -> None:
    """PostgreSQL has none, and no file's name has one."""
    with catalog.write() as writer:
        writer.origins.add_origin(CONTENT_ID, "a\0b", "s\0", NOW)
        assert writer.files.find_row(1, "media/\0") is None
        assert writer.origins.has_origin(CONTENT_ID, "a\0b", "s\0")


def test_a_healthy_one_has_nothing_to_complain_of(catalog: PostgresCatalog) -> None:
    """With the extension that reads its indexes, too, if the server has it."""
    with catalog.connected() as conn:
        conn.execute("CREATE EXTENSION amcheck")
    try:
        assert catalog.check_integrity() == []
    finally:
        with catalog.connected() as conn:
            conn.execute("DROP EXTENSION amcheck")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), CatalogAwayError),
        (psycopg.errors.AdminShutdown(), CatalogAwayError),
        (psycopg.errors.CannotConnectNow(), CatalogAwayError),
        (psycopg.errors.TooManyConnections(), CatalogAwayError),
        (psycopg.errors.ReadOnlySqlTransaction(), CatalogAwayError),
        (psycopg.errors.IdleInTransactionSessionTimeout(), CatalogAwayError),
        (psycopg.errors.DiskFull(), DiskFullError),
        (psycopg.errors.LockNotAvailable(), CatalogLockedError),
        (psycopg.errors.DeadlockDetected(), CatalogLockedError),
        (psycopg.errors.ForeignKeyViolation(), StorageDirNotFoundError),
        (psycopg.errors.DataCorrupted(), CatalogDamagedError),
        (psycopg.errors.InsufficientPrivilege(), CatalogError),
        (psycopg.errors.UniqueViolation(), CatalogError),
    ],
)
def test_each_error_says_what_can_be_done(error: psycopg.Error, ours: type[StrandlineError]) -> None:
    """By what the server calls it, in any language."""
    explained = explain_postgres_error(error, "postgresql://db/pics")
    assert type(explained) is ours
    assert explained.facts["sqlstate"] == (error.sqlstate or "")


def test_a_server_that_is_not_there(server: Server) -> None:
    """A wrong address, and a wrong database, are told apart by what the server says."""
    with pytest.raises(CatalogAwayError, match="does not answer"):
        open_postgres(f"postgresql:///x?host={server.folder}/nowhere")
    with pytest.raises(CatalogError, match="does not exist"):
        open_postgres(server.url("nobody_made_it"))


def test_the_thread_that_listens_ends_with_the_catalog(url: str) -> None:
    """No thread stays."""

    def listeners() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name == "strandline-listen"]

    catalog = open_postgres(url)
    heard = threading.Event()
    catalog.on_commit = heard.set
    catalog.listen()
    assert heard.wait(30)
    assert listeners() == ["strandline-listen"]
    catalog.close()
    assert listeners() == []
    use: Callable[[], None] = catalog.listen
    use()
    assert listeners() == []


def test_a_program_may_have_many_files_open(url: str) -> None:
    """A server with a thousand clients has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3000)), hard))
    opened = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while opened[-1] < 1100:
            opened.append(os.dup(opened[0]))
        with closing(open_postgres(url)) as catalog:
            for _ in range(2):
                with catalog.read() as reader:
                    assert reader.sds.list_storage_dirs() == []
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
