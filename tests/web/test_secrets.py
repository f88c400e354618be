"""Secrets: nobody else gets anything without one, and none is ever written down (SPEC §11)."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.program import command_line, run, started
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import open_store
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, TOKEN_FILE

LIMIT_S = 20
PHOTO = make_picture("jpg", seed=1)
EVERYWHERE = ("serve", "--host", "0.0.0.0", "--port", "0")


@pytest.fixture
def root(home: Path, tmp_path: Path) -> Path:
    """A storage directory of the home, with a photo."""
    folder = make_storage_dir(tmp_path / "Notes", PHOTO)
    with open_store(home) as store:
        store.add_storage_dir(folder)
    return folder


def reachable(printed: str) -> str:
    """The printed address as seen by a client on this machine."""
    return printed.strip().rstrip("/").replace("0.0.0.0", "127.0.0.1")


def secrets_of(home: Path) -> tuple[str, str]:
    """The token and the image key."""
    return (home / TOKEN_FILE).read_text().strip(), (home / IMAGE_KEY_FILE).read_text().strip()


def test_where_others_can_reach_it_the_real_server_asks_for_the_token(root: Path, home: Path) -> None:
    """Pages, answers, images, and writes: nothing works without it, even on loopback, and everything works with
    it.
    """
    with started(*EVERYWHERE) as process:
        assert process.stdout is not None
        address = reachable(process.stdout.readline())
        token, key = secrets_of(home)
        with httpx.Client(base_url=address, timeout=LIMIT_S) as client:
            for place in (
                "/",
                f"/i/{id_of(PHOTO)}",
                "/api/v1/sds",
                "/api/v1/openapi.json",
                "/static/x",
                "/nothing",
            ):
                assert client.get(place).status_code == 401, place
            assert (
                client.post("/api/v1/images?sd=Notes", content=PHOTO, headers={"origin": address}).status_code
                == 401
            )
            assert client.get(f"/i/{id_of(PHOTO)}?key={key}").content == PHOTO
            assert (
                client.get(f"/i/{id_of(PHOTO)}", headers={"authorization": f"Bearer {token}"}).content
                == PHOTO
            )
            entered = client.get(f"/?token={token}")
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert client.get("/").status_code == 200  # by the cookie


def test_without_being_told_it_listens_to_this_machine_only(root: Path) -> None:
    """Without a setting or option, it uses a loopback address."""
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")


def test_nothing_that_is_printed_or_kept_holds_a_secret(root: Path, home: Path) -> None:
    """Requests with token and key are answered or refused: no stream and no other file contains them."""
    with started(*EVERYWHERE) as process:
        assert process.stdout is not None
        printed = process.stdout.readline()
        token, key = secrets_of(home)
        headers = {"authorization": f"Bearer {token}", "referer": f"http://localhost/?token={token}"}
        with httpx.Client(base_url=reachable(printed), timeout=LIMIT_S) as client:
            for place in (
                "/",
                f"/i/{id_of(PHOTO)}",
                f"/i/{'0' * 32}",
                "/i/x",
                "/nothing",
                "/api/v1/images",
                "/image/x",
            ):
                for method in ("GET", "POST"):
                    client.request(method, place, params={"token": token, "key": key})
                    client.request(method, place, params={"token": token, "key": key}, headers=headers)
            (root / "SD_ID").unlink()
            client.get("/api/v1/inspect", headers=headers)
        process.send_signal(signal.SIGTERM)
        said = printed + "".join(process.communicate(timeout=LIMIT_S))
    for command in (("config", "show"), ("doctor",), ("catalog", "export"), ("inspect",)):
        ran = run(*command, "--json")
        said += ran.text + ran.stderr
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert "0.0.0.0" in said
    for name, secret in ((TOKEN_FILE, token), (IMAGE_KEY_FILE, key)):
        assert secret not in said
        assert [path.name for path, data in kept.items() if secret.encode() in data] == [name]


@contextmanager
def served_on_a_terminal() -> Iterator[str]:
    """What the program prints first on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command_line(*EVERYWHERE), stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    try:
        assert select.select([ours], [], [], LIMIT_S)[0]
        yield os.read(ours, 4096).decode()
    finally:
        process.kill()
        process.wait(LIMIT_S)
        os.close(ours)


def test_a_person_at_a_terminal_gets_an_address_that_works(root: Path, home: Path) -> None:
    """It contains the token, once."""
    with served_on_a_terminal() as printed:
        assert re.search(r"\?token=([\w-]+)", printed)
        with httpx.Client(timeout=LIMIT_S, follow_redirects=True) as client:
            answer = client.get(reachable(printed))
            assert answer.status_code == 200
            assert "token" not in str(answer.url)
