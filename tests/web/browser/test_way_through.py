"""The way from the gallery to an image and on, months that share a heading, and where new pictures go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served
from builders.storage import id_of, make_pictures, make_storage_dir
from builders.travel_vault import CASTLE, VIEW, make_travel_vault, serving_travel_vault
from web.browser.conftest import OpenPage, check_accessible, open_adding

DRAG = """() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["x"], "x.png"));
    dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true }));
}"""

PRESSED = "a, button, select, summary, [type=search], [type=text]"

SMALL_TARGETS = """(pressed) => Array.from(document.querySelectorAll(pressed))
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => !each.matches(".skip, p.quiet a, .facts a, td a, dd a"))
    .map((each) => [each.outerHTML.slice(0, 120), each.getBoundingClientRect().height])
    .filter(([, height]) => height > 1 && height < 43.5)"""
"""What a finger must hit, and is too low for one. Links in the middle of a text are as high as the text."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault whose program puts new pictures into ``attachments``, and another folder."""
    make_travel_vault(tmp_path / "Vault")
    with serving_travel_vault(tmp_path) as served:
        put(tmp_path / "Vault", ".obsidian/app.json", b'{"attachmentFolderPath": "attachments"}')
        served.store.add_storage_dir(make_storage_dir(tmp_path / "Ids", *make_pictures(1)))
        yield served


