"""Wrong tries to sign in do not keep the catalog busy, however many there are."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builders.postgres import shared_server
from builders.served import Served, serving
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.runtime.assembly import open_store
from strandline.runtime.shared_sign_ins import make_link_to
from strandline.web import app
from strandline.web.door import TRIES_OF_ONE
from strandline.web.readings import READ_AGAIN_S

STATEMENTS_OF_A_READING = 8
"""With those that begin its transactions."""


@pytest.fixture
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A server of a shared catalog that reads secrets only if it must."""
    monkeypatch.setattr(app, "SECRETS_S", 3600.0)
    with (
        shared_server(request).lent_database() as url,
        open_store(tmp_path / "home", overrides={"catalog.url": url}) as store,
        serving(store) as it,
    ):
        yield it


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those of the threads that answer to everybody."""
    ran: list[str] = []
    for name in ("execute", "begin"):
        real = getattr(PostgresConnection, name)

        def note(self: PostgresConnection, statement: str, *values: Any, real: Any = real) -> Any:
            if threading.current_thread().name.startswith("strandline-quick"):
                ran.append(statement)
            return real(self, statement, *values)

        monkeypatch.setattr(PostgresConnection, name, note)
    return ran


def try_all(served: Served, given: Sequence[str]) -> list[int]:
    """The statuses of the answers to these at once."""

    def try_one(text: str) -> int:
        with served.as_stranger() as browser:
            return browser.post("/sign-in", data={"secret": text}).status_code

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(try_one, given))


def make_codes(count: int) -> list[str]:
    """Texts that look like the codes of links."""
    return [secrets.token_urlsafe(24) for _ in range(count)]


def test_wrong_tries_cost_the_catalog_little_and_then_nothing(served: Served, statements: list[str]) -> None:
    """Those who may try share a few readings. Those who must wait cause none, and a right link still works."""
    link, late = (make_link_to(served.store, "/").partition("code=")[2] for _ in range(2))
    begun_s = time.monotonic()
    assert set(try_all(served, make_codes(TRIES_OF_ONE))) == {401}
    readings = (time.monotonic() - begun_s) / READ_AGAIN_S + 1
    assert len(statements) <= readings * STATEMENTS_OF_A_READING
    assert not any("DELETE" in each for each in statements), "each would be a durable transaction"
    statements.clear()
    assert set(try_all(served, [*make_codes(20), "x" * 32, "wrong", ""])) == {429}
    assert statements == []
    assert try_all(served, [f"http://localhost/sign-in?code={link}"]) == [303]
    assert try_all(served, [link]) == [429]
    assert try_all(served, [late, served.app.door.guard.token]) == [303, 303]


def test_what_was_made_just_now_is_known(served: Served) -> None:
    """A link and a token, at once."""
    assert try_all(served, [make_link_to(served.store, "/")]) == [303]
    assert try_all(served, [served.store.tokens.create("read").text]) == [303]
