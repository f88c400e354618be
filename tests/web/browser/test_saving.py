"""Dropped, pasted, and picked pictures are saved, each with its own result."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.sync_api import Page, expect

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures

from .conftest import OpenPage, Serve

CARRY = """([type, files]) => {
    const data = new DataTransfer();
    for (const [name, kind, text] of files) {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: kind }));
    }
    const event = type === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
}"""
"""Does what a hand does to the page or its focused element: drags, drops, or pastes files."""


def carry(page: Page, how: str, *files: tuple[str, str, bytes]) -> None:
    """Drags, drops, or pastes files: name, type, bytes."""
    page.evaluate(CARRY, [how, [[name, kind, base64.b64encode(data).decode()] for name, kind, data in files]])


def test_dropped_pictures_are_saved_and_told_apart(serve: Serve, open_page: OpenPage) -> None:
    """A new one, an existing one, and one that is no picture: three lines with different words and the reason."""
    known = make_picture("png", seed=1)
    new = make_picture("jpg", seed=2)
    served = serve(known, watching=True)
    page = open_page(served)
    carry(page, "dragenter", ("a", "", b""))
    expect(page.get_by_text("Drop to save into Notes")).to_be_visible()
    carry(
        page, "drop", ("beach.jpg", "image/jpeg", new), ("again.png", "image/png", known),
        ("letter <b>.txt", "text/plain", b"no picture"),
    )  # fmt: skip
    expect(page.get_by_text("Drop to save into Notes")).to_be_hidden()
    lines = page.locator(".saved-files li")
    expect(lines.nth(0)).to_contain_text("beach.jpg")
    expect(lines.nth(0)).to_contain_text("Saved")
    expect(lines.nth(1)).to_contain_text("Already there")
    expect(lines.nth(2)).to_contain_text("letter <b>.txt")
    expect(lines.nth(2)).to_contain_text("Not saved")
    expect(lines.nth(2).locator("p")).not_to_be_empty()
    expect(page.locator(f".tile[data-id='{id_of(new)}'] a")).to_have_attribute("aria-label", "beach.jpg")
    assert Path(served.store.get(id_of(new)).path).read_bytes() == new


def test_a_pasted_picture_is_saved(serve: Serve, open_page: OpenPage) -> None:
    """From the clipboard into the folder. Pasting into the search works as usual."""
    served = serve(*make_pictures(1), watching=True)
    page = open_page(served)
    data = make_picture("png", seed=8)
    page.get_by_role("searchbox").focus()
    carry(page, "paste", ("other.png", "image/png", make_picture("png", seed=9)))
    page.get_by_role("searchbox").blur()
    carry(page, "paste", ("image.png", "image/png", data))
    expect(page.locator(".saved-files li")).to_have_count(1)
    expect(page.locator(".saved-files li")).to_contain_text("Saved")
    expect(page.locator(f".tile[data-id='{id_of(data)}']")).to_be_visible()


def test_a_picked_picture_is_saved_into_the_chosen_folder(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    """If there are several folders, the chosen one is used."""
    served = serve(*make_pictures(1))
    (tmp_path / "Travel").mkdir()
    travel = served.store.add_storage_dir(tmp_path / "Travel").sd
    page = open_page(served)
    page.get_by_label("Save into").select_option("Travel")
    data = make_picture("webp", seed=4)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Save images").click()
    chooser.value.set_files({"name": "x.webp", "mimeType": "image/webp", "buffer": data})
    expect(page.locator(".saved-files li")).to_contain_text("Saved")
    assert served.store.get(id_of(data)).sd.name == travel.name