def test_the_page_of_an_image_leads_on_and_back(served: Served, open_page: OpenPage) -> None:
    """In the gallery from which somebody came: by tile or light box, with its folder and its search."""
    page = open_page(served, "/?sd=Vault&folder=attachments", bypass_csp=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("attachments")
    expect(page.locator(f"gallery-grid .tile[data-id='{id_of(CASTLE)}'] .caption span")).to_have_text(
        "castle again.png"
    )
    page.locator("gallery-grid .tile a").first.click()
    page.get_by_role("button", name="Facts").click()
    page.get_by_role("link", name="All about this image").click()
    seen = {page.url.partition("?")[0].rpartition("/")[2]}
    expect(page.get_by_role("link", name="Previous image")).to_have_count(0)
    check_accessible(page)
    page.get_by_role("link", name="Next image").click()
    expect(page.get_by_role("link", name="Next image")).to_have_count(0)
    seen.add(page.url.partition("?")[0].rpartition("/")[2])
    assert seen == {id_of(CASTLE), id_of(VIEW)}
    page.get_by_role("link", name="attachments", exact=True).click()
    page.wait_for_url(re.compile(r"/\?sd=Vault&folder=attachments$"))


def test_an_image_outside_of_the_gallery_has_no_neighbors(served: Served, open_page: OpenPage) -> None:
    """The way back is there all the same."""
    page = open_page(served, f"/image/{id_of(CASTLE)}?q=soup")
    expect(page.get_by_role("link", name="All images")).to_have_attribute("href", "/?q=soup")
    expect(page.locator(".beside a")).to_have_count(1)


def test_small_months_share_a_heading(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """The server and the script join the same ones; the light box goes through them, and one button selects them."""
    for month in (1, 2, 3, 5):
        path = tmp_path / f"Vault/old {month}.png"
        path.write_bytes(make_picture("png", seed=50 + month, size=(8, 8)))
        at = datetime(2024, month, 9, tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
    served.store.scan("Vault")
    plain = open_page(served, without="**/*.js").locator(".month h2").all_inner_texts()
    page = open_page(served)
    expect(page.locator("gallery-grid.is-virtual")).to_have_count(1)
    assert page.locator(".month h2").all_inner_texts() == plain
    assert plain[-1].split("\n")[0].startswith("January to May 2024")
    phone = open_page(served, width=390)
    expect(phone.locator("gallery-grid.is-virtual")).to_have_count(1)
    heights = phone.locator(".month h2").evaluate_all("(all) => all.map((each) => each.offsetHeight)")
    assert len(set(heights)) == 1  # one line
    page.locator(".month .pick-month").last.click()
    expect(page.locator(".chosen output")).to_contain_text("4")
    page.keyboard.press("Escape")
    page.locator("gallery-grid .tile a").last.click()
    expect(page.locator("#lightbox-title")).to_have_text("old 1.png")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#lightbox-title")).to_have_text("old 2.png")


def test_what_is_dropped_is_said_to_go_where_it_goes(served: Served, open_page: OpenPage) -> None:
    """Into the folder of the vault's program, not into the folder that is shown."""
    page = open_page(served, "/?sd=Vault&folder=Trips/Lisbon")
    page.evaluate(DRAG)
    expect(page.locator(".drop strong")).to_have_text("Drop to save into Vault: attachments")
    expect(page.locator(".drop")).to_contain_text("Not into Trips/Lisbon")
    other = open_page(served, "/?sd=Ids")
    other.evaluate(DRAG)
    expect(other.locator(".drop strong")).to_have_text("Drop to save into Ids")
    expect(other.locator(".drop .elsewhere")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_one_button_leads_to_all_ways_to_add_pictures(
    served: Served, open_page: OpenPage, width: int
) -> None:
    """From this device, into a folder that is asked for; or from elsewhere. Escape and a click beside it close it."""
    page = open_page(served, width=width, bypass_csp=True)
    button, field = page.locator("#add > summary"), page.get_by_label("Save into")
    expect(button).to_have_text("Add pictures")
    expect(field).to_be_hidden()
    open_adding(page)
    expect(field).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    open_adding(page)
    page.locator("h1").click()
    expect(field).to_be_hidden()
    open_adding(page)
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("link", name="From a folder, an archive, or the web")).to_have_attribute(
        "href", "/import"
    )
    field.select_option("Ids")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="From this device").click()
    data = make_picture("png", seed=77, size=(8, 8))
    chosen.value.set_files([FilePayload(name="new.png", mimeType="image/png", buffer=data)])
    expect(page.locator(".saved-files h2")).to_have_text("1 saved")
    assert [each.sd.name for each in served.store.info(id_of(data)).files] == ["Ids"]
    expect(field).to_be_hidden()


def test_folders_are_browsed_without_typing(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """Into a folder, and up again."""
    (tmp_path / "Pictures/2026").mkdir(parents=True)
    page = open_page(served, "/folders", width=390, bypass_csp=True)
    field = page.get_by_label("Path of the folder on this machine")
    field.fill(f"{tmp_path}/")
    expect(page.get_by_role("option", name=re.compile("Pictures$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    page.get_by_role("button", name="Browse folders").click()
    page.get_by_role("option", name=re.compile("Pictures$")).click()
    expect(page.get_by_role("option", name=re.compile("2026$"))).to_be_visible()
    check_accessible(page)
    page.get_by_role("option", name="The folder above: ").click()
    expect(field).to_have_value(f"{tmp_path}/")
    expect(page.get_by_role("option", name=re.compile("Vault"))).to_be_visible()


@pytest.mark.parametrize(
    "path",
    ["/?sd=Vault", "/?sd=Vault&folder=Trips/Lisbon", "/folders", "/inspect", "/inspect/Vault", "/inspect/Ids",
     "/inspect/Vault/notes", "/activity", f"/image/{id_of(CASTLE)}"],
)  # fmt: skip
def test_what_a_finger_presses_is_high_enough(served: Served, open_page: OpenPage, path: str) -> None:
    """44 pixels, on every page that a phone shows."""
    page = open_page(served, path, width=390, height=844)
    assert page.evaluate(SMALL_TARGETS, PRESSED) == []


@pytest.mark.parametrize("path", ["/?sd=Vault&folder=Food", "/inspect/Vault/tree"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_hint_of_the_search_is_not_cut(
    served: Served, open_page: OpenPage, width: int, path: str
) -> None:
    """At any width, also beside the button that clears filters."""
    page = open_page(served, path, width=width)
    assert _measure_hint(page) <= 0


def _measure_hint(page: Page) -> float:
    """By how many pixels the hint is wider than its place."""
    return float(
        page.get_by_role("searchbox").evaluate(
            """(field) => {
                const style = getComputedStyle(field);
                const pen = document.createElement("canvas").getContext("2d");
                pen.font = style.font;
                const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                return pen.measureText(field.placeholder).width - room;
            }"""
        )
    )
