"""Deleting and the trash without scripts: the question is a page, and each answer ends on the page of the trash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of, put_half
from strandline.runtime.assembly import open_store
from strandline.web.pages import trash_list

ONE, TWO = (make_picture("jpg", seed=seed) for seed in (1, 2))
ID, OTHER_ID = id_of(ONE), id_of(TWO)


@pytest.fixture
def clock() -> FakeClock:
    """Days may pass."""
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock) -> Iterator[Served]:
    """Two images, and a note that uses one of them."""
    root = make_storage_dir(tmp_path / "Notes", ONE, TWO)
    (root / "sea <b>.md").write_text(f"![](media/{name_of(ONE)})\n")
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.scan()
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def post(served: Served, path: str, **fields: str | list[str]) -> tuple[int, str]:
    """The status and the words of the page that answers a form."""
    answer = served.client.post(path, data=fields)
    return answer.status_code, read(answer.text)


def show(served: Served, path: str = "/trash") -> str:
    """The words of a page that must answer 200."""
    answer = served.client.get(path)
    assert answer.status_code == 200
    return read(answer.text)


def test_what_would_happen_is_asked_and_nothing_else_done(served: Served, tmp_path: Path) -> None:
    """How many, from where, which notes use them, what other machines see, and how long it is kept."""
    status, words = post(served, "/delete", images=f"{ID} {OTHER_ID}")
    assert status == 200
    for said in (
        "Delete 2 images?", "in Notes", "1 note uses them", "sea &lt;b&gt;.md line 1",
        "your other machines lose them", "30 days",
    ):  # fmt: skip
        assert said in words, said
    assert "Delete this image?" in post(served, "/delete", images=ID)[1]
    assert "No note in this folder uses it." in post(served, "/delete", images=OTHER_ID)[1]
    (tmp_path / "Notes/Page.md").write_text(f"icon:: ../{name_of(TWO)}")
    words = post(served, "/delete", images=OTHER_ID)[1]
    assert "1 note has the name of a file that would go, and may use it: Page.md ." in words
    assert "No note in this folder uses it." not in words
    assert (tmp_path / "Notes/media" / name_of(ONE)).read_bytes() == ONE


def test_images_are_deleted_and_come_back(served: Served, tmp_path: Path) -> None:
    """By forms alone. The image's own page says where it is, and brings it back, too."""
    path = tmp_path / "Notes/media" / name_of(ONE)
    assert "The trash is empty" in show(served)
    status, words = post(served, "/delete/confirmed", images=ID)
    assert (status, path.exists()) == (200, False)
    assert "1 image is in the trash." in words
    assert f"JPEG image {ID[:8]}" in words
    entry = served.store.trash.list_entries()[0]
    assert f"/api/v1/trash/{entry.trash_id}/content?w=400" in served.client.get("/trash").text
    status, words = post(served, "/trash/restore", trash_id=[entry.trash_id])
    assert (status, path.read_bytes()) == (200, ONE)
    assert f"{name_of(ONE)} is back in Notes." in words
    post(served, "/delete/confirmed", images=ID)
    words = show(served, f"/image/{ID}")
    assert "was deleted, and is in the trash" in words
    assert "press “Restore”" in words
    assert "Copy Markdown" not in words, "nothing should refer to it"
    status, words = post(served, f"/image/{ID}/bring-back")
    assert (status, path.read_bytes()) == (200, ONE)
    assert "Copy Markdown" in words


