"""Pictures that are beside the notes: the inspector counts them, and a button takes them in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.served import Served, serving
from builders.storage import make_pictures, make_storage_dir
from strandline.model.reports import Finding, Saved, TakenIn
from strandline.runtime.assembly import open_store
from strandline.web.pages.folder_pages import MOST_FAILURES, describe_taken

PICTURES = make_pictures(3)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault with three pictures in ``attachments``, one of them twice, and one that is none."""
    root = make_storage_dir(tmp_path / "Vault", has_media=False)
    (root / "attachments").mkdir()
    for name, data in zip(("a.png", "b.png", "c.png", "c2.png"), [*PICTURES, PICTURES[2]], strict=True):
        (root / "attachments" / name).write_bytes(data)
    (root / "attachments" / "fake.png").write_text("no picture")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


def read(page: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_without_scripts_one_press_takes_all_in(served: Served) -> None:
    """Failures come first, and the button is gone afterwards."""
    page = served.client.get("/inspect/Vault").text
    assert "5 pictures elsewhere in this folder" in read(page)
    (address,) = re.findall(r'action="([^"]+take-in)"', page)
    answer = served.client.post(address)
    assert answer.status_code == 200
    assert "1 not taken in, 3 taken in, 1 there already 'attachments/fake.png':" in read(answer.text)
    assert served.store.count_files("Vault").images == 3
    assert "take-in" not in served.client.get("/inspect/Vault").text
    assert "There are" not in read(served.client.post(address).text)


def test_programs_go_on_until_there_is_no_next(served: Served) -> None:
    """Each step says how far it is. A second time, all are there already."""
    for is_new in (True, False):
        step: dict[str, Any] = {"next": ""}
        saved: list[dict[str, Any]] = []
        while step["next"] is not None:
            answer = served.client.post("/api/v1/sds/Vault/take-in", params={"after": step["next"]})
            assert answer.status_code == 200
            step = answer.json()
            saved += step["saved"]
        assert (step["done"], step["total"], len(saved)) == (5, 5, 4)
        assert [each["filename"] for each in step["failed"]] == ["attachments/fake.png"]
        assert any(each["new"] for each in saved) is is_new


def test_a_folder_that_is_only_read_has_no_button(tmp_path: Path) -> None:
    """Nothing could be taken in."""
    root = make_storage_dir(tmp_path / "Vault", has_media=False)
    (root / "a.png").write_bytes(PICTURES[0])
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root, read_only=True)
        with serving(store) as served:
            page = served.client.get("/inspect/Vault").text
            assert "pictures elsewhere" in page
            assert "take-in" not in page
            assert served.client.post("/api/v1/sds/Vault/take-in").status_code == 409
            assert "That did not work" in served.client.post("/folders/Vault/take-in").text


def test_an_empty_media_folder_hides_no_pictures(tmp_path: Path) -> None:
    """What is beside it is counted, and what nobody would take for a picture is not."""
    root = make_storage_dir(tmp_path / "Vault")
    (root / "a.png").write_bytes(PICTURES[0])
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            assert "1 picture elsewhere in this folder" in read(served.client.get("/inspect/Vault").text)
            (root / "a.png").rename(root / "._a.png")
            page = served.client.get("/inspect/Vault").text
            assert "Take them in" not in page
            assert "No images in Vault yet" in page


def test_the_summary_puts_failures_first() -> None:
    """However many there are, and says so if there was nothing."""
    saved = Saved("0" * 32, "media/x.png", "image/png", 1, True, "", "x.png", True)  # type: ignore[arg-type]
    failed = tuple(Finding("empty-image", "it is empty", f"{number}.png") for number in range(30))
    note = describe_taken(TakenIn((saved,), failed, 31, 31, None))
    assert (note.tone, note.title) == ("bad", "30 not taken in, 1 taken in")
    assert len(note.lines) == MOST_FAILURES + 1
    assert note.lines[-1] == "and 10 more"
    assert describe_taken(TakenIn((), (), 0, 0, None)).title == "There are no pictures elsewhere"
