"""The journal: what happened, numbered in the order of the commits, for those who were not there.

An event is appended in the transaction that makes the change it tells of, so neither exists without the other.
What surprises: numbers have no gaps inside one catalog's life except where old events were pruned, and a
rebuilt catalog has another epoch, so a subscriber can tell "nothing new" from "you must start again"; so has one
whose machine was started anew, for a power cut may have taken the last events, and their numbers are given again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from strandline.catalog.database import Transaction
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.events import Event, format_time, parse_event

PRUNE_EVERY = 1000
"""Old events are dropped once in so many appends: pruning costs a walk, keeping 1 % more costs nothing."""

LARGEST_NUMBER = 2**63 - 1
"""That SQLite takes."""

_SELECT = "SELECT seq, at_us, type, sd_id, facts FROM journal"


def append_event(transaction: Transaction, event: Event) -> Event:
    """Appends the event and returns the copy that carries its number; ``on_commit`` gets it after the commit."""
    facts = json.dumps(event.facts(), ensure_ascii=False, separators=(",", ":"))
    cursor = transaction.conn.execute(
        "INSERT INTO journal (at_us, type, sd_id, facts) VALUES (?, ?, ?, ?)",
        (as_microseconds(event.at), event.type, event.sd_id, facts),
    )
    numbered = replace(event, seq=cursor.lastrowid)
    transaction.events.append(numbered)
    if numbered.seq is not None and numbered.seq % PRUNE_EVERY == 0:
        _prune(transaction, numbered)
    return numbered


def append_events(transaction: Transaction, events: Iterable[Event]) -> None:
    """Appends the events in their order."""
    for event in events:
        append_event(transaction, event)


def list_events(conn: sqlite3.Connection, *, since: int, limit: int) -> list[Event]:
    """Up to ``limit`` events whose number is greater than ``since``, oldest first. Any numbers will do."""
    bounded = [max(0, min(number, LARGEST_NUMBER)) for number in (since, limit)]
    rows = conn.execute(f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT ?", bounded)
    return [_to_event(row) for row in rows]


def list_newest(
    conn: sqlite3.Connection,
    *,
    since: int | None,
    before: int | None,
    types: Sequence[str] | None,
    sd_ids: Sequence[str] | None,
    limit: int,
) -> list[Event]:
    """Up to ``limit`` events, newest first; None leaves a condition out. Both bounds are themselves not included."""
    conditions, chosen = ["seq > ?"], list[object]([since or 0])
    if before is not None:
        conditions.append("seq < ?")
        chosen.append(before)
    for column, wanted in (("type", types), ("sd_id", sd_ids)):
        if wanted is not None:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            chosen += wanted
    rows = conn.execute(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?", (*chosen, limit)
    )
    return [_to_event(row) for row in rows]


def get_bounds(conn: sqlite3.Connection) -> tuple[int, int]:
    """``(oldest, newest)`` numbers that the journal has ever kept and still keeps; ``(1, 0)`` where none.

    A subscriber who has seen ``n`` has missed nothing that cannot be replayed if ``oldest - 1 <= n <= newest``.
    """
    oldest = conn.execute("SELECT min(seq) FROM journal").fetchone()[0]
    newest = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    last = 0 if newest is None else int(newest[0])
    return (last + 1 if oldest is None else int(oldest), last)


def _prune(transaction: Transaction, newest: Event) -> None:
    """Drops events from the old end only: a clock that was wrong for a while must not leave gaps in between."""
    limits = transaction.journal_limits
    assert newest.seq is not None
    transaction.conn.execute(
        "DELETE FROM journal WHERE seq <= ? OR seq < (SELECT min(seq) FROM journal WHERE at_us >= ?)",
        (newest.seq - limits.max_events, as_microseconds(newest.at - limits.max_age)),
    )


def _to_event(row: tuple[int, int, str, str | None, str]) -> Event:
    seq, at_us, type_, sd_id, facts = row
    at = format_time(from_microseconds(at_us))
    return parse_event(json.loads(facts) | {"seq": seq, "at": at, "type": type_, "sd_id": sd_id})
