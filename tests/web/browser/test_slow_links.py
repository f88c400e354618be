"""What a person sees while a server or a link takes its time: a small copy, a word, empty tiles that all can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from builders.pages import fill_catalog
from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of

from .conftest import OpenPage, check_accessible, open_filters

WIDE, HIGH = make_picture("jpg", seed=1, size=(2400, 900)), make_picture("jpg", seed=2, size=(300, 400))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A picture that is larger than the window, one that is smaller, and 700 older ones that only the catalog has."""
    with serving_storage_dir(tmp_path_factory.mktemp("slow"), WIDE, HIGH) as served:
        served.store.scan()
        for each in (WIDE, HIGH):
            served.store.find(id_of(each))  # only then is it known how large it is
        fill_catalog(served.store, 1, 700)
        yield served


def hold(page: Page, address: str | re.Pattern[str]) -> list[Route]:
    """From now on, these requests wait in the list."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    return held


PLACE = """(element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const ratio = (element.naturalWidth ?? element.width) / (element.naturalHeight ?? element.height);
    const shown = Math.min(width, height * ratio);
    return [x + width / 2, y + height / 2, shown, shown / ratio].map(Math.round);
}"""
"""Where the picture is within its box: its middle, width, and height."""


@pytest.mark.parametrize("size", [(1280, 900), (390, 800)])
def test_a_small_copy_has_the_place_of_a_picture_that_is_on_its_way(
    served: Served, open_page: OpenPage, size: tuple[int, int]
) -> None:
    """Also of one that is smaller than the window. It goes when the picture comes, and nothing jumps."""
    page = open_page(served, width=size[0], height=size[1])
    page.wait_for_function(
        "[...document.querySelectorAll('.tile img')].slice(0, 2).every((each) => each.matches('.is-drawn'))"
    )
    held = hold(page, re.compile("/i/[0-9a-f]{32}$"))
    page.locator(".tile").first.click()
    for key in ("", "ArrowRight"):
        if key:
            page.keyboard.press(key)
        small, picture = page.locator(".first-look"), page.locator(".stage img")
        expect(small).to_be_visible()
        expect(picture).to_have_css("visibility", "hidden")
        before = small.evaluate(PLACE)
        src = str(picture.get_attribute("src"))
        for route in [each for each in held if each.request.url.endswith(src)]:
            held.remove(route)
            route.continue_()
        expect(picture).to_have_css("visibility", "visible")
        expect(small).to_be_hidden()
        assert all(abs(one - other) <= 2 for one, other in zip(before, picture.evaluate(PLACE), strict=True))


def test_a_search_that_takes_long_says_so(served: Served, open_page: OpenPage) -> None:
    """What is shown is not yet what was asked for. The answer to an earlier word is waited for no longer."""
    page = open_page(served)
    held = hold(page, "**/api/v1/images/months?*")
    search, count, grid = page.get_by_role("searchbox"), page.locator("#count"), page.locator("gallery-grid")
    search.fill("nothing")
    expect(count).to_have_text("Searching…")
    expect(grid).to_have_attribute("aria-busy", "true")
    with page.expect_event("requestfailed", lambda request: "q=nothing" in request.url):
        search.fill("0000000000000000")
    page.wait_for_url("**/?q=0000000000000000")
    expect(count).to_have_text("Searching…")
    last = next(each for each in held if "q=0000" in each.request.url)
    last.continue_()
    expect(count).to_have_text("700 images")
    expect(grid).to_have_attribute("aria-busy", "false")


def test_tiles_that_are_still_empty_are_for_everybody(served: Served, open_page: OpenPage) -> None:
    """Links that lead nowhere yet. Once the list has come, they do."""
    page = open_page(served, bypass_csp=True)
    hold(page, "**/api/v1/images?*")
    page.locator(".tile a").first.focus()
    page.keyboard.press("End")
    empty = page.locator(".tile a[role=link][aria-disabled=true]")
    expect(empty.first).to_be_visible()
    check_accessible(page)
    page.unroute_all()
    expect(page.locator(".tile a[href]").last).to_be_visible()
    expect(empty).to_have_count(0)


def test_filters_work_on_a_later_page_and_keep_the_order(served: Served, open_page: OpenPage) -> None:
    """Such a page has no grid, so the filtered gallery is loaded. Oldest first stays oldest first."""
    page = open_page(served, java_script_enabled=False)
    older = str(page.locator(".older a").get_attribute("href"))
    page = open_page(served, older)
    expect(page.locator("gallery-grid")).to_have_count(0)
    open_filters(page)
    page.get_by_label("State").select_option("arriving")
    page.wait_for_url("**/?state=arriving")
    expect(page.locator("gallery-grid.is-virtual")).to_be_visible()
    page = open_page(served, "/?reverse=1")
    open_filters(page)
    page.get_by_label("State").select_option("arriving")
    page.wait_for_url(lambda url: "state=arriving" in url and "reverse=1" in url)
