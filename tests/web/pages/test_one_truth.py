"""Status, inspector, and care say the same of a folder, and as gravely."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.served import Served, serving
from builders.storage import id_of, make_pictures, make_storage_dir, put_half, put_image
from strandline.runtime.assembly import open_store

LOST, KEPT, *HALVES = make_pictures(5)

ARRIVING = "3 images still arriving"
SHOWN = "1 image shown from a conflict copy, because its own file is missing"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An image is missing, and its conflict copy shows it. Three files are still arriving."""
    clock = FakeClock()
    root = make_storage_dir(tmp_path / "Notes", LOST, KEPT)
    put_image(root, LOST, f"{id_of(LOST)}.sync-conflict-20261122-152736-V74P6II.png")
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        (root / "media" / f"{id_of(LOST)}.png").unlink()
        for half in HALVES:
            put_half(root, half)
        for _ in range(3):
            clock.pass_time(minutes=5)
            store.scan()
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def find_tone(page: str, part: str) -> str:
    """Of the sentence at the top, or of a card."""
    found = re.search(part, page)
    assert found is not None
    return found[1]


def test_what_passes_by_itself_is_the_same_everywhere(served: Served) -> None:
    """Nothing is missing or damaged, and nobody needs to do anything; and yet not everything is as it should be."""
    status, inspector, care = (
        served.client.get(each).text for each in ("/status", "/inspect/Notes", "/care")
    )
    for page in (status, inspector, care):
        assert ARRIVING in read(page)
        assert SHOWN in read(page)
        assert "1 image missing on the disk" not in read(page)
        assert "no image is missing" not in read(page)
        assert "all images checked, and whole" not in read(page).lower()
    assert "Nothing needs you now" in read(status)
    assert "Nothing in Notes needs you now" in read(inspector)
    assert "Nothing is missing or damaged" in read(care)
    assert find_tone(status, 'class="health ([a-z]+)"') == "wait"
    assert find_tone(inspector, 'class="health ([a-z]+)"') == "wait"
    card = care[care.index("/care/wanted") :]
    assert find_tone(card, 'class="care-found ([a-z]+)"') == "wait"
    row = read(served.client.get("/care/wanted").text)
    assert "from a conflict copy" in row
    assert "its own file is missing" in row
    assert "missing or damaged." in row


def test_what_is_missing_is_as_grave_everywhere(served: Served, tmp_path: Path) -> None:
    """Once no conflict copy shows it."""
    for path in (tmp_path / "Notes/media").glob("*.sync-conflict-*"):
        path.unlink()
    served.store.scan()
    status, inspector, care = (
        served.client.get(each).text for each in ("/status", "/inspect/Notes", "/care")
    )
    assert "1 image is missing" in read(status)
    assert "1 image is missing in Notes" in read(inspector)
    assert "1 file is missing or damaged 1 missing. Besides, 3 images still arriving." in read(care)
    assert find_tone(status, 'class="health ([a-z]+)"') == "bad"
    assert find_tone(inspector, 'class="health ([a-z]+)"') == "bad"
    assert find_tone(care[care.index("/care/wanted") :], 'class="care-found ([a-z]+)"') == "bad"
