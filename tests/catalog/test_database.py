"""The catalog's database: shared by threads and processes, whole after a crash, and never silently wrong."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builders.catalogs import add_sd, dump, opened, sql_of
from builders.image_rows import NOW
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.catalog import database, journal
from strandline.catalog.database import APPLICATION_ID, SqliteCatalog, open_catalog
from strandline.errors import (
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    CatalogTooNewError,
    DiskError,
    DiskFullError,
    StorageDirNotFoundError,
    StrandlineError,
)
from strandline.model.events import StorageDirAdded

EVENT = StorageDirAdded(at=NOW, sd_id=None, name="Notes", path="/nowhere")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "catalog.db"


def names(catalog: SqliteCatalog) -> list[str]:
    """The names of all storage directories."""
    with catalog.read() as reader:
        return [sd.name for sd in reader.sds.list_storage_dirs()]


def run_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process that runs the code with these arguments in ``sys.argv``."""
    program = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_for_line(process: subprocess.Popen[str], line: str) -> None:
    """Waits until the process has printed the line."""
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line


# --- opening ------------------------------------------------------------------------------------------------


def test_a_new_catalog_is_made_with_its_folder(path: Path) -> None:
    """The first command on a machine needs no preparation."""
    with opened(path) as catalog:
        assert catalog.epoch
        assert names(catalog) == []


def test_the_epoch_stays_with_the_database_and_is_new_with_a_new_one(path: Path) -> None:
    """A subscriber can distinguish a rebuilt catalog from one without changes."""
    with opened(path) as catalog:
        first = catalog.epoch
    with opened(path) as catalog:
        assert catalog.epoch == first
    path.unlink()
    with opened(path) as catalog:
        assert catalog.epoch != first


