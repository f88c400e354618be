"""Deleting in a browser: it asks, tiles vanish without a reload, and one key or button brings them back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from builders.pictures import make_picture
from builders.served import Served
from builders.storage import id_of, make_storage_dir, name_of
from strandline.model.changes import NamedFile
from strandline.model.image_ids import ImageId

from .conftest import OpenPage, Serve, check_accessible

IMAGES = [make_picture("png", seed=seed, size=(64, 48)) for seed in range(4)]


def root_of(served: Served) -> Path:
    """The path of the served storage directory."""
    return Path(served.store.list_storage_dirs()[0].path)


def question(page: Page) -> Locator:
    """The dialog that asks."""
    return page.locator("dialog.ask")


def tile(page: Page, data: bytes) -> Locator:
    """The tile of an image."""
    return page.locator(f".tile[data-id='{id_of(data)}']")


def open_gallery(served: Served, open_page: OpenPage, **more: object) -> Page:
    """The gallery, once scripts run in it."""
    page = open_page(served, **more)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    page.evaluate("window.isSamePage = true")
    return page


def select(page: Page, *images: bytes) -> None:
    """Selects their tiles."""
    for data in images:
        tile(page, data).hover()
        tile(page, data).locator(".pick").click()


def test_a_selection_is_deleted_and_undone_without_a_reload(serve: Serve, open_page: OpenPage) -> None:
    """The question says how many and which notes use them. Tiles vanish, and come back; what was deleted before
    stays in the trash.
    """
    served = serve(*IMAGES)
    copy = root_of(served) / "media" / f"{id_of(IMAGES[0])}.PNG"
    copy.write_bytes(IMAGES[0])
    store = served.store
    alone = NamedFile(store.get_storage_dir("Notes"), f"media/{copy.name}", ImageId(id_of(IMAGES[0])))
    store.delete(store.plan_delete([], files=[alone]))
    assert not copy.exists()
    (root_of(served) / "diary.md").write_text(f"![](media/{name_of(IMAGES[0])})")
    page = open_gallery(served, open_page)
    select(page, *IMAGES[:2])
    page.locator(".chosen").get_by_role("button", name="Delete").click()
    expect(question(page).get_by_role("heading", name="Delete 2 images?")).to_be_visible()
    expect(question(page)).to_contain_text("1 note uses them")
    expect(question(page)).to_contain_text("diary.md")
    expect(question(page)).to_contain_text("30 days")
    expect(question(page).locator(".going img")).to_have_count(2)
    question(page).get_by_role("button", name="Delete").click()
    expect(question(page)).to_be_hidden()
    expect(page.locator("#count")).to_have_text("2 images")
    for data in IMAGES[:2]:
        expect(tile(page, data)).to_have_count(0)
        assert not (root_of(served) / "media" / name_of(data)).exists()
    expect(page.locator(".chosen")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("2 images deleted. Undo with Control Z")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#count")).to_have_text("4 images")
    expect(page.locator(".toast")).to_contain_text("2 images are back")
    for data in IMAGES[:2]:
        expect(tile(page, data).locator("img")).to_have_js_property("naturalWidth", 64)
        assert (root_of(served) / "media" / name_of(data)).read_bytes() == data
    assert page.evaluate("window.isSamePage")
    assert [entry.filename for entry in store.trash.list_entries()] == [copy.name]


@pytest.mark.parametrize("key", ["Delete", "Backspace"])
def test_everything_goes_by_keyboard(serve: Serve, open_page: OpenPage, key: str) -> None:
    """The focus is on the button that was asked for, then on the tile that has the place, whatever is decided."""
    served = serve(*IMAGES)
    page = open_gallery(served, open_page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    second = page.locator(".tile a:focus")
    shown = second.get_attribute("href")
    page.keyboard.press(key)
    expect(question(page).get_by_role("heading", name="Delete this image?")).to_be_visible()
    expect(question(page).get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    expect(page.locator(".tile a:focus")).to_have_attribute("href", str(shown))
    expect(page.locator("#count")).to_have_text("4 images")
    page.keyboard.press(key)
    expect(question(page).get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("3 images")
    expect(page.locator(f".tile a[href='{shown}']")).to_have_count(0)
    expect(page.locator(".tile a:focus")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator("#count")).to_have_text("4 images")
    page.keyboard.press("Control+z")
    expect(page.locator(".tile a:focus")).to_have_count(1)
    assert served.store.trash.list_entries() == []


def test_the_last_image_leaves_an_empty_gallery(serve: Serve, open_page: OpenPage) -> None:
    """And comes back into it."""
    page = open_gallery(serve(IMAGES[0]), open_page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    question(page).get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No images yet")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(tile(page, IMAGES[0])).to_be_visible()
    expect(page.get_by_text("No images yet")).to_be_hidden()


def test_a_failure_after_the_dialog_was_closed_is_told(serve: Serve, open_page: OpenPage) -> None:
    """Nobody waits for the answer any more, but the images are still there."""
    page = open_gallery(serve(*IMAGES), open_page)
    held: list[Route] = []
    page.route("**/api/v1/images/delete", lambda route: held.append(route))
    select(page, IMAGES[0])
    page.keyboard.press("Delete")
    question(page).get_by_role("button", name="Delete").click()
    expect(question(page)).to_contain_text("Deleting…")
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    held[0].abort()
    expect(page.locator(".toast")).to_contain_text("Delete did not work: Strandline does not answer.")
    expect(page.locator(".toast").get_by_role("button", name="Undo")).to_be_hidden()


def test_it_asks_from_which_folder(serve: Serve, open_page: OpenPage) -> None:
    """Only that copy goes, and only that one comes back."""
    served = serve(*IMAGES)
    more = make_storage_dir(root_of(served).with_name("More"), IMAGES[0])
    served.store.add_storage_dir(more)
    page = open_gallery(served, open_page)
    select(page, IMAGES[0])
    page.keyboard.press("Delete")
    expect(question(page)).to_contain_text("Delete from which folder?")
    question(page).get_by_role("button", name="More").click()
    expect(question(page)).to_contain_text("in More")
    question(page).get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("1 image deleted")
    assert (root_of(served) / "media" / name_of(IMAGES[0])).is_file()
    assert not (more / "media" / name_of(IMAGES[0])).exists()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("1 image is back")
    assert (more / "media" / name_of(IMAGES[0])).is_file()


def test_the_light_box_goes_on_with_the_next_image(serve: Serve, open_page: OpenPage) -> None:
    """Undo is within reach there, and Escape still closes it."""
    served = serve(*IMAGES)
    page = open_gallery(served, open_page)
    page.locator(".tile a").first.click()
    box = page.locator("light-box dialog")
    first = box.locator("h2").inner_text()
    page.keyboard.press("Delete")
    question(page).get_by_role("button", name="Delete").click()
    expect(box.locator("h2")).not_to_have_text(first)
    expect(box.locator("[role=status]")).to_contain_text("1 of 3")
    box.get_by_role("button", name="Undo").click()
    expect(box.locator("[role=status]")).to_contain_text("of 4")
    box.get_by_role("button", name="Delete", exact=True).click()
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(page.locator("body > .toast")).to_have_count(1)
    assert served.store.trash.list_entries() == []


def test_the_page_of_an_image_says_that_it_is_in_the_trash(serve: Serve, open_page: OpenPage) -> None:
    """And brings it back. The focus is on what takes the deletion back."""
    served = serve(*IMAGES)
    page = open_page(served, f"/image/{id_of(IMAGES[0])}")
    page.get_by_role("button", name="Delete").click()
    question(page).get_by_role("button", name="Delete").click()
    expect(page.get_by_text("was deleted, and is in the trash")).to_be_visible()
    expect(page.locator(".preview img")).to_have_js_property("naturalWidth", 64)
    expect(page.locator(".preview img")).to_have_attribute("src", re.compile("/trash/"))
    expect(page.get_by_role("button", name="Restore")).to_be_focused()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("is back in Notes")).to_be_visible()
    expect(page.locator(".preview img")).to_have_attribute("src", f"/i/{id_of(IMAGES[0])}")
    assert served.store.trash.list_entries() == []


def test_what_is_deleted_elsewhere_vanishes_and_comes_back(serve: Serve, open_page: OpenPage) -> None:
    """By the command line or on another page: the gallery hears of it, and so does the trash."""
    served = serve(*IMAGES)
    gallery, trash = open_gallery(served, open_page), open_page(served, "/trash")
    expect(trash.get_by_text("The trash is empty")).to_be_visible()
    served.store.delete(served.store.plan_delete([id_of(IMAGES[1])]))
    expect(gallery.locator("#count")).to_have_text("3 images")
    expect(tile(gallery, IMAGES[1])).to_have_count(0)
    expect(trash.locator(".trashed li")).to_have_count(1)
    served.store.trash.restore([id_of(IMAGES[1])])
    expect(tile(gallery, IMAGES[1])).to_be_visible()
    expect(trash.get_by_text("The trash is empty")).to_be_visible()


def test_an_open_image_that_goes_elsewhere_says_so(serve: Serve, open_page: OpenPage) -> None:
    """The light box does not show what is not there, and shows it again once it is."""
    served = serve(*IMAGES)
    page = open_gallery(served, open_page)
    page.locator(".tile a").first.click()
    box = page.locator("light-box dialog")
    expect(box.locator(".stage img")).to_have_js_property("naturalWidth", 64)
    shown = str(page.locator("light-box [data-do=more]").get_attribute("href")).rpartition("/")[2]
    served.store.delete(served.store.plan_delete([shown]))
    expect(box.locator(".unseen")).to_be_visible()
    served.store.trash.restore([shown])
    expect(box.locator(".stage img")).to_be_visible()


def test_pictures_in_the_trash_are_chosen_and_restored(serve: Serve, open_page: OpenPage) -> None:
    """They are seen. Nothing moves while somebody chooses."""
    served = serve(*IMAGES)
    served.store.delete(served.store.plan_delete([id_of(data) for data in IMAGES[:3]]))
    page = open_page(served, "/trash")
    for number in range(3):
        expect(page.locator(".trashed-picture img").nth(number)).to_have_js_property("naturalWidth", 64)
    restore = page.get_by_role("button", name="Restore selected")
    expect(restore).to_be_disabled()
    for data in IMAGES[:2]:
        page.get_by_role("checkbox", name=f"Select PNG image {id_of(data)[:8]}").check()
    expect(page.locator("#trash-chosen")).to_have_text("2 selected")
    served.store.delete(served.store.plan_delete([id_of(IMAGES[3])]))
    restore.click()
    expect(page.get_by_text("2 files are back.")).to_be_visible()
    expect(page.locator(".trashed li")).to_have_count(2)
    page.get_by_role("button", name=f"Restore PNG image {id_of(IMAGES[2])[:8]}").click()
    expect(page.locator(".trashed li")).to_have_count(1)
    assert [entry.image_id for entry in served.store.trash.list_entries()] == [id_of(IMAGES[3])]


def test_what_was_deleted_together_is_chosen_together(serve: Serve, open_page: OpenPage) -> None:
    """All of it, or from one to another with Shift. Enter in a box restores nothing, and one button everything."""
    served = serve(*IMAGES)
    served.store.delete(served.store.plan_delete([id_of(data) for data in IMAGES]))
    page = open_page(served, "/trash", bypass_csp=True)
    boxes, said = page.locator(".trashed input"), page.locator("#trash-chosen")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(said).to_have_text("3 selected")
    expect(boxes.nth(1)).to_be_checked()
    every = page.get_by_role("checkbox", name="Select all")
    expect(every).to_have_js_property("indeterminate", value=True)
    every.check()
    expect(said).to_have_text(f"{len(IMAGES)} selected")
    check_accessible(page)
    every.uncheck()
    boxes.nth(0).press("Enter")
    expect(said).to_be_empty()
    page.get_by_role("button", name=f"Restore these {len(IMAGES)}").click()
    expect(page.get_by_text(f"{len(IMAGES)} files are back.")).to_be_visible()
    expect(page.get_by_text("The trash is empty")).to_be_visible()


def test_a_server_that_is_away_is_said_in_the_dialog(serve: Serve, open_page: OpenPage) -> None:
    """Nothing is deleted, and the dialog can be closed."""
    served = serve(*IMAGES)
    page = open_gallery(served, open_page)
    select(page, IMAGES[0])
    page.route("**/delete", lambda route: route.abort())
    page.keyboard.press("Delete")
    expect(question(page)).to_contain_text("Strandline does not answer")
    question(page).get_by_role("button", name="Cancel").click()
    expect(question(page)).to_be_hidden()
    assert served.store.trash.list_entries() == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_question_the_undo_and_the_trash_are_accessible(
    serve: Serve, open_page: OpenPage, scheme: str, width: int
) -> None:
    """axe finds nothing, and nothing is wider than the window, down to the narrowest phone."""
    damaged = make_picture("png", seed=40, size=(90, 90))
    served = serve(*IMAGES, damaged[:-40])
    served.store.add_storage_dir(make_storage_dir(root_of(served).with_name("More"), IMAGES[0]))
    (root_of(served) / "media" / name_of(damaged)).write_bytes(damaged[: len(damaged) // 2])
    served.store.save(damaged, sd="Notes")
    page = open_gallery(served, open_page, scheme=scheme, width=width, bypass_csp=True)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.keyboard.press("Space")

    def check() -> None:
        check_accessible(page)
        for each in (320, width):
            page.set_viewport_size({"width": each, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= each

    check()
    page.locator(".chosen").get_by_role("button", name="Delete").click()
    expect(question(page).get_by_role("heading")).not_to_have_text("Delete")
    check()
    if question(page).get_by_role("button", name="Both").count():
        question(page).get_by_role("button", name="Both").click()
        expect(question(page).locator(".going")).to_be_visible()
        check()
    question(page).get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("2 images deleted")
    check()
    page.locator(".tile a").first.click()
    expect(page.locator("light-box dialog")).to_be_visible()
    page.goto(f"{served.address.url}trash")
    expect(page.get_by_role("heading", name="Damaged files that were replaced")).to_be_visible()
    page.get_by_role("checkbox").first.check()
    check()
    served.store.trash.restore([entry.image_id for entry in served.store.trash.list_entries()])
