"""The page of imports without a browser: where pictures go, what is shown of them, and what a stop leaves."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.forms import find_job
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import make_storage_dir
from strandline.runtime.assembly import open_store
from strandline.runtime.care_jobs import Kind
from strandline.services.saving.save_several import MOST_TOGETHER
from strandline.web.pages.import_pages import IMPORTED, LOOK, UNDONE, Imported, say_progress

KNOWN = make_picture("png", seed=1)
NEW = [make_picture("png", seed=seed, size=(60, 40)) for seed in (2, 3, 4)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A folder by id with one picture, and a vault."""
    vault = tmp_path / "Vault"
    (vault / "attachments").mkdir(parents=True)
    (vault / "Note.md").write_text("![[old.png]]")
    (vault / "attachments" / "old.png").write_bytes(make_picture("png", seed=9))
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos", KNOWN))
        store.add_storage_dir(vault)
        with serving(store) as served:
            yield served


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A camera card with three new pictures and one that a folder has."""
    card = tmp_path / "card"
    card.mkdir()
    for number, data in enumerate([*NEW, KNOWN]):
        (card / f"IMG_{number}.png").write_bytes(data)
    return card


def read(page: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def post(served: Served, act: str = "", **fields: str) -> str:
    """The page that a form leads to, once its work is done: a form of the page as it is now, or of ``page``."""
    page = fields.pop("page", "") or served.client.get("/import").text
    fields |= {} if act == "/look" else {"job": find_job(page, f"/import{act}")}
    parts = {name: (None, value.encode()) for name, value in fields.items()}
    answer = served.client.post(f"/import{act}", files=parts or None, follow_redirects=False)
    if answer.status_code != 303:
        assert answer.status_code in (409, 422)
        return answer.text
    kinds: tuple[Kind[Any], ...] = (LOOK, IMPORTED, UNDONE)
    for kind in kinds:
        if (job := served.app.backend.care.find(kind)) is not None:
            assert job.ended.wait(20)
    return served.client.get("/import").text


def test_the_target_is_chosen_once_and_remembered(served: Served, card: Path) -> None:
    """Nobody's pictures go into the first folder by chance. The next import begins with the last one."""
    page = served.client.get("/import").text
    assert 'name="sd" required><option value="">Choose a folder</option>' in page
    assert "Say into which folder the pictures go" in read(post(served, "/look", source=str(card), sd=""))
    post(served, "/look", source=str(card), sd="Vault")
    post(served)
    post(served, "/again")
    page = served.client.get("/import").text
    assert ('<option value="Vault" selected>' in page, "Choose a folder" in page) == (True, False)


def test_it_says_where_pictures_go_and_who_has_them(served: Served, card: Path) -> None:
    """The folder within the vault, and how many another folder has already."""
    words = read(post(served, "/look", source=str(card), sd="Vault"))
    assert "into Vault , folder attachments/" in words
    assert "Also 1 in Photos already" in words


def test_new_pictures_are_shown_if_they_are_still_what_was_read(served: Served, card: Path) -> None:
    """A small copy of exactly those bytes; nothing else of the machine can be asked for."""
    assert served.client.get("/import/picture/0").status_code == 404
    page = post(served, "/look", source=str(card), sd="Photos")
    addresses = re.findall(r'src="(/import/picture/[^"]+)"', page)
    assert len(addresses) == 3
    small = served.client.get(html.unescape(addresses[0]))
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    assert small.headers["cache-control"] == "private, no-store"
    for path in card.iterdir():
        path.write_bytes(make_picture("png", seed=77))
    assert served.client.get("/import/picture/0").status_code == 503
    assert served.client.get("/import/picture/3").status_code == 404
    assert served.client.get("/import/picture/12").status_code == 422
    post(served, "/again")
    assert served.client.get("/import/picture/0").status_code == 404


