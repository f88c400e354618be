"""The page of imports in a real browser: what is new is seen first, then imported, then taken back."""

from __future__ import annotations

import zipfile
from pathlib import Path

from playwright.sync_api import expect

from builders.pictures import make_picture
from builders.storage import make_pictures

from .conftest import OpenPage, Serve, check_accessible, open_adding

NEW = [make_picture("png", seed=seed, size=(60, 40)) for seed in range(50, 53)]


def test_a_folder_is_seen_imported_and_taken_back(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    """From the gallery, by keyboard and pointer. In the end everything new is in the trash."""
    card = tmp_path / "card"
    card.mkdir()
    for number, data in enumerate([*NEW, *make_pictures(1)]):
        (card / f"IMG_{number}.png").write_bytes(data)
    (card / "IMG_0.png.json").write_text("{}")
    (card / "half.zip").write_bytes(b"PK\x03\x04")
    served = serve(*make_pictures(1))
    page = open_page(served, bypass_csp=True)
    open_adding(page)
    page.get_by_role("link", name="From a folder, an archive, or the web").click()
    check_accessible(page)
    page.get_by_label("Folder, ZIP archive").fill(str(card))
    page.get_by_role("button", name="See what is new").click()
    expect(page.get_by_role("heading", name="3 new pictures")).to_be_visible()
    expect(page.get_by_text("1 in Notes already")).to_be_visible()
    expect(page.get_by_text("1 left out: sidecar files")).to_be_visible()
    check_accessible(page)
    assert len(served.store.list_images().images) == 1
    page.get_by_role("button", name="Import 3 pictures").click()
    expect(page.get_by_role("heading", name="3 pictures are in Notes")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("moved to the trash")).to_be_visible()
    assert len(served.store.trash.list_entries()) == 3


def test_an_archive_of_this_device_is_imported(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    """It is uploaded once, and seen before it is imported. On a phone, too."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for number, data in enumerate(NEW):
            archive.writestr(f"Takeout/{number}.png", data)
    served = serve(*make_pictures(1))
    page = open_page(served, "/import", width=390)
    page.get_by_label("Or a ZIP archive").set_input_files(tmp_path / "t.zip")
    page.get_by_role("button", name="See what is new").click()
    expect(page.get_by_text("t.zip").first).to_be_visible()
    page.get_by_role("button", name="Import 3 pictures").click()
    page.get_by_role("link", name="Show them").click()
    expect(page.locator(".tile")).to_have_count(4)


def test_what_cannot_be_read_is_said(serve: Serve, open_page: OpenPage) -> None:
    """In the place of a result, and the form keeps what was typed."""
    page = open_page(serve(*make_pictures(1)), "/import", bypass_csp=True)
    page.get_by_role("button", name="See what is new").click()
    expect(page.get_by_text("say what to import", exact=False)).to_be_visible()
    page.get_by_label("Folder, ZIP archive").fill("/nowhere/at/all")
    page.get_by_role("button", name="See what is new").click()
    expect(page.get_by_text("There is no such folder or file")).to_be_visible()
    expect(page.get_by_label("Folder, ZIP archive")).to_have_value("/nowhere/at/all")
    expect(page.get_by_label("Folder, ZIP archive")).to_be_focused()
    check_accessible(page)


def test_an_archive_is_found_by_browsing(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    """Enter opens the first row; an archive is taken as it is."""
    (tmp_path / "phone" / "Takeout").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "phone" / "Takeout" / "t.zip", "w") as archive:
        archive.writestr("1.png", NEW[0])
    page = open_page(serve(*make_pictures(1)), "/import")
    field = page.get_by_label("Folder, ZIP archive")
    field.fill(f"{tmp_path}/phone/")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Browse").click()
    expect(page.get_by_role("option", name="The folder above")).to_be_visible()
    expect(page.get_by_role("option", name="Takeout")).to_be_visible()
    page.keyboard.press("Enter")
    expect(field).to_have_value(f"{tmp_path}/phone/Takeout/")
    expect(page.get_by_role("option", name="t.zip")).to_be_visible()
    page.keyboard.press("Enter")
    expect(field).to_have_value(f"{tmp_path}/phone/Takeout/t.zip")
    page.get_by_role("button", name="See what is new").click()
    expect(page.get_by_role("heading", name="1 new picture")).to_be_visible()
