"""The catalog's database: opened, migrated, shared by threads and processes, and never silently wrong.

One :class:`SqliteCatalog` serves all threads of a process. Reads take a connection from a small pool and never wait
for writers (WAL). Writes are serialized inside the process by a lock, and between processes by SQLite's own. After a
commit that appended to the journal, :attr:`SqliteCatalog.on_commit` is called. Only a write that was promised to the
user (a save) needs ``durable=True``: everything else can be found again on disk.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from strandline.catalog.database_errors import explain_database_error, is_busy
from strandline.catalog.dialect import SQLITE
from strandline.catalog.journal import (
    DEFAULT_JOURNAL_LIMITS,
    JournalLimits,
    SqliteJournalWriter,
    jump_after_boot,
)
from strandline.catalog.port import Reader, Writer
from strandline.catalog.schema import VERSION
from strandline.errors import CatalogDamagedError, CatalogError, DiskError, NotSharedError

if TYPE_CHECKING:
    from strandline.catalog.migrations import Step

T = TypeVar("T")

APPLICATION_ID = 0x5354524E
"""``STRN``, stored in the header of SQLite's database, so that another program's is never taken for a catalog."""

CACHE_KIB = 8192
"""Page cache of a connection. It has room for the inner pages of a million rows' indexes; more does not help."""

WAL_PAGES_BEFORE_CHECKPOINT = 4000
"""16 MB: large enough not to slow down a bulk registration, small enough not to matter on disk."""

WAL_PAGES_IF_DURABLE = 250
"""A durable commit into a log that grows waits for the file system's journal, too. So the log begins again after some
forty saves, and most commits write over its old pages, which takes half the time.
"""

_WAL = "PRAGMA journal_mode = WAL"

WAL_RETRY_S = 0.01
"""Creating a catalog takes some 20 ms."""


class _Connection:
    """A connection, and the readers and writers that use it."""

    __slots__ = ("conn", "is_durable", "journal", "reader", "writer")

    def __init__(self, conn: sqlite3.Connection, limits: JournalLimits) -> None:
        self.conn = conn
        self.is_durable: bool | None = None
        """Whether commits wait for the disk; None until the first write."""
        self.reader = Reader(conn, SQLITE)
        self.journal = SqliteJournalWriter(conn, SQLITE, limits)
        self.writer = Writer(conn, SQLITE, self.journal)

    def be_durable(self, durable: bool) -> None:
        """Whether the next commits wait for the disk."""
        if self.is_durable is not durable:
            most_pages = WAL_PAGES_IF_DURABLE if durable else WAL_PAGES_BEFORE_CHECKPOINT
            self.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.conn.execute(f"PRAGMA wal_autocheckpoint = {most_pages}")
            self.is_durable = durable


