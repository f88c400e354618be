"""An image that arrives while a page is open appears by itself: in the gallery, on its page, and in the inspector."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.pages import drop_rows, fill_catalog
from builders.pictures import make_picture
from builders.served import Served
from builders.storage import id_of, make_pictures, name_of, put_half, put_image
from strandline.services import gallery
from strandline.web.pages import gallery_pages

from .conftest import OpenPage, Serve


def root_of(served: Served) -> Path:
    """The path of the served storage directory."""
    return Path(served.store.list_storage_dirs()[0].path)


def test_an_image_that_arrives_appears_without_a_reload(serve: Serve, open_page: OpenPage) -> None:
    """After a file is copied into the folder, its tile and picture appear, and the count is right."""
    served = serve(*make_pictures(2), watching=True)
    page = open_page(served)
    page.evaluate("window.isSamePage = true")
    expect(page.locator("#count")).to_have_text("2 images")
    data = make_picture("jpg", seed=9)
    put_image(root_of(served), data)
    tile = page.locator(f".tile[data-id='{id_of(data)}']")
    expect(tile).to_be_visible()
    expect(tile.locator(".badge")).to_be_empty()
    expect(tile.locator("img")).to_have_js_property("naturalWidth", 64)
    expect(page.locator("#count")).to_have_text("3 images")
    assert page.evaluate("window.isSamePage")


def test_a_gallery_that_is_still_counted_corrects_itself(
    serve: Serve, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of images are not counted while a person waits. The page has the last count, and then the new one."""
    monkeypatch.setattr(gallery, "QUICK_S", -1.0)
    monkeypatch.setattr(gallery_pages, "PATIENCE_S", -1.0)
    served = serve()
    ids = fill_catalog(served.store, 1, 600)
    assert served.get("/images/months")["total"] == 600
    drop_rows(served.store, 1, ids[:550])
    page = open_page(served)
    expect(page.locator("#count")).to_have_text("50 images")
    expect(page.locator("gallery-grid .tile:not([data-id=''])").first).to_be_visible()


def test_months_that_end_early_are_counted_again(serve: Serve, open_page: OpenPage) -> None:
    """If there are fewer images than were counted, the page does not go on asking for the rest."""
    served = serve()
    ids = fill_catalog(served.store, 1, 600)
    page = open_page(served)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drop_rows(served.store, 1, ids[20:])
    page.keyboard.press("End")
    expect(page.locator("#count")).to_have_text("20 images")
    expect(page.locator("gallery-grid .tile")).to_have_count(20)
    assert len([url for url in asked if "/images?" in url]) < 20


def test_a_half_arrived_image_turns_into_the_picture(serve: Serve, open_page: OpenPage) -> None:
    """The tile and the image's page say "Still arriving", and show the picture as soon as the rest is here."""
    served = serve(*make_pictures(1), watching=True)
    data = make_picture("png", seed=77, size=(80, 60))
    put_half(root_of(served), data)
    gallery, own = open_page(served), open_page(served, f"/image/{id_of(data)}")
    tile = gallery.locator(f".tile[data-id='{id_of(data)}']")
    expect(tile.locator(".badge")).to_have_text("still arriving")
    expect(own.locator(".verdict")).to_contain_text("still arriving")
    (root_of(served) / "media" / name_of(data)).write_bytes(data)
    expect(tile.locator(".badge")).to_be_empty()
    expect(tile.locator("img")).to_have_js_property("naturalWidth", 80)
    expect(own.locator(".preview img")).to_have_js_property("naturalWidth", 80)
    expect(own.locator(".verdict")).to_contain_text("This image is shown from")


def test_an_image_arrives_while_it_is_looked_at(serve: Serve, open_page: OpenPage) -> None:
    """The light box says that it is still arriving, and then shows it."""
    served = serve(watching=True)
    data = make_picture("png", seed=78, size=(80, 60))
    put_half(root_of(served), data)
    page = open_page(served)
    page.locator(f".tile[data-id='{id_of(data)}']").click()
    box = page.get_by_role("dialog")
    expect(box.get_by_text("This image is still arriving.")).to_be_visible()
    (root_of(served) / "media" / name_of(data)).write_bytes(data)
    expect(box.locator(".stage img")).to_have_js_property("naturalWidth", 80)


def test_the_first_image_of_an_empty_gallery_appears(serve: Serve, open_page: OpenPage) -> None:
    """The message that there are none is replaced by the first image."""
    served = serve(watching=True)
    page = open_page(served)
    expect(page.get_by_text("No images yet")).to_be_visible()
    put_image(root_of(served), make_picture("png", seed=1))
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.get_by_text("No images yet")).to_be_hidden()


def test_the_inspector_looks_again_by_itself(serve: Serve, open_page: OpenPage) -> None:
    """A half image appears among the findings and vanishes once it is whole. Opened details stay open."""
    served = serve(*make_pictures(1), watching=True)
    page = open_page(served, "/inspect/Notes")
    expect(page.get_by_text("Everything in Notes is there and checked")).to_be_visible()
    data = make_picture("png", seed=5)
    put_half(root_of(served), data)
    expect(page.get_by_text("1 image still arriving").first).to_be_visible()
    (root_of(served) / "media" / name_of(data)).write_bytes(data)
    expect(page.get_by_text("Everything in Notes is there and checked")).to_be_visible()


def test_the_journal_grows_while_it_is_read(serve: Serve, open_page: OpenPage) -> None:
    """The newest line appears without a reload."""
    served = serve(watching=True)
    page = open_page(served, "/activity?type=arrivals")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    data = make_picture("png", seed=3)
    put_image(root_of(served), data)
    expect(page.get_by_text("An image is here and checked")).to_be_visible()
    expect(page.get_by_text(name_of(data)).first).to_be_visible()


