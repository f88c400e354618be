"""Any number of servers on one catalog are one server to those who use it, also if one of them is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from builders.many_servers import LIMIT_S, Running, end, start
from builders.postgres import shared_server
from builders.postgres import started as started_postgres
from builders.program import run
from builders.s3_server import OtherProgram, S3Server
from builders.served import NO_TLS, serving
from builders.storage import id_of, make_pictures
from strandline.runtime.assembly import open_store
from strandline.runtime.web_secrets import IMAGE_KEY_FILE

PICTURES = make_pictures(40)


@dataclass
class Team:
    """Two servers on one catalog, with a bucket, and a token that may save."""

    one: Running
    other: Running
    token: str


@pytest.fixture
def team(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Team]:
    """The servers, each with a home of its own."""
    place: OtherProgram = s3_server.make_place()
    with shared_server(request).lent_database() as url, ExitStack() as stack:
        environment = s3_server.environment | {"STRANDLINE_CATALOG_URL": url}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert run("--home", tmp_path / "one", "sd", "add", place.address, "--name", "Pics").status == 0
        made = run("--home", tmp_path / "one", "--json", "token", "create", "--role", "write")
        servers = []
        for name in ("one", "other"):
            server = start(tmp_path / name, environment)
            stack.callback(end, server)
            servers.append(server)
        yield Team(servers[0], servers[1], made.json["token"])


def wait_until(holds: Callable[[], bool]) -> None:
    """Waits for something that another process does."""
    until_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < until_s, "it took too long"
        time.sleep(0.05)


@dataclass
class Follower:
    """A client of live events that goes on at the next server if one is gone, as an ``EventSource`` does."""

    servers: list[Running]
    token: str
    events: list[dict[str, object]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Of events, those that are about the stream itself."""
    connected: threading.Event = field(default_factory=threading.Event)
    last_id: str = ""
    stop: bool = False

    def run(self) -> None:
        """Follows until it is told to stop."""
        while not self.stop:
            headers = {"authorization": f"Bearer {self.token}"}
            if self.last_id:
                headers["last-event-id"] = self.last_id
            try:
                with (
                    self.servers[0].client(**headers) as client,
                    client.stream("GET", "/api/v1/events", timeout=2.0) as stream,
                ):
                    self.connected.set()
                    self._read(stream.iter_lines())
            except httpx.HTTPError:
                self.servers = [*self.servers[1:], self.servers[0]]

    def _read(self, lines: Iterator[str]) -> None:
        kind = ""
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data" and kind.startswith("image."):
                self.events.append(json.loads(value))
            elif name == "data" and kind in ("reset", "lagged"):
                self.others.append(kind)
            if self.stop:
                return


def test_what_one_server_lets_in_the_other_does_too(team: Team) -> None:
    """A link works at any of them, once. The session, the image key, and a token count at both, and signing out as
    well. What is saved through one is shown by the other.
    """
    code = team.one.link.partition("sign-in")[2]
    with team.other.client() as browser:
        assert browser.get(f"/sign-in{code}").status_code == 303
        cookies = dict(browser.cookies)
        assert browser.get("/api/v1/sds").status_code == 200
        with team.one.client() as again:
            assert again.get(f"/sign-in{code}").status_code == 401
            again.cookies.update(cookies)
            assert again.get("/api/v1/sds").status_code == 200
            team.one.upload(PICTURES[0], team.token)
            key = (team.one.home / IMAGE_KEY_FILE).read_text().strip()
            shown = httpx.get(f"{team.other.address}i/{id_of(PICTURES[0])}?key={key}", verify=NO_TLS)
            assert shown.content == PICTURES[0]
            assert (team.other.home / IMAGE_KEY_FILE).read_text().strip() == key
            assert browser.post("/sign-out").status_code == 303
            wait_until(lambda: again.get("/api/v1/sds").status_code == 401)
    made = run("--home", team.other.home, "sign-in")
    link = re.sub("^http://[^/]*/", team.one.address, made.text.strip())
    with team.one.client() as browser:
        assert browser.get(link).status_code == 303
        assert run("--home", team.one.home, "token", "rotate").status == 0
        wait_until(lambda: browser.get("/api/v1/sds").status_code == 401)
    lines = run("--home", team.one.home, "--json", "audit").json["audit"]
    assert any(line["action"] == "POST /api/v1/images" for line in lines)


def test_a_listener_goes_on_at_another_server_without_a_loss(team: Team) -> None:
    """Images are saved through both while one is killed: each is told once, in order, to the client that moved on."""
    follower = Follower([team.one, team.other], team.token)
    thread = threading.Thread(target=follower.run)
    thread.start()
    try:
        assert follower.connected.wait(LIMIT_S)
        begin_s = time.monotonic()
        team.other.upload(PICTURES[0], team.token)
        wait_until(lambda: len(follower.events) == 1)
        assert time.monotonic() - begin_s < 5, "it is told at once, not found by a scan"
        for number, data in enumerate(PICTURES[1:20]):
            (team.one, team.other)[number % 2].upload(data, team.token)
            if number == 10:
                break
        os.kill(team.one.process.pid, signal.SIGKILL)
        for data in PICTURES[20:]:
            team.other.upload(data, team.token)
        wait_until(lambda: len(follower.events) >= 1 + 11 + 20)
    finally:
        follower.stop = True
        thread.join(LIMIT_S)
    with team.other.client(authorization=f"Bearer {team.token}") as client:
        journal = client.get("/api/v1/journal", params={"type": "image", "limit": 500}).json()["events"]
    assert [event["seq"] for event in follower.events] == [event["seq"] for event in journal[::-1]]
    assert len({event["image_id"] for event in follower.events}) == 32
    assert follower.others == []


def test_a_server_is_ready_if_the_catalog_answers(tmp_path: Path) -> None:
    """It runs all the same, and is ready again as soon as the catalog is back. So are tokens and sessions."""
    with (
        started_postgres() as postgres,
        open_store(tmp_path / "home", overrides={"catalog.url": postgres.url()}) as store,
        serving(store) as served,
        served.as_stranger() as monitor,
    ):
        assert monitor.get("/readyz").status_code == 200
        postgres.stop()
        wait_until(lambda: monitor.get("/readyz").status_code == 503)
        assert monitor.get("/healthz").status_code == 200
        assert monitor.get("/api/v1/sds").status_code == 401
        postgres.start()
        wait_until(lambda: monitor.get("/readyz").status_code == 200)
        assert served.client.get("/api/v1/sds").status_code == 200
