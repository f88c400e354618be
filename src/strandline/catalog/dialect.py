"""The SQL of this room is written once. What two databases say differently is a fragment, and comes from here.

A statement has ``?`` or ``:name`` for its values, and otherwise only words that both databases know, or fragments of
its :class:`Dialect`. Integers stand for booleans, so they are compared (``absence_accepted = 0``); a subquery has a
name; an index that SQLite must be told of is a hint.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed, or those of a series of values together."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection to either database. SQLite's own is one."""

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Rows:
        """Executes the statement with values for ``?`` or ``:name``."""

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Rows:
        """Executes it once for each series of values."""


class Dialect(Protocol):
    """The fragments. Each takes SQL and gives SQL."""

    text: str
    """The type of text, which is compared by code points."""
    whole: str
    """The type of whole numbers, of 64 bits."""
    numbered: str
    """The type of a key whose numbers the database gives, none of them twice."""
    counted: str
    """The type of the key of events."""
    clustered: str
    """What ends the definition of a table that is kept in the order of its key."""
    by_path: str
    """The same for the table of image files, which has the most rows."""
    walk: str
    """Asks for a walk over the table's own rows."""
    in_this_order: str
    """The join that looks up the right side for each row of the left."""
    newest_number: str
    """The statement that gives the number of the newest event, or no row."""
    newest_storage_dir: str
    """The same for the highest number of a storage directory that was given."""
    raise_number: str
    """The statement after which new events get higher numbers than that one."""
    raise_storage_dir: str
    """The same for storage directories."""
    raise_audit: str
    """The same for lines of the audit."""
    counts: str
    """The table of the numbers of files by ``sd`` and ``state``, to be summed; empty if there is none."""
    counts_months: bool
    """Whether it has the tables of :mod:`~.image_months`."""
    is_part: bool
    """Whether statements see only some storage directories (:mod:`~.limited`)."""
    hold_storage_dirs: str
    """The statement after which nobody else changes them until the commit; empty if nobody can anyway."""
    nests_with: bool
    """Whether a ``WITH RECURSIVE`` must stand in a subquery if tables were given another meaning before it."""

    def __hash__(self) -> int: ...

    def same(self, one: str, other: str) -> str:
        """Whether they are equal, or both NULL."""

    def differs(self, one: str, other: str) -> str:
        """The opposite."""

    def table(self, name: str) -> str:
        """The table, also where a later part of the same ``WITH`` gives its name to something else."""

    def use(self, index: str) -> str:
        """Asks for this index. It comes after the table's name."""

    def plain(self, column: str) -> str:
        """The column, for which no index is looked up."""

    def lines(self, text: str) -> str:
        """The texts of all rows, a line each, in their order; NULL if there are none."""

    def json_rows(self, columns: str) -> str:
        """All rows in their order as a JSON array of arrays, as text."""

    def json_object(self, key: str, value: str) -> str:
        """All rows as one JSON object, as text."""

    def is_true(self, json: str, key: str) -> str:
        """1 if the JSON object says true for this key, otherwise 0."""

    def texts(self, json: str) -> str:
        """A table with a column ``value`` that has the texts of the JSON array."""

    def is_text_of(self, column: str, json: str) -> str:
        """Whether the column has one of the texts of the JSON array. Each is looked up in an index."""

    def is_number_of(self, column: str, json: str) -> str:
        """The same for whole numbers."""

    def position(self, text: str, part: str) -> str:
        """Where the part begins in the text, counted from 1; 0 if it is not in it."""

    def is_odd_text(self, text: str) -> str:
        """Whether it has characters that are not printable ASCII."""

    def month(self, microseconds: str) -> str:
        """``2026-11`` in UTC, of a time between the years 1 and 9999."""

    def mtime_ns(self, stamp: str) -> str:
        """The mtime in a stamp."""

    def from_json(self, table: str, columns: str, json: str) -> str:
        """Rows with these columns of the table, from a JSON array of objects, so that one statement writes many.
        Empty if the database is as quick with one statement a row.
        """


class SqliteDialect:
    """SQLite's way to say it."""

    text = "TEXT"
    whole = "INTEGER"
    numbered = "INTEGER PRIMARY KEY AUTOINCREMENT"
    counted = numbered
    clustered = " WITHOUT ROWID"
    by_path = clustered
    walk = "NOT INDEXED"
    in_this_order = "CROSS JOIN"
    newest_number = "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
    newest_storage_dir = "SELECT seq FROM sqlite_sequence WHERE name = 'storage_dirs'"
    raise_number = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'journal'"
    raise_storage_dir = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'storage_dirs'"
    raise_audit = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'"
    counts = ""
    counts_months = False
    is_part = False
    hold_storage_dirs = ""
    nests_with = False

    def same(self, one: str, other: str) -> str:
        return f"{one} IS {other}"

    def differs(self, one: str, other: str) -> str:
        return f"{one} IS NOT {other}"

    def table(self, name: str) -> str:
        return f"main.{name}"

    def use(self, index: str) -> str:
        return f"INDEXED BY {index}"

    def plain(self, column: str) -> str:
        return f"+{column}"

    def lines(self, text: str) -> str:
        return f"group_concat({text}, '\n')"

    def json_rows(self, columns: str) -> str:
        return f"json_group_array(json_array({columns}))"

    def json_object(self, key: str, value: str) -> str:
        return f"json_group_object({key}, {value})"

    def is_true(self, json: str, key: str) -> str:
        return f"coalesce(json_extract({json}, '$.{key}'), 0)"

    def texts(self, json: str) -> str:
        return f"json_each({json})"

    def is_text_of(self, column: str, json: str) -> str:
        return f"{column} IN (SELECT value FROM {self.texts(json)})"

    is_number_of = is_text_of

    def position(self, text: str, part: str) -> str:
        return f"instr({text}, {part})"

    def is_odd_text(self, text: str) -> str:
        return f"{text} GLOB '*[^ -~]*'"

    def month(self, microseconds: str) -> str:
        return f"strftime('%Y-%m', {microseconds} / 1000000, 'unixepoch')"

    def mtime_ns(self, stamp: str) -> str:
        return f"CAST(substr({stamp}, instr({stamp}, ':') + 1) AS INTEGER)"

    def from_json(self, table: str, columns: str, json: str) -> str:
        del table, columns, json
        return ""


SQLITE = SqliteDialect()


def mark_list(count: int) -> str:
    """The marks for so many values, for ``IN (…)``. Nothing is in a list without any."""
    return ", ".join("?" * count) or "NULL"


def as_objects(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The rows in the form that :meth:`Dialect.from_json` reads."""
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows])
