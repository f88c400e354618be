"""Signing in and out: links that work once, the page, sessions that last, and the limit of tries (SPEC §11)."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from builders.served import Served, serving, serving_storage_dir
from builders.storage import id_of
from strandline.runtime.assembly import open_store
from strandline.runtime.sign_in import (
    LINK_LIFE,
    SESSION_LIFE,
    Sessions,
    make_sign_in_link,
    take_link_code,
)
from strandline.web.door import TRIES_OF_ALL, TRIES_OF_ONE, WINDOW_S, Tries, find_local

PHOTO = make_picture("jpg", seed=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "token-token-token"
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}


def make_code(home: Path, now: datetime = NOW) -> str:
    """The code of a new link."""
    return make_sign_in_link(home, "/", now).partition("code=")[2]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with a photo."""
    with serving_storage_dir(tmp_path, PHOTO) as it:
        yield it


def test_a_link_works_once_and_for_ten_minutes(tmp_path: Path) -> None:
    """A clock that was set back makes none valid, and old files do not pile up."""
    late, early, good = make_code(tmp_path), make_code(tmp_path, NOW), make_code(tmp_path)
    assert not take_link_code(tmp_path, late, NOW + LINK_LIFE + timedelta(seconds=2))
    assert not take_link_code(tmp_path, early, NOW - timedelta(minutes=1))
    assert not take_link_code(tmp_path, "x" + good, NOW)
    assert not take_link_code(tmp_path, "../web-token", NOW)
    assert take_link_code(tmp_path, good, NOW + LINK_LIFE - timedelta(seconds=2))
    assert not take_link_code(tmp_path, good, NOW)
    make_code(tmp_path)
    make_code(tmp_path, NOW + timedelta(hours=1))
    assert len(list((tmp_path / "sign-in-links").iterdir())) == 1


def test_of_many_who_use_a_link_at_once_one_gets_in(tmp_path: Path) -> None:
    """The file of the code can be removed once only."""
    code = make_code(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: take_link_code(tmp_path, code, NOW), range(40)))
    assert taken.count(True) == 1


def test_the_files_of_links_give_no_link(tmp_path: Path) -> None:
    """Neither name nor content contains the code, and only the owner can read them."""
    code = make_code(tmp_path)
    [path] = (tmp_path / "sign-in-links").iterdir()
    assert code not in path.name + path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_session_lasts_until_it_is_ended_or_the_token_is_replaced(tmp_path: Path) -> None:
    """It survives a restart, and so does its end."""
    sessions = Sessions(tmp_path)
    one, other = sessions.begin(TOKEN, NOW), sessions.begin(TOKEN, NOW)
    assert one != other
    assert TOKEN not in one
    assert Sessions(tmp_path).is_valid(TOKEN, one, NOW + SESSION_LIFE - timedelta(seconds=2))
    assert not sessions.is_valid(TOKEN, one, NOW + SESSION_LIFE + timedelta(seconds=2))
    assert not sessions.is_valid("another-token-", one, NOW)
    sessions.end(one, NOW)
    for now_running in (sessions, Sessions(tmp_path)):
        assert not now_running.is_valid(TOKEN, one, NOW)
        assert now_running.is_valid(TOKEN, other, NOW)


class ReadMeanwhile:
    """A shared catalog from which ended sessions are read while one ends: the reading began before."""

    end: Callable[[], None]

    def list_ended(self) -> dict[str, int]:
        """As it was before."""
        self.end()
        return {}

    def end_session(self, name: str, until: datetime) -> None:
        """For all."""


def test_a_session_that_ends_while_the_ended_ones_are_read_has_ended(tmp_path: Path) -> None:
    """Otherwise a browser that has signed out was let in until the next reading."""
    shared = ReadMeanwhile()
    sessions = Sessions(tmp_path, shared)
    one, other = (sessions.begin(TOKEN, NOW) for _ in range(2))
    shared.end = lambda: sessions.end(one, NOW)
    sessions.read()
    assert [sessions.is_valid(TOKEN, each, NOW) for each in (one, other)] == [False, True]


