"""Whole tables: what moves a catalog from one database to another, row by row, and shows that it arrived.

The rows are those of the tables, not what the other readers make of them. So nothing is lost that no reader asks for,
and both databases can be compared by a hash of each table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from strandline.catalog.dialect import Connection, Dialect, as_objects, mark_list

ROWS_AT_ONCE = 2000
"""Some 1 MB."""


class Table(NamedTuple):
    """A table of the catalog."""

    name: str
    key: str
    columns: str

    @property
    def key_columns(self) -> list[str]:
        """The columns of its key, by which it is read."""
        return self.key.split()


class TableDigest(NamedTuple):
    """What is in a table."""

    name: str
    rows: int
    sha256: str
    """Of all rows by key, as JSON, a line each."""


TABLES = (
    Table(
        "storage_dirs", "number",
        "number sd_id provisional name path state problem read_only first_scan_done added_at_us question layout "
        "layout_chosen anchors notes_checked_us",
    ),
    Table("storage_dir_aliases", "number sd_id", "number sd_id"),
    Table(
        "image_files", "sd path",
        "sd path image_id media_type size_bytes stamp state prior_state first_seen_us unchanged_since_us "
        "absent_since_us absence_accepted proof_kind proof_sha256 proof_stamp proven_at_us width height taken_at_us "
        "sort_us listed_first proof_ctime_ns proof_whole folded_name folded_path verified_us",
    ),
    Table("origins", "image_id original_name source", "image_id original_name source saved_at_us folded_name"),
    Table("journal", "seq", "seq at_us type sd_id facts"),
    Table(
        "trash", "trash_id",
        "trash_id sd_id sd_path path image_id size_bytes sha256 reason trashed_at_us mtime_ns",
    ),
    Table("conflict_copies", "sd path", "sd path image_id stamp sha256"),
    Table("earlier_files", "sd filename path since_us", "sd filename path since_us sha256 size_bytes until_us"),
    Table("unused_files", "sd path", "sd path since_us"),
    Table("altered_files", "sd path", "sd path sha256 size_bytes stamp since_us"),
    Table("notes", "sd path", "sd path stamp found"),
    Table("open_references", "sd note target", "sd note target line path since_us on_its_way"),
    Table("access_tokens", "token_id", "token_id secret_sha256 role note made_us expires_us is_limited"),
    Table("access_token_dirs", "token_id sd", "token_id sd"),
    Table("audit", "number", "number at_us who action status address folders images image_count"),
)  # fmt: skip
"""All but ``meta``, which is about the database itself, ``sign_ins``, which is about its servers, and
``bucket_guarantees``, which is tried again. Storage directories come first: others refer to them.
"""


class TableReader:
    """Reads whole tables. Ask in a snapshot or a transaction."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def iter_rows(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        """All rows by key, some thousand at a time."""
        columns, keys = table.columns.split(), table.key_columns
        places = [columns.index(key) for key in keys]
        select = f"SELECT {', '.join(columns)} FROM {table.name}"
        order = f"ORDER BY {', '.join(keys)} LIMIT {ROWS_AT_ONCE}"
        condition, values = "", list[Any]()
        while True:
            rows = self._conn.execute(f"{select} {condition} {order}", values).fetchall()
            if rows:
                yield [tuple(map(_clean, row)) for row in rows]
            if len(rows) < ROWS_AT_ONCE:
                return
            condition = f"WHERE ({', '.join(keys)}) > ({mark_list(len(keys))})"
            values = [rows[-1][place] for place in places]

    def digest(self, table: Table) -> TableDigest:
        """What is in the table. Reads all of it."""
        count, sha256 = 0, hashlib.sha256()
        for rows in self.iter_rows(table):
            count += len(rows)
            sha256.update("".join(json.dumps(row) + "\n" for row in rows).encode())
        return TableDigest(table.name, count, sha256.hexdigest())

    def get_last_numbers(self) -> tuple[int, int]:
        """The highest number that an event ever had, and a storage directory; 0 if there was none."""
        event, sd = (
            self._conn.execute(statement).fetchone()
            for statement in (self._sql.newest_number, self._sql.newest_storage_dir)
        )
        return event[0] if event else 0, (sd[0] or 0) if sd else 0


class TableWriter(TableReader):
    """Fills tables that are empty."""

    def is_empty(self) -> bool:
        """Whether nothing is in any table."""
        return all(
            self._conn.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is None for table in TABLES
        )

    def put_rows(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Adds the rows as they are."""
        columns = table.columns.split()
        insert = f"INSERT INTO {table.name} ({', '.join(columns)})"
        at_once = self._sql.from_json(table.name, ", ".join(columns), "?")
        if at_once:
            self._conn.execute(f"{insert} {at_once}", (as_objects(columns, rows),))
        else:
            self._conn.executemany(f"{insert} VALUES ({mark_list(len(columns))})", rows)

    def set_last_numbers(self, event: int, storage_dir: int) -> None:
        """New ones get higher numbers than these, and lines of the audit than those that were put there."""
        ((line,),) = self._conn.execute("SELECT max(number) FROM audit").fetchall()
        for statement, number in (
            (self._sql.raise_number, event),
            (self._sql.raise_storage_dir, storage_dir),
            (self._sql.raise_audit, line),
        ):
            if number:
                self._conn.execute(statement, (number,))


def _clean(value: object) -> object:
    """Names of before may have a NUL, which not every database takes (:mod:`~.origins`)."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
