"""What the server of a shared catalog says of itself, and of those who use it, for ``doctor``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.database import FOLLOWER, PostgresCatalog
from strandline.catalog.postgres.work.tables import SCHEMA, read_work_format
from strandline.catalog.schema import VERSION
from strandline.model.team_facts import DatabaseFacts, find_skew

CHANNEL = "strandline_doctor"

TELLS_WITHIN_S = 1.0

_MOST = 100

_TABLES = f"""
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname IN ('public', '{SCHEMA}') AND relkind IN ('r', 'p') AND NOT relispartition
"""

SELECT_FACTS = f"""
    SELECT current_setting('server_version'), current_user,
        NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off',
        has_schema_privilege('public', 'CREATE'), has_database_privilege(current_database(), 'CREATE'),
        EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'),
        ARRAY(SELECT nspname || '.' || relname {_TABLES}
            AND NOT (has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT')
            AND has_table_privilege(pg_class.oid, 'INSERT') AND has_table_privilege(pg_class.oid, 'UPDATE')
            AND has_table_privilege(pg_class.oid, 'DELETE')) ORDER BY 1 LIMIT {_MOST}),
        ARRAY(SELECT nspname || '.' || relname {_TABLES}
            AND NOT pg_has_role(relowner, 'USAGE') ORDER BY 1 LIMIT {_MOST}),
        ARRAY(SELECT application_name FROM pg_stat_activity WHERE datname = current_database()
            AND application_name LIKE '{FOLLOWER} %' ORDER BY pid LIMIT {_MOST})
"""

SELECT_CLOCK = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"


SELECT_WORKERS = f"""
    SELECT version, host FROM {SCHEMA}.workers
    JOIN {SCHEMA}.procrastinate_workers AS beats ON beats.id = workers.number
    WHERE last_heartbeat > now() - make_interval(secs => ?) ORDER BY workers.number LIMIT {_MOST}
"""


def read_facts(
    catalog: PostgresCatalog, stalled_after_s: float, now: Callable[[], datetime]
) -> DatabaseFacts:
    """Everything. Cost: some statements, and a second connection for a moment."""
    with catalog.connected() as connection:
        connection.execute("SELECT 1")  # so that the next question has nothing else to wait for
        asked = now()
        (there_us,) = connection.execute(SELECT_CLOCK).fetchone()
        skew_s = find_skew(datetime.fromtimestamp(there_us / 1e6, UTC), asked, now())
        version, role, takes_changes, tables, schemas, has_work, not_usable, not_owned, followers = (
            connection.execute(SELECT_FACTS).fetchone()
        )
        work_format = read_work_format(connection)[0] if has_work and not not_usable else 0
        workers = connection.execute(SELECT_WORKERS, (stalled_after_s,)).fetchall() if work_format else []
        tells = takes_changes and _find_out_if_told(catalog, connection)
    return DatabaseFacts(
        server_version=version, role=role, takes_changes=takes_changes, may_create_tables=tables,
        may_create_schemas=schemas, has_work=has_work, not_usable=not_usable, not_owned=not_owned,
        catalog_format=catalog.format or VERSION, work_format=work_format, skew_s=skew_s, tells=tells,
        servers=_by_machine([(*name.split(" ", 2), "", "")[1:3] for name in followers]),
        workers=_by_machine(workers),
    )  # fmt: skip


def _find_out_if_told(catalog: PostgresCatalog, connection: PostgresConnection) -> bool:
    with closing(catalog.open_beside()) as listening:
        listening.execute(f"LISTEN {CHANNEL}".encode())
        connection.execute("SELECT pg_notify(?, '')", (CHANNEL,))
        return any(True for _ in listening.notifies(timeout=TELLS_WITHIN_S, stop_after=1))


def _by_machine(programs: Sequence[tuple[str, ...]]) -> Mapping[str, str]:
    """Versions by machine. Several on one machine are told apart by a number."""
    found: dict[str, str] = {}
    for version, host in programs:
        where, number = host, 1
        while where in found:
            number += 1
            where = f"{host} #{number}"
        found[where] = version
    return found
