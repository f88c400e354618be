"""A real PostgreSQL server for tests: Debian's, in a temporary folder, with its socket there, and no fsync.

Each process of the test run starts its own, when the first test asks for it. A database that a test has used is made
empty for the next one, because a new one has some 300 files.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from builders.system_packages import require
from strandline.catalog.dialect import SQLITE
from strandline.catalog.postgres.database import open_postgres
from strandline.catalog.schema import VERSION, say_schema

NOTED = ("file_counts", "image_months", "several_files", "changed_images")
"""What the server fills when others change."""
TABLES = re.findall("CREATE TABLE (?!meta|storage_dirs)([a-z_]+)", say_schema(SQLITE))

_CONFIG = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
full_page_writes = off
shared_buffers = 64MB
autovacuum = off
log_min_messages = fatal
max_connections = 60
"""
"""Without autovacuum, only the tests commit."""


def find_server_programs() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``. Debian keeps it out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda each: int(each.parts[-3]))
    return debian[-1].parent if debian else Path(require("pg_ctl", "postgresql")).parent


class Server:
    """One server. :meth:`stop` and :meth:`start` as often as needed."""

    def __init__(self, folder: Path, config: str = "", *, primary: Server | None = None) -> None:
        self.folder = folder
        self.config = config
        self.data = folder / "data"
        self._programs = find_server_programs()
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if self._user is not None:
            shutil.chown(folder, self._user)
        folder.chmod(0o700)
        who = ("-U", "strandline", "-D", self.data)
        if primary is None:
            self._run("initdb", "-N", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", *who)
        else:
            self._run("pg_basebackup", "-N", "-R", "-c", "fast", "-h", primary.folder, *who)
        self.configure(_CONFIG.format(folder=folder) + config)
        self._numbers = count(1)
        self._idle: list[str] = []

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / ".s.PGSQL.5432"

    def configure(self, more: str) -> None:
        """Adds to the configuration, which the next start reads."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(more)

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self._run("pg_ctl", "-w", "-s", "-D", self.data, "-l", self.folder / "log", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stops it: ``immediate`` as a crash does, ``fast`` as an administrator does."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-w", "-s", "-D", self.data, "-m", mode, "stop")

    def promote(self) -> None:
        """Makes a standby the primary."""
        self._run("pg_ctl", "-w", "-s", "-D", self.data, "promote")

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql:///{database}?host={self.folder}&user=strandline"

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection of the administrator."""
        with psycopg.connect(self.url(database), autocommit=True) as conn:
            yield conn

    def make_database(self) -> str:
        """The address of a new database without tables."""
        name = f"test_{next(self._numbers)}"
        with self.admin() as conn:
            conn.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drops a database, also one in use."""
        name = url.partition("///")[2].partition("?")[0]
        with self.admin() as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def lent_database(self) -> Iterator[str]:
        """The address of a database whose catalog is empty, with another epoch than any before."""
        url = self._idle.pop() if self._idle else self.make_database()
        open_postgres(url).close()
        yield url
        with psycopg.connect(url) as conn:
            conn.execute("DROP SCHEMA IF EXISTS strandline_work CASCADE")
            for table in (*TABLES, "storage_dirs", *NOTED):
                conn.execute(f"DELETE FROM {table}".encode())
            conn.execute("ALTER TABLE storage_dirs ALTER number RESTART")
            conn.execute("UPDATE journal_counter SET last = 0")
            conn.execute("UPDATE meta SET value = md5(value) WHERE key = 'epoch'")
            is_as_today = conn.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (
                str(VERSION),
            )
        if is_as_today:
            self._idle.append(url)
        else:
            self.drop_database(url)

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._programs / program, *arguments], user=self._user, cwd="/", check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip


def make_standby(primary: Server) -> AbstractContextManager[Server]:
    """A server that follows the other one."""
    return started(primary.config, primary=primary)


@contextmanager
def started(config: str = "", *, primary: Server | None = None) -> Iterator[Server]:
    """A server of its own, for tests that stop it."""
    folder = Path(tempfile.mkdtemp(prefix="strandline-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        server = Server(folder, config, primary=primary)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_shared: list[Server] = []


def shared_server(request: pytest.FixtureRequest) -> Server:
    """The server of this process, started by the first test that asks. Its tests must not stop it."""
    if not _shared:
        stack = ExitStack()
        _shared.append(stack.enter_context(started()))
        request.session.config.add_cleanup(stack.close)
    return _shared[0]


def kill_backend(pid: int) -> None:
    """Ends one process of a server as a crash does."""
    os.kill(pid, signal.SIGKILL)
