"""Storage directories over HTTP: what the library does, with the right statuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import make_storage_dir, put_half
from strandline.model import states
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Workbench


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """One storage directory with two images."""
    with serving_storage_dir(tmp_path, make_picture("png", seed=1), make_picture("jpg", seed=2)) as it:
        yield it


def test_a_list_tells_how_each_is(served: Served, tmp_path: Path) -> None:
    """With the number of its images, and how many of them need attention."""
    put_half(tmp_path / "Notes", make_picture("png", seed=3))
    served.store.scan()
    [sd] = served.get("/sds")["sds"]
    assert (sd["name"], sd["state"], sd["images"], sd["scanning"]) == ("Notes", "online", 3, None)
    assert (sd["arriving"], sd["noteworthy"]) == (1, 1)


def test_adding_is_201_once_and_200_when_it_is_repeated(served: Served, tmp_path: Path) -> None:
    """The answer is that of ``sd add --json``."""
    root = make_storage_dir(tmp_path / "More", make_picture("png", seed=4))
    first, again = (served.post("/sds", {"path": str(root)}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert set(first.json()) == {"sd", "identity", "layout_reason", "scan"}
    assert first.json()["identity"]["outcome"] == "existing"
    assert first.json()["scan"]["added"] == 1


def test_a_wrong_method_is_told_all_that_there_are(served: Served) -> None:
    """Also those of other routes at the same address."""
    for path, methods in (
        ("/api/v1/sds", "GET, HEAD, POST"),
        ("/api/v1/sds/Notes", "DELETE, GET, HEAD, PATCH"),
        ("/api/v1/images", "GET, HEAD, POST"),
        ("/folders", "GET, HEAD, POST"),
        ("/folders/Notes/rename", "POST"),
    ):
        answer = served.client.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_a_problem_has_a_title_in_words(served: Served) -> None:
    """Not in the abbreviation of its code."""
    problem = served.client.get("/api/v1/sds/Nowhere").json()
    assert (problem["code"], problem["title"]) == ("sd-not-found", "Storage directory not found")


def test_renamed_moved_and_forgotten(served: Served, tmp_path: Path) -> None:
    """By its current name or identity. No file is touched."""
    renamed = served.client.patch("/api/v1/sds/Notes", json={"name": "Diary"}).json()["sd"]
    assert renamed["name"] == "Diary"
    (tmp_path / "Notes").rename(tmp_path / "Elsewhere")
    moved = served.client.patch(f"/api/v1/sds/{renamed['sd_id']}", json={"path": str(tmp_path / "Elsewhere")})
    assert moved.json()["sd"]["state"] == "online"
    assert served.client.delete("/api/v1/sds/Diary").status_code == 204
    assert served.get("/sds") == {"sds": []}
    assert len(list((tmp_path / "Elsewhere/media").iterdir())) == 2


def test_a_change_is_done_whole_or_not_at_all(served: Served, tmp_path: Path) -> None:
    """A name that is taken leaves the path as it was, and both can change at once."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "Vault"))
    (tmp_path / "Notes").rename(tmp_path / "Elsewhere")
    change = {"path": str(tmp_path / "Elsewhere"), "name": "Vault"}
    for name, status, code in (("Vault", 409, "sd-conflict"), ("a/b", 422, "invalid-name")):
        answer = served.client.patch("/api/v1/sds/Notes", json=change | {"name": name})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert served.get("/sds/Notes")["sd"]["path"] == str(tmp_path / "Notes")
    changed = served.client.patch("/api/v1/sds/Notes", json=change | {"name": "Diary"}).json()["sd"]
    assert (changed["path"], changed["name"]) == (change["path"], "Diary")


def test_what_is_missing_can_be_accepted(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If all files vanish at once, nothing is missing until a person confirms. Then they can be dropped, once."""
    for image in (tmp_path / "Notes/media").iterdir():
        image.unlink()
    served.store.scan()
    assert served.get("/sds")["sds"][0]["state"] == "suspect"
    assert served.post("/sds/Notes/confirm").json()["sd"]["state"] == "online"
    assert served.get("/sds")["sds"][0]["state"] == "online"
    monkeypatch.setattr(states, "MISSING_AFTER", timedelta(0))
    served.store.scan()
    assert served.post("/sds/Notes/accept-missing").json() == {"dropped": 2}
    assert served.get("/sds")["sds"][0]["images"] == 0
    assert served.post("/sds/Notes/accept-missing").json() == {"dropped": 0}
    assert served.post("/sds/Notes/confirm").json()["sd"]["state"] == "online"


@pytest.mark.parametrize(
    ("method", "path", "document", "status", "code"),
    [
        ("GET", "/sds/Nobody", None, 404, "sd-not-found"),
        ("DELETE", "/sds/Nobody", None, 404, "sd-not-found"),
        ("POST", "/sds", {"path": "/no/such/folder"}, 404, "sd-not-found"),
        ("POST", "/sds", {}, 422, "invalid-input"),
        ("POST", "/sds", {"path": "/no/such/folder", "read_only": "yes"}, 422, "invalid-input"),
        ("POST", "/sds", {"path": "/no/such/folder", "new_identity": 1}, 422, "invalid-input"),
        ("POST", "/sds", {"path": "Notes"}, 422, "invalid-path"),
        ("PATCH", "/sds/Notes", {"path": "../Notes"}, 422, "invalid-path"),
        ("POST", "/sds", {"path": "/tmp/\0"}, 422, "invalid-path"),
        ("PATCH", "/sds/Notes", {}, 422, "invalid-input"),
        ("PATCH", "/sds/Notes", {"name": "Diary", "read_only": True}, 422, "invalid-input"),
        ("POST", "/scans", {"sds": "Notes"}, 422, "invalid-input"),
        ("PATCH", "/sds/Notes", {"name": " "}, 422, "invalid-name"),
        ("PUT", "/sds/Notes", {}, 405, "method-not-allowed"),
        ("GET", "/nothing", None, 404, "no-such-page"),
    ],
)
def test_what_cannot_be_done_is_a_problem(
    served: Served, method: str, path: str, document: object, status: int, code: str
) -> None:
    """RFC 9457, with the error's code and a sentence for a person."""
    response = served.client.request(method, f"/api/v1{path}", json=document)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["type"]) == (status, f"/problems/{code}")
    assert problem["detail"]


