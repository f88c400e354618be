"""A real PgBouncer in front of a database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from builders.proxies import find_free_ports
from builders.system_packages import require

LIMIT_S = 20.0

_CONFIG = """
[databases]
{database} = host={socket} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_db_connections = {size}
"""


@contextmanager
def pooling(url: str, *, mode: str, size: int = 10) -> Iterator[str]:
    """The address of the database behind a pooler."""
    folder = Path(tempfile.mkdtemp(prefix="strandline-pooler-", dir="/tmp"))  # another user must get there
    try:
        with _running(folder, url, mode, size) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(folder: Path, url: str, mode: str, size: int) -> Iterator[str]:
    program = require("pgbouncer", "pgbouncer")
    port, _ = find_free_ports()
    parts = urlsplit(url)
    database = parts.path.lstrip("/")
    server = parse_qs(parts.query)["host"][0]
    config = folder / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(database=database, socket=f"{server} user=strandline", port=port, mode=mode, size=size)
    )
    is_root = os.geteuid() == 0
    if is_root:  # it refuses to run as root
        shutil.chown(folder, "postgres")
        shutil.chown(config, "postgres")
    process = subprocess.Popen(
        [program, "-q", config], user="postgres" if is_root else None, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"postgresql://strandline@127.0.0.1:{port}/{database}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT_S)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    """It tells nobody when it is there."""
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(address, connect_timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("the pooler did not start")
