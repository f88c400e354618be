"""The audit: lines are added by servers, and read by the one who runs them."""

from __future__ import annotations

from datetime import datetime

from strandline.model.audit import AuditLine
from strandline.services.workbench import Workbench


class Audit:
    """The audit of one store. Thread-safe."""

    def __init__(self, bench: Workbench) -> None:
        self._catalog = bench.catalog

    def add(self, line: AuditLine) -> None:
        """Adds a line. The last 100,000 are kept. Does not wait for the disk.

        Raises:
            CatalogError, UnavailableError: The catalog takes no changes now.
        """
        with self._catalog.write() as writer:
            writer.audit.add_line(line)

    def list_newest(self, *, since: datetime | None = None, limit: int = 1000) -> list[AuditLine]:
        """Up to ``limit`` lines, newest first."""
        with self._catalog.read() as reader:
            return reader.audit.list_lines(since=since, limit=limit)
