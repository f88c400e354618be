"""If a page names a button, there is one: on that page, or on the page that the text names."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, rmtree

import httpx
import pytest

from builders.served import Served, serving
from builders.storage import make_pictures, make_storage_dir
from strandline.model.storage_dirs import StorageDirState
from strandline.runtime.assembly import open_store

IMAGES = make_pictures(8)
ELSEWHERE = re.compile(r"“([^”]+)”(?: on the (\w+) page)?")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served home without a storage directory, and a full folder beside it."""
    make_storage_dir(tmp_path / "Notes", *IMAGES)
    with open_store(tmp_path / "home") as store, serving(store) as served:
        yield served


def lose_identity(root: Path, served: Served) -> None:
    """``SD_ID`` never arrived."""
    (root / "SD_ID").unlink()
    served.store.add_storage_dir(root)


def break_identity(root: Path, served: Served) -> None:
    """``SD_ID`` is half a file."""
    (root / "SD_ID").write_text("half")
    served.store.add_storage_dir(root)


def break_known_identity(root: Path, served: Served) -> None:
    """``SD_ID`` was overwritten."""
    served.store.add_storage_dir(root)
    (root / "SD_ID").write_text("half")


def lose_known_identity(root: Path, served: Served) -> None:
    """``SD_ID`` was deleted."""
    served.store.add_storage_dir(root)
    (root / "SD_ID").unlink()


def lose_known_identity_read_only(root: Path, served: Served) -> None:
    """The same, in a folder to which nothing is written."""
    served.store.add_storage_dir(root, read_only=True)
    (root / "SD_ID").unlink()


def lose_everything(root: Path, served: Served) -> None:
    """An empty mount point."""
    served.store.add_storage_dir(root)
    rmtree(root)
    root.mkdir()


def lose_everything_read_only(root: Path, served: Served) -> None:
    """The same, in a folder to which nothing is written."""
    served.store.add_storage_dir(root, read_only=True)
    rmtree(root)
    root.mkdir()


def lose_root(root: Path, served: Served) -> None:
    """The disk is away."""
    served.store.add_storage_dir(root)
    rmtree(root)


def lose_images(root: Path, served: Served) -> None:
    """All images are gone at once."""
    served.store.add_storage_dir(root)
    for path in (root / "media").iterdir():
        path.unlink()
    served.store.scan("Notes")


def lose_media(root: Path, served: Served) -> None:
    """The media folder is gone."""
    served.store.add_storage_dir(root)
    rmtree(root / "media")
    served.store.scan("Notes")


def copy_folder(root: Path, served: Served) -> None:
    """There are two with one identity."""
    copytree(root, root.parent / "Copy")
    served.store.add_storage_dir(root)
    served.store.add_storage_dir(root.parent / "Copy")


def copy_folder_read_only(root: Path, served: Served) -> None:
    """The same, and one of them is not written to."""
    copytree(root, root.parent / "Copy")
    served.store.add_storage_dir(root, read_only=True)
    served.store.add_storage_dir(root.parent / "Copy")


def put_pictures_elsewhere(root: Path, served: Served) -> None:
    """The pictures are beside the notes."""
    (root / "media").rename(root / "attachments")
    served.store.add_storage_dir(root)


TROUBLES = (
    lose_identity, break_identity, break_known_identity, lose_known_identity, lose_known_identity_read_only,
    lose_everything, lose_everything_read_only, lose_root, lose_images, lose_media, copy_folder,
    copy_folder_read_only, put_pictures_elsewhere,
)  # fmt: skip


WITHOUT_BUTTONS = (
    lose_known_identity_read_only, lose_everything_read_only, lose_root,
)  # fmt: skip


def list_buttons(page: str) -> set[str]:
    """The words of all buttons, and of what opens a part of the page."""
    found = re.findall(r"<(?:button|summary)[^>]*>(.*?)</(?:button|summary)>", page, re.DOTALL)
    return {html.unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in found}


