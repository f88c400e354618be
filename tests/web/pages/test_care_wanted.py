"""The pages of what is missing or damaged without scripts: the list, a search of a folder, and what comes back."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.forms import press
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of
from strandline.errors import InvalidPathError
from strandline.model.verification import Fault
from strandline.runtime.assembly import open_store
from strandline.runtime.care_jobs import CareJob
from strandline.web.pages.care import wanted

LOST, HALF, KEPT = (make_picture("png", seed=seed, size=(60, 40)) for seed in (1, 2, 3))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault that misses one picture and has half of another one. A card has the missing one."""
    clock = FakeClock()
    root = tmp_path / "Vault"
    for name, data in (("Trip/lost & found.png", LOST), ("half.png", HALF), ("kept.png", KEPT)):
        put(root, name, data)
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.thumbnail(id_of(LOST))
        put(tmp_path, "card/DSC1.PNG", LOST)
        (root / "Trip/lost & found.png").unlink()
        (root / "half.png").write_bytes(HALF[: len(HALF) // 2])
        for _ in range(3):
            clock.pass_time(days=1)
            store.scan()
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def show(served: Served, path: str) -> str:
    """The words of a page."""
    return read(served.client.get(path).text)


def post(served: Served, path: str, /, **fields: str) -> str:
    """The words of the page that a form leads to."""
    answer = press(
        served, served.client.get("/care/wanted/found", follow_redirects=True).text, path, **fields
    )
    assert answer.status_code == 200
    return read(answer.text)


def test_what_is_wanted_is_shown_with_the_picture_that_it_was(served: Served) -> None:
    """A small copy from when it was good, if there still is one, or what there is of a damaged one."""
    assert "2 files are missing or damaged" in show(served, "/care")
    text = served.client.get("/care/wanted").text
    page = read(text)
    assert "missing lost &amp; found.png Vault: Trip" in page
    assert "damaged half.png Vault" in page
    sources = [each.replace("&amp;", "&") for each in re.findall(r'<img src="([^"]+)"', text)]
    assert len(sources) == 2
    remembered = next(each for each in sources if "/picture/" in each)
    answer = served.client.get(remembered)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert served.client.get(f"/care/wanted/picture/{'0' * 64}").status_code == 404
    assert served.client.get("/care/wanted/picture/x").status_code == 422


def test_what_is_not_whole_is_apart(served: Served, tmp_path: Path) -> None:
    """The number is that of the list under it. What hardly arrives any more is no damage, and not red."""
    put(tmp_path / "Vault", "old.png", make_picture("png", seed=4)[:300])
    written = datetime(2022, 3, 4, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "Vault/old.png", (written, written))
    served.store.scan()
    text = served.client.get("/care/wanted").text
    damaged, _, others = text.partition("Not whole yet, or shown from a conflict copy</h2>")
    assert "2 files are missing or damaged" in damaged
    assert damaged.partition("<ol")[2].count("<li") == 2
    assert others.partition("<ol")[2].count("<li") == 1
    assert '<span class="badge wait">not whole, unchanged since March 2022</span>' in others


def test_a_folder_is_looked_through_and_what_is_found_comes_back(served: Served, tmp_path: Path) -> None:
    """Only once somebody is sure."""
    file = tmp_path / "Vault/Trip/lost & found.png"
    found = post(served, "/care/wanted/search", folder=f" {tmp_path / 'card'} ")
    assert "1 file can come back. 1 file looked at, 1 of them read. 1 wanted file is not in there." in found
    shown = served.client.get("/care/wanted/found").text
    assert re.search(r"<strong><bdi>lost &amp; found.png</bdi></strong>", shown)
    assert re.search(r'<img src="/care/wanted/picture/[0-9a-f]{64}"', shown)
    assert "1 file can come back" in post(served, "/care/wanted/bring-back")
    assert not file.exists()
    jobs = served.app.backend.care
    other = jobs.start(wanted.SEARCH, lambda job: wanted.look_through(served.app.backend, str(tmp_path), job))
    assert other.ended.wait(20)
    outdated = press(served, shown, "/care/wanted/bring-back", sure="1")
    assert (outdated.status_code, "Nothing was done" in outdated.text) == (409, True)
    assert not file.exists()
    assert "1 file can come back" in post(served, "/care/wanted/search", folder=str(tmp_path / "card"))
    back = post(served, "/care/wanted/bring-back", sure="1")
    assert "1 file is back." in back
    assert "1 file is missing or damaged" in back
    assert file.read_bytes() == LOST
    assert "is back" not in post(served, "/care/wanted/look")
    nothing = served.client.get("/care/wanted/found")
    assert (nothing.status_code, nothing.headers["location"]) == (303, "/care/wanted")


def test_what_is_not_found_is_said(served: Served, tmp_path: Path) -> None:
    """And another folder can be named."""
    (tmp_path / "empty").mkdir()
    page = post(served, "/care/wanted/search", folder=str(tmp_path / "empty"))
    assert "None of what is wanted is in there." in page
    assert "Look through it" in page
    gone = post(served, "/care/wanted/search", folder=str(tmp_path / "nowhere"))
    assert "there is no folder" in gone.lower()


def test_a_place_that_is_taken_is_told(served: Served, tmp_path: Path) -> None:
    """Nothing is ever replaced."""
    put(tmp_path, "Vault/Trip/lost & found.png", b"something else")
    page = post(served, "/care/wanted/search", folder=str(tmp_path / "card"))
    assert "1 file cannot come back" in page


@pytest.mark.parametrize("typed", ["", "card", "./card", "/a\0b"])
def test_only_a_whole_path_is_taken(served: Served, typed: str) -> None:
    """What it would be relative to, nobody in a browser knows."""
    with pytest.raises(InvalidPathError):
        wanted.parse_folder(typed)
    answer = served.client.post("/care/wanted/search", data={"folder": typed})
    assert answer.status_code == 422
    assert "whole path" in answer.text


def test_a_search_can_be_stopped(served: Served, tmp_path: Path) -> None:
    """A second one is refused while one runs."""
    jobs = served.app.backend.care

    def wait(job: CareJob[wanted.Searched]) -> wanted.Searched:
        assert job.cancel.wait(20)
        return wanted.look_through(served.app.backend, str(tmp_path / "card"), job)

    job = jobs.start(wanted.SEARCH, wait)
    answer = served.client.post("/care/wanted/search", data={"folder": str(tmp_path)})
    assert (answer.status_code, "at work already" in answer.text) == (409, True)
    assert "Stop" in show(served, "/care/wanted/found")
    assert "Not everything was looked at." in post(served, "/care/wanted/stop")
    assert job.has_ended


def test_nothing_is_wanted_where_all_is_well(home: Path) -> None:
    """As far as anybody has looked."""
    with open_store(home) as store, serving(store) as served:
        assert "Nothing is missing or damaged" in show(served, "/care/wanted")


def test_another_picture_under_the_name_is_not_shown_as_the_lost_one(served: Served) -> None:
    """Only a part of the right bytes may be."""
    lost = served.store.list_wanted()[0]
    shown = {fault: wanted.describe_lost("", replace(lost, fault=fault)).address for fault in Fault}
    assert {fault for fault, address in shown.items() if address} == wanted.HALF_THERE


def test_another_machines_list_becomes_an_archive(served: Served) -> None:
    """Its rows are those that this page hands out. What is no list is refused on the page."""
    rows = json.dumps({"wanted": [{"image_id": id_of(KEPT)}, {"image_id": id_of(LOST)}]})
    sent = served.client.post("/care/wanted/provide", files={"files": ("wanted.json", rows)})
    assert sent.status_code == 200
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archive:
        assert archive.namelist() == [f"{id_of(KEPT)}.png"]
    for text, status, said in (
        ("no list", 422, "this is not what"),
        (json.dumps({"wanted": []}), 404, "no storage directory here has anything that is wanted"),
    ):
        refused = served.client.post("/care/wanted/provide", files={"files": ("wanted.json", text)})
        assert refused.status_code == status
        assert said in read(refused.text).lower()
        assert "`" not in read(refused.text)
    assert served.client.post("/care/wanted/provide", data={"files": "x"}).status_code == 422
