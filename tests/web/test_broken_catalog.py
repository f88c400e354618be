"""A server whose catalog breaks while it runs, or that has a bug: each answer is a problem that says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import serving_storage_dir
from builders.storage import id_of, name_of, set_mtime
from strandline.runtime.assembly import open_store
from strandline.web.images import endpoint
from strandline.web.pages import folder_pages

PHOTO = make_picture("jpg", seed=1)
URL = f"/i/{id_of(PHOTO)}"


@pytest.mark.parametrize("path", [URL, "/api/v1/images", "/api/v1/images/months"])
def test_a_catalog_that_breaks_is_named_in_the_answer(tmp_path: Path, path: str) -> None:
    """This includes an image that was just served, and a counted listing."""
    with serving_storage_dir(tmp_path, PHOTO) as served:
        set_mtime(tmp_path / "Notes/media" / name_of(PHOTO), 100)
        served.store.get(id_of(PHOTO))
        assert served.client.get(path).status_code == 200
        with open_store(tmp_path / "home") as other:
            other.rename_storage_dir("Notes", "Diary")  # so the server must read the file again
        for name in ("catalog.db", "catalog.db-wal"):
            file = tmp_path / "home" / name
            file.write_bytes(os.urandom(file.stat().st_size))
        response = served.client.get(path)
        assert (response.status_code, response.json()["code"]) == (500, "catalog-damaged")
        assert response.headers["content-type"] == "application/problem+json"


def test_a_fault_of_ours_is_a_problem_and_stands_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Images have their own endpoint, which no framework guards."""

    def divide(_query: bytes) -> object:
        raise ZeroDivisionError

    with serving_storage_dir(tmp_path, PHOTO) as served:
        monkeypatch.setattr(endpoint, "parse_wish", divide)
        response = served.client.get(URL)
    assert (response.status_code, response.json()["code"]) == (500, "fault")
    assert [(record.message, record.exc_info and record.exc_info[0]) for record in caplog.records] == [
        (f"fault in GET {URL}", ZeroDivisionError)
    ]


def test_a_person_gets_a_page_about_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a way on. It says nothing about the fault, which stands in the log. A program gets the problem."""

    def divide(*_: object) -> object:
        raise ZeroDivisionError("secret")

    with serving_storage_dir(tmp_path, PHOTO) as served:
        monkeypatch.setattr(folder_pages, "draw_folders", divide)
        page = served.client.get("/folders", headers={"accept": "text/html", "sec-fetch-mode": "navigate"})
        part = served.client.get("/folders", headers={"accept": "text/html", "sec-fetch-mode": "cors"})
        problem = served.client.get("/folders")
    assert (page.status_code, part.status_code, problem.status_code) == (500, 500, 500)
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>This page could not be made</h1>" in page.text
    assert 'href="/">Go to the gallery' in page.text
    assert "secret" not in page.text
    assert part.json()["code"] == problem.json()["code"] == "fault"
    faults = [record for record in caplog.records if record.message == "fault in GET /folders"]
    assert [record.exc_info and record.exc_info[0] for record in faults] == [ZeroDivisionError] * 3
