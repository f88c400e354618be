"""Each role opens the routes that it is for, and no other; those who may see a part learn nothing of the rest.

Every route is walked, and so is each route to come: one that the table does not name fails here.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.routes import fill
from builders.served import LIMIT_S, NO_TLS, Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.model.access import Role
from strandline.runtime.assembly import open_store
from strandline.web.access import NEEDS, iter_routes

OPEN, SECRET = make_picture("jpg", seed=1), make_picture("png", seed=2)
SECRET_NAME = "verschwiegen"
SIGNING = {"/sign-in", "/sign-out"}
ENDLESS = "/api/v1/events"


@dataclass
class Team:
    """A server with a storage directory that some may see, and one that they may not."""

    served: Served
    secret_words: tuple[str, ...]
    """What only the other storage directory has: its name, path, identity, image, and names of files. And what only
    the machine has.
    """

    def make_token(self, role: str, *sds: str, **more: object) -> str:
        """A token that the server knows."""
        store = self.served.store
        chosen = [store.get_storage_dir(sd) for sd in sds] if sds else None
        made = store.tokens.create(role, sds=chosen, **more)  # type: ignore[arg-type]
        self.served.app.door.guard = self.served.app.door.read_guard()
        return made.text

    @contextmanager
    def as_one_with(self, token: str, **headers: str) -> Iterator[httpx.Client]:
        """A program that sends the token."""
        given = {"authorization": f"Bearer {token}"} | headers
        url = self.served.address.url
        with httpx.Client(base_url=url, headers=given, timeout=LIMIT_S, verify=NO_TLS) as client:
            yield client


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The server."""
    folder = tmp_path_factory.mktemp("team")
    shown = make_storage_dir(folder / "Notes", OPEN)
    hidden = make_storage_dir(folder / SECRET_NAME, SECRET)
    (hidden / "note.md").write_text("nobody-may-read-this")
    with open_store(folder / "home") as store:
        store.add_storage_dir(shown)
        sd = store.add_storage_dir(hidden).sd
        store.save(make_picture("jpg", seed=3), sd=sd, name="heimlich.jpg")
        both = make_picture("jpg", seed=4)
        store.save(both, sd="Notes", name="offen.jpg")
        store.save(both, sd=sd, name="heimlich-auch.jpg")
        lost = store.save(make_picture("jpg", seed=5), sd=sd, name="heimlich-fort.jpg")
        store.delete(store.plan_delete([lost.image_id]))
        (hidden / "media" / store.list_images(sd=sd).images[-1].files[0].filename).touch()
        assert sd.sd_id is not None
        with serving(store) as served:
            yield Team(
                served,
                (
                    *(SECRET_NAME, str(hidden), sd.sd_id, id_of(SECRET), "heimlich", "nobody-may-read-this"),
                    str(folder / "home"),
                ),
            )


def list_routes(team: Team) -> list[tuple[str, str]]:
    """Method and path of each route, as the framework has them, and that of image bytes."""
    found = [*iter_routes(team.served.app._rest.routes), ("GET", "/i/{image_id}")]  # type: ignore[attr-defined]
    return sorted(set(found))


def test_the_table_names_every_route_and_no_other(team: Team) -> None:
    """So that a new route must be given a role before it is for anybody but an administrator."""
    assert set(list_routes(team)) == NEEDS.keys()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("sds", [(), ("Notes",)], ids=["all", "part"])
def test_each_role_opens_what_it_is_for_and_nothing_else(
    team: Team, role: Role, sds: tuple[str, ...]
) -> None:
    """Whatever a browser or a program asks. What is closed is refused with a reason, before anything is read."""
    if role is Role.ADMIN and sds:
        return
    token = team.make_token(role, *sds)
    order = list(Role)
    with team.as_one_with(token) as client:
        for method, path in list_routes(team):
            if path in SIGNING:
                continue
            need = NEEDS[method, path]
            is_open = order.index(need.role) <= order.index(role) and (need.is_for_part or not sds)
            for asked in (method, "HEAD") if method == "GET" and not is_open else (method,):
                status, text = ask(client, asked, fill(path))
                closed = status == 403 and '"not-allowed"' in text
                if is_open and not (sds and "you may use" in text):
                    assert not closed, (asked, path, text)
                    assert status not in (401, 429), (asked, path, text)
                elif not is_open:
                    assert status == 403, (asked, path, status)
                    assert asked == "HEAD" or closed, (asked, path, text)  # test_head asks the open ones


