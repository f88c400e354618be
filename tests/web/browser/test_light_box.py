"""The light box when its folder changes or goes away, and fingers that stay on a tile, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.pictures import make_picture
from builders.storage import make_pictures, set_mtime
from strandline import NewImage
from strandline.model import states

from .conftest import OpenPage, Serve, check_accessible


def test_the_light_box_finds_its_image_among_new_ones(serve: Serve, open_page: OpenPage) -> None:
    """Others that arrived meanwhile have moved it."""
    served = serve(*make_pictures(3), watching=True)
    for path in (Path(served.store.list_storage_dirs()[0].path) / "media").iterdir():
        set_mtime(path, 60)  # what is saved gets a time that is a little past
    served.store.scan()
    page = open_page(served)
    first = str(page.locator(".tile").first.get_attribute("data-id"))
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(re.compile("1 of 3$"))
    served.store.save_several([NewImage(each) for each in make_pictures(4, first_seed=50)], sd="Notes")
    expect(page.locator("#count")).to_have_text("7 images")
    expect(page.locator(".tile").first).not_to_have_attribute("data-id", first)  # the new ones are fetched
    page.keyboard.press("Escape")
    expect(page.locator(".tile a:focus")).to_have_attribute("href", f"/image/{first}")


def test_an_open_image_moves_with_those_that_arrive(serve: Serve, open_page: OpenPage) -> None:
    """Its number is right, the next one is another one, and so is the one before it. Tiles say their place, too."""
    served = serve(*make_pictures(3), watching=True)
    for path in (Path(served.store.list_storage_dirs()[0].path) / "media").iterdir():
        set_mtime(path, 60)
    served.store.scan()
    page = open_page(served)
    ids = [str(tile.get_attribute("data-id")) for tile in page.locator("gallery-grid .tile").all()]
    page.locator(".tile").nth(1).click()
    said = page.locator(".lightbox-place")
    expect(said).to_have_text(re.compile("^2 of 3"))
    served.store.save_several([NewImage(each) for each in make_pictures(4, first_seed=50)], sd="Notes")
    expect(said).to_have_text(re.compile("^6 of 7"))
    page.wait_for_url(f"**/image/{ids[1]}")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text(re.compile("^7 of 7"))
    page.wait_for_url(f"**/image/{ids[2]}")
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/image/{ids[0]}")
    sizes = page.locator("gallery-grid .month").evaluate_all(
        "(months) => months.flatMap((month) => [...month.querySelectorAll('.tile')]"
        ".map((tile) => [tile.ariaSetSize, month.querySelector('h2 span').textContent.split(' ')[0]]))"
    )
    assert len(sizes) == 7
    assert all(size == count for size, count in sizes)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_light_box_says_which_picture_it_is(serve: Serve, open_page: OpenPage, width: int) -> None:
    """Its name, its day, and its number are on the screen. The address is that of its own page, and goes with it."""
    served = serve(*make_pictures(3))
    page = open_page(served, width=width, bypass_csp=True)
    ids = [str(tile.get_attribute("data-id")) for tile in page.locator("gallery-grid .tile").all()]
    page.locator("gallery-grid .tile").first.click()
    said = page.locator(".lightbox-place")
    expect(said).to_have_text(re.compile(r"^1 of 3 · \d+ \w+ 20\d\d$"))
    page.wait_for_url(f"**/image/{ids[0]}")
    title = page.locator("#lightbox-title").bounding_box()
    assert title is not None
    assert title["width"] >= 170
    check_accessible(page)
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text(re.compile("^2 of 3"))
    page.wait_for_url(f"**/image/{ids[1]}")
    page.keyboard.press("Escape")
    page.wait_for_url(served.address.url)
    page.wait_for_function("history.scrollRestoration === 'auto'")  # it has returned
    page.go_forward()
    expect(page.locator(".verdict")).to_be_visible()
    page.go_back()
    expect(page.locator("gallery-grid .tile")).to_have_count(3)


def test_what_happened_around_an_open_image_is_there_after_it(serve: Serve, open_page: OpenPage) -> None:
    """Although the address was another one when the gallery heard of it."""
    served = serve(*make_pictures(3))
    page = open_page(served)
    page.locator("gallery-grid .tile").first.click()
    page.wait_for_url("**/image/*")
    root = Path(served.store.list_storage_dirs()[0].path)
    with page.expect_response("**/image/*"):
        root.rename(root.with_name("Away"))
        served.store.refresh_storage_dirs()
    page.keyboard.press("Escape")
    expect(page.locator("#around")).to_contain_text("Notes is offline.")


def test_the_light_box_shows_the_small_copy_of_what_is_offline(serve: Serve, open_page: OpenPage) -> None:
    """The one that the browser has, and says so. Without one it says why there is no picture."""
    served = serve(*(make_picture("jpg", seed=seed, size=(640, 480)) for seed in range(2)))
    served.store.scan()
    page = open_page(served)
    expect(page.locator(".tile img").nth(1)).to_be_visible()
    page.wait_for_function(
        "[...document.querySelectorAll('.tile img')].every((each) => each.naturalWidth > 0)"
    )
    root = Path(served.store.list_storage_dirs()[0].path)
    root.rename(root.with_name("Elsewhere"))
    served.store.refresh_storage_dirs()
    expect(page.locator(".tile .badge").first).to_have_text("offline")
    page.locator(".tile").first.click()
    expect(page.locator(".small-copy")).to_have_text("Notes is offline. This is a small copy.")
    expect(page.locator(".stage img")).to_be_visible()
    page.route("**/i/*", lambda route: route.fulfill(status=503))
    page.evaluate("for (const each of document.querySelectorAll('.tile img')) each.removeAttribute('class')")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".unseen")).to_contain_text("Notes is offline, so this picture cannot be read now.")
    expect(page.locator(".small-copy")).to_be_hidden()


def test_the_light_box_enlarges_the_tile_if_the_server_is_away(serve: Serve, open_page: OpenPage) -> None:
    """And says why it is small. The browser has it, because the tile shows it."""
    page = open_page(serve(make_picture("jpg", seed=1, size=(640, 480))))
    page.wait_for_function("document.querySelector('.tile img').naturalWidth > 0")
    page.route("**/*", lambda route: route.abort())
    page.locator(".tile").first.click()
    expect(page.locator(".small-copy")).to_have_text("Strandline does not answer. This is a small copy.")
    expect(page.locator(".stage img")).to_be_visible()
    expect(page.locator(".lightbox .unseen")).to_be_hidden()


def test_a_missing_image_has_a_name_and_no_download(
    serve: Serve, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tile says what is missing, also before somebody points at it."""
    served = serve(*make_pictures(12))
    next((Path(served.store.list_storage_dirs()[0].path) / "media").iterdir()).unlink()
    served.store.scan()
    monkeypatch.setattr(states, "MISSING_AFTER", timedelta(0))
    served.store.scan()
    page = open_page(served, "/?state=missing", bypass_csp=True)
    caption = page.locator(".tile .caption")
    expect(caption).to_have_css("opacity", "1")
    expect(caption).to_contain_text("PNG image")
    check_accessible(page)
    page.locator(".tile").click()
    expect(page.get_by_role("dialog").get_by_text("This image is missing.")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_be_hidden()


def press_long(page: Page, *, then_move: bool = False) -> None:
    """A finger stays on the first tile for 700 ms, in a browser that sends no ``contextmenu``, as on iOS."""
    box = page.locator(".tile").first.bounding_box()
    assert box is not None
    finger = page.context.new_cdp_session(page)
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    if then_move:
        moved = at | {"y": at["y"] - 40}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [moved]})
    page.wait_for_timeout(700)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_that_stays_selects(serve: Serve, open_page: OpenPage) -> None:
    """By the clock, not by the browser's menu. The tap that ends it opens nothing; the next tap deselects."""
    page = open_page(serve(*make_pictures(4)), width=390, has_touch=True, is_mobile=True)
    page.evaluate("addEventListener('contextmenu', (event) => event.stopImmediatePropagation(), true)")
    press_long(page, then_move=True)
    expect(page.locator(".tile.is-chosen")).to_have_count(0)
    press_long(page)
    expect(page.locator(".chosen output")).to_have_text("1 selected")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator(".tile").first.tap()
    expect(page.locator(".chosen")).to_be_hidden()
    page.locator(".tile").first.tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".turn-on svg"), "fingers swipe, so no arrow is over the picture").to_have_css(
        "opacity", "0"
    )