def test_a_person_says_from_which_folder(served: Served, tmp_path: Path) -> None:
    """One of them, or all. Copies elsewhere stay."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More", ONE))
    served.store.add_storage_dir(make_storage_dir(tmp_path / "Third", TWO))
    for path in ("/delete", "/delete/confirmed"):
        status, words = post(served, path, images=ID)
        assert status == 200
        assert re.search("Delete from which folder.*Notes.*More.*Both.*Cancel", words), words
    words = post(served, "/delete", images=f"{ID} {OTHER_ID}", sd="More")[1]
    assert "Delete 1 image?" in words
    assert "1 image cannot be deleted Not in More." in words
    assert "in Notes and More" in post(served, "/delete", images=ID, everywhere="1")[1]
    post(served, "/delete/confirmed", images=ID, sd=["More"])
    assert (tmp_path / "Notes/media" / name_of(ONE)).is_file()
    assert not (tmp_path / "More/media" / name_of(ONE)).exists()


def test_what_cannot_be_deleted_is_said_before(served: Served, tmp_path: Path) -> None:
    """With the reason, and without a button."""
    (tmp_path / "Notes").rename(tmp_path / "Away")
    answer = served.client.post("/delete", data={"images": ID})
    assert "This image cannot be deleted" in read(answer.text)
    assert "/delete/confirmed" not in answer.text
    assert "Nothing was deleted" in post(served, "/delete/confirmed", images=ID)[1]
    words = post(served, "/delete", images="0" * 32)[1]
    assert "it is gone already" in words


@pytest.mark.parametrize("images", ["", "x", " ", " ".join(f"{number:032x}" for number in range(1001))])
def test_a_form_that_names_no_images_deletes_nothing(served: Served, images: str) -> None:
    """An error page."""
    for path in ("/delete", "/delete/confirmed"):
        assert post(served, path, images=images)[0] == 422
    assert served.store.trash.list_entries() == []


def test_a_place_that_is_taken_is_said(served: Served, tmp_path: Path) -> None:
    """Nothing is replaced, and the rest comes back."""
    post(served, "/delete/confirmed", images=f"{ID} {OTHER_ID}")
    (tmp_path / "Notes/media" / name_of(ONE)).write_bytes(b"other")
    ids = [entry.trash_id for entry in served.store.trash.list_entries()]
    status, words = post(served, "/trash/restore", trash_id=ids)
    assert status == 200
    assert f"{name_of(TWO)} is back in Notes. Something else is at" in words
    ids = [entry.trash_id for entry in served.store.trash.list_entries()]
    status, words = post(served, "/trash/restore", trash_id=ids)
    assert (status, "Nothing was put back" in words) == (409, True)
    assert post(served, "/trash/restore")[1].count("Choose pictures first.") == 1


def test_only_what_may_leave_is_removed_and_only_if_it_is_ticked(served: Served, clock: FakeClock) -> None:
    """The page says how much, and that it cannot be undone."""
    post(served, "/delete/confirmed", images=ID)
    words = show(served)
    assert "Nothing may be removed yet. The first file may be after" in words
    assert "Remove for good" not in words
    clock.pass_time(days=31)
    post(served, "/delete/confirmed", images=OTHER_ID)
    words = show(served)
    assert "Remove 1 file for good" in words
    assert "This cannot be undone." in words
    assert "may be removed now" in words
    assert post(served, "/trash/empty")[0] == 422
    assert len(served.store.trash.list_entries()) == 2
    status, words = post(served, "/trash/empty", sure="1")
    assert (status, "1 file is gone for good." in words) == (200, True)
    assert [entry.image_id for entry in served.store.trash.list_entries()] == [OTHER_ID]


def test_replaced_damaged_files_are_apart(served: Served, tmp_path: Path) -> None:
    """They cannot be restored: a good file has the place."""
    root, data = tmp_path / "Notes", make_picture("png", seed=9, size=(90, 90))
    put_half(root, data)
    served.store.save(data, sd="Notes")
    post(served, "/delete/confirmed", images=ID)
    words = show(served)
    assert re.search("Restore selected .*Damaged files that were replaced .*Replaced at .*The image", words)
    text = served.client.get("/trash").text
    (replaced,) = [each for each in served.store.trash.list_entries() if each.reason == "replaced"]
    assert f'value="{replaced.trash_id}"' not in text
    assert post(served, "/trash/restore", trash_id=[replaced.trash_id])[0] == 404


def test_a_long_list_has_pages(served: Served, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Latest first; each file is on one of them."""
    monkeypatch.setattr(trash_list, "GROUPS_PER_PAGE", 1)
    for image_id in (ID, OTHER_ID):
        clock.pass_time(minutes=1)
        post(served, "/delete/confirmed", images=image_id)
    assert re.search(f"JPEG image {OTHER_ID[:8]} .*1 to 1 of 2 deletions Older", show(served))
    assert re.search(f"JPEG image {ID[:8]} .*2 to 2 of 2 deletions Newest", show(served, "/trash?from=1"))
    beyond = show(served, "/trash?from=2")  # the last page was restored meanwhile
    assert re.search(f"JPEG image {OTHER_ID[:8]} .*1 to 1 of 2 deletions Older", beyond)


def test_names_and_folders_are_shown_harmlessly(served: Served, tmp_path: Path) -> None:
    """Among named pictures, the name is the file's own, and the folder is said."""
    vault = tmp_path / "<i>Vault"
    (vault / "Trips").mkdir(parents=True)
    (vault / "note.md").write_text("")
    (vault / "Trips/<img onerror=x>\u202egnp.png").write_bytes(make_picture("png", seed=5))
    served.store.add_storage_dir(vault)
    served.store.scan()
    post(served, "/delete/confirmed", images=id_of(make_picture("png", seed=5)))
    text = served.client.get("/trash").text
    assert "&lt;img onerror=x&gt;\\u202egnp.png" in text
    assert "&lt;i&gt;Vault: Trips" in text
    assert "<img onerror" not in text
    assert "\u202e" not in text