def test_numbers_jump_when_the_machine_was_started_anew(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut loses the last commits. The numbers of their events are not reused. The epoch stays."""
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr(journal, "BOOT_ID", boot_id)
    epochs = set()
    for started in ("9867cead-1340-47e0-b7b2-d48992d39ee0\n", "0a67cead-1340-47e0-b7b2-d48992d39ee0\n"):
        boot_id.write_text(started)
        for _ in range(2):
            with opened(path) as catalog:
                with catalog.write() as writer:
                    writer.journal.append_event(EVENT)
                epochs.add(catalog.epoch)
    boot_id.unlink()  # a system that does not tell when it was started
    with opened(path) as catalog, catalog.write() as writer:
        writer.journal.append_event(EVENT)
        assert writer.journal.get_bounds() == (1, journal.JUMP + 5)
        numbers = [event.seq for event in writer.journal.list_events(since=0, limit=10)]
    assert numbers == [1, 2, journal.JUMP + 3, journal.JUMP + 4, journal.JUMP + 5]
    assert len(epochs) == 1


def test_a_jump_that_was_rolled_back_is_made_later(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is part of the first transaction that appends."""
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("first")
    monkeypatch.setattr(journal, "BOOT_ID", boot_id)
    with opened(path) as catalog, catalog.write() as writer:
        writer.journal.append_event(EVENT)
    boot_id.write_text("second")
    with opened(path) as catalog:
        with pytest.raises(ZeroDivisionError), catalog.write():
            raise ZeroDivisionError
        with catalog.write() as writer:
            writer.journal.append_event(EVENT)
            assert writer.journal.get_bounds() == (1, journal.JUMP + 2)


def test_a_disk_without_a_write_ahead_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite reports this without an error, and readers would then wait for writers."""
    monkeypatch.setattr(database, "_WAL", "PRAGMA journal_mode = DELETE")
    with pytest.raises(CatalogError, match="choose a local disk"), opened(path):
        pass


@pytest.mark.slow
def test_many_processes_may_open_a_new_catalog_at_once(path: Path) -> None:
    """One of them creates it, the others find it. All see the same epoch."""
    code = """
        import sys
        from pathlib import Path
        from strandline.catalog.database import open_catalog
        print("ready", flush=True)
        sys.stdin.readline()
        print(open_catalog(Path(sys.argv[1]), busy_timeout_s=20).epoch)
    """
    processes = [run_python(code, path) for _ in range(4)]
    for process in processes:
        wait_for_line(process, "ready")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    epochs = {process.communicate()[0].strip() for process in processes}
    assert len(epochs) == 1
    assert [process.returncode for process in processes] == [0] * 4


def test_a_catalog_that_is_made_during_the_first_look_is_no_stranger(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look is one query. If another process creates the catalog meanwhile, it is recognized."""
    connect, meddled = sqlite3.connect, list[str]()

    class Interrupted(sqlite3.Connection):
        """Between its two queries, another process opens the same new home."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if sql == "PRAGMA application_id":
                monkeypatch.setattr(sqlite3, "connect", connect)
                try:
                    open_catalog(path, busy_timeout_s=0.05).close()
                except CatalogLockedError:
                    meddled.append("waited")
                else:
                    meddled.append("was quicker")
            return super().execute(sql, parameters)

    path.parent.mkdir()
    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Interrupted))
    with opened(path) as catalog:
        assert names(catalog) == []
    assert meddled == ["waited"]


def other_program(path: Path, version: int = 0) -> None:
    """A database of another program."""
    conn = sqlite3.connect(path)
    conn.executescript(f"CREATE TABLE songs (title TEXT); PRAGMA user_version = {version}")
    conn.close()


def too_new(path: Path) -> None:
    """A catalog as a later version might write it."""
    open_catalog(path, busy_timeout_s=1).close()
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA user_version = 999")
    conn.execute("UPDATE meta SET value = '999' WHERE key = 'oldest_format'")
    conn.commit()
    conn.close()


def truncated(path: Path) -> None:
    """A catalog without its second half."""
    open_catalog(path, busy_timeout_s=1).close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


DAMAGES: dict[str, tuple[Callable[[Path], object], type[StrandlineError], str]] = {
    "garbage": (lambda path: path.write_bytes(b"\xff" * 8192), CatalogDamagedError, "sd add"),
    "text": (lambda path: path.write_text("not a database\n" * 100), CatalogDamagedError, "sd add"),
    "truncated": (truncated, CatalogDamagedError, "sd add"),
    "other program's": (other_program, CatalogDamagedError, "another program"),
    "other program's, with a version": (
        lambda p: other_program(p, 1),
        CatalogDamagedError,
        "another program",
    ),
    "other program's, too new": (lambda p: other_program(p, 999), CatalogDamagedError, "another program"),
    "too new": (too_new, CatalogTooNewError, "update Strandline"),
    "a folder": (lambda path: path.mkdir(), DiskError, "--home"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_catalog_is_a_clear_error_and_is_left_as_it_is(path: Path, damage: str) -> None:
    """The message says what to do. The file is not changed, and no file appears beside it."""
    make, error, advice = DAMAGES[damage]
    path.parent.mkdir()
    make(path)
    before = {each: each.read_bytes() for each in path.parent.rglob("*") if each.is_file()}
    with pytest.raises(error, match=advice) as caught:
        open_catalog(path, busy_timeout_s=1)
    assert str(path) in caught.value.message
    assert {each: each.read_bytes() for each in path.parent.rglob("*") if each.is_file()} == before


def test_damage_in_the_middle_is_found_by_the_check_and_by_reading(path: Path) -> None:
    """``doctor`` reports broken pages, and a read of one is a clear error."""
    with opened(path) as catalog, catalog.write() as writer:
        for number in range(2000):
            add_sd(writer, f"{number}")
    with path.open("r+b") as file:
        quarter = path.stat().st_size // 4 // 4096 * 4096
        file.seek(3 * quarter)  # the tables themselves are described in the first half
        file.write(b"\xee" * (quarter - 4096))
    with opened(path) as catalog:
        assert catalog.check_integrity() != []
        with pytest.raises(CatalogDamagedError):
            names(catalog)


def test_a_catalog_that_breaks_meanwhile_is_told_as_damaged(path: Path) -> None:
    """It never raises SQLite's own error."""
    with opened(path) as catalog:
        catalog.read_version()
        with catalog.write() as writer:
            add_sd(writer)  # so that it must read the file again
        catalog.path.write_bytes(os.urandom(catalog.path.stat().st_size))
        wal = catalog.path.with_name("catalog.db-wal")
        wal.write_bytes(os.urandom(wal.stat().st_size))
        with pytest.raises(CatalogDamagedError, match="move the catalog away"):
            catalog.read_version()


def test_each_write_is_as_durable_as_it_asks(path: Path) -> None:
    """Whatever the write before it asked on the same connection (SQLite: 1 is NORMAL, 2 is FULL)."""
    asked = [False, True, True, False, False, True]
    with opened(path) as catalog:
        given = []
        for durable in asked:
            with catalog.write(durable=durable) as writer:
                given.append(sql_of(writer).execute("PRAGMA synchronous").fetchone()[0])
    assert given == [1 + durable for durable in asked]


def test_a_whole_catalog_passes_the_check(path: Path) -> None:
    """It reports nothing."""
    with opened(path) as catalog:
        assert catalog.check_integrity() == []


def test_a_home_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    """A file is in the home's place."""
    (tmp_path / "home").write_text("")
    with pytest.raises(DiskError, match="STRANDLINE_HOME"):
        open_catalog(tmp_path / "home" / "catalog.db", busy_timeout_s=1)


READ_ONLY = (Refusal("openat", errno.EROFS, argument=2, mask=os.O_WRONLY | os.O_RDWR | os.O_CREAT),)
"""EROFS for every write: a disk that was remounted read-only after an error."""


@pytest.mark.parametrize("exists", [False, True])
def test_a_read_only_home_says_what_to_do(path: Path, exists: bool) -> None:
    """A read-only disk is a disk error, both for a new and for an existing catalog."""
    path.parent.mkdir()
    if exists:
        open_catalog(path, busy_timeout_s=1).close()

    def use() -> None:
        with opened(path) as catalog, catalog.write() as writer:
            add_sd(writer)

    with pytest.raises(DiskError, match="--home"):
        call_refused(READ_ONLY, use)


# --- migrations ---------------------------------------------------------------------------------------------


OLD = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE birds (name TEXT); "
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT)"
)
NEW = "ALTER TABLE birds ADD COLUMN legs INTEGER NOT NULL DEFAULT 2; CREATE INDEX by_name ON birds (name)"


