"""The audit in the catalog: the last lines of those who changed something through a server."""

from __future__ import annotations

import json
from datetime import datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.audit import AuditLine
from strandline.model.defaults import AUDIT_MAX_LINES

PRUNE_EVERY = 1000
"""Old lines are dropped once per this many."""


class AuditReader:
    """The lines, newest first."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_lines(self, *, since: datetime | None, limit: int) -> list[AuditLine]:
        """Up to ``limit`` lines since then, newest first."""
        rows = self._conn.execute(
            "SELECT at_us, who, action, status, address, folders, images, image_count FROM audit WHERE at_us >= ? "
            "ORDER BY number DESC LIMIT ?",
            (-(2**62) if since is None else as_microseconds(since), limit),
        )
        return [
            AuditLine(
                from_microseconds(at_us), who, action, status, address, tuple(json.loads(folders)),
                tuple(json.loads(images)), image_count,
            )
            for at_us, who, action, status, address, folders, images, image_count in rows
        ]  # fmt: skip


class AuditWriter(AuditReader):
    """Adds lines."""

    def add_line(self, line: AuditLine) -> None:
        """Adds it. Once in a while, drops those of which there are too many."""
        ((number,),) = self._conn.execute(
            "INSERT INTO audit (at_us, who, action, status, address, folders, images, image_count) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (
                as_microseconds(line.at), line.who, line.action, line.status, line.address,
                json.dumps(line.folders), json.dumps(line.images), line.image_count,
            ),
        ).fetchall()  # fmt: skip
        if number % PRUNE_EVERY == 0:
            self._conn.execute("DELETE FROM audit WHERE number <= ?", (number - AUDIT_MAX_LINES,))
