"""Commits: whether any process has changed the catalog since the last question.

The number belongs to one connection, which must write nothing itself and stays open as long as somebody asks.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack

from strandline.catalog.database import Catalog
from strandline.catalog.database_errors import explain_database_error


class CommitObserver:
    """Tells that there were commits. Thread-safe. Close it before the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._path = catalog.path
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._conn = self._held.enter_context(catalog.read())

    def read_version(self) -> int:
        """A number that is another one after any commit. Costs some microseconds.

        Raises:
            CatalogError, CatalogLockedError, DiskError: The catalog cannot be read.
        """
        with self._lock:
            try:
                return int(self._conn.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise explain_database_error(error, self._path) from error

    def close(self) -> None:
        """Gives its connection back."""
        with self._lock:
            self._held.close()
