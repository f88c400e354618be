"""Copying, moving, and exporting a selection in a browser: it asks, says what is there, and takes it back."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from builders.pictures import make_picture
from builders.served import Served
from builders.storage import id_of, make_storage_dir, name_of

from .conftest import OpenPage, Serve, check_accessible, open_filters

IMAGES = [make_picture("png", seed=seed, size=(64, 48)) for seed in range(4)]
IDS = [id_of(data) for data in IMAGES]


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Served:
    """``Notes`` with four images, and ``More`` with the first of them."""
    served = serve(*IMAGES)
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More", IMAGES[0]))
    return served


def question(page: Page) -> Locator:
    """The dialog that asks."""
    return page.locator("dialog.ask")


def press(page: Page, name: str) -> None:
    """A button of the question."""
    question(page).get_by_role("button", name=name).click()


def ask(page: Page, action: str, *images: bytes) -> None:
    """Selects the images, and presses the button of the bar."""
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    for data in images:
        page.locator(f".tile[data-id='{id_of(data)}']").hover()
        page.locator(f".tile[data-id='{id_of(data)}'] .pick").click()
    page.locator(".chosen").get_by_role("button", name=action).click()


def list_there(root: Path) -> set[str]:
    """The ids of the images in a storage directory."""
    return {path.stem for path in (root / "media").iterdir()}


def read_archive(path: Path) -> set[str]:
    """The ids of the images in an archive that is whole."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert {"index.html", "manifest.json"} <= set(archive.namelist())
        return {row["image_id"] for row in json.loads(archive.read("manifest.json"))["images"]}


