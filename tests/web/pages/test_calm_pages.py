"""What is no fault does not look like one, and a page that has nothing says why and where to go."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from builders.reports import make_storage_dir as make_sd
from builders.served import Served, serving, serving_storage_dir
from builders.storage import make_pictures
from builders.travel_vault import serving_travel_vault
from strandline.model.storage_dirs import FileCounts, StorageDirState
from strandline.runtime.assembly import open_store
from strandline.web.pages.folder_pages import is_up_to_date
from strandline.web.pages.rendering import TEMPLATES
from strandline.web.pages.words import say_entry

ONE = make_pictures(1)[0]


def draw(served: Served, address: str, **headers: str) -> str:
    """A page, whatever its status."""
    return html.unescape(served.client.get(address, headers={"accept": "text/html"} | headers).text)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (FileCounts(5, {}, 0), True),
        (FileCounts(5, {"online-only": 2}, 0), True),
        (FileCounts(0, {}, 0), False),
        (FileCounts(5, {}, 1), False),
        (FileCounts(5, {"missing": 1}, 0, shown_from_copies=1), False),
        (FileCounts(5, {"damaged": 1, "online-only": 1}, 0), False),
        (FileCounts(5, {"present": 1}, 0), False),
    ],
)
def test_a_folder_is_up_to_date_only_if_nothing_is_open(counts: FileCounts, expected: bool) -> None:
    """Then the inspector does not wait for anything either, as far as the catalog knows."""
    assert is_up_to_date(make_sd(), counts, 0) is expected
    assert not is_up_to_date(make_sd(state=StorageDirState.OFFLINE), counts, 0)
    assert not is_up_to_date(make_sd(), counts, 1)


@pytest.mark.parametrize(
    ("kind", "meaning", "said"),
    [
        ("folder", "other", "folder"),
        ("file", "other", "other file"),
        ("file", "image", "image"),
        ("folder", "media folder", "folder of the images"),
        ("symlink", "other", "symlink"),
    ],
)
def test_a_persons_own_entries_are_just_that(kind: str, meaning: str, said: str) -> None:
    """Nobody wonders whose they are."""
    assert say_entry(kind, meaning) == said


def test_a_vault_has_no_warnings_about_its_identity(tmp_path: Path) -> None:
    """It is as it should be. Its own folders and files are called that."""
    with serving_travel_vault(tmp_path) as served:
        folders = draw(served, "/folders")
        assert '<span class="badge">files keep their names</span>' in folders
        assert "provisional" not in folders + draw(served, "/inspect/Vault")
        assert "6 image files" in folders
        tree = draw(served, "/inspect/Vault/tree")
        assert '<td class="quiet">other file</td>' in tree
        assert '<td class="quiet">folder</td>' in tree


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    """Its name has arrived before its bytes."""
    with serving_travel_vault(tmp_path) as served:
        (tmp_path / "Vault/Food/new.png").touch()
        served.store.scan("Vault")
        page = draw(served, "/inspect/Vault/file?path=Food/new.png")
        assert "<dd>none: it is empty</dd>" in page
        assert '<dd class="numbers">empty</dd>' in page
        assert "The file is empty: its name has arrived, its bytes have not." in page
        assert "empty so far</span>" in draw(served, "/inspect/Vault")


def test_activity_says_where_a_file_is(tmp_path: Path) -> None:
    """With its folders, unless it has an id for a name."""
    with serving_travel_vault(tmp_path) as served:
        assert "<bdi>Trips/Lisbon/tram 28.png</bdi>" in draw(served, "/activity?single=1")
    with serving_storage_dir(tmp_path / "ids", ONE) as served:
        served.upload(make_pictures(2)[1], "Notes")
        assert "<bdi>media/" not in draw(served, "/activity")


def test_a_new_folder_is_welcome(tmp_path: Path) -> None:
    """An empty one is no reason to wait, and one that is taken as it is says why in one sentence."""
    (tmp_path / "Diary").mkdir()
    with serving_travel_vault(tmp_path) as served:
        added = html.unescape(served.client.post("/folders", data={"path": str(tmp_path / "Diary")}).text)
        assert 'class="note note-good stack"' in added
        (tmp_path / "Other").mkdir()
        (tmp_path / "Other/a.md").write_text("# A\n")
        added = html.unescape(served.client.post("/folders", data={"path": str(tmp_path / "Other")}).text)
        assert "It is taken as it is because files are there already, such as 'a.md'" in added


def test_what_notes_miss_is_trouble(tmp_path: Path) -> None:
    """For the filter."""
    with serving_travel_vault(tmp_path) as served:
        draw(served, "/inspect/Vault/notes")
        (tmp_path / "Vault/Food/soup.png").unlink()
        draw(served, "/inspect/Vault/notes")
        assert "A note misses a picture" in draw(served, "/activity?type=trouble")


def test_activity_without_anything_says_what_to_do(tmp_path: Path) -> None:
    """That depends on whether there is a folder, and on the filter."""
    with open_store(tmp_path / "home") as store, serving(store) as served:
        assert '<a class="button" href="/folders">Add a folder</a>' in draw(served, "/activity")
    with serving_storage_dir(tmp_path / "one", ONE) as served:
        page = draw(served, "/activity?type=trouble")
        assert "Nothing matches" in page
        assert '<a class="button" href="/activity">Show all activity</a>' in page


def test_an_empty_gallery_says_why(tmp_path: Path) -> None:
    """Nothing was filtered, so nothing "matches"; and a folder that is not there is called that."""
    with serving_travel_vault(tmp_path) as served:
        (tmp_path / "Diary").mkdir()
        served.store.add_storage_dir(tmp_path / "Diary")
        page = draw(served, "/?sd=Diary")
        assert "Diary is empty</h2>" in page
        assert "Drop pictures here, or press “Add pictures”." in page
        assert 'id="nothing-fits" hidden>' in page
        assert 'id="nothing-yet">' in page
        unknown = draw(served, "/?sd=Vault&folder=Trips/Nowhere")
        assert "No folder <bdi>Trips/Nowhere</bdi> with images is known in <bdi>Vault</bdi>." in unknown
        assert 'id="nothing-fits" hidden>' in unknown
        assert 'id="nothing-yet" hidden>' in unknown
        assert "No such folder" not in draw(served, "/?sd=Vault&folder=Trips")
        assert 'id="nothing-fits">' in draw(served, "/?sd=Vault&folder=Trips&q=nobody")


def test_an_error_page_leads_back(tmp_path: Path) -> None:
    """To the page of this server that led there, and to no other."""
    with serving_storage_dir(tmp_path, ONE) as served:
        origin = served.address.url.rstrip("/")
        page = draw(served, "/nowhere", referer=f"{origin}/inspect/Notes/tree?q=a")
        assert '<a class="button button-main" href="/inspect/Notes/tree?q=a">Back</a>' in page
        assert "look for a mistake" in page
        for referer in ("https://example.org/inspect", f"{origin}/nowhere", "", f"{origin}//example.org"):
            assert "example.org" not in draw(served, "/nowhere", referer=referer)
        assert ">Back</a>" not in draw(served, "/nowhere", referer="https://example.org/inspect")


@pytest.mark.parametrize(
    "name", ["care_verification", "care_wanted", "import", "inspect_sd", "status", "work", "notes", "trash"]
)
def test_a_page_that_answers_a_form_says_its_own_address(name: str) -> None:
    """So that a script draws it again from there. The form was sent to another address."""
    text = (TEMPLATES / f"{name}.html").read_text("utf-8")
    regions = re.findall("<live-region[^>]*>", text)
    assert regions
    assert all(' address="{{ ' in each for each in regions)
