"""The tables of the work that many machines do together, in a schema of their own beside the catalog's.

The queue is procrastinate's: its jobs say who does what now. What there is to do, and how far it is, stands in our
own tables; a job that is lost is made again from them. Both are made and migrated here, once, by the process that
comes first, while the others wait.
"""

from __future__ import annotations

import re
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.tables import LOCK
from strandline.errors import CatalogTooNewError

SCHEMA = "strandline_work"

WORK_VERSION = 1
"""The number of steps that lead here."""

_TEXT = POSTGRES.text

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
)
"""Index ``n`` leads from version ``n`` to ``n + 1``. Only PostgreSQL has these tables, so they are its SQL."""


def ensure_work_tables(connection: PostgresConnection) -> None:
    """Makes the schema, or brings an older one to today's form.

    Raises:
        CatalogTooNewError: A newer Strandline made it.
        psycopg.Error: The server refuses.
    """
    queue = version("procrastinate")
    if _read_versions(connection) == (WORK_VERSION, queue):
        return
    with connection.driver.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(?)", (LOCK,))
        known, known_queue = _read_versions(connection)  # another process may have been faster
        if known > WORK_VERSION:
            raise CatalogTooNewError(
                f"the tables for work were made by a newer Strandline (format {known}, this one knows "
                f"{WORK_VERSION}); update Strandline on this machine",
                version=known, known_version=WORK_VERSION,
            )  # fmt: skip
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(f"SET LOCAL search_path TO {SCHEMA}, public")
        for script in _list_queue_scripts(known_queue):
            connection.driver.execute(script.encode())
        for step in STEPS[known:]:
            for statement in step:
                connection.execute(statement)
        for key, value in (
            ("format", str(WORK_VERSION)),
            ("queue", max(known_queue, queue, key=_as_numbers)),
        ):
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )


def _read_versions(connection: PostgresConnection) -> tuple[int, str]:
    """The version of our tables, and that of the queue. Zero and empty text if there are none."""
    (has_meta,) = connection.execute(f"SELECT to_regclass('{SCHEMA}.meta') IS NOT NULL").fetchone()
    if not has_meta:
        return 0, ""
    known: dict[str, Any] = dict(connection.execute(f"SELECT key, value FROM {SCHEMA}.meta").fetchall())
    return int(known["format"]), known["queue"]


def _list_queue_scripts(known: str) -> list[str]:
    """What brings the queue's own tables from a version to the one that is installed, as its authors ship it."""
    shipped = Path(str(resources.files("procrastinate") / "sql"))
    if not known:
        return [(shipped / "schema.sql").read_text("utf-8")]
    newer = sorted(
        each for each in (shipped / "migrations").glob("*.sql") if _as_numbers(each.name) > _as_numbers(known)
    )
    return [each.read_text("utf-8") for each in newer]


def _as_numbers(text: str) -> tuple[int, ...]:
    """The version with which a text begins: ``3.10.0``, or ``03.10.00_01_name.sql``."""
    return tuple(int(number) for number in re.findall(r"\d+", text.partition("_")[0])[:3])
