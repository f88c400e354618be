"""The catalog's database: opened, migrated, shared by threads and processes, and never silently wrong.

One :class:`Catalog` serves all threads of a process. Reads take a connection from a small pool and never wait
for writers (WAL); writes are serialised inside the process by a lock, and between processes by SQLite's own.
Whatever a transaction appends to the journal is handed to :attr:`Catalog.on_commit` after the commit. What
surprises: ``durable=True`` is asked for only where the user was promised something (a save); everything else
can be found again on disk.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from strandline.catalog.schema import MIGRATIONS
from strandline.errors import (
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    CatalogTooNewError,
    DiskError,
    DiskFullError,
    StrandlineError,
)
from strandline.model.events import Event

SCHEMA_VERSION = len(MIGRATIONS)

CACHE_KIB = 8192
"""Page cache of a connection: holds the inner pages of a million rows' indexes; more does not help."""

WAL_PAGES_BEFORE_CHECKPOINT = 4000
"""16 MB: large enough that a bulk registration is not slowed down, small enough not to be noticed on disk."""


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much of the journal is kept: whichever ends first."""

    max_events: int = 100_000
    max_age: timedelta = timedelta(days=30)


DEFAULT_JOURNAL_LIMITS = JournalLimits()


class Transaction:
    """A write in progress: everything in it happens, or nothing."""

    def __init__(self, conn: sqlite3.Connection, limits: JournalLimits) -> None:
        self.conn = conn
        self.journal_limits = limits
        self.events: list[Event] = []
        """The journal's numbered copies, in order; handed to ``on_commit`` afterwards."""


class Catalog:
    """The catalog of one home. Thread-safe; safe beside other processes. Use :func:`open_catalog`.

    Attributes:
        path: Where the database file lies.
        epoch: Random text that is new with each new database; makes event ids of a rebuilt catalog differ.
        on_commit: Called after each commit with the events that it appended, in the writer's thread.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float, journal_limits: JournalLimits) -> None:
        self.path = path
        self._journal_limits = journal_limits
        self.epoch = ""
        self.on_commit: Callable[[list[Event]], None] = lambda _events: None
        self._busy_timeout_s = busy_timeout_s
        self._idle: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from; each statement sees the last commit. Never waits for a writer.

        Raises:
            CatalogError, CatalogLockedError, DiskError: Instead of any ``sqlite3.Error`` inside the block.
        """
        conn = self._take()
        try:
            yield conn
        except sqlite3.Error as error:
            raise self._explain(error) from error
        finally:
            self._give_back(conn)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Like :meth:`read`, but all statements in the block see one and the same commit."""
        with self.read() as conn:
            conn.execute("BEGIN")
            try:
                yield conn
            finally:
                conn.execute("ROLLBACK")

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Transaction]:
        """A transaction; commits at the end of the block, rolls back if it raises.

        ``durable`` waits until the commit has reached the disk (one more fsync).

        Raises:
            CatalogLockedError: Another process held the catalog for longer than the busy time-out.
        """
        with self._write_lock:
            with self.read() as conn:
                conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                conn.execute("BEGIN IMMEDIATE")
                transaction = Transaction(conn, self._journal_limits)
                try:
                    yield transaction
                except BaseException:
                    conn.execute("ROLLBACK")
                    raise
                conn.execute("COMMIT")
            if transaction.events:
                self.on_commit(transaction.events)

    def check_integrity(self) -> list[str]:
        """What SQLite's own check complains of; empty for a healthy catalog. Reads the whole file."""
        with self.read() as conn:
            lines = [str(row[0]) for row in conn.execute("PRAGMA integrity_check(20)")]
        return [] if lines == ["ok"] else lines

    def close(self) -> None:
        """Closes all idle connections; idempotent. Those still in use are closed when they come back."""
        with self._pool_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def _take(self) -> sqlite3.Connection:
        with self._pool_lock:
            if self._closed:
                raise CatalogError("the store is closed; open it again with open_store()")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, conn: sqlite3.Connection) -> None:
        if conn.in_transaction:
            conn.rollback()
        with self._pool_lock:
            if not self._closed:
                self._idle.append(conn)
                return
        conn.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            conn = sqlite3.connect(
                self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                conn.execute("PRAGMA journal_mode = WAL")
                conn.execute("PRAGMA foreign_keys = ON")
                conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
                conn.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES_BEFORE_CHECKPOINT}")
            except BaseException:
                conn.close()
                raise
        except sqlite3.Error as error:
            raise self._explain(error) from error
        return conn

    def _explain(self, error: sqlite3.Error) -> StrandlineError:
        return explain_database_error(error, self.path)


def open_catalog(
    path: Path, *, busy_timeout_s: float, journal_limits: JournalLimits = DEFAULT_JOURNAL_LIMITS
) -> Catalog:
    """Opens the database at ``path``, creating and migrating it where needed; safe in several processes at once.

    Raises:
        CatalogTooNewError: A newer Strandline has written it.
        CatalogDamagedError: It is no database, or a broken one. It is left as it is.
        CatalogLockedError, DiskError: It cannot be opened now, or at all.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(
            f"cannot make the folder {path.parent} for the catalog: {error.strerror}; "
            "choose another one with --home or STRANDLINE_HOME",
            path=str(path.parent),
        ) from error
    catalog = Catalog(path, busy_timeout_s=busy_timeout_s, journal_limits=journal_limits)
    try:
        with catalog.read() as conn:
            version = _version_of(conn)
        if version != SCHEMA_VERSION:
            _migrate(catalog)
        with catalog.read() as conn:
            row = conn.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        catalog.epoch = str(row[0])
    except BaseException:
        catalog.close()
        raise
    return catalog


def explain_database_error(error: sqlite3.Error, path: Path) -> StrandlineError:
    """The error of ours that says what to do about SQLite's."""
    name = getattr(error, "sqlite_errorname", "") or ""
    facts = {"path": str(path), "sqlite": name}
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return CatalogLockedError(
            f"the catalog {path} is in use by another process; try again, or stop that process", **facts
        )
    if name.startswith("SQLITE_FULL"):
        return DiskFullError(
            f"the disk that holds the catalog {path} is full; make room and try again", **facts
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return CatalogDamagedError(
            f"the catalog {path} is damaged ({error}); move it away and add the storage directories again "
            "with 'strandline sd add': no image is lost by that",
            **facts,
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return DiskError(
            f"the catalog {path} cannot be read or written ({error}); check the disk and the rights, "
            "or choose another place with --home",
            **facts,
        )
    return CatalogError(f"the catalog {path} gave an unexpected answer: {error}", **facts)


def _version_of(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def _migrate(catalog: Catalog) -> None:
    with catalog.write(durable=True) as transaction:
        conn = transaction.conn
        version = _version_of(conn)
        if version > SCHEMA_VERSION:
            raise CatalogTooNewError(
                f"the catalog {catalog.path} was made by a newer Strandline (format {version}, this one knows "
                f"{SCHEMA_VERSION}); update Strandline, or use another --home",
                path=str(catalog.path), version=version, known_version=SCHEMA_VERSION,
            )  # fmt: skip
        if version == 0 and conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise CatalogDamagedError(
                f"{catalog.path} is a database of another program; choose another place with --home",
                path=str(catalog.path),
            )
        for migration in MIGRATIONS[version:]:
            for statement in migration.split(";"):
                conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        conn.execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING",
            (uuid.uuid4().hex[:12],),
        )
