"""Connections to the server: opened, lent to one thread at a time, and never handed out after their server died.

A connection that waits in the pool has nothing to read. If its server stops, there is something: the end. So a look
at the socket, which costs no round trip, tells whether the connection still is one, and after a restart of the server
the first call already works.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any

import psycopg
from psycopg.adapt import PyFormat
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import IntDumper
from psycopg.types.string import StrDumperUnknown

from strandline.catalog.dialect import Rows
from strandline.catalog.postgres.dialect import mark_values
from strandline.catalog.postgres.errors import explain_postgres_error
from strandline.errors import CatalogAwayError, CatalogError, CatalogLockedError, ConfigError
from strandline.model.addresses import hide_passwords
from strandline.timings import SQL

CONNECT_TIMEOUT_S = 5
DEAD_NETWORK_MS = 30_000
"""A server that vanished from the network has not said so. Then its connections end after this time."""
IDLE_IN_TRANSACTION_S = 60
"""Of a program that was suspended in the middle of a change. The server takes the change back."""
PATIENCE_S = 2.0
"""How long a call waits for a server that is being restarted, if it was there at the call before."""
PAUSE_S = 0.05
KEPT_MS = 1000
"""How long a pooler with a single connection may be asked whether it gives it away."""

_DEFAULTS: Mapping[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "strandline",
    "client_encoding": "utf8",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": DEAD_NETWORK_MS,
}


class _Text(StrDumperUnknown):
    """Text as PostgreSQL takes it, which knows no NUL. A name with one is no name of any file, so nothing is lost."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


class _Truth(IntDumper):
    """Integers stand for booleans, in both databases."""

    def dump(self, obj: int) -> Any:
        return super().dump(int(obj))

    def get_key(self, obj: int, format: PyFormat) -> Any:
        return super().get_key(int(obj), format)

    def upgrade(self, obj: int, format: PyFormat) -> Any:
        return super().upgrade(int(obj), format)


