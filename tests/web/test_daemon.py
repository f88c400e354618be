"""``strandline serve`` as a process: it starts, answers, watches, and ends when told to."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.program import run, run_process, started
from builders.storage import id_of, make_storage_dir, put_image
from strandline import __version__
from strandline.runtime.assembly import open_store

LIMIT_S = 20
STOP_LIMIT_S = 2.0
BUSY_S = 3.0
"""What a busy machine may add."""


@contextmanager
def serve(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it is ready."""
    with started("serve", "--port", "0", *arguments) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip().rstrip("/")


def with_token() -> dict[str, str]:
    """The header of a program that may do everything."""
    return {"authorization": f"Bearer {run('token', 'show').text.strip()}"}


@pytest.fixture
def root(home: Path, tmp_path: Path) -> Path:
    """A storage directory of the home."""
    folder = make_storage_dir(tmp_path / "Notes", make_picture("png", seed=1))
    with open_store(home) as store:
        store.add_storage_dir(folder)
    return folder


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_while_clients_are_connected(root: Path, ending: signal.Signals) -> None:
    """Within two seconds, with status 0, even with an open event stream. The log says when it began and ended, and in
    which version, and nothing else.
    """
    with (
        serve() as (process, address),
        httpx.stream("GET", f"{address}/api/v1/events", headers=with_token(), timeout=LIMIT_S) as stream,
    ):
        assert stream.status_code == 200
        before = time.monotonic()
        process.send_signal(ending)
        assert process.wait(LIMIT_S) == 0
        assert time.monotonic() - before < STOP_LIMIT_S + BUSY_S
        assert process.stderr is not None
        said = process.stderr.read()
    line = rf"\S+ info    strandline serve, version {re.escape(__version__)}, %s\n"
    assert re.fullmatch(line % "begins" + line % "ends", said)


def test_an_image_that_arrives_is_shown_by_a_request_that_waits(root: Path) -> None:
    """Only the URL is needed: the request waits until the watcher has proven the file."""
    late = make_picture("jpg", seed=2)
    with (
        serve() as (_, address),
        httpx.Client(base_url=address, headers=with_token(), timeout=LIMIT_S) as client,
    ):
        assert client.get(f"/i/{id_of(late)}").status_code == 404
        with ThreadPoolExecutor() as background:
            request = background.submit(client.get, f"/i/{id_of(late)}?wait=15")
            put_image(root, late)
            assert request.result().content == late


def test_an_image_that_arrives_is_told_unasked(root: Path) -> None:
    """The folders are watched: without a request, the event stream says that it is available."""
    late = make_picture("jpg", seed=3)
    with (
        serve() as (_, address),
        httpx.stream("GET", f"{address}/api/v1/events", headers=with_token(), timeout=LIMIT_S) as stream,
    ):
        lines = stream.iter_lines()
        put_image(root, late)
        assert any(id_of(late) in line and "image.available" in line for line in lines)


def test_a_second_one_on_the_same_home_is_refused(root: Path) -> None:
    """The message says so, and the first one continues."""
    with serve() as (_, address):
        second = run_process("serve", "--port", "0", "--json")
        assert second.status == 5
        assert second.json["error"]["code"] == "daemon-running"
        assert httpx.get(f"{address}/api/v1/sds", headers=with_token(), timeout=LIMIT_S).status_code == 200


def test_a_second_one_on_the_same_home_and_port_is_told_of_the_first(root: Path) -> None:
    """Another port would not help."""
    with serve() as (_, address):
        refused = run_process("serve", "--port", address.rpartition(":")[2].strip("/"))
        assert refused.status == 5
        assert "already watches" in refused.stderr


def test_a_port_that_is_taken_is_refused(root: Path) -> None:
    """The message says how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run_process("serve", "--port", str(taken.getsockname()[1]))
    assert refused.status == 6
    assert "--port" in refused.stderr


def test_the_address_is_one_json_document(root: Path) -> None:
    """For programs that start the server."""
    with started("serve", "--port", "0", "--json") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        told = json.loads("".join(lines))
        assert told["address"].startswith("http://127.0.0.1:")
        assert httpx.get(told["sign_in_link"], timeout=LIMIT_S).status_code == 303
