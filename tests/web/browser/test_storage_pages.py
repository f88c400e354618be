"""Folders and inspector in a real browser: adding, managing, scanning, and reading what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from builders.pages import break_storage_dir
from builders.pictures import make_picture
from builders.served import serving
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_image
from strandline.runtime.assembly import open_store

from .conftest import OpenPage, Serve, check_accessible


def test_an_empty_installation_says_what_to_do_first(home: Path, tmp_path: Path, open_page: OpenPage) -> None:
    """The gallery asks for a folder. Once its path is typed in, it is added, and its pictures are there."""
    root = make_storage_dir(tmp_path / "Dropbox" / "Notes", *make_pictures(2))
    with open_store(home) as store, serving(store) as served:
        page = open_page(served)
        expect(page.get_by_role("heading", name="Which folder has your pictures?")).to_be_visible()
        page.get_by_label("Path of the folder on this machine").fill(str(root))
        page.get_by_role("button", name="Add folder").click()
        expect(page.locator(".tile")).to_have_count(2)
        assert page.url == served.address.url


def test_a_first_folder_that_is_not_there_is_created_at_a_click(
    home: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    """A path that was mistyped stays on the page that asks for it. Only the last part of a path is created."""
    with open_store(home) as store, serving(store) as served:
        page = open_page(served, bypass_csp=True)
        field, create = page.get_by_label("Path of the folder"), page.get_by_role("button", name="Create it")
        field.fill(str(tmp_path / "no" / "New"))
        page.get_by_role("button", name="Add folder").click()
        expect(page.get_by_role("heading", name="Which folder has your pictures?")).to_be_visible()
        expect(field).to_have_accessible_description(re.compile("There is no folder"))
        expect(create).to_have_count(0)
        field.fill(str(tmp_path / "New"))
        page.get_by_role("button", name="Add folder").click()
        expect(create).to_be_visible()
        check_accessible(page)
        assert not (tmp_path / "New").exists()
        create.click()
        expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
        assert (tmp_path / "New" / "SD_ID").is_file()


def test_what_a_first_folder_needs_is_said(home: Path, tmp_path: Path, open_page: OpenPage) -> None:
    """On the page of folders, which has the buttons for it."""
    root = make_storage_dir(tmp_path / "Archive", *make_pictures(2))
    (root / "SD_ID").unlink()
    with open_store(home) as store, serving(store) as served:
        page = open_page(served)
        page.get_by_label("Path of the folder").fill(str(root))
        page.get_by_role("button", name="Add folder").click()
        expect(page.get_by_text("2 images wait for an identity.")).to_be_visible()


def test_a_folder_without_an_identity_is_told_to_be_waited_for(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    """If pictures are there but SD_ID is not, it may be the last file to arrive, and the page says so."""
    page = open_page(serve(), "/folders")
    root = make_storage_dir(tmp_path / "Late", *make_pictures(1))
    (root / "SD_ID").unlink()
    page.get_by_label("Path of the folder on this machine").fill(str(root))
    page.get_by_role("button", name="Add folder").click()
    expect(page.get_by_text("Its identity has not arrived yet")).to_be_visible()
    expect(page.locator("article", has_text="Late").get_by_text("still arriving")).to_be_visible()


def test_a_full_folder_without_an_identity_gets_one_at_a_click(
    home: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    """The gallery never says that there are no images: it says what they wait for, and has the button."""
    root = make_storage_dir(tmp_path / "Archive", *make_pictures(2))
    (root / "SD_ID").unlink()
    with open_store(home) as store, serving(store) as served:
        page = open_page(served, "/folders")
        page.get_by_label("Path of the folder on this machine").fill(str(root))
        page.get_by_role("button", name="Add folder").click()
        expect(page.get_by_text("2 images wait for an identity.")).to_be_visible()
        image_id = id_of(make_pictures(1)[0])
        for place in ("/inspect", "/inspect/Archive", f"/image/{image_id}"):
            page.goto(served.address.url.rstrip("/") + place)
            expect(page.get_by_text("press “Give it a new identity”").first).to_be_visible()
            if place != "/inspect/Archive":  # which has the button itself
                page.get_by_role("link", name="Open Folders").click()
            expect(page.get_by_role("button", name="Give it a new identity")).to_be_visible()
        page.get_by_role("link", name="Gallery").click()
        expect(page.get_by_role("heading", name="A folder waits for an identity")).to_be_visible()
        expect(page.get_by_text("No images yet")).to_have_count(0)
        page.get_by_role("button", name="Give it a new identity").click()
        page.get_by_role("link", name="Show images").click()
        expect(page.locator(".tile")).to_have_count(2)


def test_a_path_that_is_none_is_said_where_it_was_typed(
    serve: Serve, tmp_path: Path, open_page: OpenPage
) -> None:
    """Right below the field, which has the focus and says so to screen readers. What was typed stays in the form."""
    page = open_page(serve(), "/folders", bypass_csp=True)
    path, name = page.get_by_label("Path of the folder on this machine"), page.get_by_label("Name (optional)")
    path.fill("/nowhere/at all")
    name.fill("Mine")
    page.get_by_text("More choices").click()
    page.get_by_label("Only read it").check()
    page.get_by_role("button", name="Add folder").click()
    expect(path).to_be_focused()
    expect(path).to_have_attribute("aria-invalid", "true")
    expect(path).to_have_accessible_description(re.compile("/nowhere/at all"))
    said, field = page.locator("#wrong-path").bounding_box(), path.bounding_box()
    assert said is not None
    assert field is not None
    assert 0 <= said["y"] - (field["y"] + field["height"]) <= 16
    assert said["x"] == pytest.approx(field["x"], abs=1)
    expect(page.locator(".note")).to_have_count(0)
    expect(path).to_have_value("/nowhere/at all")
    expect(name).to_have_value("Mine")
    expect(page.get_by_label("Only read it")).to_be_checked()
    check_accessible(page)
    path.fill(str(make_storage_dir(tmp_path / "Other")))
    name.fill("Notes")
    page.get_by_role("button", name="Add folder").click()
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(path).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_path_has_room(home: Path, open_page: OpenPage, width: int) -> None:
    """A path of fifty characters is seen whole in a wide window, and the field never shares a line."""
    with open_store(home) as store, serving(store) as served:
        page = open_page(served, width=width)
        field = page.get_by_label("Path of the folder on this machine").bounding_box()
        form = page.locator(".add-folder").bounding_box()
        assert field is not None
        assert form is not None
        assert field["width"] == pytest.approx(form["width"], abs=1)
        assert field["width"] >= min(width - 32, 500)


def test_pictures_elsewhere_are_taken_in_where_they_are_told(
    home: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    """Right after adding. Then nothing says that they are elsewhere, and a button leads to them."""
    root = make_storage_dir(tmp_path / "Vault", has_media=False)
    for number, data in enumerate(make_pictures(3)):
        (root / f"{number}.png").write_bytes(data)
    with open_store(home) as store, serving(store) as served:
        page = open_page(served, "/folders", bypass_csp=True)
        page.get_by_label("Path of the folder on this machine").fill(str(root))
        page.get_by_role("button", name="Add folder").click()
        expect(page.get_by_role("heading", name="3 pictures elsewhere in this folder")).to_be_visible()
        check_accessible(page)
        page.get_by_role("button", name="Take them in").click()
        expect(page.get_by_role("heading", name="The pictures are taken in")).to_be_visible()
        expect(page.get_by_text(re.compile("elsewhere (?:in|,)|pictures elsewhere"))).to_have_count(0)
        expect(page.locator("take-in output")).to_have_text("3 taken in.")
        page.locator("take-in").get_by_role("link", name="Show images").click()
        expect(page.locator("#count")).to_have_text("3 images")


def test_a_path_is_completed_by_keyboard(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    """Arrows choose among the folders; Enter takes one, then sends the form. A folder that was added says so."""
    page = open_page(serve(), "/folders")
    make_storage_dir(tmp_path / "Photos" / "Travel", *make_pictures(1))
    field = page.get_by_role("combobox", name="Path of the folder on this machine")
    field.press_sequentially(f"{tmp_path}/n")
    option = page.get_by_role("option", name=f"{tmp_path}/Notes")
    expect(option).to_contain_text("It is there already, as 'Notes'.")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.fill(f"{tmp_path}/ph")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_text(f"{tmp_path}/Photos")
    field.press("Enter")
    expect(field).to_have_value(f"{tmp_path}/Photos/")
    page.get_by_role("option", name="Travel").click()
    expect(field).to_have_value(f"{tmp_path}/Photos/Travel/")
    expect(page.get_by_role("option", name="media")).to_be_visible()
    field.press("Enter")
    expect(page.get_by_text("Travel was added with the identity in the folder.")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_folders_cover_no_button(home: Path, tmp_path: Path, open_page: OpenPage, width: int) -> None:
    """The whole path was typed, and a click on *Add folder* must not choose a folder instead."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(1))
    with open_store(home) as store, serving(store) as served:
        page = open_page(served, width=width)
        page.get_by_role("combobox").fill(str(root))
        choices, button = page.get_by_role("listbox"), page.get_by_role("button", name="Add folder")
        expect(choices).to_be_visible()
        below = choices.bounding_box()
        above = button.bounding_box()
        assert below is not None
        assert above is not None
        assert below["y"] + below["height"] <= above["y"]
        button.click()
        expect(page.locator(".tile")).to_have_count(1)