@given(text=st.text(max_size=80), at=st.integers(0, 90), letter=st.characters(max_codepoint=0x2FF))
def test_no_other_text_is_a_session(
    tmp_path_factory: pytest.TempPathFactory, text: str, at: int, letter: str
) -> None:
    """Neither any text nor a session with one letter changed."""
    sessions = Sessions(tmp_path_factory.getbasetemp())
    value = sessions.begin(TOKEN, NOW)
    changed = value[:at] + letter + value[at + 1 :]
    assert not sessions.is_valid(TOKEN, text, NOW)
    assert changed == value or not sessions.is_valid(TOKEN, changed, NOW)


@given(
    address=st.text(max_size=40)
    | st.sampled_from(["//x", "/\\x", "https://x", "/a?b=c&d", "/sign-in?code=x"])
)
def test_the_way_on_stays_on_this_server(address: str) -> None:
    """Whatever a link says, and in letters that a header can contain."""
    place = find_local(address)
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\", "/sign-"))
    assert place.isascii()
    assert place.isprintable()


def test_wrong_tries_are_counted_for_each_and_for_all() -> None:
    """Those who have tried too often wait, and nobody else. All together have a limit as well."""
    tries = Tries()
    for _ in range(TRIES_OF_ONE):
        assert tries.find_delay_s("a", 0) == 0
        tries.note_wrong("a", 0)
    assert tries.find_delay_s("a", 1) == WINDOW_S - 1
    assert tries.find_delay_s("a", WINDOW_S) == 0
    assert tries.find_delay_s("b", 1) == 0
    for number in range(TRIES_OF_ALL):
        tries.note_wrong(str(number), 2)
    assert tries.find_delay_s("b", 3) > 0


def test_a_link_signs_a_browser_in(served: Served) -> None:
    """The cookie lasts, scripts cannot read it, and it is neither the token nor the code."""
    link = served.make_link()
    with served.as_stranger() as client:
        answer = client.get(f"{link}&next=/folders?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/folders?x=1")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"strandline-{served.address.port}=")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert link.partition("code=")[2] not in cookie
        assert served.app.door.guard.token not in cookie
        assert client.get("/").status_code == 200
        assert client.get(link).status_code == 303  # an old link, in a browser that is signed in
    with served.as_stranger() as other:
        assert other.get(link).status_code == 401


