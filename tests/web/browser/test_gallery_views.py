"""Notes that are folded, tiles on dense screens, the selection bar by keyboard, and the gallery on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.pages import fill_catalog
from builders.served import Served
from builders.storage import id_of, make_pictures

from .conftest import OpenPage, Serve

IMAGES = make_pictures(3)


def list_sizes(page: Page) -> list[str]:
    """The sizes that the tiles ask for."""
    sizes: list[str] = page.evaluate(
        "Array.from(document.querySelectorAll('.tile img[src]'), (img) => new URL(img.src).searchParams.get('w'))"
    )
    return sorted(set(sizes))


@pytest.mark.parametrize(("density", "usual", "large"), [(1, ["400"], ["400"]), (2, ["400"], ["800"])])
def test_tiles_are_as_sharp_as_the_screen(
    serve: Serve, open_page: OpenPage, density: int, usual: list[str], large: list[str]
) -> None:
    """Large tiles on a dense screen ask for larger pictures, also those that the server drew."""
    page = open_page(serve(*IMAGES), device_scale_factor=density)
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    assert list_sizes(page) == usual
    page.get_by_role("button", name="Larger tiles").click()
    expect(page.locator("body")).to_have_attribute("data-tiles", "large")
    expect(page.locator(f".tile img[src$='w={large[0]}']")).to_have_count(3)
    page.get_by_role("button", name="Smaller tiles").click()
    assert list_sizes(page) == large, "what is there is kept"


def test_tab_leads_from_a_selected_tile_to_what_can_be_done(serve: Serve, open_page: OpenPage) -> None:
    """And back, and on; without a selection it leads on as before. No trap: the end of the page is reached."""
    page = open_page(serve(*IMAGES))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(".chosen")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy Markdown").first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".tile.is-chosen a")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(page.locator(".foot [data-do=keys]")).to_be_focused()
    page.locator(".tile.is-chosen a").focus()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Clear the selection").press("Enter")
    expect(page.locator(".tile a").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".foot [data-do=keys]")).to_be_focused()


def test_nameless_pictures_have_names_of_their_own(serve: Serve, open_page: OpenPage) -> None:
    """The same on a tile, in the light box, and on the page of the image."""
    page = open_page(serve(*IMAGES))
    for data in IMAGES:
        title = f"PNG image {id_of(data)[:8]}"
        tile = page.get_by_role("link", name=re.compile(f"^{title}, "))
        expect(tile).to_have_count(1)
        expect(tile.locator(".caption")).to_have_text(title)
    page.locator(".tile").first.click()
    shown = page.locator("#lightbox-title").inner_text()
    page.goto(page.locator("light-box [data-do=more]").evaluate("link => link.href"))
    expect(page.get_by_role("heading", level=1)).to_have_text(shown)


def test_no_heading_is_cut_on_a_phone(serve: Serve, open_page: OpenPage) -> None:
    """Also if small months share one, so that it is long."""
    served = serve()
    fill_catalog(served.store, 1, 40)
    page = open_page(served, width=390)
    headings = page.locator(".month-head h2")
    expect(headings.first).to_be_visible()
    for heading in headings.all():
        assert heading.evaluate(
            """(heading) => {
                const [own, row] = [heading, heading.parentElement].map((each) => each.getBoundingClientRect());
                const isWhole = heading.scrollWidth <= heading.clientWidth;
                return isWhole && own.bottom <= row.bottom && own.right <= innerWidth;
            }"""
        ), heading.inner_text()


def take_away(served: Served) -> Path:
    """Moves the folder away."""
    root = Path(served.store.list_storage_dirs()[0].path)
    away = root.rename(root.with_name("Away"))
    served.store.refresh_storage_dirs()
    return away


def test_a_note_stays_folded_until_it_is_news(serve: Serve, open_page: OpenPage) -> None:
    """In this browser, while it is open, on every load of the page. Its first line stays."""
    served = serve(*IMAGES)
    away = take_away(served)
    page = open_page(served)
    more = page.locator("#around").get_by_text("What you see of it is what was known.")
    expect(more).to_be_visible()
    page.locator("#around").get_by_text("Notes is offline.").click()
    expect(more).to_be_hidden()
    page.reload()
    expect(page.locator("#around").get_by_text("Notes is offline.")).to_be_visible()
    expect(more).to_be_hidden()
    away.rename(away.with_name("Notes"))
    for data in IMAGES:
        (away.with_name("Notes") / "media" / f"{id_of(data)}.png").unlink()
    served.store.refresh_storage_dirs()
    served.store.scan()
    page.reload()
    expect(page.locator("#around").get_by_text("Too many of its images are gone at once")).to_be_visible()


def test_paper_says_what_is_not_on_it(serve: Serve, open_page: OpenPage) -> None:
    """If not all tiles exist, how many are printed; otherwise nothing."""
    page = open_page(serve(*make_pictures(70)), height=300)
    expect(page.locator(".on-paper")).to_be_hidden()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown = page.locator(".tile").count()
    assert shown < 70
    expect(page.locator(".on-paper")).to_have_text(
        f"{shown} of 70 images: those near what was on the screen."
    )
    page.goto(page.url + "?q=" + id_of(make_pictures(1)[0]))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".on-paper")).to_be_hidden()


def test_pictures_elsewhere_are_taken_in_with_progress(serve: Serve, open_page: OpenPage) -> None:
    """Failures are listed, the numbers are said, and the images are there."""
    served = serve()
    root = Path(served.store.list_storage_dirs()[0].path)
    (root / "media").rmdir()
    (root / "attachments").mkdir()
    for number, data in enumerate(IMAGES):
        (root / "attachments" / f"{number}.png").write_bytes(data)
    (root / "attachments" / "fake.png").write_text("no picture")
    page = open_page(served, "/inspect/Notes")
    page.get_by_role("button", name="Take them in").click()
    expect(page.locator("take-in output")).to_have_text("1 not taken in, 3 taken in.")
    expect(page.locator("take-in .failed li")).to_have_count(1)
    expect(page.locator("take-in .failed")).to_contain_text("attachments/fake.png")
    expect(page.locator("#inspection")).to_contain_text("3 image files on the disk")
