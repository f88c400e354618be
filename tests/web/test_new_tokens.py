"""A token can be used as soon as it was made, also at a server that runs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from builders.served import Served, serving_storage_dir
from strandline.web import app
from strandline.web.readings import READ_AGAIN_S


@pytest.fixture
def slow_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that read the tokens again only when they must."""
    monkeypatch.setattr(app, "SECRETS_S", 3600.0)


def ask(served: Served, token: str) -> httpx.Response:
    """A request of a program that has only this token."""
    with served.as_stranger() as stranger:
        return stranger.get("/api/v1/sds", headers={"authorization": f"Bearer {token}"})


def test_a_new_token_is_known_at_once(tmp_path: Path, slow_to_follow: None) -> None:
    """Another process made it. One that does not exist is refused."""
    with serving_storage_dir(tmp_path) as served:
        for _ in range(2):
            made = served.store.tokens.create()
            assert ask(served, made.text).status_code == 200
        other = "y" if made.text.endswith("x") else "x"
        assert ask(served, made.text[:-1] + other).status_code == 401


def test_wrong_tokens_do_not_ask_the_catalog_each_time(
    tmp_path: Path, slow_to_follow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many somebody tries."""
    with serving_storage_dir(tmp_path) as served:
        keyring, asked = served.app.door.keyring, []
        read = keyring.read

        def note_and_read() -> None:
            asked.append(time.monotonic())
            read()

        monkeypatch.setattr(keyring, "read", note_and_read)
        begun_s = time.monotonic()
        wrong = [f"strandline_{number:012x}_{'x' * 32}" for number in range(60)]
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(partial(ask, served), wrong))
        assert {answer.status_code for answer in answers} <= {401, 429}
        took_s = time.monotonic() - begun_s
        assert len(asked) <= took_s / READ_AGAIN_S + 1
        assert took_s < len(wrong) * READ_AGAIN_S / 2, "those who ask meanwhile wait for the same reading"
