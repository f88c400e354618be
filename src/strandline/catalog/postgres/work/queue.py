"""The work that many machines do together: tasks, their parts, and the jobs in which workers do them.

A part is done or waits. So whatever happens to jobs and workers, nothing is forgotten, and nothing is counted twice:
:meth:`WorkQueue.mend` gives the parts of dead workers to others, and makes jobs that are lost again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.work.mending import mend
from strandline.catalog.postgres.work.statements import (
    ADD_TASK,
    BEGIN,
    BEGIN_DURABLE,
    DROP_JOBS,
    LOCK_OPEN_TASK,
    MAKE_LAST_JOBS,
    MAKE_PART_JOBS,
    NEWS_SINCE,
    NOW_S,
    NOW_US,
    PACE_S,
    SELECT_TASKS,
    SELECT_WORKERS,
    WorkPart,
    to_task,
    to_worker,
)
from strandline.catalog.postgres.work.tables import CHECK_FORMATS, check_formats, ensure_work_tables
from strandline.catalog.times import from_microseconds
from strandline.model.name_ranges import NameRange
from strandline.model.work import PRIORITY, PRIORITY_FIRST, WorkKind, WorkState, WorkStatus, WorkTask

SHOWN = 200

KINDS = frozenset(WorkKind)

AGAIN = "again"
"""A fact of a task: when it was open, something new came, so another one follows."""


class WorkQueue:
    """The queue of one catalog. Thread-safe. Methods raise what the catalog's raise."""

    def __init__(self, catalog: PostgresCatalog) -> None:
        self._catalog = catalog
        with catalog.connected() as connection:
            ensure_work_tables(connection)

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[PostgresConnection]:
        """What a person orders is ``durable``: it is not lost in a crash of the server, as what can be done again may
        be.
        """
        with self._catalog.connected() as connection:
            connection.doing = "work"
            check_formats(connection.begin(f"{BEGIN_DURABLE if durable else BEGIN}; {CHECK_FORMATS}"))
            yield connection
            connection.driver.execute("COMMIT")

    # --- tasks ------------------------------------------------------------------------------------------------

    def add_task(
        self,
        kind: WorkKind,
        sd: int,
        parts: Sequence[NameRange],
        *,
        total: int | None,
        is_first: bool = False,
        is_news: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> tuple[int, bool]:
        """Adds a task with its parts, unless the storage directory has an open one of this kind.

        Returns its number, or that of the open one, and whether it is new. An open one that is wanted ``is_first``
        comes before all others from now on. With ``is_news``, an open one is followed by another: parts of it may
        have passed what is new.
        """
        priority = PRIORITY_FIRST if is_first else PRIORITY[kind]
        values = {
            "kind": kind.value, "sd": sd, "priority": priority, "total": total, "facts": json.dumps(facts or {}),
            "behind": [part.after for part in parts], "through": [part.through for part in parts],
        }  # fmt: skip
        with self._transaction(durable=True) as connection:
            while True:
                row = connection.execute(ADD_TASK, values).fetchone()
                if row is not None:
                    self._add_parts(connection, row[0], values)
                    return row[0], True
                row = connection.execute(LOCK_OPEN_TASK, values).fetchone()
                if row is not None:
                    number = row[0]
                    break  # else it has ended meanwhile
            if is_news:
                connection.execute(
                    "UPDATE tasks SET facts = CAST(CAST(facts AS jsonb) || CAST(? AS jsonb) AS text) "
                    "WHERE number = ?",
                    (json.dumps({AGAIN: True}), number),
                )
            if is_first:
                self._hasten(connection, number)
        return number, False

    def _add_parts(self, connection: PostgresConnection, task: int, values: Mapping[str, Any]) -> None:
        connection.execute(
            "INSERT INTO parts (task, behind, through) "
            "SELECT :task, behind, through FROM unnest(CAST(:behind AS text[]), CAST(:through AS text[])) "
            "AS names (behind, through)",
            {**values, "task": task},
        )
        connection.execute(MAKE_PART_JOBS, {"task": task})
        connection.execute(MAKE_LAST_JOBS, {"task": task})

    def _hasten(self, connection: PostgresConnection, task: int) -> None:
        connection.execute("UPDATE tasks SET priority = ? WHERE number = ?", (PRIORITY_FIRST, task))
        connection.execute(DROP_JOBS, {"task": task})
        connection.execute(MAKE_PART_JOBS, {"task": task})
        connection.execute(MAKE_LAST_JOBS, {"task": task})

    def find_task(self, number: int) -> WorkTask | None:
        """The task with this number; None if there is none any more, or of a kind that only a newer program knows."""
        with self._transaction() as connection:
            row = connection.execute(f"{SELECT_TASKS} WHERE tasks.number = ?", (number,)).fetchone()
        return None if row is None or row[1] not in KINDS else to_task(row)

    def read_facts(self, number: int) -> dict[str, Any]:
        """What the kind of the task needs to know."""
        with self._transaction() as connection:
            row = connection.execute("SELECT facts FROM tasks WHERE number = ?", (number,)).fetchone()
        return {} if row is None else json.loads(row[0])

    def read_status(self, stalled_after_s: float) -> WorkStatus:
        """Everything that is to be done, what was done lately, and who does it."""
        with self._transaction() as connection:
            tasks = connection.execute(
                f"{SELECT_TASKS} ORDER BY ended_us IS NOT NULL, ended_us DESC, priority DESC, tasks.number "
                f"LIMIT {SHOWN}"
            ).fetchall()
            workers = connection.execute(SELECT_WORKERS, (stalled_after_s,)).fetchall()
            waiting, running = connection.execute(
                "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing') "
                "FROM procrastinate_jobs"
            ).fetchone()
        return WorkStatus(
            [to_worker(row) for row in workers],
            [to_task(row) for row in tasks if row[1] in KINDS],
            waiting, running,
        )  # fmt: skip

    def count_open(self, kinds: Collection[WorkKind] = KINDS) -> int:
        """How many tasks of these kinds are to be worked on."""
        with self._transaction() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM tasks WHERE state = 'working' AND kind = ANY(?)",
                ([kind.value for kind in kinds],),
            ).fetchone()
        return int(count)

    def find_last_end(self, kind: WorkKind, sd: int) -> datetime | None:
        """When the newest task of this kind ended, or began if it is open. None if there was none lately."""
        with self._transaction() as connection:
            (at_us,) = connection.execute(
                f"SELECT max(coalesce(ended_us, {NOW_US})) FROM tasks WHERE kind = ? AND sd = ?",
                (kind.value, sd),
            ).fetchone()
        return None if at_us is None else from_microseconds(at_us)

    def find_news_since(self, sd: int) -> datetime | None:
        """Since when there may be proofs that no thumbnails were ordered for. None if no task tells."""
        with self._transaction() as connection:
            (at_us,) = connection.execute(NEWS_SINCE, {"sd": sd}).fetchone()
        return None if at_us is None else from_microseconds(at_us)

    def pause_task(self, number: int) -> bool:
        """Nobody begins a part of it any more, and those that are being done go back. False if it is not at work."""
        return self._move_task(number, WorkState.WORKING, WorkState.PAUSED)

    def resume_task(self, number: int) -> bool:
        """Goes on with it. False if it is not paused."""
        with self._transaction(durable=True) as connection:
            is_paused = connection.execute(
                "UPDATE tasks SET state = 'working' WHERE number = ? AND state = 'paused'", (number,)
            ).rowcount
            connection.execute(MAKE_PART_JOBS, {"task": number})
            connection.execute(MAKE_LAST_JOBS, {"task": number})
        return bool(is_paused)

    def cancel_task(self, number: int) -> bool:
        """Ends it. What was done stays. False if it has ended."""
        return self.end_task(number, WorkState.CANCELLED, None) is not None

    def _move_task(self, number: int, old: WorkState, new: WorkState) -> bool:
        with self._transaction(durable=True) as connection:
            changed = connection.execute(
                "UPDATE tasks SET state = ? WHERE number = ? AND state = ?", (new.value, number, old.value)
            ).rowcount
            if changed:
                connection.execute(DROP_JOBS, {"task": number})
        return bool(changed)

    def end_task(
        self, number: int, state: WorkState, problem: str | None, *, findings: int = 0
    ) -> dict[str, Any] | None:
        """Ends a task. Its parts are summed up, and forgotten. Returns its facts as they were at the end; None if it
        has ended before.
        """
        with self._transaction(durable=True) as connection:
            row = connection.execute(
                "UPDATE tasks SET state = :state, problem = :problem, "
                f"ended_us = {NOW_US}, (parts, parts_done, parts_failed, done, findings) = ("
                "SELECT count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'), "
                "coalesce(sum(done), 0), coalesce(sum(findings), 0) + :findings FROM parts WHERE task = :number) "
                "WHERE number = :number AND state IN ('working', 'paused') RETURNING facts",
                {"state": state.value, "problem": problem, "number": number, "findings": findings},
            ).fetchone()
            if row is not None:
                connection.execute(DROP_JOBS, {"task": number})
                connection.execute("DELETE FROM parts WHERE task = ?", (number,))
                connection.execute("DELETE FROM paces WHERE task = ?", (number,))
        return None if row is None else json.loads(row[0])

    # --- parts ------------------------------------------------------------------------------------------------

    def take_part(self, number: int) -> WorkPart | None:
        """The part, if it is still to be done, and of a kind that this program knows: a newer one may run, too."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT task, kind, sd, facts, behind, through, parts.failures "
                "FROM parts JOIN tasks ON tasks.number = parts.task "
                "WHERE parts.number = ? AND parts.state = 'waiting' AND tasks.state = 'working'",
                (number,),
            ).fetchone()
        if row is None or row[1] not in KINDS:
            return None
        task, kind, sd, facts, behind, through, failures = row
        return WorkPart(
            number, task, WorkKind(kind), sd, json.loads(facts), NameRange(behind, through), failures
        )

    def note_progress(self, part: WorkPart, done: int, since: int) -> bool:
        """Records how many images of the part are done, ``since`` of them since the last call. False if nobody wants
        it to be done any more.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE parts SET done = ? WHERE number = ? AND state = 'waiting'", (done, part.number)
            )
            self._note_pace(connection, part.task, since)
            row = connection.execute("SELECT state FROM tasks WHERE number = ?", (part.task,)).fetchone()
        return row is not None and row[0] == WorkState.WORKING.value

    def _note_pace(self, connection: PostgresConnection, task: int, since: int) -> None:
        """Nothing if the task was forgotten meanwhile."""
        if since:
            connection.execute(
                f"INSERT INTO paces (task, at_s, done) SELECT number, {NOW_S} / {PACE_S} * {PACE_S}, "
                "CAST(? AS bigint) FROM tasks WHERE number = ? AND state = 'working' "
                "ON CONFLICT (task, at_s) DO UPDATE SET done = paces.done + excluded.done",
                (since, task),
            )

    def hand_over(self, part: WorkPart, last: str, rest: Sequence[NameRange]) -> bool:
        """Ends the part's range at this name, and makes parts of the rest. False if another worker did so."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE parts SET through = ? WHERE number = ? AND through = ? AND state = 'waiting'",
                (last, part.number, part.names.through),
            ).rowcount
            if changed:
                names = {"behind": [each.after for each in rest], "through": [each.through for each in rest]}
                self._add_parts(connection, part.task, names)
        return bool(changed)

    def end_part(self, part: WorkPart, *, done: int, since: int, findings: int, result: str) -> bool:
        """The part is done. With the last one, the last step of the task is to be done. False if another worker has
        done it before.
        """
        return self._end_part(part.number, part.task, "done", (done, findings, result, None), since)

    def fail_part(self, part: WorkPart, problem: str, *, attempts: int) -> int | None:
        """Records that it could not be done. Returns the number of failures; None once it is given up, after so many
        attempts.
        """
        with self._transaction() as connection:
            row = connection.execute(
                "UPDATE parts SET failures = failures + 1, problem = ? WHERE number = ? AND state = 'waiting' "
                "RETURNING failures, done",
                (problem, part.number),
            ).fetchone()
        if row is None:
            return None
        failures, done = row
        if failures < attempts:
            return int(failures)
        self._end_part(part.number, part.task, "failed", (done, 0, "", problem), 0)
        return None

    def _end_part(
        self, number: int, task: int, state: str, values: tuple[int, int, str, str | None], since: int
    ) -> bool:
        with self._transaction() as connection:
            connection.execute(
                "SELECT 1 FROM tasks WHERE number = ? FOR UPDATE", (task,)
            )  # one after the other
            changed = connection.execute(
                "UPDATE parts SET state = ?, done = ?, findings = ?, result = ?, problem = ? "
                "WHERE number = ? AND state = 'waiting'",
                (state, *values, number),
            ).rowcount
            self._note_pace(connection, task, since)
            connection.execute(MAKE_LAST_JOBS, {"task": task})
        return bool(changed)

    def list_results(self, task: int) -> list[str]:
        """What the parts of a task have found, by their names."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT result FROM parts WHERE task = ? AND state = 'done' ORDER BY behind", (task,)
            ).fetchall()
        return [result for (result,) in rows]

    def find_failure(self, task: int) -> str | None:
        """Why a part of the task was given up. None if none was."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT problem FROM parts WHERE task = ? AND state = 'failed' ORDER BY behind LIMIT 1",
                (task,),
            ).fetchone()
        return None if row is None else row[0]

    def fail_last_step(self, task: int, problem: str, *, attempts: int) -> int | None:
        """The same as :meth:`fail_part` for the last step, after which the task has failed."""
        with self._transaction() as connection:
            row = connection.execute(
                "UPDATE tasks SET failures = failures + 1, problem = ? WHERE number = ? AND state = 'working' "
                "RETURNING failures",
                (problem, task),
            ).fetchone()
        if row is None:
            return None
        if row[0] < attempts:
            return int(row[0])
        self.end_task(task, WorkState.FAILED, problem)
        return None

    # --- workers ----------------------------------------------------------------------------------------------

    def add_worker(self, number: int, host: str, pid: int, version: str) -> bool:
        """Records who a worker is. Idempotent. False if the queue does not know it, or took it for dead."""
        with self._transaction() as connection:
            known = connection.execute(
                "INSERT INTO workers (number, host, pid, version, began_us) "
                f"SELECT id, ?, ?, ?, {NOW_US} FROM procrastinate_workers WHERE id = ? "
                "ON CONFLICT (number) DO UPDATE SET host = excluded.host",
                (host, pid, version, number),
            ).rowcount
        return bool(known)

    def mend(self, stalled_after_s: float, *, rests_s: float = 0.0) -> int:
        """Gives the jobs of dead workers to others, makes lost ones again, and forgets what has ended. Returns how
        many jobs it made. One worker at a time: nothing if another is at it, or did it less than ``rests_s`` ago.
        Cost if all is well: some milliseconds, and 0.15 s for 100,000 parts that wait.
        """
        with self._transaction() as connection:
            return mend(connection, stalled_after_s, rests_s)
