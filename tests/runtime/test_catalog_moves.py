"""A catalog moves to a shared database and back: all of it, compared, or nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from builders.catalogs import dump, opened
from builders.postgres import NOTED, shared_server
from strandline.catalog.port import Catalog
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.whole_tables import TABLES
from strandline.cli.main import main
from strandline.errors import CatalogError, DaemonRunningError, RefusedError, UnsuitableFolderError
from strandline.runtime.catalog_moves import copy_catalog, move_catalog
from strandline.runtime.home import CATALOG_FILE
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.watching.session import LOCK_FILE, SHARED_LOCK_FILE

OLD = Path(__file__).parents[1] / "catalog" / "data" / "e1702b9.sql"


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with an empty catalog on a real server."""
    with shared_server(request).lent_database() as url:
        yield url


def fill(home: Path, *, shareable: bool = True) -> Path:
    """A catalog with rows in every table, of which an earlier version made most."""
    path = home / CATALOG_FILE
    path.parent.mkdir(exist_ok=True)
    conn = sqlite3.connect(path)
    conn.executescript(OLD.read_text())
    conn.close()
    with opened(path) as catalog, catalog.connected() as conn:
        conn.execute("BEGIN")
        if shareable:
            conn.execute("UPDATE storage_dirs SET path = 's3://bucket/' || number")
        conn.execute("INSERT INTO storage_dir_aliases SELECT 1, 'an-alias' WHERE TRUE ON CONFLICT DO NOTHING")
        conn.execute("INSERT INTO conflict_copies VALUES (1, 'media/x (copy).png', 'f', '1:2:3', NULL)")
        conn.execute("INSERT INTO earlier_files VALUES (1, 'x', 'a/x', 1, 'f', 2, 3)")
        conn.execute("INSERT INTO unused_files VALUES (1, 'media/ä', -1)")
        conn.execute("INSERT INTO altered_files VALUES (1, 'media/ä', 'f', 9223372036854775807, '1:2:3', 1)")
        conn.execute("INSERT INTO notes VALUES (1, 'a.md', '1:2:3', ?)", ('["\n\\u0000"]',))
        conn.execute("INSERT INTO open_references VALUES (1, 'a.md', 'x.png', 1, NULL, 1, 0)")
        conn.execute("INSERT INTO access_tokens VALUES ('a', 'f', 'read', NULL, 1, NULL, 1)")
        conn.execute("INSERT INTO access_token_dirs VALUES ('a', 1)")
        conn.execute("INSERT INTO audit VALUES (7, 1, 'w', 'POST /', 200, 'x', '[]', '[]', 0)")
        conn.execute("INSERT INTO origins VALUES ('f', 'a' || char(0) || 'b', 's', 1, 'ab')")
        conn.executemany(
            "INSERT INTO image_files (sd, path, media_type, state, first_seen_us, unchanged_since_us, sort_us) "
            "VALUES (1, ?, 'image/png', 'present', 0, 0, 0)",
            ((f"named/{number}.png",) for number in range(5000)),
        )
        conn.execute("UPDATE sqlite_sequence SET seq = seq + 7 WHERE name <> 'audit'")
        conn.execute("COMMIT")
    return path


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows but those about the database itself."""
    rows = dump(path)
    del rows["meta"]
    rows["origins"] = [tuple(str(each).replace("\0", "\ufffd") for each in row) for row in rows["origins"]]
    return rows


def is_empty(catalog: Catalog) -> bool:
    """Whether it has nothing."""
    with catalog.write() as writer:
        return writer.tables.is_empty()


def test_over_and_back_it_is_the_same(home: Path, url: str) -> None:
    """Row for row, with the numbers that were given last; also what no reader asks for."""
    path = fill(home)
    before = content(path)
    over = move_catalog(home, {}, url)
    assert content(path) == before, "the source stays as it is"
    assert {table.name: table.rows for table in over.tables} == {
        table.name: len(before[table.name]) for table in TABLES
    }
    assert min(table.rows for table in over.tables) > 0
    home = home.with_name("other")
    back = move_catalog(home, {}, url, back=True)
    assert content(home / CATALOG_FILE) == before
    assert back.tables == over.tables
    assert (back.source, back.target) == (over.target, str(home / CATALOG_FILE))


def test_new_ones_get_higher_numbers_there(home: Path, url: str) -> None:
    """Those that were given last may be gone, and somebody may remember them."""
    path = fill(home)
    conn = sqlite3.connect(path)
    last = dict(conn.execute("SELECT name, seq FROM sqlite_sequence"))
    conn.close()
    move_catalog(home, {}, url)
    with psycopg.connect(url) as there:
        assert there.execute("SELECT last FROM journal_counter").fetchone() == (last["journal"],)
        (number,) = there.execute(
            "INSERT INTO storage_dirs (name, path, state, added_at_us) VALUES ('n', 'p', 'online', 0) "
            "RETURNING number"
        ).fetchone() or (0,)
    assert number == last["storage_dirs"] + 1


def test_folders_of_this_machine_do_not_move(home: Path, url: str) -> None:
    """The refusal names one, and how many more there are."""
    fill(home, shareable=False)
    with pytest.raises(UnsuitableFolderError, match=r"own catalog.*\(and 2 more\)"):
        move_catalog(home, {}, url)
    with closing(open_postgres(url)) as target:
        assert is_empty(target)


def test_a_target_that_has_something_is_not_touched(home: Path, url: str) -> None:
    """In either direction."""
    path = fill(home)
    move_catalog(home, {}, url)
    before = content(path)
    with pytest.raises(RefusedError, match="not empty"):
        move_catalog(home, {}, url)
    with pytest.raises(RefusedError, match="not empty"):
        move_catalog(home, {}, url, back=True)
    assert content(path) == before


def test_what_differs_there_is_noticed_and_nothing_moves(home: Path, url: str) -> None:
    """A database that changes what it is given."""
    with psycopg.connect(url) as there:
        there.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.source = ''other''; RETURN NEW; END'"
        )
        there.execute("CREATE TRIGGER spoil BEFORE INSERT ON origins FOR EACH ROW EXECUTE FUNCTION spoil()")
    try:
        fill(home)
        with pytest.raises(CatalogError, match=r"origins.*nothing was changed"):
            move_catalog(home, {}, url)
    finally:
        with psycopg.connect(url) as there:
            there.execute("DROP FUNCTION spoil CASCADE")
    with closing(open_postgres(url)) as target:
        assert is_empty(target)


def test_a_home_that_is_watched_does_not_move(home: Path, url: str) -> None:
    """What a watcher writes meanwhile, of this catalog or the other one, would stay behind."""
    fill(home)
    for name in (LOCK_FILE, SHARED_LOCK_FILE):
        lock = ProcessLock(home / name)
        assert lock.try_acquire()
        try:
            with pytest.raises(DaemonRunningError):
                move_catalog(home, {}, url)
        finally:
            lock.release()


def test_the_command_says_what_moved(home: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And what to do next. Without a direction, it does nothing."""
    path = fill(home)
    assert main(["--json", "catalog", "migrate", "--to", url]) == 0
    moved = json.loads(capsys.readouterr().out)
    assert moved["source"] == str(path)
    assert {table["name"] for table in moved["tables"]} == {table.name for table in TABLES}
    other = str(home.with_name("other"))
    assert main(["--home", other, "catalog", "migrate", "--from", url]) == 0
    assert "config unset catalog.url" in capsys.readouterr().err
    assert main(["catalog", "migrate"]) == 2
    assert main(["catalog", "migrate", "--to", url, "--from", url]) == 2
    assert main(["catalog", "migrate", "--to", "nowhere"]) == 2


