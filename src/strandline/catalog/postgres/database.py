"""The catalog in PostgreSQL: one database for many machines, which may stop, restart, or be replaced at any time.

A transaction sees the last commit at each statement (READ COMMITTED), and changes rows only if they are as they were
read, as the port's writers do. So many can write at once. Only those that have events queue, for the moment of their
commit (``journal``). A save waits until the server has it on disk, everything else does not: it can be found again.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import Any

import psycopg

from strandline.catalog.formats import FORMAT, check_known
from strandline.catalog.journal import DEFAULT_JOURNAL_LIMITS, PRUNE_EVERY, JournalLimits
from strandline.catalog.port import Reader, Writer
from strandline.catalog.postgres.connections import Pool, PostgresConnection, say_outcome
from strandline.catalog.postgres.counts import ADD_UP, ADD_UP_EVERY, DIFFERENCES
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.errors import explain_postgres_error
from strandline.catalog.postgres.journal import APPEND, CHANNEL, PostgresJournalWriter, jump_after_crash
from strandline.catalog.postgres.months import (
    ADD_UP_MONTHS,
    MONTH_DIFFERENCES,
    RECORD_AFTER_S,
    RECORD_EVERY,
    RECORD_FOR_S,
    RECORDED_AT_ONCE,
    record_images,
)
from strandline.catalog.postgres.tables import CHECK_FORMAT, OLDEST_SERVER, ensure_tables, read_format
from strandline.catalog.postgres.turns import Turns
from strandline.catalog.schema import VERSION
from strandline.catalog.times import from_microseconds
from strandline.errors import CatalogError, CatalogLockedError, StrandlineError
from strandline.logs import get_logger
from strandline.timings import SQL

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
BEGIN_DURABLE = f"{BEGIN}; SET LOCAL synchronous_commit TO on"
BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

IDENTIFY = """
    SELECT set_config('synchronous_commit', 'off', false), set_config('lock_timeout', :lock_timeout, false),
        set_config('idle_in_transaction_session_timeout', '60s', false), current_setting('server_encoding'),
        (SELECT system_identifier FROM pg_control_system()), pg_is_in_recovery(),
        CASE WHEN pg_is_in_recovery() THEN (SELECT to_hex(timeline_id) FROM pg_control_checkpoint())
            ELSE ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') END,
        CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS bigint),
        current_setting('default_transaction_read_only'), pg_backend_pid()
"""
"""What a new connection needs, in one round trip. A promoted standby has another timeline."""

OTHER_TABLES = ("42703", "42P01", "42883", "0A000")
"""No such column, table, or function, or one with another type than before: a newer program may have changed them."""

FOLLOWER = "strandline-follows"
"""What a program that listens calls itself at the server, with its version and its machine, for ``doctor``."""

LISTEN_S = 1.0
"""How late the thread that listens notices that the catalog was closed."""

AWAY_S = 1.0

HELD = 0x53544248
"""``STBH``: the first number of the advisory locks of names. The second is made of the name."""


def _number_of(name: str) -> int:
    """32 bits. Names that share a number wait for each other, and that is all."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), signed=True)