def test_a_misspelled_field_does_nothing_but_a_problem(served: Served, tmp_path: Path) -> None:
    """``readonly`` would be a folder that is written to. The answer names the field and those that there are."""
    (tmp_path / "More").mkdir()
    answer = served.post("/sds", {"path": str(tmp_path / "More"), "readonly": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert answer.json()["detail"] == (
        "there is no field 'readonly'; the fields are path, name, new_identity, read_only, layout, shared, insists"
    )
    assert list((tmp_path / "More").iterdir()) == []
    assert len(served.get("/sds")["sds"]) == 1
    document = served.get("/openapi.json")
    bodies = [
        content["schema"]["$ref"].rpartition("/")[2]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json" and "$ref" in content["schema"]
    ]
    assert len(bodies) > 13
    assert all(document["components"]["schemas"][name]["additionalProperties"] is False for name in bodies)


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        ("POST", "/sds", "{}", "the field 'path' is missing"),
        ("POST", "/sds", '{"path": 7}', "the field 'path' must be text"),
        ("POST", "/sds", '{"path": ""}', "the field 'path' must not be empty"),
        ("POST", "/sds", '{"path": "/x", "read_only": 1}', "the field 'read_only' must be true or false"),
        ("POST", "/scans", "", "the request has no body; send a JSON object with the fields sd"),
        ("POST", "/scans", "{sd}", "the body is not valid JSON"),
        ("POST", "/scans", "[1]", "the body must be a JSON object; its fields are sd"),
        ("GET", "/images?limit=many", "", "the parameter 'limit' must be a whole number"),
        ("GET", "/images?limit=0", "", "the parameter 'limit' must be at least 1"),
        ("GET", "/images?limit=1001", "", "the parameter 'limit' must be at most 1,000"),
        ("GET", f"/images?q={'x' * 201}", "", "the parameter 'q' must have at most 200 characters"),
        ("GET", "/images?sort=size", "", "the parameter 'sort' must be 'taken' or 'arrived'"),
        ("GET", "/images?reverse=maybe", "", "the parameter 'reverse' must be true or false"),
        (
            "GET",
            f"/journal?since={2**63}",
            "",
            "the parameter 'since' must be less than 9,223,372,036,854,775,808",
        ),
        ("GET", f"/journal?since={'9' * 5000}", "", "the parameter 'since' must be a smaller number"),
        ("POST", "/images", "x", "the parameter 'sd' is missing"),
    ],
)
def test_what_is_wrong_is_said_in_our_own_words(
    served: Served, method: str, path: str, body: str, detail: str
) -> None:
    """It names the parameter or field, and never repeats the value."""
    answer = served.client.request(
        method, f"/api/v1{path}", content=body, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


def test_a_body_without_its_type_is_told_which_type(served: Served) -> None:
    """``curl -d`` sends a form's type."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = served.client.post("/api/v1/scans", content='{"sd": "Notes"}', headers=headers)
    assert answer.json()["detail"] == "the body must be JSON, sent with 'Content-Type: application/json'"


def test_a_long_scan_goes_on_behind(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer does not wait for it. It says where to follow it."""
    go_on = threading.Event()

    def scan_slowly(bench: Workbench, sd: StorageDir, **how: Any) -> ScanReport:
        assert go_on.wait(20)
        return scan_storage_dir(bench, sd, **how)

    monkeypatch.setattr("strandline.runtime.scan_jobs.scan_storage_dir", scan_slowly)
    monkeypatch.setattr("strandline.web.api.sds.SCAN_WAIT_S", 0.01)
    root = make_storage_dir(tmp_path / "More", make_picture("png", seed=5))
    added = served.post("/sds", {"path": str(root)})
    assert (added.status_code, added.json()["scan"]) == (201, None)
    assert served.client.get(added.headers["location"]).json()["scan"]["state"] == "running"
    go_on.set()
