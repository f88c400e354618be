"""The journal's numbers in PostgreSQL: taken from one row, in order, by the last statement before the commit.

A transaction collects its events. When it commits, one statement raises the counter, whose row is locked until the
commit, and writes the events with the numbers that it took. It is sent together with the COMMIT, so a program that is
suspended or cut off in between holds up nobody. The commits that have events come one after the other, in the order
of their numbers: a reader that has seen a number will see no smaller one later, and there are no gaps. A sequence
would give numbers in the order of the inserts, and a reader would miss those that commit late.
"""

from __future__ import annotations

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.journal import JUMP, JournalWriter, to_columns
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.model.events import Event

CHANNEL = "strandline"

APPEND = """
    WITH taken AS (
        UPDATE journal_counter SET last = last + cardinality(CAST(:at_us AS bigint[])) RETURNING last
    )
    INSERT INTO journal (seq, at_us, type, sd_id, facts)
    SELECT taken.last - cardinality(CAST(:at_us AS bigint[])) + place, at_us, type, sd_id, facts
    FROM taken, unnest(
        CAST(:at_us AS bigint[]), CAST(:types AS text[]), CAST(:sd_ids AS text[]), CAST(:facts AS text[])
    ) WITH ORDINALITY AS events (at_us, type, sd_id, facts, place)
    RETURNING seq, at_us
"""

_HAS_MARK = "SELECT started_us = ? AND EXISTS (SELECT 1 FROM journal_mark) FROM journal_counter"


def jump_after_crash(connection: PostgresConnection, started_us: int) -> None:
    """Skips numbers if the server has crashed or was started again: commits that did not wait for its disk may be
    gone, and somebody may have seen their numbers. Call it with each new connection: a crash ends all that are there.

    The jump itself waits for the disk, or a second crash could take it back. Other connections that begin meanwhile
    wait for the row of the mark, so nobody takes a number before the jump. Cost: one statement, if it has.
    """
    if connection.execute(_HAS_MARK, (started_us,)).fetchone() == (True,):
        return
    with connection.driver.transaction():
        connection.execute("SET LOCAL synchronous_commit TO on")
        is_new = connection.execute("INSERT INTO journal_mark VALUES (1) ON CONFLICT DO NOTHING").rowcount
        connection.execute(
            "UPDATE journal_counter SET started_us = ?, "
            "last = last + CASE WHEN last = 0 THEN 0 ELSE CAST(? AS bigint) END WHERE started_us <> ? OR ? = 1",
            (started_us, JUMP, started_us, is_new),
        )


class PostgresJournalWriter(JournalWriter):
    """Collects the events of a transaction until its end."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        super().__init__(conn, dialect)
        self._appended: list[tuple[int, str, str | None, str]] = []

    def append_event(self, event: Event) -> None:
        """See :meth:`JournalWriter.append_event`. Costs nothing before the commit."""
        self._appended.append(to_columns(event))

    def take_appended(self) -> dict[str, list[object]] | None:
        """The values for :data:`APPEND` of what was appended since this was last called. None if nothing was."""
        events, self._appended = self._appended, []
        if not events:
            return None
        return dict(
            zip(("at_us", "types", "sd_ids", "facts"), map(list, zip(*events, strict=True)), strict=True)
        )