class _Lent:
    """What belongs to a connection."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.connection = connection
        self.reader = Reader(connection, POSTGRES)
        self.journal = PostgresJournalWriter(connection, POSTGRES)
        self.writer = Writer(connection, POSTGRES, self.journal)


class PostgresCatalog:
    """A catalog that many machines share. Thread-safe. Use :func:`open_postgres`.

    Attributes:
        place: The database, for messages.
        format: Of its tables, when a connection was last made.
        epoch: Changes with the database, with its server, and when a standby takes over: what it had not received
            yet, it numbers again.
        on_commit: As in the port.
    """

    is_shared = True

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        lock_timeout_s: float,
        journal_limits: JournalLimits,
        program: str,
    ) -> None:
        self.epoch, self.format = "", 0
        self.on_commit: Callable[[], None] = lambda: None
        self._journal_limits = journal_limits
        self._program = program
        self._lock_timeout = f"{max(1, round(lock_timeout_s * 1000))}ms"
        self._pool = Pool(url, size=pool_size, timeout_s=max(lock_timeout_s, 0.001), begin=self._begin)
        self._holds = Turns(max(1, pool_size // 2))
        self.place = self._pool.place
        self._commits = count(1)
        self._recorded = (0, 0.0)
        self._closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._listener_lock = threading.Lock()

    @property
    def whole(self) -> PostgresCatalog:
        """It is one."""
        return self

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Answers from the last commit. See :meth:`strandline.catalog.port.Catalog.read`."""
        with self._lent() as lent:
            yield lent.reader

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """Like :meth:`read`, but all answers come from the same commit."""
        with self._lent() as lent:
            lent.connection.driver.execute(BEGIN_SNAPSHOT)
            yield lent.reader

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Writer]:
        """A transaction. See :meth:`strandline.catalog.port.Catalog.write`."""
        with self._lent() as lent:
            driver = lent.connection.driver
            if not lent.connection.began_writable:
                self._begin(lent.connection)  # a standby that has taken over keeps its connections
            lent.connection.doing = "write"
            _check_oldest(lent.connection.begin(f"{BEGIN_DURABLE if durable else BEGIN}; {CHECK_FORMAT}"))
            yield lent.writer
            events = lent.journal.take_appended()
            if events is None:
                with SQL.noting("commit", say_outcome):
                    driver.execute("COMMIT")
                self._tidy_up(lent, [])
                return
            # In one go, so that nobody waits for this program while it has the counter.
            with SQL.noting("commit", say_outcome), driver.pipeline():
                numbered = lent.connection.execute(APPEND, events)
                driver.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
                driver.execute("COMMIT")
            self._tidy_up(lent, numbered.fetchall())
        self.on_commit()

    @contextmanager
    def hold(self, name: str, limit_s: float) -> Iterator[Callable[[], None]]:
        """The lock of a name. See :meth:`strandline.catalog.port.Catalog.hold`. It is an advisory lock of a
        transaction that the server ends if it is idle for too long. Half of the connections stay free for others.
        Threads of this process wait for each other until none of them moves for ``limit_s``.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self._holds.one(limit_s))
            except TimeoutError as error:
                raise CatalogLockedError(
                    f"too many threads wait for a lock in the catalog {self.place}; try again"
                ) from error
            with self._lent() as lent:
                lent.connection.driver.execute(BEGIN)
                lent.connection.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', ?, true), pg_advisory_xact_lock(?, ?)",
                    (f"{round(limit_s * 1000)}ms", HELD, _number_of(name)),
                )

                def check() -> None:
                    try:
                        lent.connection.execute("SELECT 1").fetchone()
                    except psycopg.Error as error:
                        raise explain_postgres_error(error, self.place) from error

                yield check

    def listen(self) -> None:
        """Also calls :attr:`on_commit` for the events of other programs, from now on, in a thread. Idempotent."""
        with self._listener_lock:
            if self._listener is None and not self._closed.is_set():
                self._listener = threading.Thread(target=self._listen, name="strandline-listen", daemon=True)
                self._listener.start()

    def check_format(self) -> None:
        """See :meth:`strandline.catalog.port.Catalog.check_format`."""
        with self._lent() as lent:
            self.format = read_format(lent.connection)

    def read_version(self) -> int:
        """A token for what is committed now. Commits in other databases of the server may change it, too."""
        with self._lent() as lent:
            (snapshot,) = lent.connection.execute("SELECT CAST(pg_current_snapshot() AS text)").fetchone()
        return int.from_bytes(hashlib.blake2b(snapshot.encode(), digest_size=8).digest())

    def changed_since(self, version: int) -> bool:
        """Whether anybody has committed since the token was read."""
        return self.read_version() != version

    def check_integrity(self) -> list[str]:
        """Wrong counts, indexes that are not valid, and what ``amcheck`` finds, if that extension is there."""
        with self._lent() as lent:
            rows = lent.connection.execute(
                "SELECT relname, indisvalid, indexrelid, relkind = 'i' FROM pg_index "
                "JOIN pg_class ON pg_class.oid = indexrelid "
                "WHERE relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'image_files'::regclass)"
            ).fetchall()
            differing = lent.connection.execute(
                f"{DIFFERENCES} UNION SELECT sd FROM ({MONTH_DIFFERENCES}) AS by_month ORDER BY sd"
            ).fetchall()
            problems = [
                f"the counts of files of storage directory {number} are wrong" for (number,) in differing
            ]
            problems += [f"the index {name} is not valid" for name, is_valid, _, _ in rows if not is_valid]
            (has_amcheck,) = lent.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'amcheck')"
            ).fetchone()
            for name, _, number, is_tree in rows if has_amcheck else ():
                try:
                    if is_tree:
                        lent.connection.execute("SELECT bt_index_check(CAST(? AS oid))", (number,))
                except psycopg.errors.InsufficientPrivilege:
                    break
                except psycopg.DatabaseError as error:
                    problems.append(f"{name}: {error}")
        return problems

    def close(self) -> None:
        """Closes all connections, and ends the thread that listens. Idempotent."""
        self._closed.set()
        self._pool.close()
        with self._listener_lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.join(2 * LISTEN_S)

    @contextmanager
    def connected(self) -> Iterator[PostgresConnection]:
        """A connection, for this room and for tests that look behind the port. Rolled back at the end."""
        with self._lent() as lent:
            yield lent.connection

    def open_beside(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that the caller closes, for one who waits on it."""
        try:
            return self._pool.open().driver
        except psycopg.Error as error:
            raise explain_postgres_error(error, self.place) from error

    @contextmanager
    def _lent(self) -> Iterator[_Lent]:
        connection = self._pool.take()
        lent = connection.lent if isinstance(connection.lent, _Lent) else _Lent(connection)
        connection.lent = lent
        try:
            yield lent
        except psycopg.Error as error:
            if (error.sqlstate or "").startswith(OTHER_TABLES):
                connection.roll_back()
                _check_readable(connection)
            raise explain_postgres_error(error, self.place) from error
        finally:
            lent.journal.take_appended()
            self._pool.give_back(connection)

    def _begin(self, connection: PostgresConnection) -> None:
        """Prepares a new connection, and looks at what it leads to: it may be another server than before."""
        if connection.driver.info.server_version < OLDEST_SERVER:
            raise CatalogError(f"the catalog {self.place} needs PostgreSQL 13 or newer")
        facts = connection.execute(IDENTIFY, {"lock_timeout": self._lock_timeout}).fetchone()
        encoding, system, is_standby, timeline, started_us, read_only, pid = facts[3:]
        if pid != connection.driver.info.backend_pid:
            self._pool.check_kept(connection, pid)
        if encoding != "UTF8":
            raise CatalogError(f"the database {self.place} has the encoding {encoding}; make one with UTF8")
        is_writable = not is_standby and read_only == "off"
        if is_writable:
            self.format = ensure_tables(connection)
            jump_after_crash(connection, started_us)
        else:
            self.format = read_format(connection)
        connection.began_writable = is_writable
        (epoch,) = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        self.epoch = f"{epoch}.{system:x}.{timeline}"

    def _tidy_up(self, lent: _Lent, numbered: list[tuple[int, int]]) -> None:
        """Drops the oldest events and adds up the counts once in a while, in transactions of their own, after the
        commit. If that fails, the next one will do it.
        """
        for number, at_us in numbered:
            if number % PRUNE_EVERY == 0:
                with suppress(psycopg.Error):
                    lent.journal.prune(self._journal_limits, number, from_microseconds(at_us))
        commits, now_s = next(self._commits), time.monotonic()
        if commits % ADD_UP_EVERY == 0:
            with suppress(psycopg.Error):
                lent.connection.execute(ADD_UP)
                lent.connection.execute(ADD_UP_MONTHS)
        recorded, recorded_s = self._recorded
        if commits - recorded >= RECORD_EVERY or now_s - recorded_s >= RECORD_AFTER_S:
            with suppress(psycopg.Error):
                while record_images(lent.connection) == RECORDED_AT_ONCE:
                    if time.monotonic() - now_s > RECORD_FOR_S:
                        break
            self._recorded = commits, time.monotonic()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection = self._pool.open()
                try:
                    connection.driver.execute(
                        "SELECT set_config('application_name', %s, false)",
                        (f"{FOLLOWER} {self._program}",),
                    )
                    connection.driver.execute(f"LISTEN {CHANNEL}")
                    self.on_commit()  # what was told before is lost
                    while not self._closed.is_set():
                        for _ in connection.driver.notifies(timeout=LISTEN_S, stop_after=1):
                            self.on_commit()
                finally:
                    connection.driver.close()
            except (psycopg.Error, StrandlineError) as error:
                get_logger(__name__).info("nobody tells of new events until the catalog is back: %s", error)
                self._closed.wait(AWAY_S)


