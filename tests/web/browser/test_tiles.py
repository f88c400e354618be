"""Tiles with a badge, and the marks of the rail, in a real browser."""

from __future__ import annotations

import io
import random
from itertools import accumulate, pairwise
from pathlib import Path

from PIL import Image
from playwright._impl._api_structures import Clip
from playwright.sync_api import expect

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, put_half, put_image

from .conftest import OpenPage, Serve

PLACE_MARKS = """async ([layout, height]) =>
    (await import("/static/js/month-layout.js")).placeMarks(layout, height)"""
"""What the rail shows of a layout."""


def test_a_badge_stays_where_it_is(serve: Serve, open_page: OpenPage) -> None:
    """Under the pointer and with the focus. The name is above it, the circle is apart, and the outline is whole."""
    served = serve()
    picture = make_picture("jpg", seed=1)
    root = Path(served.store.list_storage_dirs()[0].path)
    put_image(root, picture, f"{id_of(picture)} (Anna's conflicted copy 2026-11-20).jpg")
    served.store.scan()
    page = open_page(served)
    tile = page.locator(".tile").first
    badge, circle, name = (tile.locator(each) for each in (".badge", ".pick", ".caption"))
    expect(badge).to_have_text("from a conflict copy")
    before = badge.bounding_box()
    tile.hover()
    expect(name).to_have_css("opacity", "1")
    shown, pick, caption = badge.bounding_box(), circle.bounding_box(), name.bounding_box()
    assert before == shown
    assert shown is not None
    assert pick is not None
    assert caption is not None
    assert pick["y"] + pick["height"] <= caption["y"]
    assert caption["y"] + caption["height"] <= shown["y"]
    page.mouse.move(5, 5)
    page.keyboard.press("ArrowRight")
    expect(tile.locator("a")).to_be_focused()
    assert badge.bounding_box() == before
    box = tile.bounding_box()
    assert box is not None
    above: Clip = {"x": box["x"] + box["width"] / 2, "y": box["y"] - 6, "width": 1, "height": 3}
    outline = Image.open(io.BytesIO(page.screenshot(clip=above))).convert("RGB")
    assert outline.getpixel((0, 1)) == (29, 99, 133)


def test_marks_of_the_rail_do_not_overlap(serve: Serve, open_page: OpenPage) -> None:
    """Of galleries of any shape: a year is left out only if another one is in its place."""
    page = open_page(serve(make_picture("jpg", seed=1)))
    rng = random.Random(7)
    for _ in range(100):
        months = sorted(rng.sample(range(1900 * 12, 2027 * 12), rng.randint(1, 300)), reverse=True)
        tops = [0, *accumulate(rng.choice((1, 1, 3, 40)) for _ in months)]
        sections = [
            {"month": f"{month // 12}-{month % 12 + 1:02}", "top": top}
            for month, top in zip(months, tops, strict=False)
        ]
        layout = {"sections": sections, "height": tops[-1]}
        marks = page.evaluate(PLACE_MARKS, [layout, 700])
        years = [(mark["y"], mark["text"]) for mark in marks if mark["kind"] == "year"]
        assert years[0] == (0, str(months[0] // 12))
        assert len({text for _, text in years}) == len(years)
        assert all(later - earlier >= 22 for (earlier, _), (later, _) in pairwise(years))
        gaps = [(above, below) for above, below in pairwise(marks) if below["y"] - above["y"] < 11]
        assert all(above["kind"] == below["kind"] == "dot" for above, below in gaps)
        assert all(below["y"] - above["y"] >= 7 for above, below in gaps)
        for month, top in zip(months, tops, strict=False):
            y = top / tops[-1] * 700
            is_near = any(abs(y - at) < 22 for at, _ in years)
            assert is_near or str(month // 12) in {text for _, text in years}, (month, y)


def test_a_short_gallery_has_no_rail(serve: Serve, open_page: OpenPage) -> None:
    """Its scroll bar says enough. Without scripts there is none at all."""
    served = serve(*make_pictures(3))
    expect(open_page(served).get_by_role("slider")).to_have_count(0)
    expect(open_page(served, java_script_enabled=False).get_by_role("slider")).to_have_count(0)


def test_a_conflict_copy_shows_its_picture(serve: Serve, open_page: OpenPage) -> None:
    """Tiles that scripts make, and the light box, show the picture with a word, as the server's tiles do."""
    served = serve(make_picture("jpg", seed=1))
    data = make_picture("jpg", seed=2, size=(640, 480))
    root = Path(served.store.list_storage_dirs()[0].path)
    put_half(root, data)
    put_image(root, data, f"{id_of(data)} (1).jpg")
    page = open_page(served)
    served.store.scan()
    tile = page.locator(f".tile[data-id='{id_of(data)}']")
    expect(tile.locator(".badge")).to_have_text("from a conflict copy")
    expect(tile.locator("img")).to_have_attribute("src", f"/i/{id_of(data)}?w=400")
    tile.click()
    box = page.get_by_role("dialog")
    expect(box.locator(".stage img")).to_be_visible()
    page.keyboard.press("i")
    expect(box.get_by_role("complementary").get_by_text("from a conflict copy")).to_be_visible()