def ask(client: httpx.Client, method: str, path: str) -> tuple[int, str]:
    """Status and text of the answer. A stream is left after its head."""
    headers = {"content-type": "application/json"}
    with client.stream(method, path, content=b"{}" if method != "GET" else None, headers=headers) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, ""
        return answer.status_code, answer.read().decode("utf-8", "replace")


def test_a_method_that_nothing_takes_changes_nothing(team: Team) -> None:
    """The framework refuses it, as for everybody."""
    with team.as_one_with(team.make_token("read")) as client:
        for method in ("PUT", "PROPFIND", "TRACE"):
            assert client.request(method, "/api/v1/sds").status_code == 405


def test_who_may_see_a_part_learns_nothing_of_the_rest(team: Team) -> None:
    """No route that reads tells a name, a path, an id, or a byte of it, however it is asked."""
    queries = (
        "",
        f"?q={SECRET_NAME}",
        "?state=present",
        "?text=heimlich",
        f"?sd={SECRET_NAME}",
        "?limit=1000",
    )
    fillings = ("Notes", SECRET_NAME, id_of(SECRET), id_of(OPEN), "1", "2")
    with team.as_one_with(team.make_token("write", "Notes")) as client:
        for method, path in list_routes(team):
            if (
                method != "GET"
                or path in (ENDLESS, "/static/{path:path}")
                or not NEEDS[method, path].is_for_part
            ):
                continue
            for filling in fillings if "{" in path else ("",):
                for query in queries:
                    asked = fill_with(path, filling) + query
                    answer = client.get(asked)
                    told = answer.text.replace(asked, "")
                    for word in (filling, query.partition("=")[2]):  # an error repeats what it was asked
                        told = told.replace(word, "") if word else told
                    for word in team.secret_words:
                        assert word not in told, (asked, word, told)


def test_who_may_see_a_part_does_not_learn_how_full_the_machine_is(team: Team) -> None:
    """Who may see all does."""
    for sds, is_told in (((), True), (("Notes",), False)):
        with team.as_one_with(team.make_token("read", *sds)) as client:
            status = client.get("/api/v1/status").json()
            assert (status["home"]["free_bytes"] is not None) is is_told


def fill_with(template: str, value: str) -> str:
    """The path with the value in the place of each parameter."""
    return "/".join(value if part.startswith("{") else part for part in template.split("/"))


def test_an_image_of_another_storage_directory_is_not_there(team: Team) -> None:
    """Not in lists, months, and numbers, not by its id, its name, or a part of it, and not as a thumbnail."""
    with team.as_one_with(team.make_token("read", "Notes")) as client:
        page = client.get("/api/v1/images").json()
        assert len(page["images"]) == page["total"] == 2
        assert client.get("/api/v1/images/months").json()["total"] == 2
        for path in (f"/api/v1/images/{id_of(SECRET)}", f"/i/{id_of(SECRET)}", f"/i/{id_of(SECRET)}?w=100"):
            assert client.get(path).status_code == 404, path
        assert client.get(f"/i/{id_of(OPEN)}").content == OPEN
        assert client.get(f"/i/{id_of(OPEN)}", params={"sd": SECRET_NAME}).status_code == 403
        (sd,) = client.get("/api/v1/sds").json()["sds"]
        assert (sd["name"], sd["images"]) == ("Notes", 2)
        status = client.get("/api/v1/status").json()
        assert (status["images"], len(status["sds"]), status["trash"]["files"]) == (2, 1, 0)
        assert 'sd="Notes"' in client.get("/metrics").text
        assert "offen.jpg" not in client.get("/").text, "nobody knows whose name it is"


def test_a_storage_directory_that_is_not_allowed_is_refused_like_one_that_is_not_there(team: Team) -> None:
    """With the same answer, so that nobody learns which names there are."""
    token = team.make_token("write", "Notes")
    with team.as_one_with(token) as client:
        answers = []
        for name in (SECRET_NAME, "nothing-like-it"):
            refused = client.post("/api/v1/images", params={"sd": name}, content=make_picture("jpg", seed=9))
            assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
            answers.append(refused.text)
        assert answers[0] == answers[1]
        assert client.post("/api/v1/scans", json={"sd": SECRET_NAME}).status_code == 403
        copied = client.post(f"/api/v1/images/{id_of(OPEN)}/copy", json={"sd": SECRET_NAME})
        assert copied.status_code == 403
        saved = client.post("/api/v1/images", params={"sd": "Notes"}, content=OPEN)
        assert saved.status_code == 200