def test_looking_ahead_uses_no_link_up(served: Served) -> None:
    """A prefetch, and a program that looks at the head, as messengers do."""
    link = served.make_link()
    with served.as_stranger() as client:
        assert client.head(link).status_code == 200
        for headers in ({"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}):
            assert client.get(link, headers=headers).status_code == 503
        assert client.get(link).status_code == 303


def test_the_cookie_is_secure_if_a_proxy_on_this_machine_says_tls(served: Served) -> None:
    """So it never leaves in the clear."""
    with served.as_stranger() as client:
        answer = client.get(served.make_link(), headers={"x-forwarded-proto": "https"})
        assert "; Secure" in answer.headers["set-cookie"]


def test_a_page_that_is_asked_for_comes_after_signing_in(served: Served) -> None:
    """The page to sign in says where the token is, and takes it, or a link."""
    for secret in (served.app.door.guard.token, f" http://127.0.0.1:1{served.make_link()} "):
        with served.as_stranger() as client:
            asked = client.get("/folders?a=b", headers=PAGE)
            assert asked.status_code == 401
            assert 'name="next" value="/folders?a=b"' in asked.text
            assert "web-token" in asked.text
            assert str(served.store.home) not in asked.text
            assert "script-src" not in asked.headers["content-security-policy"]
            assert "<script" not in asked.text
            answer = client.post("/sign-in", data={"secret": secret, "next": "/folders?a=b"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/folders?a=b")
            assert client.get("/folders").status_code == 200


def test_a_wrong_secret_is_told_and_counted(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Then the next one waits, in the form and in a header, but never the right one. The log has the address."""
    token = served.app.door.guard.token
    caplog.set_level(logging.INFO, "strandline")
    with served.as_stranger() as client:
        for _ in range(TRIES_OF_ONE):
            assert client.post("/sign-in", data={"secret": "wrong"}).status_code == 401
        assert caplog.text.count("wrong link or token from 127.0.0.1") == TRIES_OF_ONE
        assert caplog.text.count("too many wrong tries to sign in from 127.0.0.1") == 1
        refused = client.post("/sign-in", data={"secret": "wrong"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= WINDOW_S
        assert client.get("/api/v1/sds", headers={"authorization": f"Bearer {token}"}).status_code == 200
        for _ in range(TRIES_OF_ONE + 1):
            wrong = client.get("/api/v1/sds", headers={"authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.json()["code"]) == (429, "too-many-tries")
        assert client.get("/api/v1/sds", headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert client.post("/sign-in", data={"secret": token}).status_code == 303
    assert token not in caplog.text


def test_signing_out_ends_the_session_and_not_only_its_cookie(served: Served) -> None:
    """A copy of the cookie is of no use any more. Other browsers stay signed in."""
    with served.as_stranger() as client:
        client.get(served.make_link())
        kept = dict(client.cookies)
        assert client.post("/sign-out", headers={"origin": "https://evil.example"}).status_code == 403
        assert client.get("/").status_code == 200
        answer = client.post("/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert client.get("/").status_code == 401
        assert "You were signed out" not in client.get("/", headers=PAGE).text
    with httpx.Client(base_url=served.address.url, cookies=kept) as thief:
        assert thief.get("/").status_code == 401
        assert "You were signed out" in thief.get("/", headers=PAGE).text
    assert served.client.get("/").status_code == 200


def test_a_session_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    """It needs no memory of the server."""
    with open_store(tmp_path / "home") as store:
        with serving(store) as served:
            value = served.client.cookies[served.app.door.cookie]
        with serving(store) as served:
            cookies = {served.app.door.cookie: value}
            assert httpx.get(served.address.url, cookies=cookies).status_code == 200


def test_no_other_site_signs_a_browser_in(served: Served) -> None:
    """Nor does the form of a page on another port."""
    data = {"secret": served.app.door.guard.token}
    with served.as_stranger() as client:
        for origin in ("https://evil.example", "http://localhost:3000", "null"):
            assert client.post("/sign-in", data=data, headers={"origin": origin}).status_code == 403


def test_the_setting_opens_loopback_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who choose it."""
    monkeypatch.setenv("STRANDLINE_WEB_AUTH", "open-on-loopback")
    with serving_storage_dir(tmp_path, PHOTO) as served, served.as_stranger() as client:
        assert client.get("/").status_code == 200
        assert client.get(f"/i/{id_of(PHOTO)}").content == PHOTO


def test_a_person_gets_pages_and_a_program_gets_problems(served: Served) -> None:
    """For 401, 404, and 421."""
    for path, host, client in (
        ("/nope", "localhost", served.client),
        ("/", "localhost", None),
        ("/", "evil.example", None),
    ):
        with served.as_stranger() as stranger:
            for accept, kind in (("text/html", "text/html"), ("*/*", "application/problem+json")):
                answer = (client or stranger).get(path, headers={"host": host, "accept": accept})
                assert answer.status_code in (401, 404, 421)
                assert answer.headers["content-type"].startswith(kind)


def test_every_session_file_is_its_owners(served: Served) -> None:
    """Whatever signing in and out leaves in the home."""
    with served.as_stranger() as client:
        client.get(served.make_link())
        client.post("/sign-out")
    assert (served.store.home / "ended-sessions").exists()
    for folder, _, names in os.walk(served.store.home):
        if Path(folder).name in ("scratch", "cache"):
            continue
        for name in names:
            assert not stat.S_IMODE((Path(folder) / name).stat().st_mode) & 0o077, name
