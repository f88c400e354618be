"""Mending the queue: what waits has a job, what dead workers had is free, and what has ended is forgotten.

All workers try it every few seconds, and it walks over all parts that wait. So the database remembers when it was
last done: however many workers there are, it costs what it would cost one of them.
"""

from __future__ import annotations

import json
from datetime import timedelta

from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.work.statements import (
    DROP_ENDED,
    DROP_STALLED,
    DROP_WORKERS,
    MAKE_LAST_JOBS,
    MAKE_PART_JOBS,
    NOW_US,
    name_queue,
)
from strandline.model.work import WorkKind

KEPT = timedelta(days=7)
"""How long a task is shown after its end."""

_LOCK = 0x4D454E44
"""``MEND``: one worker mends at a time."""

_TAKE_TURN = f"""
    INSERT INTO meta (key, value) VALUES ('mended_us', CAST({NOW_US} AS text))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
    WHERE CAST(excluded.value AS bigint) - CAST(meta.value AS bigint) NOT BETWEEN 0 AND CAST(? AS bigint)
"""
"""A time in the future is from before somebody set the clock."""


def mend(connection: PostgresConnection, stalled_after_s: float, rests_s: float) -> int:
    """Mends, in a transaction for work, unless somebody is at it, or did it less than ``rests_s`` ago. Returns how
    many jobs it made.
    """
    (is_mine,) = connection.execute("SELECT pg_try_advisory_xact_lock(?)", (_LOCK,)).fetchone()
    if not is_mine or not connection.execute(_TAKE_TURN, (round(rests_s * 1e6) - 1,)).rowcount:
        return 0
    stalled = {"stalled_after_s": stalled_after_s}
    connection.execute(DROP_STALLED, stalled)
    connection.execute(DROP_WORKERS, stalled)
    connection.execute(DROP_ENDED)
    freed = connection.execute(MAKE_PART_JOBS, {"task": 0}).rowcount
    freed += connection.execute(MAKE_LAST_JOBS, {"task": 0}).rowcount
    connection.execute(
        f"DELETE FROM tasks WHERE ended_us < {NOW_US} - CAST(? AS bigint)", (int(KEPT.total_seconds() * 1e6),)
    )
    if freed:
        connection.execute(
            "SELECT pg_notify('procrastinate_queue_v1#' || queue, ?) FROM unnest(CAST(? AS text[])) AS queue",
            (json.dumps({"type": "job_inserted", "job_id": 0}), [*map(name_queue, WorkKind)]),
        )
    return freed
