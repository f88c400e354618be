"""The list of an image's facts, however many files it has, in a real browser."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import open_store
from web.browser.conftest import OpenPage, check_accessible

PICTURE = make_picture("jpg", seed=5, size=(640, 480))

LONG = "a name that goes on and on_" + "x" * 80

MEASURE = """where => {
    const list = document.querySelector(where);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const box = (each) => each.getBoundingClientRect();
    const fits = list.parentElement.scrollWidth <= list.parentElement.clientWidth
        && document.scrollingElement.scrollWidth <= innerWidth;
    return [...list.children].map((each) => ({ kind: each.tagName, text: each.textContent, top: box(each).top,
        bottom: box(each).bottom, fits, width: box(each).width / rem }));
}"""
"""All at once, because live parts of a page are replaced."""


def check_rows(page: Page, facts: str, files: int, *, is_beside: bool = True) -> None:
    """A term and its value are on one row, the value is wide enough to be read, and nothing is beside the window."""
    found: list[dict[str, Any]] = page.evaluate(MEASURE, facts)
    terms, values = found[::2], found[1::2]
    assert all(each["fits"] for each in found), f"{page.url} scrolls sideways"
    assert {each["kind"] for each in terms} == {"DT"}
    assert {each["kind"] for each in values} == {"DD"}
    for term, value in zip(terms, values, strict=True):
        assert value["width"] >= 12, (term, value)
        if is_beside:
            assert abs(term["top"] - value["top"]) < 2, (term, value)
            assert term["width"] <= 9, term
    for earlier, later in pairwise(values):
        assert earlier["bottom"] <= later["top"] + 1
    where = page.locator(facts).locator("dt", has_text="Where").locator("+ dd")
    expect(where.get_by_role("listitem")).to_have_count(files)


def fill(folder: Path, files: int) -> list[Path]:
    """A folder of ids, and a vault in which the other files of the picture are, one with a long name."""
    ids = make_storage_dir(folder / "Diary", PICTURE)
    vault = folder / "Journal"
    put(vault, ".obsidian/app.json", b"{}")
    put(vault, "a.md", b"# a\n")
    for number in range(1, files):
        put(vault, f"Trips/Lisbon {number}/{LONG if number == 1 else 'castle'}.jpg", PICTURE)
    return [ids, vault]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("files", [1, 2, 5])
def test_facts_stay_in_their_columns(tmp_path: Path, open_page: OpenPage, files: int, width: int) -> None:
    """On the page of an image, and in the light box."""
    with open_store(tmp_path / "home") as store:
        for each in fill(tmp_path, files):
            store.add_storage_dir(each)
        store.scan()
        with serving(store) as served:
            check_image(served, open_page, files, width)


def check_image(served: Served, open_page: OpenPage, files: int, width: int) -> None:
    """Both lists, in both schemes."""
    scheme = "dark" if files == 2 else "light"
    page = open_page(served, f"/image/{id_of(PICTURE)}", width=width, scheme=scheme, bypass_csp=True)
    check_rows(page, ".side .facts", files)
    check_accessible(page)
    box = open_page(served, width=width, scheme=scheme, bypass_csp=True)
    box.locator("gallery-grid .tile a").click()
    box.get_by_role("button", name="Facts").click()
    check_rows(box, "light-box .facts", files, is_beside=width < 640)
    check_accessible(box)
