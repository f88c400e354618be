"""The pages of unused pictures without scripts: what was read, what may be collected, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.forms import find_job
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import open_store

PICTURES = [make_picture("png", seed=seed, size=(30, 20)) for seed in range(12)]
ALONE = make_picture("png", seed=40)


@pytest.fixture
def clock() -> FakeClock:
    """Weeks may pass."""
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock) -> Iterator[Served]:
    """A vault with a dozen pictures, of which a note names all except one, and a folder of photos without notes."""
    root = tmp_path / "Vault"
    for number, data in enumerate(PICTURES):
        put(root, f"p{number:02}.png", data)
    put(root, "Note.md", " ".join(f"![](p{number:02}.png)" for number in range(1, 12)).encode())
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos", ALONE))
        assert store.find(id_of(ALONE))
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def show(served: Served, path: str) -> str:
    """The words of a page, after a new look."""
    served.app.backend.care.forget_looks()
    return read(served.client.get(path).text)


def post(served: Served, path: str, **fields: str | list[str]) -> str:
    """The words of the page that a form leads to."""
    answer = served.client.post(path, data=fields, follow_redirects=True)
    assert answer.status_code == 200
    return read(answer.text)


def test_they_are_shown_with_what_was_read(served: Served) -> None:
    """A folder whose notes name hardly any picture is no folder of notes, so its pictures are not called unused."""
    assert "1 picture that no note names" in show(served, "/care")
    page = show(served, "/care/unused")
    assert "1 picture is unused" in page
    assert "p00.png" in page
    assert "texts read in 2 folders" in page, "the lines by folder are folded"
    assert "Vault: 1 text read; 1 of 12 image files unused." in page
    assert "notes in it name 0 of its 1 picture, so it is not a folder of notes" in page
    assert id_of(ALONE)[:8] not in page


def test_files_with_the_same_bytes_are_one_tile(served: Served, tmp_path: Path) -> None:
    """It is called as the file, not as the conflict copy, and says that both would go."""
    copy = "p00 (conflicted copy 2026-11-22).png"
    put(tmp_path / "Vault", copy, PICTURES[0])
    served.store.scan()
    assert "1 picture that no note names" in show(served, "/care")
    page = show(served, "/care/unused")
    assert "1 picture is unused, in 2 files" in page
    assert f"p00.png 2 files with these bytes: p00.png {copy} Vault" in page
    assert served.client.get("/care/unused").text.count('type="checkbox"') == 1


def test_what_is_chosen_goes_by_the_question_of_every_deletion(served: Served) -> None:
    """Each ticked box is an id."""
    ids: list[str] = [id_of(PICTURES[0]), id_of(PICTURES[1])]
    assert "Delete 2 images?" in post(served, "/delete", images=ids)
    assert "2 images are in the trash" in post(served, "/delete/confirmed", images=" ".join(ids))
    assert "No picture is unused" in read(served.client.get("/care/unused").text)


def test_collecting_says_why_not_asks_and_is_undone(served: Served, clock: FakeClock, tmp_path: Path) -> None:
    """It takes a month, and two looks a week apart."""
    file = tmp_path / "Vault/p00.png"
    early = show(served, "/care/unused/collect")
    assert "Nothing can be collected yet" in early
    assert "1 unused picture has not been here for 30 days" in early
    clock.pass_time(days=40)
    assert "May be collected" in show(served, "/care/unused")
    assert "1 picture can be collected" in show(served, "/care/unused/collect")
    assert "1 picture can be collected" in post(served, "/care/unused/collect")
    assert file.exists()
    job = find_job(served.client.get("/care/unused/collect").text, "/care/unused/collect")
    assert "1 file is in the trash." in post(served, "/care/unused/collect", sure="1", job=job)
    assert not file.exists()
    job = find_job(served.client.get("/care/unused").text, "/care/unused/undo")
    assert "p00.png is back in Vault" in post(served, "/care/unused/undo", job=job)
    assert file.read_bytes() == PICTURES[0]
    assert "is back" not in post(served, "/care/unused/look")


def test_a_small_folder_is_explained(tmp_path: Path, clock: FakeClock) -> None:
    """A tenth of three is none, however long somebody waits."""
    root = tmp_path / "Small"
    for number in range(3):
        put(root, f"p{number}.png", PICTURES[number])
    put(root, "Note.md", b"![](p0.png)")
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.find_unused()
        clock.pass_time(days=40)
        with serving(store) as served:
            page = show(served, "/care/unused/collect")
            assert "Small has 3 pictures, and at most a tenth of a folder goes in 7 days" in page
            assert "The first may go" not in page


def test_what_was_not_read_is_named_and_stops_it(served: Served, tmp_path: Path) -> None:
    """Nobody can tell what it uses."""
    put(tmp_path / "Vault", "half.md", b"\0\0")
    assert "Nobody can tell" in show(served, "/care")
    page = show(served, "/care/unused")
    assert "1 picture is perhaps unused" in page
    assert "half.md" in page
    assert "See what can be collected" not in page
    assert "Nothing is collected now" in show(served, "/care/unused/collect")
    assert served.client.post("/care/unused/collect", data={"sure": "1"}).status_code == 409


def test_nothing_is_said_of_nothing(home: Path) -> None:
    """Without a folder, nothing was looked at."""
    with open_store(home) as store, serving(store) as served:
        assert "There is no folder yet." in show(served, "/care/unused")
        assert "No folder of notes" in show(served, "/care")
