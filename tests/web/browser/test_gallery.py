"""The gallery in a real browser: of any length, with only what the window shows, and usable by keyboard."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.pages import fill_catalog
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import make_pictures, make_storage_dir
from strandline.runtime.assembly import open_store

from .conftest import OpenPage, Serve, check_accessible, open_filters

MANY = 100_000
MAX_TILES = 400
"""Two and a half windows of the smallest tiles. The number must not grow with the gallery."""

PLACES = """Array.from(document.querySelectorAll(".tile")).slice(0, 20).map((tile) => {
    const { x, y, width } = tile.getBoundingClientRect();
    return [x, y, width].map((number) => Math.round(number * 10) / 10).join(" ");
})"""
"""Position and size of the first tiles, to a tenth of a pixel."""


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gallery of 100,000 images whose disk is away, so nothing is scanned and no file is needed."""
    folder = tmp_path_factory.mktemp("huge")
    root = make_storage_dir(folder / "Notes")
    with open_store(folder / "home") as store:
        sd = store.add_storage_dir(root).sd
        fill_catalog(store, sd.number, MANY)
        shutil.rmtree(root)
        assert not store.inspect(sd).sd.is_reachable  # from now on, no page notices it first
        with serving(store) as served:
            yield served


def count_tiles(page: Page) -> int:
    """Number of tiles in the grid now."""
    return page.locator("gallery-grid .tile").count()


def test_a_hundred_thousand_images_scroll_with_a_bounded_page(huge: Served, open_page: OpenPage) -> None:
    """The scroll bar represents the whole gallery, any place is reached at once, and only nearby tiles exist."""
    page = open_page(huge)
    expect(page.locator("#count")).to_have_text("100,000 images")
    height = page.evaluate("document.documentElement.scrollHeight")
    columns = int(
        page.evaluate(
            "getComputedStyle(document.querySelector('.tiles')).gridTemplateColumns.split(' ').length"
        )
    )
    tile = page.locator(".tile").first.bounding_box()
    assert tile is not None
    assert height > MANY / columns * tile["height"]
    for part in (0.25, 0.5, 0.9, 0.1):
        page.evaluate(f"scrollTo(0, {height * part})")
        expect(page.locator(".tile[data-id='']")).to_have_count(0)
        assert 0 < count_tiles(page) < MAX_TILES
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(f".tile[data-id='{MANY:032x}']")).to_be_in_viewport()
    assert 0 < count_tiles(page) < MAX_TILES


def test_scrolling_keeps_the_browser_small(huge: Served, open_page: OpenPage) -> None:
    """After ten pages, every tile is filled, there are no more of them than before, and the heap is small.

    The duration is measured elsewhere (docs/benchmarks.md), because it depends on how busy the machine is.
    """
    page = open_page(huge)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable")
    for turn in range(1, 11):
        page.mouse.wheel(0, 900)
        expect(page.locator("html")).to_have_js_property("scrollTop", 900 * turn, timeout=5000)
        expect(page.locator(".tile[data-id='']")).to_have_count(0)
        assert 0 < count_tiles(page) < MAX_TILES
    metrics = {each["name"]: each["value"] for each in browser.send("Performance.getMetrics")["metrics"]}
    assert metrics["JSHeapUsedSize"] <= 80_000_000


def test_a_picture_that_cannot_be_had_leaves_a_word(huge: Served, open_page: OpenPage) -> None:
    """No broken icons: a tile says that its picture failed or is still arriving."""
    page = open_page(huge)
    first = page.locator(".tile").nth(0)
    expect(first.locator(".badge")).to_have_text("offline")
    expect(first.locator("img")).to_be_hidden()
    expect(page.locator(".tile").nth(7).locator(".badge")).to_have_text("still arriving")


def test_the_keyboard_reaches_every_image(huge: Served, open_page: OpenPage) -> None:
    """Arrows move from tile to tile and across months, End and Home to the ends, and the window follows."""
    page = open_page(huge)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f".tile[data-id='{1:032x}'] a")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f".tile[data-id='{2:032x}'] a")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(f".tile[data-id='{MANY:032x}'] a")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".tile a:focus")).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(page.locator(f".tile[data-id='{1:032x}'] a")).to_be_focused()
    page = open_page(huge, "/?from=2026-10-30&to=2026-11-02")
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.month').dataset.month") == "2026-10"
    expect(page.locator(".tile a:focus")).to_be_in_viewport()