def test_a_folder_is_renamed_and_forgotten(serve: Serve, open_page: OpenPage) -> None:
    """One form each. Forgetting needs a checkbox, and touches no file."""
    served = serve(*make_pictures(1))
    root = Path(served.store.list_storage_dirs()[0].path)
    page = open_page(served, "/folders")
    page.get_by_text("Rename, move or forget").click()
    page.get_by_label("Name on this machine").fill("Journal")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("Notes is called Journal now.")).to_be_visible()
    page.get_by_text("Rename, move or forget").click()
    page.get_by_label("Yes, forget Journal").check()
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_text("Journal is forgotten. No file was touched.")).to_be_visible()
    assert len(list((root / "media").iterdir())) == 1


def test_a_scan_is_started_and_followed(serve: Serve, open_page: OpenPage) -> None:
    """The button scans and shows the result, and the inspector is updated."""
    served = serve(*make_pictures(1))
    page = open_page(served, "/inspect/Notes")
    put_image(Path(served.store.list_storage_dirs()[0].path), make_picture("gif", seed=3))
    page.reload()
    expect(page.get_by_text("1 image on the disk that is not in the catalog").first).to_be_visible()
    page.get_by_role("button", name="Scan now").click()
    expect(page.locator("scan-form output")).to_have_text("1 new.")
    expect(page.get_by_text("1 image on the disk that is not in the catalog")).to_have_count(0)


