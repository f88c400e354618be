"""The tables in PostgreSQL: made or migrated once, by the process that comes first, while the others wait.

They are those of :mod:`strandline.catalog.schema`, and the steps of :mod:`strandline.catalog.migrations` that came
after PostgreSQL did. Here are only those that SQLite does not need: the counter of events, the counts of files, and
the parts of the table of image files. It is divided by ranges of the path. In a media folder, the path is the id, so
each part has the images of a range of ids, and one statement about a file looks into one part. A picture with any
other name is in the part that its path belongs to.
"""

from __future__ import annotations

import uuid
from itertools import pairwise

import psycopg

from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.counts import MAKE_COUNTS
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.schema import VERSION
from strandline.errors import CatalogDamagedError, CatalogTooNewError

LOCK = 0x5354524E
"""``STRN``: the advisory lock of those who make or migrate the tables."""

OLDEST_SERVER = 130_000

_BOUNDS = ["MINVALUE", *(f"'media/{digit:x}'" for digit in range(1, 17)), "MAXVALUE"]
_BOUNDS[-2] = "'media/g'"

PARTS = [
    f"CREATE TABLE image_files_{number:02d} PARTITION OF image_files FOR VALUES FROM ({low}) TO ({high})"
    for number, (low, high) in enumerate(pairwise(_BOUNDS))
]
"""Sixteen for the first digit of an id, and one for paths that come later."""

COUNTER = [
    "CREATE TABLE journal_counter (last BIGINT NOT NULL, started_us BIGINT NOT NULL)",
    "INSERT INTO journal_counter VALUES (0, 0)",
]
"""The number of the newest event, and when the server was started that gave it."""


def ensure_tables(connection: PostgresConnection) -> None:
    """Makes the tables, or brings older ones to today's form.

    Raises:
        CatalogTooNewError: A newer Strandline made them.
        CatalogDamagedError: The tables there are another program's.
        psycopg.Error: The server refuses.
    """
    if _read_version(connection) == VERSION:
        return
    with connection.driver.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(?)", (LOCK,))
        version = _read_version(connection)  # another process may have been faster
        for statement in _list_statements(version):
            connection.driver.execute(statement.encode())
        if version == 0:
            connection.execute("INSERT INTO meta (key, value) VALUES ('epoch', ?)", (uuid.uuid4().hex[:12],))
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ('format', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (str(VERSION),),
        )


def _list_statements(version: int) -> list[str]:
    from strandline.catalog.migrations import list_statements
    from strandline.catalog.schema import say_schema

    if version == 0:
        return [*list_statements([say_schema(POSTGRES)]), *PARTS, *COUNTER, *MAKE_COUNTS]
    from strandline.catalog.migrations import MIGRATIONS, say_step

    return list_statements([say_step(step, POSTGRES) for step in MIGRATIONS[version:VERSION]])


def _read_version(connection: PostgresConnection) -> int:
    """The version of the tables; 0 if there are none."""
    tables = "SELECT to_regclass('meta') IS NOT NULL, to_regclass('image_files') IS NOT NULL"
    has_meta, has_files = connection.execute(tables).fetchone()
    if not (has_meta or has_files):
        return 0
    version = None
    if has_meta and has_files:
        try:
            version = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        except psycopg.errors.UndefinedColumn:
            version = None
    if version is None:
        raise CatalogDamagedError(
            "the database has tables of another program; give Strandline one of its own"
        )
    if int(version[0]) > VERSION:
        raise CatalogTooNewError(
            f"the catalog was made by a newer Strandline (format {version[0]}, this one knows {VERSION}); update "
            "Strandline on this machine",
            version=int(version[0]), known_version=VERSION,
        )  # fmt: skip
    return int(version[0])
