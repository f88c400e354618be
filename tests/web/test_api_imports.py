"""Imports over HTTP: in steps, from the server's disk, and from an archive that is uploaded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.web.api import imports

PICTURES = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(60)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty storage directory, and a folder with sixty pictures and a note beside it."""
    (tmp_path / "card").mkdir()
    for seed, data in enumerate(PICTURES):
        (tmp_path / "card" / f"{seed:02}.png").write_bytes(data)
    (tmp_path / "card" / "note.md").write_text("x")
    with serving_storage_dir(tmp_path) as it:
        yield it


def test_a_folder_is_imported_in_steps(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First seen, then done. Each answer has its own rows, and the last one has no ``next``."""
    monkeypatch.setattr(imports, "STEP_LIMIT_S", 0)
    for is_dry in (True, False):
        wanted = {"sources": [str(tmp_path / "card")], "dry_run": is_dry}
        first = served.post("/sds/Notes/import", wanted).json()
        assert (len(first["plan"]), len(first["done"]), first["complete"]) == (50, 0 if is_dry else 50, False)
        rest = served.post("/sds/Notes/import", wanted | {"after": first["next"]}).json()
        assert (len(rest["plan"]), rest["next"], rest["complete"]) == (10, None, True)
        assert rest["counts"]["left_out"] == {"unsupported": 1}
    assert served.get("/images/months")["total"] == 60


def test_a_path_from_the_home_of_the_person_is_whole(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``~`` as everywhere, also on the page, which suggests it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    tried = served.post("/sds/Notes/import", {"sources": ["~/card"], "dry_run": True}).json()
    assert (len(tried["plan"]), tried["refused"]) == (60, [])
    form = {"sd": (None, "Notes"), "source": (None, "~/card")}
    assert served.client.post("/import/look", files=form).status_code == 303
    assert "60 new pictures" in served.client.get("/import").text


def test_an_archive_is_uploaded(served: Served, tmp_path: Path) -> None:
    """It is the body."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("../a.png", PICTURES[0])
    body = (tmp_path / "t.zip").read_bytes()
    tried = served.client.post("/api/v1/sds/Notes/import-archive", params={"dry_run": 1}, content=body)
    assert (tried.status_code, len(tried.json()["plan"]), tried.json()["done"]) == (200, 1, [])
    done = served.client.post("/api/v1/sds/Notes/import-archive", content=body).json()
    assert [row["image_id"] for row in done["done"]] == [id_of(PICTURES[0])]
    assert (
        served.client.post("/api/v1/sds/Notes/import-archive", content=body[:100]).json()["code"]
        == "wrong-bytes"
    )


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("card", 422, "invalid-path"),
        ("-", 422, "invalid-path"),
        ("", 422, "invalid-path"),
        ("/none", 404, "source-not-found"),
        ("http://127.0.0.1:9/a.png", 409, "refused"),
        ("data:,", 422, "empty-image"),
    ],
)
def test_what_cannot_be_imported_is_a_problem(served: Served, source: str, status: int, code: str) -> None:
    """A relative path means nothing to a server."""
    answer = served.post("/sds/Notes/import", {"sources": [source]})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_is_asked_for_is_checked(served: Served) -> None:
    """Storage directory, number of sources, and place."""
    assert served.post("/sds/Nobody/import", {"sources": ["data:,"]}).status_code == 404
    assert served.post("/sds/Notes/import", {"sources": []}).status_code == 422
    assert served.post("/sds/Notes/import", {"sources": ["/x"] * 101}).status_code == 422
    wrong = served.post("/sds/Notes/import", {"sources": ["/x"], "after": "what"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-cursor")