def _check_oldest(row: tuple[str] | None) -> None:
    """Of :data:`CHECK_FORMAT`. There is none in tables that were made before it was recorded."""
    if row is not None:
        check_known({FORMAT: row[0]}, VERSION, "the catalog was")


def _check_readable(connection: PostgresConnection) -> None:
    """A statement that does not fit the tables says less than that they are too new."""
    with suppress(psycopg.Error):
        read_format(connection)


def open_postgres(
    url: str,
    *,
    pool_size: int = 8,
    lock_timeout_s: float = 5.0,
    journal_limits: JournalLimits = DEFAULT_JOURNAL_LIMITS,
    program: str = "",
) -> PostgresCatalog:
    """Opens the catalog in that database, and makes or migrates its tables if needed. Safe in many processes at once.

    Args:
        url: ``postgresql://user@host/database``. The database must be there.
        pool_size: The most connections that this program uses at once, without the one that listens.
        lock_timeout_s: How long a change waits for those of others.
        journal_limits: How much of the journal is kept.
        program: What others are told of this one if it listens: its version and its machine.

    Raises:
        CatalogTooNewError: A newer Strandline made the tables.
        CatalogDamagedError: They are another program's.
        CatalogAwayError, CatalogError: There is no such server or database, or it refuses.
    """
    catalog = PostgresCatalog(
        url,
        pool_size=pool_size,
        lock_timeout_s=lock_timeout_s,
        journal_limits=journal_limits,
        program=program,
    )
    try:
        with catalog.read():
            pass
    except BaseException:
        catalog.close()
        raise
    return catalog
