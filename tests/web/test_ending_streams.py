"""A stream of events ends when its session or its token does, at every server, and nobody else's ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.served import LIMIT_S, NO_TLS, Served, serving, serving_storage_dir
from strandline.runtime.assembly import open_store
from strandline.runtime.shared_sign_ins import end_shared_sessions
from strandline.runtime.web_secrets import TOKEN_FILE, rotate_secret
from strandline.web import app


@pytest.fixture(autouse=True)
def quick_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second for a server."""
    monkeypatch.setattr(app, "SECRETS_S", 0.1)


class Stream:
    """One that is read by a thread until it ends."""

    def __init__(self, served: Served, **headers: str) -> None:
        self.begun, self.ended, self.told = (threading.Event() for _ in range(3))
        self._url = served.address.url
        self._headers = headers
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        assert self.begun.wait(LIMIT_S)

    def _read(self) -> None:
        with (
            httpx.Client(base_url=self._url, headers=self._headers, timeout=LIMIT_S, verify=NO_TLS) as client,
            client.stream("GET", "/api/v1/events") as answer,
        ):
            assert answer.status_code == 200
            for line in answer.iter_lines():
                self.begun.set()
                if '"image_id"' in line:
                    self.told.set()
        self.ended.set()

    def has_ended(self) -> bool:
        """Whether it ends within the time that tests wait."""
        return self.ended.wait(LIMIT_S)


def sign_in(served: Served, secret: str) -> dict[str, str]:
    """The cookie of a new session."""
    with served.as_stranger() as browser:
        assert browser.post("/sign-in", data={"secret": secret}).status_code == 303
        return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def sign_out(served: Served, session: dict[str, str]) -> None:
    """Ends the session."""
    with served.as_stranger() as browser:
        assert browser.post("/sign-out", headers=session).status_code == 303


def try_wrongly(served: Served) -> None:
    """A server that reads secrets because of this must not forget what they were."""
    with served.as_stranger() as browser:
        assert browser.post("/sign-in", data={"secret": "wrong"}).status_code == 401


def test_signing_out_ends_the_streams_of_the_session(tmp_path: Path) -> None:
    """Also if the session may see only some storage directories. Those of others go on."""
    with serving_storage_dir(tmp_path) as served:
        store = served.store
        token = served.app.door.guard.token
        limited = store.tokens.create("read", sds=store.list_storage_dirs()).text
        sessions = [sign_in(served, secret) for secret in (token, token, limited, limited)]
        streams = [Stream(served, **session) for session in sessions]
        for at in (0, 2):
            sign_out(served, sessions[at])
            assert streams[at].has_ended()
        store.save(make_picture("jpg", seed=1), sd="Notes")
        for at in (1, 3):
            assert streams[at].told.wait(LIMIT_S)
            assert not streams[at].ended.is_set()
        rotate_secret(store.home / TOKEN_FILE)
        try_wrongly(served)
        assert streams[1].has_ended()
        assert streams[3].has_ended(), "replacing the home's token ends all sessions"


@pytest.fixture
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two servers of one catalog, each with a home of its own."""
    with shared_server(request).lent_database() as url, ExitStack() as stack:
        one, other = (
            stack.enter_context(
                serving(stack.enter_context(open_store(tmp_path / name, overrides={"catalog.url": url})))
            )
            for name in ("one", "other")
        )
        yield one, other


def test_a_session_ends_at_every_server(two: tuple[Served, Served]) -> None:
    """By signing out, and by ending all sessions, also while somebody tries to sign in. A program's goes on."""
    one, other = two
    made = other.store.tokens.create("read")
    sessions = [sign_in(one, one.app.door.guard.token) for _ in range(2)]
    streams = [Stream(other, **session) for session in sessions]
    programs = Stream(other, authorization=f"Bearer {made.text}")
    sign_out(one, sessions[0])
    assert streams[0].has_ended()
    assert not streams[1].ended.is_set()
    end_shared_sessions(one.store)
    try_wrongly(other)
    assert streams[1].has_ended()
    assert not programs.ended.is_set()
    other.store.tokens.revoke(made.known.token_id)
    assert programs.has_ended()
