"""The pages of care in a browser: they wait for a look by themselves, ask before they act, and are for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from strandline.runtime.assembly import open_store
from strandline.web.pages.care import frame

from .conftest import OpenPage, check_accessible

SEA, TREE = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault with a picture twice, which a note shows by one of its names."""
    root = tmp_path / "Vault"
    put(root, "Note.md", b"![](sea.jpg) ![](tree.jpg)")
    put(root, "sea.jpg", SEA)
    put(root, "attachments/a copy of the sea with a name that takes more than a line.jpg", SEA)
    put(root, "tree.jpg", TREE)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


def copies(tmp_path: Path) -> int:
    """How many files with the doubled picture there are."""
    return sum(path.read_bytes() == SEA for path in (tmp_path / "Vault").rglob("*.jpg"))


def test_duplicates_go_by_keyboard_and_come_back(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """The question has the focus on its harmless answer, Escape closes it, and the last page offers to undo."""
    page = open_page(served, "/care")
    page.get_by_role("link", name="Duplicates").press("Enter")
    page.get_by_role("link", name="See what can go").press("Enter")
    expect(page.locator(".care-row .shot img")).to_have_js_property("naturalWidth", 90)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    ask = page.get_by_role("button", name="Move 1 file to the trash…")
    dialog = page.get_by_role("dialog", name="Move 1 file to the trash?")
    ask.press("Enter")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ask).to_be_focused()
    assert copies(tmp_path) == 2
    ask.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main").get_by_text("1 file is in the trash.")).to_be_visible()
    assert copies(tmp_path) == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("main").get_by_text("is back in Vault.")).to_be_visible()
    assert copies(tmp_path) == 2


def test_a_page_waits_for_a_look_by_itself(
    served: Served, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to reload it, and a screen reader is told."""
    monkeypatch.setattr(frame, "WAIT_S", 0.0)
    for path, found, said in (
        ("/care", "1 file too many", "Everything was looked at"),
        ("/care/duplicates", "1 file has bytes", "1 file has bytes"),
        ("/care/duplicates/fold", "1 file can go", "1 file can go"),
    ):
        served.app.backend.care.forget_looks()
        page = open_page(served, path)
        expect(page.locator("main").get_by_text(found)).to_be_visible()
        if page.locator("#status").inner_text():
            expect(page.locator("#status")).to_contain_text(said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_is_for_everybody_also_on_a_phone(served: Served, open_page: OpenPage, scheme: str) -> None:
    """With what it found, with its question, and with the result."""
    page = open_page(served, "/care", scheme=scheme, width=390, bypass_csp=True)
    check(page)
    page.get_by_role("link", name="Duplicates").click()
    check(page)
    page.get_by_role("link", name="See what can go").click()
    check(page)
    page.get_by_role("button", name="Move 1 file to the trash…").click()
    check(page)
    page.get_by_role("dialog").get_by_role("button", name="Move to the trash").click()
    expect(page.locator("main").get_by_text("1 file is in the trash.")).to_be_visible()
    check(page)


def check(page: Page) -> None:
    """Accessible, and not wider than the phone. Whatever is pressed is high enough for a thumb."""
    page.wait_for_load_state()
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator("main :is(.button, .care-paths a):visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44, button.inner_text()


def test_unused_pictures_are_chosen_deleted_and_brought_back(
    served: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    """With the dialog of the gallery. The page is drawn again without a reload."""
    for seed in (3, 4):
        put(tmp_path / "Vault", f"free {seed}.jpg", make_picture("jpg", seed=seed, size=(90, 60)))
    served.store.scan()
    page = open_page(served, "/care/unused", width=390, bypass_csp=True)
    delete = page.get_by_role("button", name="Delete selected…")
    expect(delete).to_be_disabled()
    check(page)
    page.get_by_role("checkbox", name="Select free 3.jpg").check()
    expect(page.locator("#chosen-count")).to_have_text("1 selected")
    delete.click()
    page.locator("dialog.ask").get_by_role("button", name="Delete").click()
    expect(page.locator(".trashed li")).to_have_count(1)
    assert not (tmp_path / "Vault/free 3.jpg").exists()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".trashed li")).to_have_count(2)
    assert (tmp_path / "Vault/free 3.jpg").exists()
    page.get_by_role("link", name="See what can be collected").click()
    expect(page.get_by_role("heading", name="Nothing can be collected yet")).to_be_visible()
    check(page)


def test_conflict_copies_are_seen_and_resolved(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    """Both pictures of each; one alone, or all after a question; and back."""
    for name in (
        "sea (Anna's conflicted copy 2026-11-20).jpg",
        "tree (Anna's conflicted copy 2026-11-20).jpg",
    ):
        put(tmp_path / "Vault", name, SEA if "sea" in name else TREE)
    served.store.scan()
    page = open_page(served, "/care", width=390, bypass_csp=True)
    page.get_by_role("link", name="Conflict copies").click()
    expect(page.locator(".care-pair img")).to_have_count(4)
    for number in range(4):
        page.locator(".care-pair img").nth(number).scroll_into_view_if_needed()
        expect(page.locator(".care-pair img").nth(number)).to_have_js_property("naturalWidth", 90)
    check(page)
    page.get_by_role("button", name="Resolve all 2…").click()
    check(page)
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(page.locator("main").get_by_text("2 copies are in the trash.")).to_be_visible()
    expect(page.get_by_role("heading", name="No conflict copy was found")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Put the copies back").click()
    expect(page.locator(".care-conflict")).to_have_count(2)
    page.get_by_role("button", name="Move the copy to the trash").first.click()
    expect(page.locator(".care-conflict")).to_have_count(1)
