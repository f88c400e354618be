"""Pictures that can be seen through: what is dark on them and what is light can be read, wherever they are shown."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from builders.storage import id_of

from .conftest import OpenPage, Serve

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 2"><path d="M0 0h1v2z"/></svg>'


def make_clear_picture() -> bytes:
    """Nothing in the middle, black on the left, and white on the right."""
    picture = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 200, 600))
    picture.paste((255, 255, 255, 255), (400, 0, 600, 600))
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def find_contrasts(shown: Locator) -> tuple[float, float]:
    """Of black and of white with what is between them, by the formula of WCAG."""
    expect(shown).to_have_class("is-drawn")
    drawn = Image.open(BytesIO(shown.screenshot())).convert("RGB")
    at = (drawn.width // 2, drawn.height // 2)
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (each / 255 for each in drawn.getpixel(at))  # type: ignore[union-attr]
    )
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
    return light / 0.05, 1.05 / light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_black_and_white_on_nothing_can_be_read(serve: Serve, open_page: OpenPage, scheme: str) -> None:
    """On a tile, in the light box, and on the page of the image."""
    picture = make_clear_picture()
    page = open_page(serve(picture), scheme=scheme)
    places = [page.locator(".tile img"), page.locator(".stage img"), page.locator(".preview img")]
    for place in places:
        assert min(find_contrasts(place)) > 4
        if place is places[0]:
            page.locator(".tile").click()
        elif place is places[1]:
            go_to_page(page, id_of(picture))


def go_to_page(page: Page, image_id: str) -> None:
    """The address of the light box becomes that of the page."""
    page.wait_for_url(f"**/image/{image_id}")
    page.reload()


def test_a_board_is_only_behind_the_picture(serve: Serve, open_page: OpenPage) -> None:
    """The stage of the light box stays dark around it. A drawing without a size has one on its page."""
    served = serve(make_clear_picture())
    page = open_page(served)
    page.locator(".tile").click()
    expect(page.locator(".stage img")).to_have_class("is-drawn")
    box = page.locator(".stage img").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (600, 600)
    root = Path(served.store.list_storage_dirs()[0].path)
    (root / "media" / f"{id_of(DRAWING)}.svg").write_bytes(DRAWING)
    page.goto(f"{served.address.url}image/{id_of(DRAWING)}")
    expect(page.locator(".preview img")).to_have_class("is-drawn")
    box = page.locator(".preview img").bounding_box()
    assert box is not None
    assert box["width"] > 300
