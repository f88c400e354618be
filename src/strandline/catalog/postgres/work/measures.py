"""What is measured of the work: how much waits, who works, and how long the calls of workers took.

A worker has no address at which it could be asked. So it adds what it measured to a table from time to time, and any
server tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.work.statements import BEGIN, PART
from strandline.catalog.postgres.work.tables import read_work_format
from strandline.catalog.times import from_microseconds
from strandline.model.operations import WORKERS, KindOfWork, Measured, WorkMeasures, count_versions
from strandline.model.work import WorkKind
from strandline.timings import MEASURED, Kind, Spread

SINCE = 2
"""The format of the tables that has them."""

_SUM_MS = -1
_LONGER_MS = 1 << 62
"""Stand for the sum of the seconds, and for what took longer than all bounds, among the bounds in milliseconds."""

SELECT_KINDS = f"""
    WITH doing AS MATERIALIZED (
        SELECT DISTINCT queueing_lock FROM procrastinate_jobs WHERE status = 'doing' AND task_name = '{PART}'
    ), open_parts AS (
        SELECT tasks.kind, tasks.began_us, parts.state = 'failed' AS is_failed,
            parts.state = 'waiting' AND queueing_lock IS NOT NULL AS is_running,
            parts.state = 'waiting' AND queueing_lock IS NULL AND tasks.state = 'working' AS is_waiting
        FROM tasks JOIN parts ON parts.task = tasks.number
        LEFT JOIN doing ON queueing_lock = '{PART}-' || parts.number
        WHERE tasks.state IN ('working', 'paused')
    ), part_counts AS (
        SELECT kind, count(*) FILTER (WHERE is_waiting) AS waiting, count(*) FILTER (WHERE is_running) AS running,
            count(*) FILTER (WHERE is_failed) AS failed, min(began_us) FILTER (WHERE is_waiting) AS oldest_us
        FROM open_parts GROUP BY kind
    ), last_ends AS (
        SELECT DISTINCT ON (kind, sd) kind, sd, state FROM tasks WHERE ended_us IS NOT NULL
        ORDER BY kind, sd, ended_us DESC, number DESC
    )
    SELECT kinds.kind, coalesce(waiting, 0), coalesce(running, 0), coalesce(failed, 0), oldest_us,
        (SELECT count(*) FROM tasks WHERE tasks.kind = kinds.kind AND state = 'working'),
        (SELECT count(*) FROM tasks WHERE tasks.kind = kinds.kind AND state = 'paused'),
        (SELECT count(*) FROM last_ends WHERE last_ends.kind = kinds.kind AND state = 'failed')
    FROM unnest(CAST(? AS text[])) WITH ORDINALITY AS kinds (kind, place) LEFT JOIN part_counts USING (kind)
    ORDER BY kinds.place
"""
"""A row for each kind that is asked for. Cost: a walk over the parts of open tasks, each of thousands of images."""

SELECT_VERSIONS = """
    SELECT version, (SELECT max(at_s) FROM paces) FROM workers
    JOIN procrastinate_workers ON procrastinate_workers.id = workers.number
    WHERE last_heartbeat > now() - make_interval(secs => ?)
    UNION ALL SELECT NULL, (SELECT max(at_s) FROM paces)
"""
"""One more row, without a version."""

ADD = """
    INSERT INTO measures (name, what, outcome, bound_ms, amount) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name, what, outcome, bound_ms) DO UPDATE SET amount = measures.amount + excluded.amount
"""


def measure_work(catalog: PostgresCatalog, stalled_after_s: float) -> WorkMeasures | None:
    """Everything now; None if nobody ever worked. Cost: three statements, and two looks at the tables."""
    with catalog.connected() as connection:
        known, _ = read_work_format(connection)
        if known < SINCE:
            return None
        connection.doing = "work"
        connection.driver.execute(BEGIN)
        kinds = connection.execute(SELECT_KINDS, ([kind.value for kind in WorkKind],)).fetchall()
        *workers, (_, progress_s) = connection.execute(SELECT_VERSIONS, (stalled_after_s,)).fetchall()
        amounts = connection.execute("SELECT name, what, outcome, bound_ms, amount FROM measures").fetchall()
    return WorkMeasures(
        kinds=[
            KindOfWork(
                WorkKind(kind), waiting, running, failed, oldest_us and from_microseconds(oldest_us), *tasks
            )
            for kind, waiting, running, failed, oldest_us, *tasks in kinds
        ],
        workers=count_versions([version for version, _ in workers]),
        last_progress=None if progress_s is None else from_microseconds(progress_s * 1_000_000),
        measured=_to_measured(amounts),
    )


def _to_measured(rows: Sequence[tuple[str, str, str, int, float]]) -> dict[str, list[Measured]]:
    """A measure of a newer program that this one does not know is left out, and so is a bound."""
    amounts: dict[tuple[str, Kind], dict[int, float]] = {}
    for name, what, outcome, bound_ms, amount in rows:
        if name in MEASURED:
            amounts.setdefault((name, Kind(what, outcome)), {})[bound_ms] = amount
    found: dict[str, list[Measured]] = {}
    for (name, kind), by_bound in sorted(amounts.items()):
        bounds_s = MEASURED[name].bounds_s
        numbers = tuple(int(by_bound.get(bound_ms, 0)) for bound_ms in _list_bounds(bounds_s))
        found.setdefault(name, []).append(
            Measured(WORKERS, *kind, bounds_s, numbers, by_bound.get(_SUM_MS, 0.0))
        )
    return found


def _list_bounds(bounds_s: Sequence[float]) -> list[int]:
    return [*(round(bound_s * 1000) for bound_s in bounds_s), _LONGER_MS]


class Teller:
    """Adds what one worker has measured to the table. Used by one thread at a time."""

    def __init__(self, catalog: PostgresCatalog) -> None:
        self._catalog = catalog
        self._told: dict[str, Mapping[Kind, Spread]] = {name: {} for name in MEASURED}

    def tell(self) -> None:
        """Adds what is new since the last call. It is lost if the catalog is away."""
        rows: list[tuple[str, str, str, int, float]] = []
        for name, timings in MEASURED.items():
            now, before = timings.read(), self._told[name]
            self._told[name] = now
            for kind, spread in now.items():
                known = before.get(kind) or Spread((0,) * len(spread.numbers), 0.0)
                pairs = zip(_list_bounds(timings.bounds_s), spread.numbers, known.numbers, strict=True)
                rows += [(name, *kind, bound_ms, new - old) for bound_ms, new, old in pairs if new > old]
                if spread.sum_s > known.sum_s:
                    rows.append((name, *kind, _SUM_MS, spread.sum_s - known.sum_s))
        if rows:
            with self._catalog.connected() as connection:
                connection.doing = "work"
                connection.driver.execute(BEGIN)
                connection.executemany(
                    ADD, sorted(rows)
                )  # in order, so that no two workers wait for each other
                connection.execute("COMMIT")
