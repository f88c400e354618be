"""A page of a shared catalog: what another machine saves appears while it is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.s3_server import S3Server
from builders.served import serving
from builders.storage import id_of
from strandline.runtime.assembly import open_store

from .conftest import OpenPage


def test_an_image_that_another_machine_saves_appears(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, open_page: OpenPage
) -> None:
    """The page follows events from the id that it was made at, whatever ids look like in this catalog."""
    place = s3_server.make_place()
    data = make_picture("png", seed=2)
    with shared_server(request).lent_database() as url:
        values = {"catalog.url": url, "s3.endpoint": s3_server.endpoint}
        with (
            open_store(tmp_path / "one", overrides=values) as one,
            open_store(tmp_path / "other", overrides=values) as other,
            serving(one) as served,
        ):
            one.add_storage_dir(place.address, name="Pics")
            one.save(make_picture("png", seed=1), sd="Pics")
            page = open_page(served)
            expect(page.locator("#count")).to_have_text("1 image")
            page.evaluate("window.isSamePage = true")
            other.save(data, sd="Pics")
            tile = page.locator(f".tile[data-id='{id_of(data)}']")
            expect(tile.locator("img")).to_have_js_property("naturalWidth", 64)
            expect(page.locator("#count")).to_have_text("2 images")
            assert page.evaluate("window.isSamePage")
