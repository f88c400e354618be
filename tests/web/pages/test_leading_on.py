"""Pages that lead on: to a note's line, to a file without an image, from an error, and past a refusal."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.named_vault import put
from builders.served import Served, serving
from builders.storage import make_pictures
from builders.travel_vault import serving_travel_vault
from strandline.model.image_files import FileState
from strandline.model.sync_status import FileItem, SyncStatus, TreeEntry
from strandline.runtime.assembly import open_store
from strandline.web.pages.inspector_pages import TEXT_PAGE, FolderGroup, group_by_folder
from strandline.web.pages.remedies import judge_health
from web.pages.test_words import make_sd

PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault."""
    with serving_travel_vault(tmp_path) as served:
        yield served


def draw(served: Served, address: str, /, **query: str | int) -> str:
    """A page that is there."""
    answer = served.client.get(address, params=query or None)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_an_image_that_cannot_be_shown_is_a_page_for_a_person(served: Served) -> None:
    """With the same status and reason as the problem that programs and pictures in pages get."""
    for address, status in ((f"/i/{'0' * 32}", 404), ("/i/nothing", 422)):
        problem, page = served.client.get(address), served.client.get(address, headers=PAGE)
        assert (problem.status_code, page.status_code) == (status, status)
        assert problem.headers["content-type"] == "application/problem+json"
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-store"
        assert "Go to the gallery" in page.text
        inside = served.client.get(address, headers={"accept": "image/avif,*/*", "sec-fetch-mode": "no-cors"})
        assert inside.json()["code"] == problem.json()["code"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("line", [1, 2, 700, 4000])
def test_a_line_of_a_note_is_marked(served: Served, tmp_path: Path, line: int, ending: str) -> None:
    """On whichever page of the text it is. A line that is not there marks nothing."""
    text = "".join(f"line {number} of the note, é{ending}" for number in range(1, 4001))
    put(tmp_path / "Vault", "long.md", text.encode())
    assert len(text) > 2 * TEXT_PAGE
    shown = draw(served, "/inspect/Vault/file", path="long.md", view="text", line=line)
    assert f'<mark id="line">line {line} of the note, é</mark>' in shown
    assert "<mark" not in draw(served, "/inspect/Vault/file", path="long.md", view="text", line=4001)


def test_files_are_listed_by_folder() -> None:
    """Each folder once, and none twice as a heading and as an entry. What is empty stays an entry."""
    kinds = {".obsidian": "folder", "Trips": "folder", "Trips/Lisbon": "folder", "Trips/Lisbon.md": "file",
             "Trips/Lisbon/a.png": "file", "Trips-2": "folder", "z.png": "file"}  # fmt: skip
    entries = {path: TreeEntry(path, kind, None, "other") for path, kind in kinds.items()}
    assert group_by_folder([entries[path] for path in sorted(entries)]) == [
        FolderGroup("", [entries[".obsidian"], entries["Trips-2"], entries["z.png"]]),
        FolderGroup("Trips", [entries["Trips/Lisbon.md"]]),
        FolderGroup("Trips/Lisbon", [entries["Trips/Lisbon/a.png"]]),
    ]


def test_the_files_of_a_vault_have_their_folders_as_headings(served: Served) -> None:
    """They lead to the gallery of the folder."""
    page = draw(served, "/inspect/Vault/tree")
    headings = re.findall(r'<tr class="folder">.*?<bdi>(.*?)</bdi>', page)
    assert headings == ["Vault", "Food", "Trips", "Trips/Lisbon", "attachments"]
    assert 'href="/?sd=Vault&folder=Trips%2FLisbon"' in page
    assert ">castle.png</bdi>" in page


def test_an_event_without_an_image_leads_to_its_file(served: Served) -> None:
    """And one about a note to the notes."""
    served.store.tell_check("Vault", served.store.check_notes("Vault"))
    page = draw(served, "/activity")
    arriving = (
        '<a href="/inspect/Vault/file?path=Trips%2FLisbon%2Ftram%2028.png">An image began to arrive</a>'
    )
    assert arriving in page
    address = re.findall(r'href="(/inspect/Vault/file[^"]+)"', page)[0]
    assert "tram 28.png" in draw(served, address)


def test_missing_images_are_no_small_matter() -> None:
    """Also where no note says so. What was only not seen once is still waited for."""
    gone = FileItem("x.png", None, 3, (("state", FileState.MISSING.value), ("absent_since", None)))
    unseen = replace(gone, facts=(("state", FileState.PRESENT.value),))
    shown = replace(gone, facts=(*gone.facts, ("shown_from", "a conflict copy")))

    def judge(*items: FileItem) -> str:
        status = SyncStatus(make_sd(), datetime(2026, 1, 1, tzinfo=UTC), {})
        health = judge_health(replace(status, in_catalog_not_on_disk=list(items)))
        return f"{health.title}: {health.message}"

    assert judge(gone, unseen).startswith("1 image is missing in Notes: 2 images missing on the disk.")
    assert "No cause for alarm" not in judge(gone)
    assert "No cause for alarm" in judge(unseen)
    assert "No cause for alarm" in judge(shown)


def test_folders_and_inspector_count_the_same(tmp_path: Path) -> None:
    """What is known, and what of it is on the disk."""
    root = tmp_path / "Notes"
    (root / "media").mkdir(parents=True)
    for number, data in enumerate(make_pictures(3)):
        put(root, f"{number}.png", data)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        (root / "0.png").unlink()
        store.scan("Notes")
        with serving(store) as served:
            assert '<p class="numbers">3 image files' in draw(served, "/folders")
            assert "2 image files on the disk" in draw(served, "/inspect/Notes")
            assert ", 3 known" in draw(served, "/inspect/Notes")


def test_an_unusual_folder_can_be_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time, with the reason beside the field, and nothing above it that says there is none."""
    home = tmp_path / "me"
    put(home, "Pictures/one.png", make_pictures(1)[0])
    monkeypatch.setenv("HOME", str(home))
    with open_store(tmp_path / "home") as store, serving(store) as served:
        form = {"path": str(home), "by_form": "1"}
        refused = served.client.post("/folders", data=form)
        assert refused.status_code == 409
        assert 'name="insists"' in refused.text
        assert "No folder yet" not in refused.text
        other = served.client.post("/folders", data=form | {"path": str(tmp_path / "nowhere")})
        assert 'name="insists"' not in other.text
        assert served.client.post("/folders", data=form | {"insists": "1"}).status_code == 200
        assert [sd.path for sd in store.list_storage_dirs()] == [str(home)]
