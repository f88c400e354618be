"""The statements about work, and what their rows mean.

A job is a row of procrastinate's, which workers fetch. Its name and ``queueing_lock`` say which part or task it is
for, so that there is one at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strandline.catalog.postgres.work.tables import SCHEMA
from strandline.catalog.times import from_microseconds
from strandline.model.name_ranges import NameRange
from strandline.model.values import dataclass
from strandline.model.work import PRIORITY_FIRST, WorkerFacts, WorkKind, WorkState, WorkTask

PART, LAST_STEP = "part", "finish"
"""The names of the two kinds of jobs."""


def name_queue(kind: WorkKind) -> str:
    """The queue of the jobs of this kind. Each has its own, so that a worker leaves alone what it does not know."""
    return f"strandline-{kind.value}"


_QUEUE = "'strandline-' || tasks.kind"

BEGIN = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path TO {SCHEMA}, public; "
    "SET LOCAL idle_in_transaction_session_timeout TO '5s'"
)
"""A program that is suspended in the middle of one holds up the others for a few seconds, not for a minute."""
BEGIN_DURABLE = f"{BEGIN}; SET LOCAL synchronous_commit TO on"

PACE_S = 10
"""What is done is counted in spans of so many seconds."""
RATE_OVER_S = 60

NOW_US = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
NOW_S = "CAST(extract(epoch FROM clock_timestamp()) AS bigint)"

ADD_TASK = f"""
    INSERT INTO tasks (kind, sd, state, priority, total, facts, began_us)
    VALUES (:kind, :sd, 'working', :priority, :total, :facts, {NOW_US}) ON CONFLICT DO NOTHING RETURNING number
"""

LOCK_OPEN_TASK = """
    SELECT number FROM tasks WHERE kind = :kind AND sd = :sd AND state IN ('working', 'paused') FOR NO KEY UPDATE
"""
"""It does not end before this transaction does."""

_MAKE_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)"
_HAS_NO_JOB = """NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs AS jobs WHERE jobs.status IN ('todo', 'doing') AND jobs.queueing_lock = {}
)"""

MAKE_PART_JOBS = f"""
    {_MAKE_JOB}
    SELECT {_QUEUE}, '{PART}', tasks.priority, '{PART}-' || parts.number, jsonb_build_object('number', parts.number)
    FROM tasks JOIN parts ON parts.task = tasks.number
    WHERE tasks.state = 'working' AND parts.state = 'waiting' AND (tasks.number = :task OR :task = 0)
        AND {_HAS_NO_JOB.format(f"'{PART}-' || parts.number")}
    ORDER BY parts.number
    ON CONFLICT DO NOTHING
"""
"""For the parts of a task that wait and have none; of all tasks for task 0, also of kinds that only a newer program
knows.
"""

MAKE_LAST_JOBS = f"""
    {_MAKE_JOB}
    SELECT {_QUEUE}, '{LAST_STEP}', tasks.priority, '{LAST_STEP}-' || tasks.number,
        jsonb_build_object('number', tasks.number)
    FROM tasks
    WHERE tasks.state = 'working' AND (tasks.number = :task OR :task = 0)
        AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.task = tasks.number AND parts.state = 'waiting')
        AND {_HAS_NO_JOB.format(f"'{LAST_STEP}-' || tasks.number")}
    ON CONFLICT DO NOTHING
"""

DROP_JOBS = f"""
    DELETE FROM procrastinate_jobs WHERE status = 'todo' AND (
        queueing_lock = '{LAST_STEP}-' || CAST(:task AS bigint)
        OR queueing_lock IN (SELECT '{PART}-' || number FROM parts WHERE task = :task)
    )
"""

DROP_STALLED = """
    DELETE FROM procrastinate_jobs AS jobs WHERE status = 'doing' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers AS workers WHERE workers.id = jobs.worker_id
        AND workers.last_heartbeat > now() - make_interval(secs => :stalled_after_s)
    )
"""
"""The jobs of workers that said nothing for so long, or that nobody knows any more. Others get new ones: if such a
worker wakes up, its job is not there any more, so it ends nobody else's.
"""

DROP_WORKERS = """
    DELETE FROM procrastinate_workers WHERE last_heartbeat <= now() - make_interval(secs => :stalled_after_s)
