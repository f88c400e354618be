"""The statements that the catalog runs, reported by SQLite itself."""

from __future__ import annotations

from collections.abc import Callable

from builders.catalogs import sql_of
from strandline.services.workbench import Workbench


def count_statements(bench: Workbench, call: Callable[[], object]) -> int:
    """The number of :func:`list_statements`."""
    return len(list_statements(bench, call))


def list_statements(bench: Workbench, call: Callable[[], object]) -> list[str]:
    """The catalog's statements on this thread during the call, without those that set up a connection."""
    with bench.catalog.read() as reader:
        conn = sql_of(reader)  # it is now idle, so the call takes it
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    try:
        call()
    finally:
        conn.set_trace_callback(None)
    return statements