class SqliteCatalog:
    """The catalog of one home. Thread-safe; safe beside other processes. Use :func:`open_catalog`.

    Attributes:
        path: Path of the database file.
        epoch: Random text of this database. A rebuilt catalog has another one, so its event ids differ.
        format: Of its tables, when it was opened.
        on_commit: Called after each commit that appended an event, in the writer's thread. It must not
            block.
    """

    is_shared = False

    def __init__(self, path: Path, *, busy_timeout_s: float, journal_limits: JournalLimits) -> None:
        self.path = path
        self._journal_limits = journal_limits
        self.epoch, self.format = "", 0
        self.on_commit: Callable[[], None] = lambda: None
        self._busy_timeout_s = busy_timeout_s
        self._idle: list[_Connection] = []
        self._is_boot_known = False
        self._observer: _Connection | None = None
        self._observer_lock = threading.Lock()
        self._pool_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._closed = False

    @property
    def place(self) -> str:
        """The file, for messages."""
        return str(self.path)

    whole = property(lambda self: self)

    def check_format(self) -> None:
        """See :meth:`strandline.catalog.port.Catalog.check_format`."""
        with self.connected() as conn:
            read_version(conn, self.path, VERSION)

    def read(self) -> AbstractContextManager[Reader]:
        """Answers from the last commit. See :meth:`strandline.catalog.port.Catalog.read`."""
        return _Lent(self, _get_reader)

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """Like :meth:`read`, but all answers come from the same commit."""
        with self._connected() as connection:
            connection.conn.execute("BEGIN")
            try:
                yield connection.reader
            finally:
                _roll_back(connection.conn)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Writer]:
        """A transaction. It commits at the end of the block, and rolls back if the block raises.

        ``durable`` waits until the commit has reached the disk (one more fsync).

        Raises:
            CatalogLockedError: Another process held the catalog for longer than the busy time-out.
        """
        with self._write_lock:
            with self._connected() as connection:
                conn, journal = connection.conn, connection.journal
                connection.be_durable(durable)
                conn.execute("BEGIN IMMEDIATE")
                try:
                    if not self._is_boot_known:
                        jump_after_boot(conn)
                    yield connection.writer
                except BaseException:
                    _roll_back(conn)
                    journal.take_appended()
                    raise
                has_appended = journal.take_appended()
                conn.execute("COMMIT")
                self._is_boot_known = True
            if has_appended:
                self.on_commit()

    def hold(self, name: str, limit_s: float) -> AbstractContextManager[Callable[[], None]]:  # noqa: ARG002
        """Always refused: another home, with a catalog of its own, would not see the lock."""
        raise NotSharedError(f"{self.place} is the catalog of one home; set catalog.url to share one")

    def listen(self) -> None:
        """SQLite cannot tell one process what another one does."""

    def read_version(self) -> int:
        """A token for the catalog as it is now. Cost: some microseconds.

        Each SQLite connection counts the commits of *others*, so one connection that never writes is kept for this.
        """
        with self._observer_lock:
            if self._observer is None:
                self._observer = self.take()
            try:
                return int(self._observer.conn.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise explain_database_error(error, self.path) from error

    def changed_since(self, version: int) -> bool:
        """Whether this or another process has committed since the token was read."""
        return self.read_version() != version

    def check_integrity(self) -> list[str]:
        """Problems found by SQLite's own check; empty for a healthy catalog. Reads the whole file."""
        try:
            with self._connected() as connection:
                lines = [str(row[0]) for row in connection.conn.execute("PRAGMA integrity_check(20)")]
        except CatalogDamagedError as error:
            return [error.message]
        return [] if lines == ["ok"] else lines

    def close(self) -> None:
        """Closes all idle connections. Idempotent. Those in use are closed when they are returned."""
        with self._observer_lock:
            observer, self._observer = self._observer, None
        with self._pool_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        if observer is not None:
            idle.append(observer)
        for connection in idle:
            connection.conn.close()

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """A connection, for this room and for tests that look behind the port. Rolled back at the end."""
        with self._connected() as connection:
            yield connection.conn

    def _connected(self) -> AbstractContextManager[_Connection]:
        return _Lent(self, _get_itself)

    def take(self) -> _Connection:
        """An idle connection, or a new one."""
        with self._pool_lock:
            if self._closed:
                raise CatalogError("the store is closed; open it again with open_store()")
            if self._idle:
                return self._idle.pop()
        return _Connection(self._connect(), self._journal_limits)

    def give_back(self, connection: _Connection) -> None:
        """Ends its transaction, if there is one, and keeps it for others."""
        _roll_back(connection.conn)
        with self._pool_lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.conn.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            conn = sqlite3.connect(
                self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                _ensure_wal(conn, self._busy_timeout_s)
                conn.execute("PRAGMA foreign_keys = ON")
                conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            except BaseException:
                conn.close()
                raise
        except sqlite3.Error as error:
            raise explain_database_error(error, self.path) from error
        return conn


class _Lent(Generic[T]):
    """A connection, or a part of it, during a block. A class, because every question pays for it, and a generator
    takes three times as long.
    """

    __slots__ = ("_catalog", "_connection", "_part_of")

    def __init__(self, catalog: SqliteCatalog, part_of: Callable[[_Connection], T]) -> None:
        self._catalog = catalog
        self._part_of = part_of

    def __enter__(self) -> T:
        self._connection = self._catalog.take()
        return self._part_of(self._connection)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if isinstance(error, sqlite3.Error):
                raise explain_database_error(error, self._catalog.path) from error
        finally:
            self._catalog.give_back(self._connection)


def _get_itself(connection: _Connection) -> _Connection:
    return connection


_get_reader: Callable[[_Connection], Reader] = attrgetter("reader")


def open_catalog(
    path: Path,
    *,
    busy_timeout_s: float,
    journal_limits: JournalLimits = DEFAULT_JOURNAL_LIMITS,
    migrations: Sequence[Step] | None = None,
) -> SqliteCatalog:
    """Opens the database at ``path``, and creates or migrates it if needed. Safe in several processes at once.

    Args:
        path: The database file. A file that is not one of our catalogs is not changed.
        busy_timeout_s: How long to wait for another process's write.
        journal_limits: How much of the journal is kept.
        migrations: Steps that make other tables than today's. By default, a new catalog gets :mod:`~.schema`,
            and an older one the steps that it lacks. A catalog's version is the number of steps that it has had.

    Raises:
        CatalogTooNewError: A newer Strandline wrote it.
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
    catalog = SqliteCatalog(path, busy_timeout_s=busy_timeout_s, journal_limits=journal_limits)
    try:
        version = VERSION if migrations is None else len(migrations)
        catalog.format = _find_version(path, busy_timeout_s, version)
        if catalog.format < version:
            from strandline.catalog.migrations import migrate  # here: most starts migrate nothing

            migrate(catalog, version, migrations)
            catalog.format = version
        with catalog.connected() as conn:
            row = conn.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        catalog.epoch = str(row[0])
    except BaseException:
        catalog.close()
        raise
    return catalog


def _ensure_wal(conn: sqlite3.Connection, timeout_s: float) -> None:
    """Switches a new database to WAL. If two processes do so at once, SQLite fails instead of waiting, so we
    retry.
    """
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            (mode,) = conn.execute(_WAL).fetchone()
            break
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > until_s:
                raise
            time.sleep(WAL_RETRY_S)
    if mode != "wal":
        raise CatalogError(
            "the catalog cannot be kept on this disk: SQLite's write-ahead log does not work there; "
            "choose a local disk with --home or STRANDLINE_HOME"
        )


def _roll_back(conn: sqlite3.Connection) -> None:
    """Ends the transaction if there still is one. SQLite ends it by itself if the disk is full or fails."""
    if conn.in_transaction:
        conn.execute("ROLLBACK")


def _find_version(path: Path, busy_timeout_s: float, known: int) -> int:
    """The version of the catalog at the path, or 0 if there is none. Never changes the file, whatever it is.

    It uses its own connection, because an ordinary one would switch any database to WAL.

    Raises:
        CatalogTooNewError, CatalogDamagedError: See :func:`read_version`.
    """
    try:
        conn = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        try:
            conn.execute("BEGIN")  # one query: between two, another process may create the catalog
            return read_version(conn, path, known)
        finally:
            conn.close()
    except sqlite3.Error as error:
        raise explain_database_error(error, path) from error


def read_version(conn: sqlite3.Connection, path: Path, known: int) -> int:
    """The version of the catalog in SQLite, or 0 if there is none.

    Raises:
        CatalogTooNewError: A program that knows the version ``known`` must not use it.
        CatalogDamagedError: It is another program's.
    """
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
    if version > known:
        from strandline.catalog.formats import FORMAT, OLDEST, check_known  # here: most programs are as new

        told = dict(conn.execute("SELECT key, value FROM meta WHERE key = ?", (OLDEST,)).fetchall())
        check_known({**told, FORMAT: str(version)}, known, f"the catalog {path} was", str(path))
    return version