def test_a_picture_that_is_cut_short_is_named(served: Served, tmp_path: Path) -> None:
    """Before the import and after it. A vault does not take it, which is said with its name, too."""
    photo = make_picture("jpg", size=(400, 300))
    (tmp_path / "half.jpg").write_bytes(photo[: len(photo) // 2])
    refused = read(post(served, "/look", source=str(tmp_path / "half.jpg"), sd="Vault"))
    assert "1 picture or source cannot be imported" in refused
    assert "half.jpg" in refused
    before = read(post(served, "/look", source=str(tmp_path / "half.jpg"), sd="Photos"))
    assert "1 picture is incomplete: cut short or broken. It is imported as far as it goes." in before
    after = read(post(served))
    assert "1 picture is incomplete: cut short or broken. It is kept as far as it goes." in after
    assert after.count("half.jpg") == 1


def test_a_mistyped_path_is_said_at_the_field(served: Served, card: Path) -> None:
    """Which keeps what was typed."""
    page = post(served, "/look", source=f"{card}x", sd="Photos")
    assert "There is no such folder or file" in read(page)
    assert (f'value="{card}x"' in page, 'aria-invalid="true"' in page, "Nothing new" in page) == (
        True,
        True,
        False,
    )


def test_what_was_stopped_is_continued_and_undone_as_one(served: Served, tmp_path: Path) -> None:
    """With the number of what is left. Undo takes back both parts."""
    card = tmp_path / "many"
    card.mkdir()
    count = MOST_TOGETHER + 5
    for number in range(count):
        (card / f"{number:04}.png").write_bytes(make_picture("png", seed=1000 + number, size=(8, 8)))
    sd = served.store.get_storage_dir("Photos")
    cancel = threading.Event()
    report = served.store.import_images([str(card)], sd=sd, cancel=cancel, progress=lambda *_: cancel.set())
    assert not report.complete
    left = count - len(report.done)
    stopped = Imported(str(card), str(card), sd, report, count, [])
    served.app.backend.care.start(IMPORTED, lambda _: stopped).ended.wait(5)
    words = read(served.client.get("/import").text)
    assert f"{len(report.done)} pictures are in Photos, and {left} were not looked at" in words
    assert f"Continue with {left} pictures" in words
    words = read(post(served, "/continue"))
    assert f"{count} pictures are in Photos" in words
    assert "Continue" not in words
    assert f"{count} pictures (" in read(post(served, "/undo"))
    assert len(served.store.trash.list_entries()) == count


def test_a_form_acts_on_what_its_page_showed(served: Served, card: Path, tmp_path: Path) -> None:
    """Two windows: what one looked at is not imported by the other, and no other import is undone or forgotten."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.png").write_bytes(make_picture("png", seed=30))
    first = post(served, "/look", source=str(other), sd="Photos")
    second = post(served, "/look", source=str(card), sd="Vault")
    assert "Nothing was done" in post(served, page=first)
    assert "Nothing was done" in post(served, "/again", page=first)
    assert "4 new pictures" in read(served.client.get("/import").text)
    imported = post(served, page=second)
    assert "4 pictures are in Vault" in read(imported)
    assert "4 pictures are in Vault" in read(post(served, page=second)), "a form that was sent twice"
    post(served, "/look", source=str(other), sd="Photos")
    post(served)
    outdated = post(served, "/undo", page=imported)
    assert "Nothing was done" in outdated
    assert 'href="/import">Show how it is now</a>' in outdated
    assert served.store.trash.list_entries() == []
    assert "1 picture (" in read(post(served, "/undo"))
    refused = post(served, "/look", source="", sd="Photos")
    assert '<option value="Photos" selected>' in refused
    words = read(refused)
    assert ("Say what to import" in words, "moved to the trash" in words) == (True, False)


def test_progress_says_how_long_it_takes_once_that_is_known() -> None:
    """Not from the first picture, and not without a total."""
    assert say_progress("Importing…", 0, 3000, 9) == "Importing…"
    assert say_progress("Importing…", 1450, 0, 9) == "Importing… 1,450 pictures so far"
    assert say_progress("Importing…", 1500, 3000, 0.5) == "Importing…"
    assert say_progress("Importing…", 1500, 3000, 2) == "Importing… About 2 seconds left."
    assert say_progress("Importing…", 10, 3000, 10) == "Importing… About 50 minutes left."


def test_archives_are_offered_where_they_can_be_imported(served: Served, tmp_path: Path) -> None:
    """Besides folders, and only if they are asked for; with the way up from the home."""
    (tmp_path / "Takeout.ZIP").touch()
    (tmp_path / ".hidden.zip").touch()
    (tmp_path / "Take.txt").touch()
    asked = {"path": f"{tmp_path}/Ta", "archives": "1"}
    assert served.client.get("/folders/within", params=asked).json()["archives"] == [
        f"{tmp_path}/Takeout.ZIP"
    ]
    assert served.client.get("/folders/within", params={"path": f"{tmp_path}/"}).json()["archives"] == []
    assert served.client.get("/folders/within", params={"path": "~/"}).json()["above"].startswith("/")