def test_the_inspector_says_what_is_wrong_and_what_to_do(tmp_path: Path, open_page: OpenPage) -> None:
    """Each kind of discrepancy has its heading, files, and remedy. A file links to its bytes."""
    with break_storage_dir(tmp_path) as broken, serving(broken.store) as served:
        page = open_page(served, "/inspect/Notes")
        for heading in broken.headings:
            expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.locator(".discrepancy p").first).to_contain_text(
            "Strandline never deletes a damaged file"
        )
        page.get_by_role("link", name=broken.damaged).first.click()
        expect(page.get_by_text("damaged", exact=True)).to_be_visible()
        page.get_by_role("link", name="Bytes").click()
        expect(page.get_by_label("Bytes")).to_contain_text("89 50 4e 47")


def test_an_image_that_was_edited_in_place_is_adopted_and_its_original_restored(
    tmp_path: Path, open_page: OpenPage
) -> None:
    """Two buttons in the inspector: both images are then shown, and a message says what was done."""
    with break_storage_dir(tmp_path) as broken, serving(broken.store) as served:
        broken.store.add_storage_dir(make_storage_dir(tmp_path / "Photos", broken.original))
        page = open_page(served, "/inspect/Notes#foreign")
        page.locator("#foreign").get_by_role("link", name=f"Image {id_of(broken.original)}").click()
        page.get_by_role("button", name="Adopt as a new image").click()
        expect(page.locator(".note")).to_contain_text("It is a new image now.")
        expect(page).to_have_url(f"{served.address.url}image/{id_of(broken.original)}")
        page.get_by_role("button", name="Restore the original").click()
        expect(page.locator(".note")).to_contain_text("The original is back")
        expect(page.get_by_role("button", name="Restore the original")).to_have_count(0)
        page = open_page(served, f"/image/{id_of(broken.edited)}")
        expect(page.locator(".verdict")).to_contain_text("is shown from 'Notes'")
        assert broken.store.get(id_of(broken.original), "Notes").read() == broken.original