class PostgresConnection:
    """A connection with the house's marks for values."""

    def __init__(self, driver: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.driver = driver
        self.lent: object = None
        """What the catalog keeps with it."""
        self.doing = "read"
        """What its statements are counted as: ``read``, ``write``, or ``work``."""
        self.began_writable = False
        """Whether the server took changes when this was prepared."""

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Rows:
        """See :class:`~strandline.catalog.dialect.Connection`."""
        with SQL.noting(self.doing, say_outcome):
            return self.driver.execute(mark_values(statement).encode(), values)

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Rows:
        """The same. Sends all in one go."""
        cursor = self.driver.cursor()
        with SQL.noting(self.doing, say_outcome):
            cursor.executemany(mark_values(statement).encode(), values)
        return cursor

    def begin(self, statements: str) -> Any:
        """Begins a transaction with these statements, in one round trip. Returns the first row of the last one."""
        with SQL.noting(self.doing, say_outcome):
            cursor = self.driver.execute(statements.encode())
        while cursor.nextset():
            pass
        return cursor.fetchone()

    @property
    def is_stale(self) -> bool:
        """Whether the server has said something while nobody asked: that it stops, or nothing any more."""
        if self.driver.closed:
            return True
        return _has_something_to_read(self.driver.fileno())

    def roll_back(self) -> None:
        """Ends the transaction, if there is one. A connection that cannot is closed."""
        try:
            if self.driver.info.transaction_status is not TransactionStatus.IDLE:
                self.driver.rollback()
        except psycopg.Error:
            self.driver.close()


def say_outcome(error: Exception) -> str:
    """The code of our error for this one: some ten words."""
    return explain_postgres_error(error, "").code if isinstance(error, psycopg.Error) else "error"


def _has_something_to_read(descriptor: int) -> bool:
    """Without waiting. ``select`` cannot look at descriptors above 1023, which a server with many clients has."""
    if sys.platform == "win32":
        return bool(select.select([descriptor], [], [], 0)[0])
    looking = select.poll()
    looking.register(descriptor, select.POLLIN)
    return bool(looking.poll(0))


def say_place(url: str) -> str:
    """The database, for messages: without a password and without options.

    Raises:
        ConfigError: It is no address of one.
    """
    try:
        facts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its text repeats parts of the address
        raise ConfigError(
            f"catalog.url is {hide_passwords(url)!r}, which PostgreSQL does not understand; give an address such as "
            "postgresql://user@host/database",
            place="catalog.url",
        ) from None
    user = f"{facts['user']}@" if facts.get("user") else ""
    port = f":{facts['port']}" if facts.get("port") else ""
    return f"postgresql://{user}{facts.get('host') or ''}{port}/{facts.get('dbname') or ''}"


def complete(url: str) -> str:
    """The address with what it leaves open: above all, how soon a network that was cut is noticed."""
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{k: v for k, v in _DEFAULTS.items() if k not in given})


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A new connection; each statement is a transaction.

    Raises:
        psycopg.Error: There is none.
    """
    driver = psycopg.connect(complete(url), autocommit=True)
    driver.adapters.register_dumper(str, _Text)
    driver.adapters.register_dumper(bool, _Truth)
    return driver


class Pool:
    """Up to ``size`` connections of one process. Thread-safe."""

    def __init__(
        self, url: str, *, size: int, timeout_s: float, begin: Callable[[PostgresConnection], None]
    ) -> None:
        """``begin`` prepares a new connection, and may refuse it."""
        self.place = say_place(url)
        self._url = url
        self._begin = begin
        self.timeout_s = timeout_s
        """How long one waits for a connection."""
        self._free = threading.BoundedSemaphore(size)
        self._size = size
        self._lock = threading.Lock()
        self._idle: list[PostgresConnection] = []
        self._is_closed = False
        self._was_away = False

    def take(self) -> PostgresConnection:
        """A connection that works, as far as one can tell without asking it.

        Raises:
            CatalogAwayError: There is no server.
            CatalogLockedError: All connections of this process were in use for too long.
        """
        if not self._free.acquire(timeout=self.timeout_s):
            raise CatalogLockedError(
                f"all {self._size} connections of this program to the catalog {self.place} are in use; try again, or "
                "raise catalog.pool"
            )
        try:
            while True:
                with self._lock:
                    if self._is_closed:
                        raise CatalogError("the store is closed; open it again with open_store()")
                    connection = self._idle.pop() if self._idle else None
                if connection is None:
                    return self._open()
                if not connection.is_stale:
                    return connection
                connection.driver.close()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: PostgresConnection) -> None:
        """Ends its transaction, if there is one, and keeps it for others."""
        connection.roll_back()
        connection.doing = "read"
        with self._lock:
            is_kept = not (self._is_closed or connection.driver.closed)
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            connection.driver.close()
        self._free.release()

    def open(self) -> PostgresConnection:
        """A connection beside the pool, for one who waits on it for long."""
        return self._open()

    def check_kept(self, connection: PostgresConnection, pid: int) -> None:
        """Checks that a pooler in between keeps one connection of the server for each of ours. The settings of a
        connection, its prepared statements, and what it listens to are lost otherwise.

        Raises:
            CatalogError: This one was given away while nobody used it.
        """
        with closing(connect(self._url)) as other, suppress(psycopg.Error):
            other.execute(f"BEGIN; SET LOCAL idle_in_transaction_session_timeout TO {KEPT_MS}")
            (now,) = connection.execute("SELECT pg_backend_pid()").fetchone()
            if now != pid:
                raise CatalogError(
                    f"a pooler in front of the catalog {self.place} lends its connections for one transaction each; "
                    "name the server itself in catalog.url, or let the pooler keep them (PgBouncer: "
                    "pool_mode = session)"
                )

    def close(self) -> None:
        """Closes those that are idle; the others are closed when they come back. Idempotent."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.driver.close()

    def _open(self) -> PostgresConnection:
        until_s = time.monotonic() + (0.0 if self._was_away else PATIENCE_S)
        while True:
            try:
                with SQL.noting("connect", say_outcome):
                    connection = PostgresConnection(connect(self._url))
                try:
                    self._begin(connection)
                except BaseException:
                    connection.driver.close()
                    raise
            except psycopg.Error as error:
                known = explain_postgres_error(error, self.place)
                if not isinstance(known, CatalogAwayError) or time.monotonic() > until_s:
                    self._was_away = isinstance(known, CatalogAwayError)
                    raise known from error
                time.sleep(PAUSE_S)
            else:
                self._was_away = False
                return connection
