"""The page of an image: whether a folder is its only place, and one click to copy it into another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of, make_storage_dir, name_of

ONE, TWO = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))
ID = id_of(ONE)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """``Notes`` has two images."""
    with serving_storage_dir(tmp_path, ONE, TWO) as it:
        it.store.scan()
        yield it


def test_it_is_copied_with_one_click(served: Served, tmp_path: Path) -> None:
    """Into a folder that has nothing of it. Then neither is its only place."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More"))
    page = served.client.get(f"/image/{ID}").text
    assert page.count("Copy it here") == page.count('id="only-here"') == 1
    assert served.get(f"/images/{ID}")["sd_count"] == 1
    answer = served.client.post(f"/image/{ID}/copy", data={"sd": "More"})
    assert (answer.status_code, "Copied: " in answer.text) == (200, True)
    assert (tmp_path / "More/media" / name_of(ONE)).read_bytes() == ONE
    page = served.client.get(f"/image/{ID}").text
    assert page.count("Copy it here") == page.count('id="only-here"') == 0
    assert served.get(f"/images/{ID}")["sd_count"] == 2


def test_folders_without_it_are_one_line(served: Served, tmp_path: Path) -> None:
    """However many there are, what comes after them is not far."""
    for number in range(3):
        served.store.add_storage_dir(make_storage_dir(tmp_path / f"More {number}"))
    page = served.client.get(f"/image/{ID}").text
    assert page.count('class="panel place"') == 1
    assert (
        '<details class="more" id="other-folders"><summary>Nothing of it is in 3 other folders</summary>'
        in page
    )
    assert page.count("Copy it here") == 3


def test_it_is_not_offered_in_vain(served: Served, tmp_path: Path) -> None:
    """With one folder, there is nowhere to copy to, and a folder to read only takes nothing."""
    assert "Copy it here" not in served.client.get(f"/image/{ID}").text
    assert "only-here" not in served.client.get(f"/image/{ID}").text
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More"), read_only=True)
    assert "Copy it here" not in served.client.get(f"/image/{ID}").text
    assert "Move to…" not in served.client.get(f"/image/{ID}").text
    refused = served.client.post(f"/image/{ID}/copy", data={"sd": "More"})
    assert (refused.status_code, "That did not work" in refused.text) == (409, True)


def test_it_can_be_moved_from_its_page(served: Served, tmp_path: Path) -> None:
    """The button asks where, as the gallery does. It works without scripts."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More"))
    assert 'action="/move"><input type="hidden" name="images"' in served.client.get(f"/image/{ID}").text
    asked = served.client.post("/move", data={"images": ID})
    assert (asked.status_code, "More" in asked.text) == (200, True)