def test_a_folder_that_vanished_is_told_at_a_glance(serve: Serve, open_page: OpenPage) -> None:
    """Offline comes first, and nothing is called missing."""
    served = serve(*make_pictures(3), watching=True)
    page = open_page(served, "/inspect")
    expect(page.get_by_text("Everything in Notes is there and checked")).to_be_visible()
    root = Path(served.store.list_storage_dirs()[0].path)
    root.rename(root.with_name("Elsewhere"))
    served.store.refresh_storage_dirs()
    expect(page.get_by_text("Offline", exact=True)).to_be_visible()
    expect(page.get_by_text("missing on the disk")).to_have_count(0)
    expect(page.get_by_text("set its new path on the Folders page")).to_be_visible()
    page.get_by_role("link", name="Gallery").click()
    page.wait_for_url("**/")
    expect(page.locator("#around")).to_contain_text("Notes is offline. What you see of it is what was known.")
    expect(page.locator(".tile .badge").first).to_have_text("offline")
    page.locator(".tile").first.click()
    shown = page.locator(".unseen, .small-copy").filter(visible=True)  # the browser may have a small copy
    expect(shown).to_contain_text("Notes is offline")


def test_a_file_that_shows_nothing_says_so(serve: Serve, open_page: OpenPage) -> None:
    """No empty frame: not for an empty file, and not for bytes that a browser cannot draw."""
    served = serve(*make_pictures(1))
    root = Path(served.store.list_storage_dirs()[0].path)
    (root / "empty.txt").touch()
    broken = put_image(root, make_picture("jpg")[:200])
    page = open_page(served, "/inspect/Notes/file?path=empty.txt")
    expect(page.get_by_text("The file is empty.")).to_be_visible()
    expect(page.locator(".hex")).to_have_count(0)
    page.goto(f"{served.address.url}inspect/Notes/file?path=media%2F{broken}&view=image")
    expect(page.get_by_text("The browser cannot show these bytes as a picture.")).to_be_visible()
    expect(page.locator(".shown img")).to_be_hidden()


def test_every_byte_of_a_file_can_be_paged_through(serve: Serve, open_page: OpenPage) -> None:
    """Hex pages with offsets, forwards and back. The image itself comes first."""
    data = make_picture("png", seed=4, size=(90, 90))
    assert len(data) > 2 * 4096
    page = open_page(serve(data), f"/inspect/Notes/file?path=media%2F{name_of(data)}")
    expect(page.locator(".shown img")).to_have_js_property("naturalWidth", 90)
    page.get_by_role("link", name="Bytes").click()
    expect(page.locator(".hex")).to_contain_text("00000000  89 50 4e 47")
    page.get_by_role("link", name="After").click()
    expect(page.locator(".hex")).to_contain_text("00001000")
    page.get_by_role("link", name="Before").click()
    expect(page.locator(".hex")).to_contain_text("00000000")
