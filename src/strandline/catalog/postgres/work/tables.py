"""The tables of the work that many machines do together, in a schema of their own beside the catalog's.

The queue is procrastinate's: its jobs say who does what now. What there is to do, and how far it is, stands in our
own tables; a job that is lost is made again from them. Both are made and migrated here, once, by the process that
comes first, while the others wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from strandline.catalog.formats import FORMAT, OLDEST, check_known
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.tables import CHECK_FORMAT, take_step, write_meta
from strandline.catalog.schema import VERSION

SCHEMA = "strandline_work"

WORK_VERSION = 2
"""The number of steps that lead here."""

OLDEST_WORK_FORMAT = 1
"""As :data:`~strandline.catalog.schema.OLDEST_FORMAT`, for these tables."""

CHECK_FORMATS = f"SELECT ({CHECK_FORMAT}), ({CHECK_FORMAT.replace('meta', 'public.meta')})"
"""A transaction begins with it: as in the catalog, whose tables are used as well."""

_TEXT = POSTGRES.text
_WORK = "the tables for work were"

STEPS = (
    [
        f"CREATE TABLE meta (key {_TEXT} NOT NULL PRIMARY KEY, value {_TEXT} NOT NULL)",
        f"""
        CREATE TABLE tasks (
            number       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind         {_TEXT} NOT NULL,
            sd           BIGINT NOT NULL REFERENCES public.storage_dirs (number) ON DELETE CASCADE,
            state        {_TEXT} NOT NULL,
            priority     BIGINT NOT NULL,
            total        BIGINT,
            facts        {_TEXT} NOT NULL,
            began_us     BIGINT NOT NULL,
            ended_us     BIGINT,
            failures     BIGINT NOT NULL DEFAULT 0,
            problem      {_TEXT},
            done         BIGINT NOT NULL DEFAULT 0,
            findings     BIGINT NOT NULL DEFAULT 0,
            parts        BIGINT NOT NULL DEFAULT 0,
            parts_done   BIGINT NOT NULL DEFAULT 0,
            parts_failed BIGINT NOT NULL DEFAULT 0
        )
        """,
        "CREATE UNIQUE INDEX tasks_one_at_a_time ON tasks (kind, sd) WHERE state IN ('working', 'paused')",
        f"""
        CREATE TABLE parts (
            number    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            task      BIGINT NOT NULL REFERENCES tasks (number) ON DELETE CASCADE,
            behind    {_TEXT} NOT NULL,
            through   {_TEXT} NOT NULL,
            state     {_TEXT} NOT NULL DEFAULT 'waiting',
            done      BIGINT NOT NULL DEFAULT 0,
            findings  BIGINT NOT NULL DEFAULT 0,
            failures  BIGINT NOT NULL DEFAULT 0,
            result    {_TEXT} NOT NULL DEFAULT '',
            problem   {_TEXT}
        )
        """,
        "CREATE INDEX parts_by_task ON parts (task, state)",
        """
        CREATE TABLE paces (
            task BIGINT NOT NULL REFERENCES tasks (number) ON DELETE CASCADE,
            at_s BIGINT NOT NULL,
            done BIGINT NOT NULL,
            PRIMARY KEY (task, at_s)
        )
        """,
        f"""
        CREATE TABLE workers (
            number   BIGINT NOT NULL PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
            host     {_TEXT} NOT NULL,
            pid      BIGINT NOT NULL,
            version  {_TEXT} NOT NULL,
            began_us BIGINT NOT NULL
        )
        """,
    ],
    [
        f"""
        CREATE TABLE measures (
            name     {_TEXT} NOT NULL,
            what     {_TEXT} NOT NULL,
            outcome  {_TEXT} NOT NULL,
            bound_ms BIGINT NOT NULL,
            amount   DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (name, what, outcome, bound_ms)
        )
        """,
    ],
)
"""Index ``n`` leads from version ``n`` to ``n + 1``. Only PostgreSQL has these tables, so they are its SQL."""


def ensure_work_tables(connection: PostgresConnection) -> None:
    """Makes the schema, or brings an older one to today's form, one script in each transaction.

    Raises:
        CatalogTooNewError: A newer Strandline made it.
        psycopg.Error: The server refuses.
    """
    scripts = _list_queue_scripts()

    def step() -> None:
        known, script = read_work_format(connection)  # another process may have been faster
        if not _is_ready(known, script, scripts):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            connection.execute(f"SET LOCAL search_path TO {SCHEMA}, public")
            _take_a_step(connection, known, script, scripts)

    while not _is_ready(*read_work_format(connection), scripts):
        take_step(connection, step)


def check_formats(row: tuple[str | None, str | None]) -> None:
    """Whether this program may still use both groups of tables, of which :data:`CHECK_FORMATS` tells.

    Raises:
        CatalogTooNewError: It may not.
    """
    for told, known, what in zip(row, (WORK_VERSION, VERSION), (_WORK, "the catalog was"), strict=True):
        if told is not None:
            check_known({FORMAT: told}, known, what)


def _is_ready(known: int, script: str, scripts: Sequence[Path]) -> bool:
    return known >= WORK_VERSION and script >= scripts[-1].name


def _take_a_step(connection: PostgresConnection, known: int, script: str, scripts: Sequence[Path]) -> None:
    """The queue's own tables first. Some of its scripts use what an earlier one must have committed."""
    if not script:
        connection.driver.execute(_read(scripts[0].parents[1] / "schema.sql"))
        script = scripts[-1].name
    elif newer := [each for each in scripts if each.name > script]:
        connection.driver.execute(_read(newer[0]))
        script = newer[0].name
    if script >= scripts[-1].name and known < WORK_VERSION:
        if 0 < known < min(OLDEST_WORK_FORMAT, known + 1):
            connection.driver.execute("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")
        for statement in STEPS[known]:
            connection.execute(statement)
        known += 1
        write_meta(connection, {OLDEST: str(min(OLDEST_WORK_FORMAT, known))})
    write_meta(connection, {FORMAT: str(known), "queue": script})


def read_work_format(connection: PostgresConnection) -> tuple[int, str]:
    """The version of our tables, and the newest script of the queue's. Zero and empty text if there are none.

    It reads the server's own tables: ``to_regclass`` may answer from before somebody else's commit.

    Raises:
        CatalogTooNewError: A newer Strandline made the tables, and an older one must not use them.
    """
    (has_meta,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = ? AND tablename = 'meta')", (SCHEMA,)
    ).fetchone()
    if not has_meta:
        return 0, ""
    known: dict[str, Any] = dict(connection.execute(f"SELECT key, value FROM {SCHEMA}.meta").fetchall())
    check_known(known, WORK_VERSION, _WORK)
    return int(known[FORMAT]), known["queue"]


def _list_queue_scripts() -> list[Path]:
    """What brings the queue's tables from version to version, as its authors ship it. Names are in order."""
    return sorted(Path(str(resources.files("procrastinate") / "sql" / "migrations")).glob("*.sql"))


def _read(script: Path) -> bytes:
    return script.read_bytes()
