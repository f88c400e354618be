"""What is left of a server that ended, and one that is ended before it has begun."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.program import LIMIT_S, run
from builders.reports import make_storage_dir
from strandline.errors import CatalogAwayError
from strandline.model.events import ImageMissing, StorageDirAdded
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.runtime import daemon
from strandline.runtime.event_log import NAMES_READ_AFTER_S, StorageDirNames
from strandline.runtime.sign_in import ADDRESS_FILE

NOW = datetime(2026, 11, 30, tzinfo=UTC)

ENDED_WHILE_IT_OPENS = """
import signal, sys
from strandline.cli.main import main
from strandline.cli.session import Session

open_store, number = Session.open_store, signal.Signals[sys.argv.pop()]

def open_late(self, **options):
    signal.raise_signal(number)
    return open_store(self, **options)

Session.open_store = open_late
sys.exit(main())
"""


def make_missing(sd_id: str | None) -> ImageMissing:
    """An event of a storage directory, which does not say its name."""
    return ImageMissing(at=NOW, sd_id=sd_id, image_id=None, filename="a.png", state=FileState.MISSING)


@contextmanager
def _another_program(says: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A port whose program says this to everybody, and what it was told."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    caller, _ = listening.accept()
                except OSError:
                    return
                with caller:
                    told.append(caller.recv(1000))
                    caller.sendall(says)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1], told
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT_S)


@pytest.mark.parametrize("is_watched", [False, True])
@pytest.mark.parametrize("says", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 zzz\r\n\r\n", b""])
def test_another_program_on_the_port_is_no_server(
    home: Path, monkeypatch: pytest.MonkeyPatch, says: bytes, is_watched: bool
) -> None:
    """Whatever it says. It is not even asked if nothing watches the home."""
    monkeypatch.setattr(daemon, "is_watched", lambda *_, **__: is_watched)
    with _another_program(says) as (port, told):
        (home / ADDRESS_FILE).write_text(f"http://127.0.0.1:{port}/\n")
        ran = run("sign-in", "--json")
        assert (ran.status, ran.json["error"]["code"]) == (6, "server-not-running")
        ran = run("token", "rotate", "--json")
        assert (ran.status, ran.json["signed_out"]) == (0, True)
    assert bool(told) == is_watched
    assert not any(b"authorization" in each.lower() for each in told)


def test_what_is_left_may_be_no_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a power cut."""
    monkeypatch.setattr(daemon, "is_watched", lambda *_, **__: True)
    for left in ("http://[::1", "\0\0\0", "x"):
        (home / ADDRESS_FILE).write_text(left)
        assert run("sign-in").status == 6


@pytest.mark.parametrize(
    ("words", "number"),
    [(["serve", "--port", "0"], "SIGTERM"), (["serve", "--port", "0"], "SIGINT"), (["watch"], "SIGTERM")],
)
def test_a_signal_while_the_catalog_is_opened_ends_it_quietly(
    made: CommandHome, words: list[str], number: str
) -> None:
    """As one that comes later: with 0, before it says that it is ready."""
    made.make_storage_dir()
    ended = subprocess.run(
        [sys.executable, "-c", ENDED_WHILE_IT_OPENS, *words, number],
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, b""), ended.stderr


def test_a_renamed_folder_has_its_new_name_in_the_next_lines() -> None:
    """Soon: the names are read again, but not for each of many events. While that is impossible, the last known ones
    count.
    """
    there, now_s, reads = [make_storage_dir(name="Old")], 0.0, 0

    def list_storage_dirs() -> list[StorageDir]:
        nonlocal reads
        reads += 1
        if not there:
            raise CatalogAwayError("away")
        return there

    names = StorageDirNames(list_storage_dirs, lambda: now_s)
    event = make_missing(there[0].sd_id)
    assert [names.name(event) for _ in range(100)] == ["Old"] * 100
    assert reads == 1
    there = [make_storage_dir(name="New")]
    now_s = NAMES_READ_AFTER_S
    assert names.name(event) == "New"
    there, now_s = [], 2 * NAMES_READ_AFTER_S
    assert names.name(event) == "New"
    added = StorageDirAdded(at=NOW, sd_id="b" * 36, name="Added", path="/b")
    assert names.name(added) == "Added"
    assert names.name(make_missing(None)) == ""
