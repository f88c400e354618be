"""The journal: what happened, numbered in the order of the commits, for those who were not there.

An event is appended in the transaction that makes the change it reports, so neither exists without the other. No
number is given twice: after each start of the machine the numbers jump ahead, because a power cut may have taken the
last events. A rebuilt catalog has another epoch, so a subscriber can tell "nothing new" from "start again".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.catalog.dialect import Connection, Dialect, mark_list
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.defaults import JOURNAL_MAX_DAYS, JOURNAL_MAX_EVENTS
from strandline.model.events import Event, format_time, is_save, parse_event
from strandline.model.values import dataclass

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much of the journal is kept; the stricter limit applies."""

    max_events: int = JOURNAL_MAX_EVENTS
    max_age: timedelta = timedelta(days=JOURNAL_MAX_DAYS)


DEFAULT_JOURNAL_LIMITS = JournalLimits()

PRUNE_EVERY = 1000
"""Old events are dropped once per this many appends. Pruning costs a walk, while keeping 1 % more costs nothing."""

LARGEST_NUMBER = 2**63 - 1
"""A database's largest number."""

JUMP = 1_000_000
"""Numbers that are skipped when the machine has been restarted: more than could be appended without reaching the
disk.
"""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Different after each start of a Linux machine. Other systems provide none and do not skip numbers."""

_SELECT = "SELECT seq, at_us, type, sd_id, facts FROM journal"


def _to_event(row: tuple[int, int, str, str | None, str]) -> Event:
    seq, at_us, type_, sd_id, facts = row
    at = format_time(from_microseconds(at_us))
    return parse_event(json.loads(facts) | {"seq": seq, "at": at, "type": type_, "sd_id": sd_id})


def to_columns(event: Event) -> tuple[int, str, str | None, str]:
    """Time, type, storage directory, and facts."""
    facts = json.dumps(event.facts(), ensure_ascii=False, separators=(",", ":"))
    return as_microseconds(event.at), event.type, event.sd_id, facts


class JournalReader:
    """Committed events, by number.

    They become visible in the order of their numbers: once a reader has seen a number, no smaller one appears. So
    "everything after the last number that I saw" is all that a reader has to ask. Numbers may be left out.
    """

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_events(self, *, since: int, limit: int) -> list[Event]:
        """Up to ``limit`` events after number ``since``, oldest first. Any number is valid."""
        bounded = [max(0, min(number, LARGEST_NUMBER)) for number in (since, limit)]
        rows = self._conn.execute(f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT ?", bounded)
        return [_to_event(row) for row in rows]

    def list_newest(
        self,
        *,
        since: int | None,
        before: int | None,
        types: Sequence[str] | None,
        sd_ids: Sequence[str] | None,
        limit: int,
    ) -> list[Event]:
        """Up to ``limit`` events, newest first. None omits a condition. The bounds are exclusive."""
        conditions, chosen = self._choose(since, before, types, sd_ids)
        rows = self._conn.execute(
            f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?", (*chosen, limit)
        )
        return [_to_event(row) for row in rows]

    def measure_run(
        self, event: Event, *, since: datetime, types: Sequence[str] | None, sd_ids: Sequence[str] | None
    ) -> tuple[int, int]:
        """How many events of the same type and storage directory come right before this one, and the oldest number.

        The run ends before ``since``, and at any other event that the conditions of :meth:`list_newest` let through.
        Cost: those events.
        """
        conditions, chosen = self._choose(None, event.seq, types, sd_ids)
        where = " AND ".join(conditions)
        other = (
            f"NOT (type = ? AND {self._sql.same('sd_id', '?')} AND at_us >= ? "
            f"AND {self._sql.is_true('facts', 'saved')} = ?)"
        )
        row = self._conn.execute(
            f"SELECT seq FROM journal WHERE {where} AND {other} ORDER BY seq DESC LIMIT 1",
            (*chosen, event.type, event.sd_id, as_microseconds(since), int(is_save(event))),
        ).fetchone()
        number, oldest = self._conn.execute(
            f"SELECT count(*), min(seq) FROM journal WHERE {where} AND seq > ?",
            (*chosen, row[0] if row else 0),
        ).fetchone()
        return int(number), int(event.seq or 0) if oldest is None else int(oldest)

    @staticmethod
    def _choose(
        since: int | None, before: int | None, types: Sequence[str] | None, sd_ids: Sequence[str] | None
    ) -> tuple[list[str], list[object]]:
        conditions, chosen = ["seq > ?"], list[object]([since or 0])
        if before is not None:
            conditions.append("seq < ?")
            chosen.append(before)
        for column, wanted in (("type", types), ("sd_id", sd_ids)):
            if wanted is not None:
                conditions.append(f"{column} IN ({mark_list(len(wanted))})")
                chosen += wanted
        return conditions, chosen

    def count_events(self) -> int:
        """How many events there are. Cost: a walk over them, some 10 ms for 100,000."""
        return int(self._conn.execute("SELECT count(*) FROM journal").fetchone()[0])

    def get_bounds(self) -> tuple[int, int]:
        """The ``(oldest, newest)`` numbers in the journal, or ``(1, 0)`` if it has never had any.

        If ``oldest - 1 <= n <= newest``, a subscriber that has seen ``n`` can replay everything since.
        """
        oldest = self._conn.execute("SELECT min(seq) FROM journal").fetchone()[0]
        newest = self._conn.execute(self._sql.newest_number).fetchone()
        last = 0 if newest is None else int(newest[0])
        return (last + 1 if oldest is None else int(oldest), last)


class JournalWriter(JournalReader):
    """Appends events, in the transaction of the change that they report."""

    def append_event(self, event: Event) -> None:
        """Appends the event. Readers see it, and its number, once the transaction is committed."""
        raise NotImplementedError

    def prune(self, limits: JournalLimits, newest: int, at: datetime) -> None:
        """Drops only the oldest events, so that a clock that was wrong for a while leaves no gaps."""
        self._conn.execute(
            "DELETE FROM journal WHERE seq <= ? OR seq < (SELECT min(seq) FROM journal WHERE at_us >= ?)",
            (newest - limits.max_events, as_microseconds(at - limits.max_age)),
        )


class SqliteJournalWriter(JournalWriter):
    """SQLite has one writer at a time, so it gives the numbers itself, when an event is appended."""

    def __init__(self, conn: sqlite3.Connection, dialect: Dialect, limits: JournalLimits) -> None:
        super().__init__(conn, dialect)
        self._sqlite = conn
        self._limits = limits
        self._has_appended = False

    def take_appended(self) -> bool:
        """Whether anything was appended since this was last called."""
        has_appended, self._has_appended = self._has_appended, False
        return has_appended

    def append_event(self, event: Event) -> None:
        cursor = self._sqlite.execute(
            "INSERT INTO journal (at_us, type, sd_id, facts) VALUES (?, ?, ?, ?)", to_columns(event)
        )
        self._has_appended = True
        assert cursor.lastrowid is not None
        if cursor.lastrowid % PRUNE_EVERY == 0:
            self.prune(self._limits, cursor.lastrowid, event.at)


def jump_after_boot(conn: Connection) -> None:
    """Skips numbers once after each start of the machine. Call it first in a transaction that appends."""
    try:
        boot = BOOT_ID.read_text().strip()
    except OSError:
        return
    known = conn.execute("SELECT value FROM meta WHERE key = 'boot'").fetchone()
    if known is not None and known[0] == boot:
        return
    conn.execute(
        "INSERT INTO meta (key, value) VALUES ('boot', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (boot,),
    )
    conn.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'journal'", (JUMP,))