def test_events_tell_only_of_what_may_be_seen(team: Team) -> None:
    """Live ones and past ones; also those without a number. Those of the own part come as ever."""
    store = team.served.store
    token = team.make_token("write", "Notes")
    with team.as_one_with(token) as client, client.stream("GET", ENDLESS) as stream:
        lines = stream.iter_lines()
        next(lines)
        hidden = store.save(make_picture("jpg", seed=20), sd=SECRET_NAME)
        store.scans.wait(store.scans.start(store.get_storage_dir(SECRET_NAME)), 10.0)
        shown = store.save(make_picture("jpg", seed=21), sd="Notes")
        for line in lines:
            assert hidden.image_id not in line
            if line.startswith("data: {"):
                event = json.loads(line.removeprefix("data: "))
                assert event["sd_id"] == store.get_storage_dir("Notes").sd_id
                if event.get("image_id") == shown.image_id:
                    break
        past = client.get("/api/v1/journal", params={"limit": 500}).json()["events"]
        assert past
        assert {event["sd_id"] for event in past} == {store.get_storage_dir("Notes").sd_id}
        assert SECRET_NAME not in client.get("/api/v1/scans").text


def test_a_session_may_do_what_its_token_may(team: Team) -> None:
    """The page to sign in takes an access token. The session ends with it."""
    store = team.served.store
    token = team.make_token("read", "Notes", note="reader")
    with team.served.as_stranger() as browser:
        assert browser.post("/sign-in", data={"secret": token}).status_code == 303
        assert browser.get("/api/v1/images").json()["total"] < store.list_images().total
        page = browser.get("/", headers={"accept": "text/html"})
        assert page.status_code == 200
        assert SECRET_NAME not in page.text
        refused = browser.post("/folders", headers={"accept": "text/html"})
        assert refused.status_code == 403
        assert "needs the role admin" in refused.text
        store.tokens.revoke("reader")
        team.served.app.door.guard = team.served.app.door.read_guard()
        assert browser.get("/api/v1/images").status_code == 401


def test_a_token_ends(team: Team) -> None:
    """When it is revoked, when it expires, and for a storage directory that was forgotten."""
    store = team.served.store
    token = team.make_token("write", note="short", expires_at=store.now() + timedelta(hours=1))
    look = partial(httpx.get, f"{team.served.address.url}api/v1/sds", verify=NO_TLS)
    headers = {"authorization": f"Bearer {token}"}
    assert look(headers=headers).status_code == 200
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token[:-1],
        f"{token}x",
        token.replace("_", "-", 1),
    ):
        assert look(headers={"authorization": f"Bearer {wrong}"}).status_code in (401, 429), wrong
    real_now = store.bench.now
    try:
        store.bench.now = lambda: real_now() + timedelta(hours=2)
        assert look(headers=headers).status_code in (401, 429)
    finally:
        store.bench.now = real_now
    assert look(headers=headers).status_code == 200


def test_a_stream_ends_with_its_token(team: Team) -> None:
    """Within some seconds, and nobody else's rights are widened by it."""
    token = team.make_token("read", "Notes", note="streaming")
    with team.as_one_with(token) as client, client.stream("GET", ENDLESS) as stream:
        lines = stream.iter_lines()
        next(lines)
        team.served.store.tokens.revoke("streaming")
        assert list(lines) is not None, "it has an end"
    until_s = time.monotonic() + LIMIT_S
    with team.as_one_with(token) as client:
        while client.get("/api/v1/sds").status_code == 200:
            assert time.monotonic() < until_s, "a revoked token still counts"


def test_a_copied_folder_is_not_written_to_by_those_who_see_one_of_the_two(
    tmp_path: Path,
) -> None:
    """What guards a storage directory does not depend on who asks. The other folder is not named."""
    root = make_storage_dir(tmp_path / "Notes", OPEN)
    with open_store(tmp_path / "home") as store:
        sd = store.add_storage_dir(root).sd
        shutil.copytree(root, tmp_path / SECRET_NAME)
        store.add_storage_dir(tmp_path / SECRET_NAME)
        with serving(store) as served:
            team = Team(served, ())
            with team.as_one_with(team.make_token("write", sd.path)) as client:
                refused = client.post("/api/v1/images", params={"sd": "Notes"}, content=SECRET)
                assert (refused.status_code, refused.json()["code"]) == (409, "sd-copied")
                seen = client.get("/api/v1/inspect/Notes").text
                assert "same identity" in seen
                assert SECRET_NAME not in seen + refused.text