"""

DROP_ENDED = """
    DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')
"""

NEWS_SINCE = """
    SELECT min(each.began_us) FROM (
        SELECT max(began_us) AS began_us, coalesce(max(began_us), 0) AS last_us FROM tasks
        WHERE sd = :sd AND kind = 'thumbnails' AND state IN ('finished', 'cancelled')
    ) AS thumbnails
    CROSS JOIN LATERAL (
        SELECT thumbnails.began_us
        UNION ALL SELECT tasks.began_us FROM tasks WHERE sd = :sd AND kind IN ('arrivals', 'prove')
            AND (ended_us IS NULL OR ended_us >= thumbnails.last_us)
    ) AS each (began_us)
"""
"""When the last thumbnails were ordered, or what proves began that had not ended then. Who cancelled them wants
none of these.
"""

_SUMS = """
    SELECT count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
        coalesce(sum(done), 0), coalesce(sum(findings), 0)
    FROM parts WHERE task = tasks.number
"""

SELECT_TASKS = f"""
    SELECT tasks.number, kind, sd, sd_id, storage_dirs.name, tasks.state, priority, total, began_us, ended_us,
        tasks.problem, facts, tasks.failures,
        tasks.parts + sums.parts, tasks.parts_done + sums.parts_done, tasks.parts_failed + sums.parts_failed,
        tasks.done + sums.done, tasks.findings + sums.findings,
        coalesce(pace.done / least({RATE_OVER_S}, greatest({NOW_S} - pace.since_s, 1)), 0)
    FROM tasks JOIN public.storage_dirs ON storage_dirs.number = tasks.sd
    CROSS JOIN LATERAL ({_SUMS}) AS sums (parts, parts_done, parts_failed, done, findings)
    CROSS JOIN LATERAL (
        SELECT CAST(sum(done) AS double precision), min(at_s) FROM paces
        WHERE task = tasks.number AND at_s > {NOW_S} - {RATE_OVER_S} AND tasks.state = 'working'
    ) AS pace (done, since_s)
"""

SELECT_WORKERS = """
    SELECT workers.number, host, pid, version, began_us,
        CAST(extract(epoch FROM last_heartbeat) * 1000000 AS bigint),
        last_heartbeat > now() - make_interval(secs => ?),
        (SELECT count(*) FROM procrastinate_jobs AS jobs
            WHERE jobs.worker_id = workers.number AND jobs.status = 'doing')
    FROM workers JOIN procrastinate_workers ON procrastinate_workers.id = workers.number
    ORDER BY workers.number
"""


@dataclass(frozen=True, slots=True)
class WorkPart:
    """A part of a task, as a worker takes it."""

    number: int
    task: int
    kind: WorkKind
    sd: int
    facts: Mapping[str, Any]
    """Of the task: what the kind needs to know."""
    names: NameRange
    failures: int
    """How often it could not be done."""


def to_task(row: tuple[Any, ...]) -> WorkTask:
    (
        number, kind, sd, sd_id, name, state, priority, total, began_us, ended_us, problem, _facts, _failures,
        parts, parts_done, parts_failed, done, findings, images_per_s,
    ) = row  # fmt: skip
    return WorkTask(
        number=number, kind=WorkKind(kind), sd=sd, sd_id=sd_id, sd_name=name, state=WorkState(state),
        is_first=priority >= PRIORITY_FIRST, done=int(done), total=None if total is None else max(total, int(done)),
        parts=parts, parts_done=parts_done, parts_failed=parts_failed, findings=int(findings),
        images_per_s=round(float(images_per_s), 1), began_at=from_microseconds(began_us),
        ended_at=from_microseconds(ended_us), problem=problem,
    )  # fmt: skip


def to_worker(row: tuple[Any, ...]) -> WorkerFacts:
    number, host, pid, version, began_us, seen_us, is_alive, parts = row
    return WorkerFacts(
        number,
        host,
        pid,
        version,
        from_microseconds(began_us),
        from_microseconds(seen_us),
        bool(is_alive),
        parts,
    )
