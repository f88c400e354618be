"""Every request that may change something leaves a line: who, what, about which images and folders, from where."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from builders.routes import fill
from builders.served import LIMIT_S, NO_TLS, Served, serving_storage_dir
from builders.storage import id_of
from strandline.cli.main import main
from strandline.model.access import Role
from strandline.model.audit import FORM_TYPE, JSON_TYPE, MOST_IMAGES, AuditLine, Exchange, find_targets
from strandline.web.access import NEEDS, UNAUDITED

ONE, OTHER = make_picture("jpg", seed=1), make_picture("jpg", seed=2)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with a storage directory."""
    with serving_storage_dir(tmp_path, ONE) as it:
        yield it


def as_one_with(served: Served, role: str, note: str | None = None) -> httpx.Client:
    """A program with a new access token."""
    text = served.store.tokens.create(role, note=note).text
    served.app.door.guard = served.app.door.read_guard()
    headers = {"authorization": f"Bearer {text}"}
    return httpx.Client(base_url=served.address.url, headers=headers, timeout=LIMIT_S, verify=NO_TLS)


def newest(served: Served) -> AuditLine:
    """The last line."""
    return served.store.audit.list_newest(limit=1)[0]


def test_every_route_that_changes_something_leaves_a_line(served: Served) -> None:
    """Also one to come, whether it worked or not. Those that read leave none."""
    token = {"authorization": f"Bearer {served.app.door.guard.token}", "content-type": JSON_TYPE}
    with httpx.Client(base_url=served.address.url, headers=token, timeout=LIMIT_S, verify=NO_TLS) as client:
        for (method, path), need in NEEDS.items():
            if path.startswith("/sign-") or "{path:path}" in path or path.endswith("/events"):
                continue
            before = len(served.store.audit.list_newest())
            answer = client.request(method, fill(path), content=None if method == "GET" else b"{}")
            lines = served.store.audit.list_newest()
            if method == "GET" or need.role is Role.READ or path in UNAUDITED:
                assert len(lines) == before, path
            else:
                assert len(lines) == before + 1, path
                assert (lines[0].action, lines[0].status) == (f"{method} {path}", answer.status_code)
                assert (lines[0].who, lines[0].address) == ("the home's token", "127.0.0.1")


def test_a_line_says_who_and_about_what(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """By the answer of an upload, the fields of a form, a document, and the address. It is in the log, too."""
    with (
        as_one_with(served, "write", "scanner") as client,
        caplog.at_level(logging.INFO, logger="strandline"),
    ):
        saved = client.post("/api/v1/images", params={"sd": "Notes"}, content=OTHER)
        assert saved.status_code == 201
        line = newest(served)
        assert line.who.startswith("token scanner (")
        assert (line.action, line.status) == ("POST /api/v1/images", 201)
        assert (line.folders, line.images, line.image_count) == (("Notes",), (id_of(OTHER),), 1)
        assert id_of(OTHER) in caplog.text
        client.delete(f"/api/v1/images/{id_of(OTHER)}")
        assert (newest(served).action, newest(served).images) == (
            "DELETE /api/v1/images/{image_id}",
            (id_of(OTHER),),
        )
        client.post("/api/v1/trash/restore", json={"images": [id_of(OTHER)]})
        assert newest(served).images == (id_of(OTHER),)
    form = {"image": [id_of(ONE), id_of(OTHER)], "to": "Notes"}
    served.client.post("/copy", data=form)
    assert (newest(served).who, newest(served).folders) == ("the home's session", ("Notes",))
    assert set(newest(served).images) == {id_of(ONE), id_of(OTHER)}


def test_what_was_refused_is_noted_as_refused(served: Served) -> None:
    """With its status, so that one sees who tried."""
    with as_one_with(served, "read", "curious") as client:
        client.post("/api/v1/images", params={"sd": "Notes"}, content=OTHER)
    assert (newest(served).status, newest(served).who[:13]) == (403, "token curious")


def test_the_audit_is_listed(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line, newest first, as lines or JSON."""
    served.upload(OTHER, "Notes")
    home = ["--home", str(served.store.home)]
    assert main([*home, "audit"]) == 0
    assert id_of(OTHER) in capsys.readouterr().out
    assert main([*home, "audit", "--since", "1h", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)["audit"]
    assert line["images"] == [id_of(OTHER)]
    assert main([*home, "audit", "--since", "soon"]) == 2


@given(
    body=st.binary(max_size=200)
    | st.recursive(st.text(), st.lists).map(lambda each: json.dumps(each).encode()),
    kind=st.sampled_from([JSON_TYPE, FORM_TYPE, "image/png"]),
    query=st.text(max_size=100),
)
def test_any_request_can_be_described(body: bytes, kind: str, query: str) -> None:
    """Whatever it contains. Nothing is taken for an image that has no id's form."""
    folders, images, count = find_targets(Exchange((), query, body, kind, body, kind))
    assert count >= len(images)
    assert all(len(folder) <= 500 for folder in folders)
    assert all(len(image) in (32, 36) for image in images)


def test_a_line_has_an_end() -> None:
    """A request about many images names the first ones, and says how many there were."""
    ids = [f"{number:032x}" for number in range(500)]
    _, images, count = find_targets(
        Exchange(
            (), "", json.dumps({"images": ids, "sd": "0" * 32}).encode(), JSON_TYPE, b"[" * 9999, JSON_TYPE
        )
    )
    assert (len(images), count) == (MOST_IMAGES, 500)