def read(page: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_what_a_page_tells_to_press_is_there(
    served: Served, tmp_path: Path, trouble: Callable[[Path, Served], None]
) -> None:
    """On every page that tells of the trouble, for every button that it names. It works, too."""
    trouble(tmp_path / "Notes", served)
    served.store.refresh_storage_dirs()
    names = [sd.name for sd in served.store.list_storage_dirs()]
    folders = served.client.get("/folders").text
    pages = [
        folders,
        *(served.client.get(f"/inspect/{name}").text for name in names),
        served.client.get("/").text,
    ]
    told = [match for page in pages for match in ELSEWHERE.finditer(read(page))]
    for page in pages:
        for name, where in ELSEWHERE.findall(read(page)):
            assert name in list_buttons(folders if where == "Folders" else page), (name, where)
    assert bool(told) is (trouble not in WITHOUT_BUTTONS)
    assert "`" not in read("".join(pages))


def press(served: Served, words: str, number: int = 0) -> httpx.Response:
    """Presses a button on the Folders page: the one with these words."""
    page = served.client.get("/folders").text
    forms = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if words in list_buttons(form)]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', forms[number]))
    address = re.findall(r'action="([^"]+)"', forms[number])[0]
    return served.client.post(address, data={name: html.unescape(text) for name, text in fields.items()})


def test_the_button_is_at_the_copy(served: Served, tmp_path: Path) -> None:
    """Open at the folder that was added later, on the Folders page and in the inspector, and folded at the other."""
    copy_folder(tmp_path / "Notes", served)
    folded = re.compile(r"<summary>If this one is the copy</summary>.*?</details>", re.DOTALL)
    later = "'Copy' was added later, so it is probably the copy"
    cards = re.findall(r"<article.*?</article>", served.client.get("/folders").text, re.DOTALL)
    card_of = {
        name: next(card for card in cards if f"<bdi>{name}</bdi>" in card) for name in ("Notes", "Copy")
    }
    for name, is_copy in (("Notes", False), ("Copy", True)):
        for page in (card_of[name], served.client.get(f"/inspect/{name}").text):
            assert later in read(page)
            assert "Give it a new identity" in list_buttons(page)
            assert ("Give it a new identity" in list_buttons(folded.sub("", page))) is is_copy


@pytest.mark.parametrize("number", [0, 1])
def test_the_copy_gets_another_identity(served: Served, tmp_path: Path, number: int) -> None:
    """Whichever of the two a person chooses. Nothing can be saved before, and both can be saved to afterwards."""
    copy_folder(tmp_path / "Notes", served)
    data = make_pictures(1, first_seed=90)[0]
    assert served.upload(data, "Notes").status_code == 409
    before = {sd.name: sd.sd_id for sd in served.store.list_storage_dirs()}
    assert press(served, "Give it a new identity", number).status_code == 200
    after = {sd.name: sd.sd_id for sd in served.store.list_storage_dirs()}
    assert [before[name] != after[name] for name in ("Notes", "Copy")] == [number == 0, number == 1]
    assert [served.upload(data, name).status_code for name in after] == [201, 201]
    assert "Give it a new identity" not in list_buttons(served.client.get("/folders").text)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (lose_identity, "Give it a new identity"),
        (break_known_identity, "Confirm"),
        (lose_known_identity, "Confirm"),
        (lose_everything, "Confirm"),
        (lose_images, "Confirm"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_button_ends_the_trouble(
    served: Served, tmp_path: Path, trouble: Callable[[Path, Served], None], words: str
) -> None:
    """One press, and the folder is online."""
    trouble(tmp_path / "Notes", served)
    served.store.refresh_storage_dirs()
    assert press(served, words).status_code == 200
    (sd,) = served.store.refresh_storage_dirs()
    assert (sd.state, sd.question) == (StorageDirState.ONLINE, None)


def test_a_folder_says_when_it_was_scanned(served: Served, tmp_path: Path) -> None:
    """By this program, to the end."""
    sd = served.store.add_storage_dir(tmp_path / "Notes", scan=False).sd
    assert "not scanned since Strandline started" in read(served.client.get("/folders").text)
    served.store.scan(sd)
    at = served.store.find_last_scan(sd)
    assert at is not None
    assert f"scanned at {at.astimezone():%H:%M}" in read(served.client.get("/folders").text)
