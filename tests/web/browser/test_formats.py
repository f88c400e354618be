"""BMP, TIFF, ICO, and JPEG XL in a real browser: shown, converted if need be, or said not to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.named_pictures import make_named_picture
from builders.named_vault import put
from builders.served import Served, serving
from builders.storage import id_of
from strandline.runtime.assembly import open_store
from web.browser.conftest import OpenPage, check_accessible, open_filters

SHOWN = {"bmp": "x.bmp", "tiff-lzw": "scan.tif", "ico": "x.ico"}
JXL = make_named_picture("jxl")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served folder with one of each."""
    for kind, name in SHOWN.items():
        put(tmp_path / "Vault", name, make_named_picture(kind))
    put(tmp_path / "Vault", "x.jxl", JXL)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(tmp_path / "Vault")
        with serving(store) as served:
            yield served


def expect_drawn(page: Page, selector: str) -> None:
    """The browser has decoded the picture."""
    expect(page.locator(selector)).to_be_visible()
    page.wait_for_function("(s) => document.querySelector(s).naturalWidth > 0", arg=selector)


@pytest.mark.parametrize("kind", SHOWN)
def test_a_picture_of_any_format_is_drawn(served: Served, open_page: OpenPage, kind: str) -> None:
    """On its page, and in the gallery."""
    image_id = id_of(make_named_picture(kind))
    page = open_page(served, f"/image/{image_id}")
    expect_drawn(page, ".preview img")
    expect(page.locator(".facts")).to_contain_text(kind.partition("-")[0].upper())
    page = open_page(served, "/")
    expect_drawn(page, f'.tile[data-id="{image_id}"] img')


def test_what_cannot_be_drawn_says_so(served: Served, open_page: OpenPage) -> None:
    """With its facts, and a way to get it. No library here decodes JPEG XL, nor does the browser."""
    page = open_page(served, f"/image/{id_of(JXL)}", bypass_csp=True)
    expect(page.locator(".preview .unseen")).to_contain_text("This JXL cannot be drawn here. Download it")
    expect(page.locator(".preview img")).to_be_hidden()
    expect(page.locator(".facts")).to_contain_text("8 × 6")
    expect(page.locator(".facts")).to_contain_text("6 May 2024")
    check_accessible(page)
    page = open_page(served, "/")
    tile = page.locator(f'.tile[data-id="{id_of(JXL)}"]')
    expect(tile.locator(".badge")).to_have_text("no preview")
    tile.click()
    expect(page.locator(".lightbox .unseen")).to_contain_text(
        "This picture cannot be drawn here. You can download it."
    )


def test_a_filter_knows_all_types(served: Served, open_page: OpenPage) -> None:
    """By the words that people know."""
    page = open_page(served, "/")
    open_filters(page)
    page.locator(".filters select[name=type]").select_option(label="ICO")
    expect(page.locator("#count")).to_have_text("1 image")
