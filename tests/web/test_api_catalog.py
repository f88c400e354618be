"""What only the catalog knows, over HTTP and on the page *Status*: out of one home, and into another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of
from strandline.runtime.assembly import open_store

PICTURE = make_picture("jpg", seed=1)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Served]:
    """A home that knows an original name."""
    with open_store(tmp_path / "old/home") as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes"))
        store.save(PICTURE, sd="Notes", name="Sunset.jpg")
        with serving(store) as served:
            yield served


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Served]:
    """Another home, with a copy of the picture that it knows only by its id."""
    with open_store(tmp_path / "new/home") as store:
        root = make_storage_dir(tmp_path / "new/Vault")
        (root / "media" / name_of(PICTURE)).write_bytes(PICTURE)
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


def send(served: Served, body: bytes) -> httpx.Response:
    """The answer of the API."""
    return served.client.post("/api/v1/catalog/import", content=body)


def upload(served: Served, body: bytes) -> httpx.Response:
    """The page that answers the form."""
    return served.client.post("/status/import", files={"files": ("strandline.json", body)})


def test_names_get_into_another_home(old: Served, new: Served) -> None:
    """As by the command line, and the second time nothing is new."""
    answer = old.client.get("/api/v1/catalog/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="strandline.json"'
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert document | {"exported_at": ""} == old.store.export_catalog() | {"exported_at": ""}
    taken = send(new, answer.content).json()
    assert (taken["added"], taken["known"], taken["history"]) == (1, 0, {"added": 0, "known": 0})
    assert [(each["name"], each["here"]) for each in taken["storage_dirs"]] == [("Notes", None)]
    assert new.store.info(id_of(PICTURE)).original_name == "Sunset.jpg"
    assert send(new, answer.content).json()["known"] == 1


def test_the_page_takes_it_over(old: Served, new: Served) -> None:
    """And says what waits."""
    assert "/api/v1/catalog/export" in old.client.get("/status").text
    page = upload(new, old.client.get("/api/v1/catalog/export").content)
    assert page.status_code == 200
    assert "Taken over: 1 original name." in page.text
    assert "Not here yet: Notes." in page.text
    assert new.store.info(id_of(PICTURE)).original_name == "Sunset.jpg"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b'{"format": 2}', b'{"format": 1}',
     b'{"format": 1, "origins": [1]}'],
    ids=["nothing", "cut", "a list", "no text", "deep", "later", "a part", "no row"],
)  # fmt: skip
def test_what_is_no_export_adds_nothing(new: Served, body: bytes) -> None:
    """It is a problem over HTTP, and a note on the page."""
    assert (send(new, body).status_code, send(new, body).json()["code"]) == (422, "invalid-input")
    page = upload(new, body)
    assert (page.status_code, "Nothing was taken over" in page.text) == (422, True)


def test_one_bad_row_refuses_all(old: Served, new: Served) -> None:
    """A name that is one does not get in without it."""
    document = old.client.get("/api/v1/catalog/export").json()
    document["trash"] = [{"trash_id": "../../x"}]
    answer = send(new, json.dumps(document).encode())
    assert (answer.status_code, "nothing was imported" in answer.json()["detail"]) == (422, True)
    assert new.store.info(id_of(PICTURE)).original_name is None


def test_it_may_be_as_large_as_an_image(new: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """More is refused before it is read."""
    monkeypatch.setattr(type(new.store.settings.save), "max_bytes", 1000)
    for answer in (send(new, b" " * 1001), upload(new, b" " * 2_000_000)):
        assert answer.status_code == 413


def test_no_file_is_said(new: Served) -> None:
    """Somebody pressed the button too early."""
    page = new.client.post("/status/import", data={"x": "1"}, files={"files": ("", b"")})
    assert (page.status_code, "choose the file" in page.text.lower()) == (422, True)
