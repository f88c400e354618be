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
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from strandline.catalog.database_errors import explain_database_error, is_busy
from strandline.catalog.epochs import format_epoch
from strandline.catalog.schema import MIGRATIONS
from strandline.errors import CatalogDamagedError, CatalogError, CatalogTooNewError, DiskError
from strandline.model.events import Event

APPLICATION_ID = 0x5354524E
"""``STRN``: stands in the database's header, so that another program's database is never taken for a catalog."""

CACHE_KIB = 8192
"""Page cache of a connection: holds the inner pages of a million rows' indexes; more does not help."""

WAL_PAGES_BEFORE_CHECKPOINT = 4000
"""16 MB: large enough that a bulk registration is not slowed down, small enough not to be noticed on disk."""

WAL_RETRY_S = 0.01
"""Making a catalog takes some 20 ms."""


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
        epoch: Random text that is new with each new database, and with each start of the machine; makes event ids
            of a rebuilt catalog differ, and those after a power cut.
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
            raise explain_database_error(error, self.path) from error
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
                _roll_back(conn)

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
                    _roll_back(conn)
                    raise
                conn.execute("COMMIT")
            if transaction.events:
                self.on_commit(transaction.events)

    def check_integrity(self) -> list[str]:
        """What SQLite's own check complains of; empty for a healthy catalog. Reads the whole file."""
        try:
            with self.read() as conn:
                lines = [str(row[0]) for row in conn.execute("PRAGMA integrity_check(20)")]
        except CatalogDamagedError as error:
            return [error.message]
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
        _roll_back(conn)
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
                _ensure_wal(conn, self._busy_timeout_s)
                conn.execute("PRAGMA foreign_keys = ON")
                conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
                conn.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES_BEFORE_CHECKPOINT}")
            except BaseException:
                conn.close()
                raise
        except sqlite3.Error as error:
            raise explain_database_error(error, self.path) from error
        return conn


def open_catalog(
    path: Path,
    *,
    busy_timeout_s: float,
    journal_limits: JournalLimits = DEFAULT_JOURNAL_LIMITS,
    migrations: Sequence[str] = MIGRATIONS,
) -> Catalog:
    """Opens the database at ``path``, creating and migrating it where needed; safe in several processes at once.

    Args:
        path: Where the database file lies or shall lie. A file that is no catalog of ours is left as it is.
        busy_timeout_s: How long to wait for another process's write.
        journal_limits: How much of the journal is kept.
        migrations: The schema, as numbered steps; the catalog's version is how many of them have run.

    Raises:
        CatalogTooNewError: A newer Strandline has written it.
        CatalogDamagedError: It is no database, a broken one, or another program's.
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
        if _check_version(path, busy_timeout_s, len(migrations)) < len(migrations):
            _migrate(catalog, migrations)
        with catalog.read() as conn:
            row = conn.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        catalog.epoch = format_epoch(str(row[0]))
    except BaseException:
        catalog.close()
        raise
    return catalog


def _ensure_wal(conn: sqlite3.Connection, timeout_s: float) -> None:
    """Turns a new database to WAL. Where two processes do so at once SQLite fails instead of waiting, so we wait."""
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > until_s:
                raise
            time.sleep(WAL_RETRY_S)


def _roll_back(conn: sqlite3.Connection) -> None:
    """Ends the transaction if there still is one: SQLite ends it by itself where the disk is full or fails."""
    if conn.in_transaction:
        conn.execute("ROLLBACK")


def _check_version(path: Path, busy_timeout_s: float, known_version: int) -> int:
    """The version of the catalog at the path, 0 where there is none yet. Changes nothing, whatever lies there.

    Asked on a connection of its own, because an ordinary one turns a database to WAL, whosever it is.
    """
    try:
        conn = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        try:
            conn.execute("BEGIN")  # one look: between two, another process may have made the catalog
            return _version_of(conn, path, known_version)
        finally:
            conn.close()
    except sqlite3.Error as error:
        raise explain_database_error(error, path) from error


def _version_of(conn: sqlite3.Connection, path: Path, known_version: int) -> int:
    version, application_id = (
        int(conn.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("user_version", "application_id")
    )
    if application_id != APPLICATION_ID:
        if version or application_id or conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise CatalogDamagedError(
                f"{path} is a database of another program; choose another place with --home or STRANDLINE_HOME",
                path=str(path),
            )
        return 0
    if version > known_version:
        raise CatalogTooNewError(
            f"the catalog {path} was made by a newer Strandline (format {version}, this one knows "
            f"{known_version}); update Strandline, or use another --home",
            path=str(path), version=version, known_version=known_version,
        )  # fmt: skip
    return version


def _migrate(catalog: Catalog, migrations: Sequence[str]) -> None:
    with catalog.write(durable=True) as transaction:
        conn = transaction.conn
        version = _version_of(conn, catalog.path, len(migrations))  # another process may have been quicker
        for migration in migrations[version:]:
            for statement in migration.split(";"):
                conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {len(migrations)}")
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING",
            (uuid.uuid4().hex[:12],),
        )
