"""The rule of rolling upgrades: since the oldest format whose programs may go on, steps only add."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from builders.catalogs import opened
from strandline.catalog.dialect import SQLITE, Dialect
from strandline.catalog.formats import check_known
from strandline.catalog.migrations import MIGRATIONS, list_statements, say_step
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.tables import ONLY_HERE
from strandline.catalog.postgres.work.tables import OLDEST_WORK_FORMAT, STEPS, WORK_VERSION
from strandline.catalog.schema import OLDEST_FORMAT, VERSION
from strandline.errors import CatalogTooNewError

NEW_TABLE = re.compile(r"CREATE (?:UNLOGGED )?TABLE (\w+)")
NEW_INDEX = re.compile(r"CREATE INDEX \w+ ON (\w+)")
NEW_COLUMN = re.compile(
    r"ALTER TABLE (\w+) ADD COLUMN (?!.*NOT NULL(?!.*DEFAULT))(?!.*(UNIQUE|PRIMARY KEY|CHECK))"
)


def find_harm(statements: list[str]) -> str | None:
    """What older programs may not survive in a step; None if it only adds, to one table that they know at most.

    A unique index may refuse what they write, and so may a column that must not be left out.
    """
    made: set[str] = set()
    changed: set[str] = set()
    for statement in (" ".join(each.split()) for each in statements):
        if found := NEW_TABLE.match(statement):
            made.add(found[1])
        elif found := NEW_INDEX.match(statement) or NEW_COLUMN.match(statement):
            changed.add(found[1])
        else:
            return statement
    return None if len(changed - made) < 2 else f"changes {sorted(changed - made)}"


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=["sqlite", "postgres"])
def test_steps_since_then_only_add(dialect: Dialect) -> None:
    """A step that does more must raise the oldest format to its own."""
    for step in MIGRATIONS[OLDEST_FORMAT:]:
        assert find_harm(list_statements([say_step(step, dialect)])) is None
    assert OLDEST_FORMAT <= VERSION == len(MIGRATIONS)


def test_what_only_postgres_needs_adds_too() -> None:
    """Tables, and triggers that fill them. Nothing else is written, and older programs read none of it."""
    made: set[str] = set()
    for statement in (" ".join(each.split()) for step in ONLY_HERE.values() for each in step):
        made.update(NEW_TABLE.findall(statement))
        assert set(re.findall(r"(?:INSERT INTO|DELETE FROM) (\w+)", statement)) <= made
        assert re.match(
            r"CREATE (UNLOGGED TABLE|TABLE|INDEX|FUNCTION|TRIGGER) |INSERT INTO |WITH gone AS ", statement
        )
        assert not re.search(r"\b(UPDATE \w+ SET|ALTER|DROP|TRUNCATE)\b", statement)


def test_steps_of_work_only_add() -> None:
    """The same for the tables of work."""
    for step in STEPS[OLDEST_WORK_FORMAT:]:
        assert find_harm(list(step)) is None
    assert OLDEST_WORK_FORMAT <= WORK_VERSION == len(STEPS)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE notes",
        "ALTER TABLE notes RENAME COLUMN stamp TO mark",
        "ALTER TABLE notes DROP COLUMN stamp",
        "ALTER TABLE notes ADD COLUMN later TEXT NOT NULL",
        "ALTER TABLE notes ADD COLUMN later TEXT UNIQUE",
        "CREATE UNIQUE INDEX one ON notes (stamp)",
        "UPDATE notes SET stamp = ''",
        "CREATE INDEX one ON notes (stamp); CREATE INDEX two ON trash (path)",
    ],
)
def test_what_does_more_is_seen(statement: str) -> None:
    """The rule can fail."""
    assert find_harm(list_statements([statement]))


def test_what_only_adds() -> None:
    """New tables are free."""
    step = """
        CREATE TABLE more (n INTEGER NOT NULL); CREATE INDEX by_n ON more (n);
        ALTER TABLE notes ADD COLUMN later TEXT; ALTER TABLE notes ADD COLUMN most INTEGER NOT NULL DEFAULT 0;
    """
    assert find_harm(list_statements([step])) is None


@pytest.mark.parametrize(
    ("told", "may_go_on"),
    [
        ({"format": "20"}, True),
        ({"format": "21"}, False),
        ({"format": "22", "oldest_format": "20"}, True),
        ({"format": "22", "oldest_format": "19"}, True),
        ({"format": "22", "oldest_format": "21"}, False),
    ],
)
def test_who_may_go_on(told: dict[str, str], may_go_on: bool) -> None:
    """Programs that know the oldest format, or a newer one. Without it, those that know the format itself."""
    if may_go_on:
        check_known(told, 20, "the catalog was")
    else:
        with pytest.raises(CatalogTooNewError):
            check_known(told, 20, "the catalog was")


def test_a_home_after_a_newer_program(tmp_path: Path) -> None:
    """The same in SQLite: the old program goes on if the new one says that it may, and notices if it may not any
    more.
    """
    path = tmp_path / "catalog.db"
    with opened(path):
        pass
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    with opened(path) as catalog:
        assert catalog.format == VERSION + 1
        catalog.check_format()
        conn.execute("UPDATE meta SET value = ? WHERE key = 'oldest_format'", (str(VERSION + 1),))
        conn.commit()
        with pytest.raises(CatalogTooNewError, match="use another --home"):
            catalog.check_format()
    conn.close()