def test_every_column_of_both_databases_moves(tmp_path: Path, url: str) -> None:
    """A table or column that is added later must be added to the list."""
    listed = {(table.name, column) for table in TABLES for column in table.columns.split()}
    with opened(tmp_path / CATALOG_FILE) as own, own.connected() as conn:
        here = conn.execute(
            "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
            "WHERE t.type = 'table' AND t.name NOT IN ('meta', 'sign_ins', 'bucket_guarantees', 'sqlite_sequence')"
        ).fetchall()
    with psycopg.connect(url) as there:
        rows = there.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND table_name NOT IN ('meta', 'sign_ins', 'bucket_guarantees', 'journal_counter', 'journal_mark') "
            "AND NOT table_name = ANY (%s) AND table_name !~ '_[0-9]{2}$'",
            (list(NOTED),),
        ).fetchall()
    assert listed == set(here) == set(rows)


def test_it_can_be_copied_between_any_two(tmp_path: Path, url: str) -> None:
    """Also from one database of this machine to another."""
    path = fill(tmp_path / "one")
    with opened(path) as one, opened(tmp_path / "two.db") as two, closing(open_postgres(url)) as shared:
        copy_catalog(one, shared)
        copy_catalog(shared, two)
        assert isinstance(shared, PostgresCatalog)
    assert content(tmp_path / "two.db") == content(path)
