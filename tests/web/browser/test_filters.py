"""The filters of the gallery in a real browser: days as people type them, long names, and what cannot match."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.storage import make_pictures, make_storage_dir

from .conftest import OpenPage, Serve, open_filters

FOCUSED = "document.activeElement.name"
LONG = "Photographs of the northern coast, scanned from slides, 1962 to 1994"


@pytest.mark.parametrize("delay_ms", [250, 450])
def test_a_day_counts_when_it_is_typed_to_its_end(serve: Serve, open_page: OpenPage, delay_ms: int) -> None:
    """However slowly. Until the field is left, nothing is asked for, and the focus stays in the field."""
    page = open_page(serve(*make_pictures(2)))
    open_filters(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "from=" in request.url else None)
    page.locator("input[name=from]").focus()
    for key in "05122026":
        page.keyboard.press(key)
        page.wait_for_timeout(delay_ms)
        assert page.evaluate(FOCUSED) == "from"
        assert "from=" not in page.url
    assert asked == []
    page.locator("input[name=to]").focus()
    page.wait_for_url("**/?from=2026-05-12")
    assert page.evaluate(FOCUSED) == "to"
    expect(page.locator("#days-said")).to_be_empty()
    assert all("from=2026-05-12" in each for each in asked)


def test_enter_applies_a_typed_day(serve: Serve, open_page: OpenPage) -> None:
    """Without leaving the field. A day from the calendar, which presses no keys, counts at once."""
    page = open_page(serve(*make_pictures(2)))
    open_filters(page)
    page.locator("input[name=from]").focus()
    page.keyboard.type("05122026")
    assert "from=" not in page.url
    page.keyboard.press("Enter")
    page.wait_for_url("**/?from=2026-05-12")
    assert page.evaluate(FOCUSED) == "from"
    page.locator("input[name=from]").fill("2026-05-13")
    page.wait_for_url("**/?from=2026-05-13")


ENDED_WHILE_READ = """async () => {
    const { ask } = await import("/static/js/api.js");
    const json = async () => { throw new DOMException("", "AbortError"); };
    window.fetch = async () => ({ ok: true, status: 200, json });
    return ask("/images/months").then(String, ({ name }) => name);
}"""


def test_a_search_that_is_ended_while_its_answer_is_read_is_ended(serve: Serve, open_page: OpenPage) -> None:
    """It is no answer without a body: a person would read why that cannot be used."""
    page = open_page(serve(*make_pictures(1)))
    assert page.evaluate(ENDED_WHILE_READ) == "AbortError"


def test_days_that_cannot_be_used_are_named(serve: Serve, open_page: OpenPage) -> None:
    """Beside the fields: From after To, half a day, and a year of one digit. The focus stays where it is."""
    page = open_page(serve(*make_pictures(2)))
    open_filters(page)
    said, first, last = page.locator("#days-said"), *map(page.locator, ("[name=from]", "[name=to]"))
    first.fill("2001-01-02")
    page.wait_for_url("**/?from=2001-01-02")
    last.fill("2001-01-01")
    expect(said).to_have_text("From is after To, so neither is used.")
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_accessible_description("From is after To, so neither is used.")
    assert page.evaluate(FOCUSED) == "to"
    assert page.url.endswith("/")
    expect(page.locator("#count")).to_have_text("2 images")
    last.fill("2001-01-02")
    page.wait_for_url("**/?from=2001-01-02&to=2001-01-02")
    expect(said).to_be_empty()
    expect(first).not_to_have_attribute("aria-invalid", "true")
    last.fill("")
    first.fill("")
    first.focus()
    page.keyboard.type("0512")
    page.get_by_role("searchbox").focus()
    expect(said).to_have_text("From is not a whole day, so it is not used.")
    assert page.evaluate(FOCUSED) == "q"
    first.focus()
    page.keyboard.type("05122")
    page.get_by_role("searchbox").focus()
    expect(said).to_have_text("The year of From has too few digits, so it is not used.")


def test_a_month_without_images_is_named(serve: Serve, open_page: OpenPage) -> None:
    """It is among the filters while it counts, stays while others change, and can be taken away."""
    page = open_page(serve(*make_pictures(2)), "/?month=1931-05")
    expect(page.locator("#nothing-fits")).to_contain_text("Nothing from May 1931 is here")
    page.get_by_role("searchbox").fill("a")
    page.wait_for_url(lambda url: "q=a" in url)
    assert "month=1931-05" in page.url
    expect(page.locator("#nothing-fits")).to_be_visible()
    page.get_by_role("link", name="May 1931: show all months").click()
    expect(page.locator("#count")).to_have_text("2 images")


def test_a_day_outside_the_month_is_refused_in_words(serve: Serve, open_page: OpenPage) -> None:
    """The server's own, beside the fields."""
    page = open_page(serve(*make_pictures(2)), "/?month=1931-05")
    page.locator("[name=from]").fill("2001-01-02")
    expect(page.locator("#days-said")).to_contain_text("no day can match")


def test_a_long_folder_name_keeps_its_place(serve: Serve, tmp_path: Path, open_page: OpenPage) -> None:
    """The field stays narrow, and the pointer shows the whole name. So does the heading."""
    served = serve(*make_pictures(2))
    served.store.add_storage_dir(make_storage_dir(tmp_path / LONG, *make_pictures(1, first_seed=9)))
    page = open_page(served)
    open_filters(page)
    field = page.locator(".filters [name=sd]")
    box = field.bounding_box()
    assert box is not None
    assert box["width"] <= 12 * 16
    expect(field).to_have_attribute("title", "All folders")
    field.select_option(LONG)
    expect(field).to_have_attribute("title", LONG)
    expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
    expect(page.locator("#count")).to_have_text("1 image")
    field.select_option("")
    expect(page.get_by_role("heading", level=1)).to_have_text("All images")


def test_filters_are_behind_a_button_until_one_is_set(serve: Serve, open_page: OpenPage) -> None:
    """So that pictures come first. Where nobody can press it, they are there."""
    served = serve(*make_pictures(2))
    page = open_page(served, height=800)
    button, field = page.get_by_role("button", name="Filters"), page.get_by_label("Type")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_hidden()
    tile = page.locator("gallery-grid .tile").first.bounding_box()
    assert tile is not None
    assert tile["y"] < 220
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(field).to_be_visible()
    expect(page.locator("gallery-grid .tile").first).to_be_in_viewport()
    for path, is_open in (("/?type=png", True), ("/?sd=Notes", False), ("/?q=a&sort=arrived", False)):
        other = open_page(served, path)
        expect(other.get_by_label("Type")).to_be_visible(visible=is_open)
        expect(other.get_by_role("button", name="Filters")).to_have_attribute(
            "aria-expanded", str(is_open).lower()
        )
    expect(open_page(served, "/?type=png", width=390).get_by_label("Type")).to_be_hidden()
    plain = open_page(served, java_script_enabled=False)
    expect(plain.get_by_label("Type")).to_be_visible()
    expect(plain.get_by_role("button", name="Filters")).to_be_hidden()
