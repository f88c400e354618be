"""The gallery of a folder of named pictures, as the server draws it: paths, folders, and what has no picture yet."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.served import Served
from builders.storage import id_of
from builders.travel_vault import CASTLE, serving_travel_vault

WAITING = re.compile(r'<section class="waiting".*?</section>', re.S)
WAY = re.compile(r'<nav class="way".*?</nav>', re.S)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault."""
    with serving_travel_vault(tmp_path) as served:
        yield served


def draw(served: Served, **query: str) -> str:
    """The gallery's page."""
    answer = served.client.get("/", params=query)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def find_waiting(page: str) -> str:
    """The part with files whose images are not known yet. Empty if there is none."""
    found = WAITING.search(page)
    return found[0] if found else ""


def test_what_has_no_picture_yet_is_one_line(served: Served) -> None:
    """It says what is the matter with them. It is open if nothing else is found."""
    waiting = find_waiting(draw(served))
    assert "No picture yet <span>1 file: still arriving</span>" in waiting
    assert '<details class="more" id="waiting-files"><summary>' in waiting
    assert '<details class="more" id="waiting-files" open>' in find_waiting(draw(served, q="tram"))


def test_a_file_that_is_still_arriving_has_a_tile(served: Served) -> None:
    """With its state, name, and folder. It leads to the file, because there is no image."""
    waiting = find_waiting(draw(served))
    assert 'aria-label="tram 28.png, Vault: Trips/Lisbon, still arriving"' in waiting
    assert waiting.count("<li ") == 1
    (address,) = re.findall(r'<a href="([^"]+)"', waiting)
    assert address == "/inspect/Vault/file?path=Trips%2FLisbon%2Ftram%2028.png"
    assert "tram 28.png" in served.client.get(address).text


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ({"q": "tram"}, True),
        ({"q": "lisbon TRAM"}, True),
        ({"q": "castle"}, False),
        ({"sd": "Vault", "folder": "Trips"}, True),
        ({"folder": "Food"}, False),
        ({"state": "arriving"}, True),
        ({"state": "missing"}, False),
    ],
)
def test_searches_and_filters_find_it(served: Served, query: dict[str, str], is_there: bool) -> None:
    """As they find images. If only such files match, nothing says that there is nothing."""
    page = draw(served, **query)
    assert bool(find_waiting(page)) is is_there
    if is_there:
        assert 'id="nothing-fits" hidden>' in page


def test_each_state_that_a_tile_says_can_be_asked_for(served: Served, tmp_path: Path) -> None:
    """What was not seen lately, and what nobody has read."""
    (tmp_path / "New").mkdir()
    (tmp_path / "New/one.png").write_bytes(CASTLE[:-20] + bytes(20))
    served.store.add_storage_dir(tmp_path / "New", prove_all=False)
    (tmp_path / "Vault/Food/soup.png").unlink()
    served.store.scan("Vault")
    page = draw(served, state="unseen", folder="Food")
    assert 'aria-live="polite">1 image</p>' in page
    assert "<span>soup.png</span>" in page
    assert not find_waiting(page)
    assert served.get("/images", state="unseen", folder="attachments")["total"] == 0
    page = draw(served, state="unread")
    assert "one.png, New, not read yet" in find_waiting(page)
    assert 'aria-live="polite">0 images</p>' in page
    offered = re.findall(r'<option value="([^"]+)"[^>]*>(not [^<]+)</option>', page)
    assert dict(offered) == {"unread": "not read yet", "unseen": "not seen lately"}


def test_a_damaged_or_unread_file_says_so(served: Served, tmp_path: Path) -> None:
    """What nobody has read is not called arriving."""
    (tmp_path / "New").mkdir()
    (tmp_path / "New/one.png").write_bytes(CASTLE[:-20] + bytes(20))
    served.store.add_storage_dir(tmp_path / "New", prove_all=False)
    assert "one.png, New, not read yet" in find_waiting(draw(served))


def test_the_gallery_says_how_many_files_there_are(served: Served) -> None:
    """The same number as elsewhere, without those that are above. Not twice, if each image has one file."""
    assert '<p class="quiet numbers" id="count" aria-live="polite">3 images in 5 files</p>' in draw(served)
    assert 'aria-live="polite">1 image</p>' in draw(served, folder="Food")
    assert served.get("/images/months")["files"] == 5


def test_the_gallery_of_a_folder_shows_the_way(served: Served) -> None:
    """Up and down; other filters stay."""
    page = draw(served, sd="Vault", folder="Trips/Lisbon", q="castle")
    assert re.findall(r'href="([^"]+)"', WAY.search(page)[0]) == [  # type: ignore[index]
        "/?sd=Vault&q=castle",
        "/?sd=Vault&q=castle&folder=Trips",
    ]
    assert '<span aria-current="page">Lisbon</span>' in page
    assert '<input type="hidden" name="folder" value="Trips/Lisbon">' in page
    top = WAY.search(draw(served, sd="Vault"))
    assert top is not None
    assert re.findall(r"<bdi>(.*?)</bdi>", top[0]) == ["Food", "Trips", "attachments"]
    assert WAY.search(draw(served)) is None


def test_a_path_that_is_no_folder_is_refused(served: Served) -> None:
    """With what to give instead."""
    answer = served.client.get("/", params={"folder": "/etc"})
    assert answer.status_code == 422
    assert "give one such as Trips/Lisbon" in answer.text


def test_the_api_takes_a_folder(served: Served) -> None:
    """And answers with the image at its file in there, however many others there are."""
    (only,) = served.get("/images", folder="attachments", q="again")["images"]
    assert only["image_id"] == id_of(CASTLE)
    assert served.get("/images", folder="Nowhere")["total"] == 0


def test_the_gallery_of_a_folder_calls_an_image_as_its_file_there(served: Served) -> None:
    """Tile, listing, single image, and page say the same."""
    within = {"sd": "Vault", "folder": "attachments"}
    page = draw(served, **within)
    assert "<span>castle again.png</span><small>attachments</small>" in page
    assert "castle.png</span>" not in page.replace("castle again.png", "")
    assert "<h1>attachments</h1>" in page
    (listed,) = [
        each for each in served.get("/images", **within)["images"] if each["image_id"] == id_of(CASTLE)
    ]
    one = served.get(f"/images/{id_of(CASTLE)}", **within)
    assert (listed["original_name"], listed["files"][0]["path"]) == (
        "castle again.png",
        "attachments/castle again.png",
    )
    assert (one["original_name"], one["files"]) == (listed["original_name"], listed["files"])
    of_image = served.client.get(f"/image/{id_of(CASTLE)}", params=within).text
    assert "<h1><bdi>castle again.png</bdi></h1>" in of_image


def test_a_tile_and_the_page_of_an_image_say_where_it_is(served: Served) -> None:
    """Each of its files, and it is called as the best one is called."""
    page = draw(served, folder="Trips")
    assert re.search(r'aria-label="castle.png, \d+ \w+ \d+, Vault: Trips/Lisbon"', page)
    assert "<span>castle.png</span><small>Trips/Lisbon</small>" in page
    of_image = html.unescape(served.client.get(f"/image/{id_of(CASTLE)}").text)
    assert "<dt>Where</dt><dd><ul><li><bdi>Vault: Trips/Lisbon/castle.png</bdi></li>" in of_image
    assert "<li><bdi>Vault: attachments/castle again.png</bdi></li></ul></dd>" in of_image
    assert "<h1><bdi>castle.png</bdi></h1>" in of_image
