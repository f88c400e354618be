"""What is missing in a browser: it is looked for in a folder, asked about, and brought back; the list can be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import open_store
from strandline.web.pages.care import frame

from .conftest import OpenPage
from .test_care import check

LOST = make_picture("png", seed=1, size=(60, 40))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault that misses a picture, which is on a card under another name."""
    clock = FakeClock()
    root = tmp_path / "Vault"
    put(root, "a lost picture with a name that takes more than a line on a phone.png", LOST)
    put(root, "kept.png", make_picture("png", seed=2))
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.thumbnail(id_of(LOST))
        put(tmp_path, "card/DSC1.PNG", LOST)
        next(root.glob("a lost*")).unlink()
        for _ in range(2):
            clock.pass_time(days=1)
            store.scan()
        with serving(store) as served:
            yield served


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_is_looked_through_on_a_phone(
    served: Served, open_page: OpenPage, tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows the picture as it was, waits for the search by itself, and asks before anything comes back."""
    monkeypatch.setattr(frame, "WAIT_S", 0.0)
    page = open_page(served, "/care", scheme=scheme, width=390, bypass_csp=True)
    expect(page.locator("main").get_by_text("1 file is missing or damaged")).to_be_visible()
    page.get_by_role("link", name="Missing or damaged").click()
    expect(page.locator(".care-row .shot img")).to_have_js_property("naturalWidth", 60)
    check(page)
    field = page.get_by_role("combobox", name="Look through a folder on this machine")
    field.fill(f"{tmp_path}/")
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.locator(".choices [aria-disabled]").count() == 0, "each folder can be looked into"
    field.fill(str(tmp_path / "card"))
    field.press("Escape")
    field.press("Enter")
    expect(page.locator("main").get_by_text("1 file can come back.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Bring 1 file back…").click()
    check(page)
    assert not list((tmp_path / "Vault").glob("a lost*"))
    page.get_by_role("dialog").get_by_role("button", name="Bring back").click()
    expect(page.locator("main").get_by_text("1 file is back.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing is missing or damaged")).to_be_visible()
    assert next((tmp_path / "Vault").glob("a lost*")).read_bytes() == LOST
    check(page)


def test_the_list_for_another_machine_can_be_had(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """It is what ``strandline provide`` takes, and this page."""
    page = open_page(served, "/care/wanted")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the list").click()
    assert started.value.suggested_filename == "wanted.json"
    assert [row["image_id"] for row in json.loads(started.value.path().read_text())["wanted"]] == [
        id_of(LOST)
    ]
    served.store.add_storage_dir(make_storage_dir(tmp_path / "Elsewhere", LOST))
    page = open_page(served, "/care/wanted")
    page.get_by_label("The list (wanted.json)").set_input_files(started.value.path())
    with page.expect_download() as archive:
        page.get_by_role("button", name="Get the archive").click()
    assert archive.value.suggested_filename == "for-another-machine.zip"