def test_migrations_run_once_each_and_keep_what_is_there(path: Path) -> None:
    """An old catalog is updated in place. Its epoch and rows stay."""
    with opened(path, migrations=[OLD]) as catalog:
        epoch = catalog.epoch
        with catalog.write() as writer:
            sql_of(writer).execute("INSERT INTO birds VALUES ('wren')")
    for _ in range(2):
        with opened(path, migrations=[OLD, NEW]) as catalog, catalog.connected() as conn:
            assert catalog.epoch == epoch
            assert conn.execute("SELECT * FROM birds").fetchall() == [("wren", 2)]


def test_a_migration_happens_whole_or_not_at_all(path: Path) -> None:
    """If one fails halfway, the old catalog remains and still opens."""
    with opened(path, migrations=[OLD]):
        pass
    before = dump(path)
    with (
        pytest.raises(CatalogError),
        opened(path, migrations=[OLD, f"{NEW}; INSERT INTO no_such_table VALUES (1)"]),
    ):
        pass
    assert dump(path) == before
    with opened(path, migrations=[OLD, NEW]):
        pass


def test_an_older_program_refuses_the_newer_catalog(path: Path) -> None:
    """The error contains both versions, for people with two installations."""
    with opened(path, migrations=[OLD, NEW]):
        pass
    with pytest.raises(CatalogTooNewError) as caught, opened(path, migrations=[OLD]):
        pass
    assert (caught.value.facts["version"], caught.value.facts["known_version"]) == (2, 1)


