"""The selection in the gallery: keys, months, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.pages import fill_catalog
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures

from .conftest import OpenPage, Serve


def test_selected_images_are_copied_as_markdown(serve: Serve, open_page: OpenPage) -> None:
    """Space selects, shift and an arrow extend, the bar copies a line per image, and Escape clears."""
    served = serve(*make_pictures(4))
    page = open_page(served, permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("3 selected").first).to_be_visible()
    page.get_by_role("button", name="Copy Markdown").first.click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    chosen = page.evaluate(
        "Array.from(document.querySelectorAll('.tile.is-chosen'), (tile) => tile.dataset.id)"
    )
    assert [line.split("(media/")[1].split(".")[0] for line in lines] == chosen
    page.locator(".tile a").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_be_hidden()


@pytest.fixture
def slow(serve: Serve, open_page: OpenPage) -> Page:
    """Four images. An image that may have changed is there half a second after it is asked for."""
    page = open_page(serve(*make_pictures(4)))
    expect(page.locator(".tile")).to_have_count(4)
    page.evaluate(
        """() => {
            const source = document.querySelector("gallery-grid").source;
            const fetchOne = source.fetchOne.bind(source);
            source.fetchOne = async (...place) => {
                await new Promise((done) => setTimeout(done, 500));
                setTimeout(() => (document.title = "answered"), 100);
                return fetchOne(...place);
            };
        }"""
    )
    return page


def test_a_slow_answer_does_not_change_the_order_of_keys(slow: Page) -> None:
    """Space asks for an image that may have changed, and the keys that follow know theirs already."""
    for key in ("ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        slow.keyboard.press(key)
    expect(slow).to_have_title("answered")
    expect(slow.get_by_text("3 selected").first).to_be_visible()


def test_nothing_acts_on_a_part_of_a_selection(slow: Page) -> None:
    """Delete waits for what was selected before it, and asks about all of it. Tab leads to the bar."""
    for key in ("ArrowRight", "Space", "Shift+ArrowRight", "Delete"):
        slow.keyboard.press(key)
    expect(slow.get_by_role("dialog")).to_contain_text("2 images")
    slow.keyboard.press("Escape")
    for key in ("Escape", "Home", "Space", "Tab"):
        slow.keyboard.press(key)
    expect(slow.get_by_role("button", name="Copy Markdown").first).to_be_focused()


def test_everything_that_is_found_is_selected(serve: Serve, open_page: OpenPage) -> None:
    """By Ctrl A, which keeps its meaning in a field, or by a button beside the number."""
    page = open_page(serve(*make_pictures(4)))
    said, every = page.locator(".chosen output"), page.get_by_role("button", name="Select all", exact=True)
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Control+a")
    expect(page.locator(".chosen")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("Control+a")
    expect(said).to_have_text("4 selected")
    expect(every).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(said).to_have_text("1 selected")
    every.click()
    expect(said).to_have_text("4 selected")
    expect(page.get_by_role("button", name="Copy Markdown").first).to_be_focused()


def test_the_limit_of_a_selection_is_said(serve: Serve, open_page: OpenPage) -> None:
    """If more is found."""
    served = serve()
    fill_catalog(served.store, 1, 1100)
    page = open_page(served)
    expect(page.locator("#count")).to_have_text("1,100 images")
    page.keyboard.press("Control+a")
    expect(page.locator(".chosen output")).to_have_text("1,000 selected; no more than 1,000 at once")


def test_selected_images_are_downloaded(serve: Serve, open_page: OpenPage) -> None:
    """One download per image, with exactly its bytes and a descriptive name."""
    data = make_picture("png", seed=5)
    page = open_page(serve(data))
    page.locator(".tile").first.hover()
    page.locator(".tile .pick").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    assert Path(download.value.path()).read_bytes() == data
    assert download.value.suggested_filename == f"{id_of(data)}.png"
