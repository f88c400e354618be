"""Pages that are drawn again while somebody uses them: the focus stays, and what was ticked, typed, or sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from builders.served import Served, serving_storage_dir
from builders.storage import make_pictures

from .conftest import OpenPage


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three images, for all tests of this file."""
    with serving_storage_dir(tmp_path_factory.mktemp("calm"), *make_pictures(3)) as served:
        served.store.scan()
        yield served


REFRESH = """async () => {
    const region = document.querySelector("live-region");
    region.firstElementChild.dataset.mark = "old";
    region.drawn = ""; // the same is not drawn twice
    await region.refresh();
}"""
"""The mark is on what a redraw replaces."""

LOST = """async () => {
    const region = document.querySelector("live-region");
    const text = await (await fetch(location.href)).text();
    const fresh = () => new DOMParser().parseFromString(text, "text/html").getElementById(region.id);
    const all = "summary, a[href], button, input";
    const list = () => [...region.querySelectorAll(all)].filter((each) => each.checkVisibility());
    const lost = [];
    for (let at = 0; at < list().length; at += 1) {
        const element = list()[at];
        element.focus();
        if (document.activeElement !== element) continue;
        const { outerHTML } = element;
        region.drawn = "";
        region.take(fresh());
        const { activeElement } = document;
        if (activeElement !== list()[at] || activeElement.outerHTML !== outerHTML) lost.push(outerHTML);
    }
    return [list().length, lost];
}"""
"""What loses the focus if the region is drawn again."""


@pytest.mark.parametrize("path", ["/folders", "/activity", "/inspect"])
def test_the_focus_survives_a_redraw(served: Served, open_page: OpenPage, path: str) -> None:
    """Of everything that can have it, with an id or without."""
    page = open_page(served, path)
    number, lost = page.evaluate(LOST)
    assert number > 1
    assert lost == []


def refresh(page: Page) -> None:
    """The page is drawn again, if nobody is in the middle of something."""
    page.evaluate(REFRESH)


def test_what_is_in_use_stays_and_is_drawn_right_after(served: Served, open_page: OpenPage) -> None:
    """A ticked box, a typed name, a button that is pressed. What came meanwhile is shown without another event."""
    page = open_page(served, "/folders")
    manage = page.locator("summary", has_text="Rename, move or forget")
    manage.click()
    box = page.locator("live-region input[type=checkbox]").first
    box.check()
    refresh(page)
    expect(page.locator("[data-mark]")).to_have_count(1)
    expect(box).to_be_checked()
    box.uncheck()
    expect(page.locator("[data-mark]")).to_have_count(0)
    field = page.locator("live-region input[name=name]").first
    field.fill("Other")
    refresh(page)
    expect(page.locator("[data-mark]")).to_have_count(1)
    field.blur()
    expect(page.locator("[data-mark]")).to_have_count(0)
    expect(field).to_have_value("Other")
    manage.hover()
    page.mouse.down()
    refresh(page)
    expect(page.locator("[data-mark]")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("[data-mark]")).to_have_count(0)


SEND = """([action, fields]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action, enctype: "multipart/form-data" });
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    form.submit();
}"""


@pytest.mark.parametrize(
    ("page_path", "action", "fields"),
    [
        ("/care/wanted", "/care/wanted/search", {"folder": "relative"}),
        ("/inspect/Notes", "/inspect/Notes/heal", {}),
        ("/status", "/status/import", {}),
        ("/import", "/import/look", {"source": "", "sd": "Notes"}),
    ],
)
def test_a_page_that_answers_a_form_goes_on(
    served: Served, open_page: OpenPage, page_path: str, action: str, fields: dict[str, str]
) -> None:
    """Its address is that of the page, so it is drawn again, and can be loaded again."""
    page = open_page(served, page_path)
    with page.expect_response(lambda each: each.request.method == "POST"), page.expect_navigation():
        page.evaluate(SEND, [action, fields])
    page.wait_for_url(re.compile(page_path.replace("Notes", "[^/]+$")))
    expect(page.locator("live-region:defined")).to_be_visible()
    refresh(page)
    expect(page.locator("[data-mark]")).to_have_count(0)
    assert page.evaluate("fetch(location.href).then(({ status }) => status)") == 200