def test_what_is_typed_is_found(huge: Served, open_page: OpenPage) -> None:
    """Slash focuses the search, the grid follows each letter, the address shows it, and clearing shows all images."""
    page = open_page(huge)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(f"{31:032x}")
    expect(page.locator("#count")).to_have_text("1 image")
    assert f"q={31:032x}" in page.url
    page.get_by_role("searchbox").fill("nothing is called so")
    expect(page.get_by_text("No images match")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(page.locator("#count")).to_have_text("100,000 images")
    open_filters(page)
    page.get_by_label("State").select_option("arriving")
    expect(page.locator("#count")).to_have_text("2,000 images")


def test_the_first_screen_is_there_without_scripts(huge: Served, open_page: OpenPage) -> None:
    """The server draws tiles, months, and a link to older images."""
    page = open_page(huge, java_script_enabled=False)
    assert count_tiles(page) == 60
    expect(page.get_by_role("heading", name="November 2026")).to_be_visible()
    page.get_by_role("link", name="Older images").click()
    expect(page.locator(f".tile[data-id='{61:032x}']")).to_be_visible()


def test_nothing_moves_when_scripts_take_over(huge: Served, open_page: OpenPage) -> None:
    """The browser's own layout equals the server's, to the pixel, at every width."""
    for width in (390, 1280, 1920):
        drawn = open_page(huge, width=width, without="**/gallery.js")
        taken_over = open_page(huge, width=width)
        expect(taken_over.locator("gallery-grid.is-virtual")).to_be_visible()
        assert taken_over.evaluate(PLACES) == drawn.evaluate(PLACES)


def month_at_the_top(page: Page) -> str:
    """The month that the rail names."""
    return str(page.get_by_role("slider", name="Month").get_attribute("aria-valuetext"))


def test_the_rail_leads_to_any_month(huge: Served, open_page: OpenPage) -> None:
    """Arrows go from month to month, Page Up and Down from year to year, and a click goes to that height."""
    page = open_page(huge, bypass_csp=True)
    rail = page.get_by_role("slider", name="Month")
    expect(rail).to_have_attribute("aria-valuetext", "November 2026")
    rail.focus()
    check_accessible(page)
    page.keyboard.press("ArrowDown")
    expect(rail).to_have_attribute("aria-valuetext", "October 2026")
    expect(page.get_by_role("heading", name="October 2026")).to_be_in_viewport()
    page.keyboard.press("PageDown")
    expect(rail).to_have_attribute("aria-valuetext", "December 2025")
    page.keyboard.press("PageUp")
    expect(rail).to_have_attribute("aria-valuetext", "November 2026")
    page.keyboard.press("End")
    expect(page.get_by_role("heading", name="November 2016")).to_be_in_viewport()
    expect(page.locator(".tile[data-id='']")).to_have_count(0)
    box = page.locator("date-rail").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(rail).to_have_attribute("aria-valuetext", re.compile("2021"))
    expect(rail).to_be_focused()
    page.keyboard.press("Home")
    expect(rail).to_have_attribute("aria-valuetext", "November 2026")


def test_every_year_is_on_the_rail(huge: Served, open_page: OpenPage) -> None:
    """However many months there are. Dots stand between the numbers."""
    page = open_page(huge, height=800)
    expect(page.locator("date-rail .year")).to_have_text([str(year) for year in range(2026, 2015, -1)])
    assert page.locator("date-rail .dot").count() > 20


def test_tiles_look_as_chosen(huge: Served, open_page: OpenPage) -> None:
    """Their size and whole pictures are kept in the browser, and the image at the top stays there."""
    page = open_page(huge)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(page.locator(".tile[data-id='']")).to_have_count(0)
    month = month_at_the_top(page)
    tile = page.locator(".tile").first
    before = tile.bounding_box()
    page.get_by_role("button", name="Larger tiles").evaluate("(button) => button.click()")
    larger = page.locator(".tile").first.bounding_box()
    assert before is not None
    assert larger is not None
    assert larger["width"] > 1.3 * before["width"]
    assert month_at_the_top(page) == month
    page.get_by_role("button", name="Whole pictures").evaluate("(button) => button.click()")
    page.reload()
    expect(page.get_by_role("button", name="Whole pictures")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Larger tiles")).to_have_attribute("aria-disabled", "true")
    again = page.locator(".tile").first.bounding_box()
    assert again is not None
    assert again["width"] == pytest.approx(larger["width"], abs=0.5)
    fit = "getComputedStyle(document.querySelector('.tile img')).objectFit"
    assert page.evaluate(fit) == "contain"


def test_images_are_looked_at_one_by_one(serve: Serve, open_page: OpenPage) -> None:
    """Enter opens the light box, arrows move, it says name, day, and place, zooms, and Escape returns to the tile."""
    served = serve(*(make_picture("jpg", seed=seed, size=(640, 480)) for seed in range(3)))
    page = open_page(served)
    ids = page.evaluate("Array.from(document.querySelectorAll('.tile'), (tile) => tile.dataset.id)")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog")
    expect(box).to_be_visible()
    picture = box.locator(".stage img")
    expect(picture).to_have_attribute("src", f"/i/{ids[0]}")
    expect(box.get_by_role("button", name="Newer")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("src", f"/i/{ids[1]}")
    expect(box.get_by_role("status")).to_have_text(re.compile(r"^JPEG image.*, \d+ \w+ 20\d\d, 2 of 3$"))
    page.keyboard.press("i")
    expect(box.get_by_text("640 × 480")).to_be_visible()
    page.keyboard.press("+")
    expect(box.locator(".stage")).to_have_class("stage is-zoomed")
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(page.locator(f".tile[data-id='{ids[1]}'] a")).to_be_focused()


def test_the_light_box_leaves_at_the_image_that_it_showed_last(huge: Served, open_page: OpenPage) -> None:
    """However far that is: the tile has the focus and is in the window, by Escape and by the back button."""
    page = open_page(huge, width=390)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog")
    shown = box.get_by_role("status")
    for number in range(2, 42):
        page.keyboard.press("ArrowRight")
        expect(shown).to_have_text(re.compile(f" {number} of 100,000$"))
    page.keyboard.press("Escape")
    tile = page.locator(f".tile[data-id='{41:032x}'] a")
    expect(tile).to_be_focused()
    page.wait_for_timeout(300)  # a browser that returns to an earlier place does it after the event
    expect(tile).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    expect(shown).to_have_text(re.compile("100,000 of 100,000$"))
    page.go_back()
    tile = page.locator(f".tile[data-id='{MANY:032x}'] a")
    expect(tile).to_be_focused()
    page.wait_for_timeout(300)
    expect(tile).to_be_in_viewport()


def test_pictures_that_failed_are_tried_again_when_the_server_is_back(
    serve: Serve, open_page: OpenPage
) -> None:
    """Meanwhile a tile has a word, and no picture shows the browser's broken icon."""
    page = open_page(serve(make_picture("jpg")), without="**/{i/*,api/v1/events*}")
    tile = page.locator(".tile").first
    expect(tile.locator(".badge")).to_have_text("no preview")
    expect(tile.locator("img")).to_be_hidden()
    expect(page.get_by_text("Strandline does not answer")).to_be_visible()
    page.unroute_all()
    expect(tile.locator("img")).to_be_visible()
    expect(tile.locator(".badge")).to_be_hidden()
    expect(page.get_by_text("Strandline does not answer")).to_be_hidden()


def test_what_a_suspect_folder_lost_is_not_called_fine(serve: Serve, open_page: OpenPage) -> None:
    """The page that is open says so on its tiles and in the light box, and a fresh page says the same."""
    served = serve(*make_pictures(3))
    page = open_page(served)
    expect(page.locator(".tile img").first).to_be_visible()
    for file in (Path(served.store.list_storage_dirs()[0].path) / "media").iterdir():
        file.unlink()
    served.store.scan()
    for shown in (page, open_page(served)):
        expect(shown.locator("#around")).to_contain_text("Notes needs a look.")
        expect(shown.locator(".tile .badge").first).to_have_text("not seen lately")
        shown.locator(".tile").first.click()
        expect(shown.get_by_role("dialog")).to_contain_text("Notes has lost too many files at once")


def test_facts_that_are_known_since_the_picture_was_sent_are_shown(serve: Serve, open_page: OpenPage) -> None:
    """A new image is first read when it is opened, so the gallery's list did not know its size."""
    page = open_page(serve(make_picture("jpg", size=(640, 480))), without="**/i/*w=*")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("i")
    expect(page.get_by_role("dialog").get_by_text("640 × 480")).to_be_visible()


def test_the_back_button_closes_the_light_box(serve: Serve, open_page: OpenPage) -> None:
    """As phone users expect. The gallery is still there."""
    page = open_page(serve(*make_pictures(2)), width=390)
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("heading", name="All images")).to_be_visible()


def test_keys_act_on_the_tile_that_has_the_focus(serve: Serve, open_page: OpenPage) -> None:
    """Assistive technology moves the focus without arrow keys. Space selects that tile, and Enter opens it."""
    page = open_page(serve(*make_pictures(6)))
    tile = page.locator(".tile").nth(4)
    tile.locator("a").focus()
    page.keyboard.press("Space")
    expect(tile).to_have_class(re.compile("is-chosen"))
    expect(page.locator(".tile.is-chosen")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_question_mark_shows_the_keys(serve: Serve, open_page: OpenPage) -> None:
    """So does the button at the bottom. Escape closes them."""
    page = open_page(serve(*make_pictures(1)))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("select everything up to there")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_month_is_selected_by_its_heading(huge: Served, open_page: OpenPage) -> None:
    """With the images that were never fetched. The button says whether all, some, or none are selected."""
    page = open_page(huge)
    pick = page.get_by_role("button", name="Select November 2026", exact=True)
    count = int(page.locator(".month h2 span").first.inner_text().split()[0])
    assert count > 100  # more than one page of the list
    pick.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chosen output")).to_have_text(f"{count} selected")
    expect(pick).to_have_attribute("aria-pressed", "true")
    page.locator(".tile a").first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".chosen output")).to_have_text(f"{count - 1} selected")
    expect(pick).to_have_attribute("aria-pressed", "mixed")
    pick.click()
    expect(pick).to_have_attribute("aria-pressed", "true")
    pick.click()
    expect(page.locator(".chosen")).to_be_hidden()
    expect(pick).to_have_attribute("aria-pressed", "false")