def test_the_header_says_whose_database_it_is(path: Path) -> None:
    """``file(1)`` and other programs can recognize it."""
    with opened(path):
        pass
    conn = sqlite3.connect(path)
    assert conn.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    conn.close()


# --- transactions -------------------------------------------------------------------------------------------


def test_a_statement_that_fails_is_an_error_of_ours(path: Path) -> None:
    """No ``sqlite3.Error`` leaves this room."""
    with opened(path) as catalog:
        with pytest.raises(CatalogError), catalog.connected() as conn:
            conn.execute("SELECT nonsense")
        with catalog.write() as writer:
            add_sd(writer, "one")
        with pytest.raises(CatalogError), catalog.write() as writer:
            add_sd(writer, "one")
        assert names(catalog) == ["one"]


def test_a_row_of_a_forgotten_storage_directory_says_that_it_was_forgotten(path: Path) -> None:
    """If another process forgets the directory during a scan, the error is a sentence, not a constraint."""
    with opened(path) as catalog, pytest.raises(StorageDirNotFoundError), catalog.write() as writer:
        sql_of(writer).execute("INSERT INTO storage_dir_aliases VALUES (77, 'x')")


def test_a_full_disk_is_said_as_such_and_costs_nothing(path: Path) -> None:
    """If the kernel has no room, the transaction is undone. The catalog works again when there is room."""

    def fill() -> None:
        with catalog.write() as writer:
            for number in range(20_000):
                add_sd(writer, f"{number:0100}")

    with opened(path) as catalog:
        with catalog.write() as writer:
            add_sd(writer, "before")
        no_space = (Refusal("write", errno.ENOSPC), Refusal("pwrite64", errno.ENOSPC))
        with pytest.raises(DiskFullError, match="make room"):
            call_refused(no_space, fill)
        assert names(catalog) == ["before"]
        with catalog.write() as writer:
            add_sd(writer, "after")
        assert names(catalog) == ["before", "after"]


# --- several at once ----------------------------------------------------------------------------------------


WRITE_MANY = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[3])
    from builders.catalogs import add_sd, opened
    with opened(Path(sys.argv[1])) as catalog:
        for number in range(50):
            with catalog.write() as writer:
                add_sd(writer, f"{sys.argv[2]}-{number}")
"""
TESTS = Path(__file__).parents[1]


@pytest.mark.slow
def test_two_processes_write_one_catalog(path: Path) -> None:
    """Every write of both is there."""
    processes = [run_python(WRITE_MANY, path, which, TESTS) for which in "ab"]
    assert [process.communicate()[0] for process in processes] == ["", ""]
    with opened(path) as catalog:
        assert sorted(names(catalog)) == sorted(f"{which}-{n}" for which in "ab" for n in range(50))


HOLD = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from builders.catalogs import add_sd, opened
    with opened(Path(sys.argv[1])) as catalog, catalog.write() as writer:
        for number in range(20_000):
            add_sd(writer, f"half {number}")
        print("holding", flush=True)
        sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_catalog_that_another_process_holds_is_locked_after_the_time_out(path: Path) -> None:
    """Reading continues. A write waits for the busy timeout, then says that another process holds it, and works
    later.
    """
    with opened(path, busy_timeout_s=0.05) as catalog:
        process = run_python(HOLD, path, TESTS)
        wait_for_line(process, "holding")
        assert names(catalog) == []
        with pytest.raises(CatalogLockedError, match="another process"), catalog.write():
            pass
        process.communicate("\n")
        with catalog.write() as writer:
            add_sd(writer, "now")
        assert len(names(catalog)) == 20_001


def test_a_process_killed_in_a_bulk_transaction_leaves_nothing_of_it(path: Path) -> None:
    """After kill -9, the catalog opens, is whole, and contains what was committed before."""
    with opened(path) as catalog, catalog.write() as writer:
        add_sd(writer, "before")
    process = run_python(HOLD, path, TESTS)
    wait_for_line(process, "holding")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with opened(path) as catalog:
        assert catalog.check_integrity() == []
        assert names(catalog) == ["before"]
