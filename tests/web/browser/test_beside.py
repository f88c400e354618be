"""The switch between a shared catalog and this machine's own folders, as a person uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.served import Served, serving_beside
from builders.storage import id_of

from .conftest import OpenPage, check_accessible

NOW_HERE = "nav.sides [aria-current]"


def test_a_person_switches(request: pytest.FixtureRequest, tmp_path: Path, open_page: OpenPage) -> None:
    """It leads to the same section of the other side, fits a phone, and pictures arrive there live."""
    with shared_server(request).lent_database() as url, serving_beside(tmp_path, url) as own:
        for width in (390, 645, 1280):
            page = open_page(own, "/folders", width=width, bypass_csp=True)
            expect(page.locator(NOW_HERE)).to_have_text("Team")
            page.get_by_role("link", name="This machine").click()
            expect(page).to_have_url(f"{own.address.url}local/folders")
            expect(page.locator(NOW_HERE)).to_have_text("This machine")
            page.wait_for_load_state("load")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            box, places = page.locator("nav.sides").bounding_box(), page.locator("nav.places").bounding_box()
            assert box is not None
            assert places is not None
            assert box["x"] + box["width"] <= (places["x"] if width > 640 else width)
        check_accessible(page)
        page.goto(f"{own.address.url}local/")
        data = make_picture("png", seed=4601)
        save(own, data)
        expect(page.locator(f'a[href*="/local/image/{id_of(data)}"]')).to_be_visible()


def save(own: Served, data: bytes) -> None:
    """Another program of the owner saves an image in the folder of this machine."""
    saved = own.client.post("/local/api/v1/images", params={"sd": "Notes"}, content=data)
    assert saved.status_code == 201, saved.text
