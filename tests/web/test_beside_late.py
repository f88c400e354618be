"""A shared catalog that does not answer when the server starts: the own folders are there, and it joins."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from builders.beside import OF_OWNER, OWN_ID
from builders.postgres import started
from builders.served import LIMIT_S, Served, serving
from builders.storage import make_storage_dir
from strandline import open_store
from strandline.runtime.local_folders import open_own
from strandline.web import late
from strandline.web.beside import Beside
from strandline.web.late import joining_late

PAGE = {"accept": "text/html"}


def check_alone(served: Served) -> None:
    """What is there, and what says why it is not."""
    client = served.client
    for path in ("/", "/folders", "/image/x"):
        page = client.get(path, headers=PAGE)
        assert (page.status_code, "The team’s catalog does not answer" in page.text) == (503, True)
        assert re.search(r'href="/local/(folders)?"', page.text)
    problem = client.get("/api/v1/images")
    assert (problem.status_code, problem.json()["code"]) == (503, "catalog-away")
    assert client.get(f"/i/{OWN_ID}").content == OF_OWNER
    assert client.get(f"/i/{'0' * 32}").status_code == 503
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
    assert client.get("/local/folders").status_code == client.get("/static/strandline.css").status_code == 200
    with served.as_stranger() as stranger:
        for path in ("/", "/api/v1/images", f"/i/{OWN_ID}", "/local/"):
            assert stranger.get(path).status_code == 401, path
        answer = stranger.post("/sign-in", data={"secret": served.app.door.guard.token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/local/")
        assert stranger.get("/local/").status_code == 200
        assert stranger.post("/sign-out").status_code == 303
        assert stranger.get("/local/").status_code == 401


def test_it_joins_once_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody starts the server again. What was open goes on."""
    monkeypatch.setattr(late, "RETRY_S", 0.1)
    home, vault = tmp_path / "home", make_storage_dir(tmp_path / "Vault", OF_OWNER)
    with started() as server:
        monkeypatch.setenv("STRANDLINE_CATALOG_URL", server.make_database())
        server.stop("fast")
        with open_store(home, local=True) as store:
            store.add_storage_dir(vault)
        own = open_own(home)
        assert own is not None
        with own, serving(None, own) as served:
            assert isinstance(served.site, Beside)
            with joining_late(served.site, lambda: open_store(home), port=1, is_loopback=True):
                check_alone(served)
                server.start()
                until_s = time.monotonic() + LIMIT_S
                while served.client.get("/readyz").status_code != 200:
                    assert time.monotonic() < until_s
                    time.sleep(0.05)
                assert served.client.get("/local/").status_code == 200
                with served.as_stranger() as browser:
                    browser.post("/sign-in", data={"secret": served.app.door.guard.token})
                    assert browser.get("/").status_code == 200
                    assert 'href="/local/"' in browser.get("/").text


def test_without_folders_it_does_not_start(home: Path) -> None:
    """There would be nothing to show."""
    assert open_own(home) is None
