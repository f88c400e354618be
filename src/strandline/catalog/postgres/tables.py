"""The tables in PostgreSQL: made or migrated once, by the process that comes first, while the others wait.

They are those of :mod:`strandline.catalog.schema`, and the steps of :mod:`strandline.catalog.migrations` that came
after PostgreSQL did. Here are only those that SQLite does not need: the counter of events, the counts of files and
images, and the parts of the table of image files. It is divided by ranges of the path. In a media folder, the path is
the id, so each part has the images of a range of ids, and one statement about a file looks into one part. A picture
with any other name is in the part that its path belongs to.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise

import psycopg

from strandline.catalog.formats import FORMAT, OLDEST, check_known
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.counts import MAKE_COUNTS
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.months import FILL_MONTHS, MAKE_MONTHS
from strandline.catalog.schema import OLDEST_FORMAT, VERSION
from strandline.errors import CatalogDamagedError

LOCK = 0x5354524E
"""``STRN``: the advisory lock of those who make or migrate the tables."""

OLDEST_SERVER = 130_000

CHECK_FORMAT = f"SELECT value FROM meta WHERE key = '{OLDEST}'"
"""A transaction begins with it. So a step that older programs must not survive waits for the changes that they are
making, and they refuse the next one.
"""

WAIT_FOR_OTHERS = "SET LOCAL lock_timeout TO '10min'"
"""While another program makes a step that reads all files: some 25 s for a million."""

STEP_TURN = "SET LOCAL lock_timeout TO '1s'"
STEP_PAUSE_S = 0.2
STEP_PATIENCE_S = 30.0
"""A change takes milliseconds. A backup, which reads everything, takes longer. Then this program says so."""

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

MARK = ["CREATE UNLOGGED TABLE journal_mark (number BIGINT NOT NULL PRIMARY KEY)"]
"""Has a row if the server has lost no commit since. It empties such a table when it recovers from a crash, also from
that of a single process, and when a standby takes over.
"""

ONLY_HERE = {20: MAKE_MONTHS, 21: FILL_MONTHS, 22: MARK}
"""What a step from that version does in PostgreSQL alone."""


def ensure_tables(connection: PostgresConnection) -> int:
    """Makes the tables, or brings older ones to today's form, a step in each transaction. Returns their format, which
    may be newer than ours.

    Raises:
        CatalogTooNewError: A newer Strandline made them, and an older one must not use them.
        CatalogDamagedError: The tables there are another program's.
        psycopg.Error: The server refuses.
    """
    while (version := read_format(connection)) < VERSION:
        take_step(connection, partial(_take_step, connection))
    return version


def take_step(connection: PostgresConnection, step: Callable[[], None]) -> None:
    """Makes one step in a transaction, one process at a time.

    It waits for a table that others use in short turns, because all who come later wait for it as well.
    """
    until_s = time.monotonic() + STEP_PATIENCE_S
    while True:
        try:
            with connection.driver.transaction():
                connection.driver.execute(WAIT_FOR_OTHERS)
                connection.execute("SELECT pg_advisory_xact_lock(?)", (LOCK,))
                connection.driver.execute(STEP_TURN)
                step()
                return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > until_s:
                raise
            time.sleep(STEP_PAUSE_S)


def _take_step(connection: PostgresConnection) -> None:
    version = read_format(connection)
    if version >= VERSION:
        return  # another process was faster
    target = VERSION if version == 0 else version + 1
    oldest = min(OLDEST_FORMAT, target)
    if 0 < version < oldest:
        connection.driver.execute("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")  # see CHECK_FORMAT
    for statement in _list_statements(version):
        connection.driver.execute(statement.encode())
    if version == 0:
        connection.execute("INSERT INTO meta (key, value) VALUES ('epoch', ?)", (uuid.uuid4().hex[:12],))
    write_meta(connection, {FORMAT: str(target), OLDEST: str(oldest)})


def write_meta(connection: PostgresConnection, told: Mapping[str, str]) -> None:
    """Records what the tables say about themselves."""
    for key, value in told.items():
        connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )


def _list_statements(version: int) -> list[str]:
    from strandline.catalog.migrations import list_statements
    from strandline.catalog.schema import say_schema

    if version == 0:
        return [*list_statements([say_schema(POSTGRES)]), *PARTS, *COUNTER, *MARK, *MAKE_COUNTS, *MAKE_MONTHS]
    from strandline.catalog.migrations import MIGRATIONS, say_step

    steps = [say_step(step, POSTGRES) for step in MIGRATIONS[version : version + 1]]
    return [*list_statements(steps), *ONLY_HERE.get(version, [])]


def read_format(connection: PostgresConnection) -> int:
    """The version of the tables, which may be newer than ours; 0 if there are none.

    Raises:
        CatalogTooNewError, CatalogDamagedError: They must not be used.
    """
    tables = "SELECT to_regclass('meta') IS NOT NULL, to_regclass('image_files') IS NOT NULL"
    has_meta, has_files = connection.execute(tables).fetchone()
    if not (has_meta or has_files):
        return 0
    told: dict[str, str] = {}
    if has_meta and has_files:
        with suppress(psycopg.errors.UndefinedColumn):
            told = dict(
                connection.execute(
                    "SELECT key, value FROM meta WHERE key IN (?, ?)", (FORMAT, OLDEST)
                ).fetchall()
            )
    if FORMAT not in told:
        raise CatalogDamagedError(
            "the database has tables of another program; give Strandline one of its own"
        )
    check_known(told, VERSION, "the catalog was")
    return int(told[FORMAT])