def test_what_a_reader_opened_stays_open(serve: Serve, open_page: OpenPage) -> None:
    """Even if the page around it is drawn again."""
    served = serve(*make_pictures(1), watching=True)
    page = open_page(served, "/folders")
    opened = page.locator("details[id^=manage-]")
    opened.locator("summary").click()
    put_image(root_of(served), make_picture("png", seed=5))
    expect(page.locator("#folders")).to_contain_text("2 image files")
    expect(opened).to_have_attribute("open", "")


def test_where_a_reader_types_nothing_moves(serve: Serve, open_page: OpenPage) -> None:
    """While the user types a name, the page is fetched but not drawn."""
    served = serve(*make_pictures(1), watching=True)
    page = open_page(served, "/folders")
    page.locator("details[id^=manage-] summary").click()
    name = page.locator("details[id^=manage-] input[name=name]")
    name.fill("Dia")
    with page.expect_response(re.compile("/folders$")):
        put_image(root_of(served), make_picture("png", seed=5))
    page.wait_for_function("!document.querySelector('live-region#folders').isBusy")
    name.press_sequentially("ry")
    expect(name).to_have_value("Diary")


def test_a_page_that_measures_rests_five_times_as_long(serve: Serve, open_page: OpenPage) -> None:
    """However many events come, an open inspector does not keep the machine busy during a long sync."""
    page = open_page(serve(), "/inspect")
    rested_ms, cost_ms = page.evaluate(
        """async () => {
            const region = document.querySelector("live-region"), really = window.fetch;
            await customElements.whenDefined("live-region");
            const calls = [];
            window.fetch = async (...asked) => {
                const call = { begun: performance.now() };
                calls.push(call);
                await new Promise((resolve) => setTimeout(resolve, 200));
                const answer = await really(...asked);
                call.ended = performance.now();
                return answer;
            };
            await region.refresh();
            while (calls.length < 2) {
                region.hear({});
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            return [calls[1].begun - calls[0].ended, calls[0].ended - calls[0].begun];
        }"""
    )
    assert cost_ms >= 200
    assert rested_ms >= 4.9 * cost_ms


def test_an_incomplete_picture_shows_the_part_that_is_there(serve: Serve, open_page: OpenPage) -> None:
    """On its tile as in the light box: there is no small copy of it, and a browser draws what it gets."""
    served = serve(*make_pictures(1))
    data = make_picture("jpg", seed=7, size=(640, 480))
    saved = served.store.save(data[: len(data) * 2 // 3], sd="Notes")
    tile = open_page(served).locator(f".tile[data-id='{saved.image_id}']")
    expect(tile.locator(".badge")).to_have_text("incomplete")
    expect(tile.locator("img")).to_have_js_property("naturalWidth", 640)
    expect(tile.locator("img")).to_be_visible()


def test_an_image_is_told_with_the_date_that_sorts_it(serve: Serve, open_page: OpenPage) -> None:
    """For a picture that no camera has dated, the file's: on its tile, in the light box, and on its page."""
    data = make_picture("png", seed=7)
    served = serve(data)
    os.utime(root_of(served) / "media" / name_of(data), (1_000_000_000, 1_000_000_000))
    served.store.scan()
    page = open_page(served)
    expect(page.locator(".tile a")).to_have_attribute(
        "title", f"PNG image {id_of(data)[:8]}, 9 September 2001, Notes"
    )
    page.locator(".tile a").click()
    page.keyboard.press("i")
    expect(page.locator(".lightbox .facts")).to_contain_text("File date9 September 2001")
    page = open_page(served, f"/image/{id_of(data)}")
    expect(page.locator(".side .facts")).to_contain_text("File date9 September 2001")


def test_the_gallery_rests_longer_while_a_burst_goes_on(serve: Serve, open_page: OpenPage) -> None:
    """A first arrival shows at once. If thousands follow, not each of their pictures is drawn on its way."""
    page = open_page(serve(*make_pictures(2)))
    pauses_ms, after_ms = page.evaluate(
        """async () => {
            const grid = document.querySelector("gallery-grid"), really = window.fetch;
            const begun = [];
            window.fetch = (...asked) => {
                if (String(asked[0]?.url ?? asked[0]).includes("/images/months")) begun.push(performance.now());
                return really(...asked);
            };
            const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
            while (begun.length < 4) {
                grid.refresh();
                await rest(20);
            }
            while (grid.refreshing) await rest(20);
            return [begun.slice(1, 4).map((time, at) => time - begun[at]), grid.pause];
        }"""
    )
    assert [pause >= least for pause, least in zip(pauses_ms, (499, 999, 1999), strict=True)] == [True] * 3
    assert after_ms == 500


def test_a_picture_stays_if_the_page_is_drawn_anew(serve: Serve, open_page: OpenPage) -> None:
    """All else is new. Loaded again, the picture would flash, and a drawing would have no size for a moment."""
    picture = make_picture("png", seed=5)
    page = open_page(serve(picture), f"/image/{id_of(picture)}")
    expect(page.locator(".preview img")).to_have_class("is-drawn")
    stayed = page.evaluate(
        """async () => {
            const find = () => ["h1", ".preview img"].map((each) => document.querySelector(each));
            const region = document.querySelector("live-region");
            while (region.isBusy) await new Promise((resolve) => setTimeout(resolve, 20));
            const before = find();
            region.drawn = ""; // an event may have drawn it already, and the same is not drawn twice
            await region.refresh();
            return find().map((each, at) => each === before[at]);
        }"""
    )
    assert stayed == [False, True]