def test_a_selection_is_copied_and_the_copies_go_again(
    served: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    """It says how many are there already, and undo takes away only what was written."""
    page = open_page(served)
    ask(page, "Copy to…", *IMAGES[:3])
    expect(question(page)).to_contain_text("Copy 3 images to which folder?")
    expect(question(page).get_by_role("button", name="Notes all are there already")).to_be_disabled()
    press(page, "More 1 is there already")
    expect(page.locator(".toast p")).to_have_text("2 images copied to More, 1 was there already")
    expect(page.locator("#status")).to_contain_text("Undo with Control Z")
    expect(page.locator(".chosen")).to_be_hidden()
    assert list_there(tmp_path / "More") == set(IDS[:3])
    page.keyboard.press("Control+z")
    expect(page.locator(".toast p")).to_have_text("2 copies are in the trash")
    assert list_there(tmp_path / "More") == {IDS[0]}
    assert list_there(tmp_path / "Notes") == set(IDS)


def test_a_move_names_the_notes_and_is_undone(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """One that a note uses moves only if a person insists. Undo brings the file back, and takes the copy away."""
    (tmp_path / "Notes/diary.md").write_text(f"![](media/{name_of(IMAGES[1])})")
    page = open_page(served)
    ask(page, "Move to…", *IMAGES[1:3])
    press(page, "More")
    expect(question(page)).to_contain_text("Move 2 images to More?")
    expect(question(page)).to_contain_text("1 note uses them diary.md line 1")
    press(page, "Move 1 that no note uses")
    expect(page.locator(".toast p")).to_contain_text("1 image moved to More. 1 file not: ")
    assert list_there(tmp_path / "Notes") == {IDS[0], IDS[1], IDS[3]}
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast p")).to_have_text("1 image is back")
    ask(page, "Move to…", IMAGES[1])
    press(page, "More")
    press(page, "Move it all the same")
    expect(page.locator(".toast p")).to_have_text("1 image moved to More")
    assert (list_there(tmp_path / "Notes"), list_there(tmp_path / "More")) == (
        {IDS[0], IDS[2], IDS[3]},
        {IDS[0], IDS[1]},
    )
    page.keyboard.press("Control+z")
    expect(page.locator(".toast p")).to_have_text("1 image is back")
    assert (list_there(tmp_path / "Notes"), list_there(tmp_path / "More")) == (set(IDS), {IDS[0]})


def test_what_is_there_already_only_leaves(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """After an undo, it is in both again."""
    page = open_page(served)
    ask(page, "Move to…", IMAGES[0])
    press(page, "More is there already")
    expect(question(page)).to_contain_text("It is there already, so only its file leaves.")
    press(page, "Move")
    expect(page.locator(".toast p")).to_have_text("1 image moved to More, 1 was there already")
    assert (IDS[0] in list_there(tmp_path / "Notes"), IDS[0] in list_there(tmp_path / "More")) == (
        False,
        True,
    )
    page.keyboard.press("Control+z")
    expect(page.locator(".toast p")).to_have_text("1 image is back")
    assert IDS[0] in list_there(tmp_path / "Notes") & list_there(tmp_path / "More")


CLOSE_AND_ASK = """() => {
    document.querySelector("dialog.ask").close();
    document.querySelector("[data-do=copy-to]").click();
}"""


def test_it_works_by_keyboard(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """From the tile to the folder and back, also if the next question comes before the last one has told its end."""
    page = open_page(served)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    for key in ("ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_text("4 selected").first).to_be_visible()
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Copy to…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question(page).get_by_role("button", name="More 1 is there already")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Copy to…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question(page).get_by_role("button", name="More 1 is there already")).to_be_focused()
    page.evaluate(CLOSE_AND_ASK)
    expect(question(page).get_by_role("button", name="More 1 is there already")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".toast p")).to_contain_text("3 images copied to More")
    assert list_there(tmp_path / "More") == set(IDS)


def test_what_cannot_be_is_said(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """In the dialog, and nothing has changed."""
    page = open_page(served)
    ask(page, "Copy to…", IMAGES[1])
    expect(question(page).get_by_role("button", name="More")).to_be_visible()
    (tmp_path / "More").rename(tmp_path / "Away")
    press(page, "More")
    expect(question(page)).to_contain_text("That did not work")
    press(page, "Cancel")
    expect(page.locator(".chosen output")).to_have_text("1 selected")
    assert list_there(tmp_path / "Away") == {IDS[0]}


def test_with_one_folder_there_is_nowhere_to_go(serve: Serve, open_page: OpenPage) -> None:
    """So the bar does not offer it."""
    page = open_page(serve(*IMAGES[:2]))
    ask(page, "Download", *IMAGES[:2])
    expect(page.get_by_role("button", name="Copy to…")).to_have_count(0)


def test_several_images_are_one_archive(served: Served, open_page: OpenPage) -> None:
    """Whose size is said before."""
    page = open_page(served)
    ask(page, "Download", *IMAGES[:3])
    expect(question(page)).to_contain_text("Download 3 images?")
    expect(question(page)).to_contain_text("kB, in one ZIP archive")
    with page.expect_download() as download:
        press(page, "Download")
    assert download.value.suggested_filename == "strandline-export.zip"
    assert read_archive(download.value.path()) == set(IDS[:3])
    expect(question(page)).to_be_hidden()
    expect(page.locator(".chosen output")).to_have_text("3 selected")


def test_all_that_the_filters_show_is_exported(served: Served, open_page: OpenPage) -> None:
    """The link follows the filters."""
    page = open_page(served)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    open_filters(page)
    page.locator(".filters [name=sd]").select_option("More")
    expect(page.locator("#count")).to_have_text("1 image")
    page.get_by_role("link", name="Export all").click()
    expect(page.get_by_role("heading", name="Download 1 image?")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert read_archive(download.value.path()) == {IDS[0]}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_questions_are_accessible(
    served: Served, open_page: OpenPage, tmp_path: Path, scheme: str, width: int
) -> None:
    """axe finds nothing, and nothing is wider than the window, down to the narrowest phone."""
    (tmp_path / "Notes/diary.md").write_text(f"![](media/{name_of(IMAGES[1])})")
    page = open_page(served, scheme=scheme, width=width, bypass_csp=True)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    for key in ("ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)

    def check() -> None:
        check_accessible(page)
        for each in (320, width):
            page.set_viewport_size({"width": each, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= each
            bar = page.locator(".chosen")
            assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")

    check()
    for action in ("Download", "Copy to…", "Move to…"):
        page.locator(".chosen").get_by_role("button", name=action).click()
        expect(question(page).locator(".going")).to_be_visible()
        check()
        if action == "Move to…":
            press(page, "More")
            expect(question(page).get_by_text("1 note uses them")).to_be_visible()
            check()
            press(page, "Move all")
            expect(page.locator(".toast p")).to_contain_text("4 images moved to More")
            check()
        else:
            question(page).get_by_text("Cancel").click()
