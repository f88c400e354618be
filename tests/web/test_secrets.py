"""Secrets: nobody else gets anything without one, and none is ever written down (SPEC §11)."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.program import run, started
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import open_store
from strandline.runtime.daemon import run_daemon
from strandline.runtime.sign_in import ADDRESS_FILE
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, TOKEN_FILE
from strandline.web.server import find_network_host

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


def secrets_of(home: Path) -> tuple[str, str]:
    """The token and the image key."""
    return (home / TOKEN_FILE).read_text().strip(), (home / IMAGE_KEY_FILE).read_text().strip()


def test_where_others_can_reach_it_the_real_server_asks_for_the_token(root: Path, home: Path) -> None:
    """Pages, answers, images, and writes: nothing works without it, even on loopback, and everything works with
    it.
    """
    with started(*EVERYWHERE) as process:
        assert process.stdout is not None
        address, link = process.stdout.readline().strip(), process.stdout.readline().strip()
        token, key = secrets_of(home)
        with httpx.Client(base_url=address, timeout=LIMIT_S) as client:
            for place in (
                "/",
                f"/i/{id_of(PHOTO)}",
                "/api/v1/sds",
                "/api/v1/openapi.json",
                "/static/x",
                "/nothing",
                f"/?token={token}",
            ):
                assert client.get(place).status_code == 401, place
            assert (
                client.post(
                    "/api/v1/images?sd=Notes", content=PHOTO, headers={"origin": address.rstrip("/")}
                ).status_code
                == 401
            )
            assert client.get(f"/i/{id_of(PHOTO)}?key={key}").content == PHOTO
            assert (
                client.get(f"/i/{id_of(PHOTO)}", headers={"authorization": f"Bearer {token}"}).content
                == PHOTO
            )
            entered = client.get(link)
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert client.get(link.partition("sign-in")[0]).status_code == 200  # by the cookie


def test_a_server_for_the_network_says_so_and_prints_a_link_for_other_devices(root: Path) -> None:
    """The first line stays the address on this machine, for programs."""
    with started(*EVERYWHERE) as process:
        assert process.stdout is not None
        address, link = process.stdout.readline().strip(), process.stdout.readline().strip()
        port = address.rstrip("/").rpartition(":")[2]
        assert address == f"http://127.0.0.1:{port}/"
        assert link.startswith(f"http://{find_network_host() or '127.0.0.1'}:{port}/sign-in?code=")
        assert httpx.get(link, timeout=LIMIT_S).status_code == 303
        process.send_signal(signal.SIGTERM)
        assert "the connection is not encrypted" in process.communicate(timeout=LIMIT_S)[1]


def test_without_being_told_it_listens_to_this_machine_only(root: Path) -> None:
    """Without a setting or option, it uses a loopback address."""
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")


def test_nothing_that_is_printed_or_kept_holds_a_secret(root: Path, home: Path) -> None:
    """Requests with token and key are answered or refused: no stream and no other file contains them."""
    with started(*EVERYWHERE) as process:
        assert process.stdout is not None
        printed, link = process.stdout.readline(), process.stdout.readline()
        token, key = secrets_of(home)
        headers = {"authorization": f"Bearer {token}", "referer": f"http://localhost/?token={token}"}
        with httpx.Client(base_url=printed.strip(), timeout=LIMIT_S) as client:
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
        said = printed + link + "".join(process.communicate(timeout=LIMIT_S))
    for command in (("config", "show"), ("doctor",), ("catalog", "export"), ("inspect",)):
        ran = run(*command, "--json")
        said += ran.text + ran.stderr
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert "sign-in?code=" in said
    for name, secret in ((TOKEN_FILE, token), (IMAGE_KEY_FILE, key)):
        assert secret not in said
        assert [path.name for path, data in kept.items() if secret.encode() in data] == [name]


def test_a_link_of_the_program_signs_in_without_a_terminal(root: Path) -> None:
    """The second line that ``serve`` prints, and what ``sign-in`` prints while it runs. Each works once."""
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        links = [process.stdout.readline().strip(), run("sign-in").text.strip()]
        for link in links:
            with httpx.Client(timeout=LIMIT_S, follow_redirects=True) as client:
                assert link.startswith(address)
                assert client.get(link).status_code == 200
                assert client.get(address).status_code == 200
        assert [httpx.get(link, timeout=LIMIT_S).status_code for link in links] == [401, 401]
    ended = run("sign-in", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (6, "server-not-running")


def test_behind_a_proxy_the_links_begin_with_the_public_address(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line is still where the server listens, with the base path."""
    monkeypatch.setenv("STRANDLINE_WEB_PUBLIC_URL", "https://pics.lan/pics")
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        for link in (process.stdout.readline().strip(), run("sign-in").text.strip()):
            public, _, code = link.partition("sign-in?code=")
            assert public == "https://pics.lan/pics/"
            answer = httpx.get(f"{address}sign-in?code={code}", timeout=LIMIT_S)
            assert (answer.status_code, answer.headers["location"]) == (303, "/pics/")
        assert httpx.get(f"{address}healthz", timeout=LIMIT_S).text == "ok"
    assert address.endswith("/pics/")


def test_a_path_that_cannot_be_told_from_a_page_stops_the_server(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it listens, with the setting's name."""
    monkeypatch.setenv("STRANDLINE_WEB_BASE_PATH", "/folders/")
    refused = run("serve", "--port", "0", "--json")
    assert refused.status == 2
    assert "web.base_path" in refused.json["error"]["message"]


def test_sessions_are_said_to_have_ended_only_if_they_have(root: Path, home: Path, tmp_path: Path) -> None:
    """The server at the home's address cannot read the new token here, because it has another home."""
    other = tmp_path / "other"
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        good = run("token", "rotate", "--json")
        assert (good.json["signed_out"], "signed out" in good.stderr) == (True, True)
        run("--home", str(other), "token", "show")
        (other / ADDRESS_FILE).write_bytes((home / ADDRESS_FILE).read_bytes())
        with open_store(other) as store, run_daemon(store):
            bad = run("--home", str(other), "token", "rotate", "--json")
        assert bad.json["signed_out"] is False
        assert "still uses the old one" in bad.stderr
        assert "signed out" not in bad.stderr


def test_a_server_that_was_killed_is_not_said_to_run(root: Path, home: Path) -> None:
    """It could not remove its address."""
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait(LIMIT_S)
    assert (home / ADDRESS_FILE).exists()
    assert run("sign-in").status == 6


def test_a_replaced_token_ends_all_sessions_of_a_running_server(root: Path) -> None:
    """Within seconds, also a stream that is open. The new one works without a restart."""
    with started("serve", "--port", "0") as process:
        assert process.stdout is not None
        address, link = process.stdout.readline().strip(), process.stdout.readline().strip()
        before = run("token", "show").text.strip()
        with httpx.Client(base_url=address, timeout=LIMIT_S) as client:
            client.get(link)
            with client.stream("GET", "/api/v1/events") as stream:
                assert stream.status_code == 200
                after = run("token", "rotate", "--json").json["token"]
                assert after != before
                for _ in stream.iter_lines():
                    pass
            assert client.get("/").status_code == 401
        for token, status in ((before, 401), (after, 200)):
            headers = {"authorization": f"Bearer {token}"}
            assert httpx.get(f"{address}api/v1/sds", headers=headers, timeout=LIMIT_S).status_code == status
