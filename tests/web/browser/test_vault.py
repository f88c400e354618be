"""A folder of named pictures in a real browser: what has no picture yet, folders, and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served
from builders.storage import id_of
from builders.travel_vault import CASTLE, SOUP, TRAM, serving_travel_vault
from web.browser.conftest import OpenPage, check_accessible, open_filters


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault."""
    with serving_travel_vault(tmp_path) as served:
        yield served


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_gallery_of_a_vault_is_accessible(
    served: Served, open_page: OpenPage, width: int, scheme: str
) -> None:
    """Folders, and tiles without a picture."""
    page = open_page(served, "/?sd=Vault&folder=Trips/Lisbon", width=width, scheme=scheme, bypass_csp=True)
    expect(page.locator(".waiting .tile")).to_have_count(1)
    expect(page.get_by_role("link", name="Trips", exact=True)).to_be_visible()
    check_accessible(page)


def test_what_is_empty_is_called_that(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """Also after another choice, without a new page."""
    (tmp_path / "Diary").mkdir()
    served.store.add_storage_dir(tmp_path / "Diary")
    page = open_page(served, "/?sd=Vault&folder=Nowhere", bypass_csp=True)
    expect(page.get_by_role("heading", name="No such folder")).to_be_visible()
    expect(page.locator("#nothing-fits")).to_be_hidden()
    check_accessible(page)
    open_filters(page)
    page.locator(".filters select[name=sd]").select_option("Diary")
    expect(page.get_by_role("heading", name="Diary is empty")).to_be_visible()
    expect(page.get_by_role("heading", name="No such folder")).to_have_count(0)
    page.get_by_role("searchbox").fill("anything")
    expect(page.get_by_role("heading", name="No images match")).to_be_visible()
    check_accessible(page)


def test_a_search_finds_what_has_no_picture_yet(served: Served, open_page: OpenPage) -> None:
    """While somebody types, and it goes when it does not match."""
    page = open_page(served)
    search = page.get_by_role("searchbox")
    expect(page.locator(".waiting .tile")).to_have_count(1)
    search.fill("soup")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("1 image")
    search.fill("tram lis")
    expect(page.locator(".waiting .tile")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("0 images")
    expect(page.locator("#nothing-fits")).to_be_hidden()


def test_a_file_that_has_arrived_becomes_an_image(
    served: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    """Its tile moves into its month by itself, and the grid below moves up."""
    page = open_page(served)
    expect(page.locator("#count")).to_have_text(re.compile("^3 images in "))
    put(tmp_path / "Vault", "Trips/Lisbon/tram 28.png", TRAM)
    served.store.scan("Vault")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#count")).to_have_text(re.compile("^4 images in "))
    expect(page.get_by_role("link", name=re.compile("^tram 28.png, .*Vault: Trips.Lisbon$"))).to_be_visible()


def test_another_storage_directory_has_other_folders(served: Served, open_page: OpenPage) -> None:
    """To choose one leaves the folder of the other one."""
    page = open_page(served, "/?sd=Vault&folder=Food")
    expect(page.locator("#count")).to_have_text("1 image")
    open_filters(page)
    page.locator(".filters select[name=sd]").select_option("")
    expect(page.locator("#count")).to_have_text(re.compile("^3 images"))
    expect(page.locator(".way")).to_have_count(0)
    assert page.url == served.address.url


def test_the_light_box_says_where_each_file_is(served: Served, open_page: OpenPage) -> None:
    """And a tile's caption says in which folder."""
    page = open_page(served, "/?folder=Trips&q=castle")
    tile = page.locator("gallery-grid .tile a")
    expect(tile.locator("small")).to_have_text("Trips/Lisbon")
    tile.click()
    page.get_by_role("button", name="Facts").click()
    facts = page.locator("light-box .facts")
    expect(facts).to_contain_text("Vault: Trips/Lisbon/castle.png")
    expect(facts).to_contain_text("Vault: attachments/castle again.png")


def test_a_picture_is_put_back(served: Served, open_page: OpenPage) -> None:
    """The reference leaves the list, and the page can be reloaded. It is accessible before and after."""
    page = open_page(served, "/inspect/Vault", bypass_csp=True)
    page.get_by_role("link", name="Look for missing pictures").click()
    expect(page.locator(".references li")).to_have_count(2)
    check_accessible(page)
    page.get_by_role("button", name="Put back Trips/Lisbon/lost view.png").click()
    expect(page.get_by_text("'Trips/Lisbon/lost view.png' is back.")).to_be_visible()
    expect(page.locator(".references li")).to_have_count(1)
    check_accessible(page)
    page.reload()
    expect(page.locator(".references li")).to_have_count(1)


def test_an_image_says_where_it_is_used_once_a_person_gets_there(served: Served, open_page: OpenPage) -> None:
    """Without a click."""
    page = open_page(served, f"/image/{id_of(CASTLE)}", width=390, bypass_csp=True)
    page.locator("later-part").scroll_into_view_if_needed()
    expect(page.get_by_role("link", name="Trips/Lisbon.md")).to_be_visible()
    check_accessible(page)


def test_an_upload_says_which_file_has_it(served: Served, open_page: OpenPage) -> None:
    """Where it was saved, and where it was already."""
    page = open_page(served, "/?sd=Vault")
    new = make_picture("png", seed=77, size=(16, 16))
    files: list[FilePayload] = [
        {"name": "harbor.png", "mimeType": "image/png", "buffer": new},
        {"name": "soup again.png", "mimeType": "image/png", "buffer": SOUP},
    ]
    page.locator("save-images input[type=file]").set_input_files(files)
    lines = page.locator(".saved-lines li")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="Already there").get_by_role("link")).to_have_text("Food/soup.png")
    link = lines.filter(has_text="harbor.png").get_by_role("link")
    expect(link).to_have_text(re.compile("harbor.png$"))
    expect(link).to_have_attribute("href", f"/image/{id_of(new)}")


def test_on_a_phone_nothing_moves_and_buttons_have_words(served: Served, open_page: OpenPage) -> None:
    """When filters open, the field for searching stays where it is; the choice of tiles is among them."""
    page = open_page(served, width=390, bypass_csp=True)
    search = page.get_by_role("searchbox")
    before = search.bounding_box()
    expect(page.get_by_role("button", name="Larger tiles")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("button", name="Larger tiles")).to_be_visible()
    assert search.bounding_box() == before
    check_accessible(page)
    page.get_by_role("button", name="Filters").click()
    page.locator("gallery-grid .pick").first.evaluate("pick => pick.click()")
    expect(page.locator(".chosen").get_by_text("Copy Markdown")).to_be_visible()
    check_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.get_by_role("button", name="Larger tiles")).to_be_visible()


def test_set_filters_are_counted_and_cleared(served: Served, open_page: OpenPage) -> None:
    """On a phone they are behind a button, so it says how many are set."""
    page = open_page(served, "/?sd=Vault&folder=Food&q=soup", width=390, bypass_csp=True)
    button = page.get_by_role("button", name="Filters")
    expect(button).to_have_text("Filters (2)")
    button.click()
    page.locator(".filters select[name=type]").select_option("png")
    expect(button).to_have_text("Filters (3)")
    check_accessible(page)
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("button", name="Filters")).to_have_text("Filters")
    expect(page.get_by_role("link", name="Clear filters")).to_have_count(0)


def test_a_small_picture_is_not_enlarged(served: Served, open_page: OpenPage) -> None:
    """The light box shows it as large as it is; zooming is a person's choice."""
    page = open_page(served, "/?q=soup")
    page.locator("gallery-grid .tile a").click()
    expect(page.locator("light-box .stage img")).to_have_css("object-fit", "scale-down")
