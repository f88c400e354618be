"""Dropped, pasted, and picked pictures are saved, each with its own result."""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Dialog, FilePayload, Page, Route, expect

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures
from strandline import Query

from .conftest import OpenPage, Serve, open_adding

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
    """A new one, an existing one, and one that is no picture, which comes first, with the reason. Then a sum."""
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
    expect(lines.nth(0)).to_contain_text("letter <b>.txt")
    expect(lines.nth(0)).to_contain_text("Not saved")
    expect(lines.nth(0).locator("p")).not_to_be_empty()
    expect(lines.nth(1)).to_contain_text("beach.jpg")
    expect(lines.nth(1)).to_contain_text("Saved")
    expect(lines.nth(2)).to_contain_text("Already there")
    expect(page.locator(".saved-files h2")).to_have_text("1 saved, 1 already there, 1 not")
    expect(page.locator(f".tile[data-id='{id_of(new)}'] a")).to_have_attribute(
        "aria-label", re.compile(r"^beach\.jpg, \d+ \w+ \d{4}, Notes$")
    )
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
    open_adding(page)
    page.get_by_label("Save into").select_option("Travel")
    data = make_picture("webp", seed=4)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="From this device").click()
    chooser.value.set_files({"name": "x.webp", "mimeType": "image/webp", "buffer": data})
    expect(page.locator(".saved-files li")).to_contain_text("Saved")
    assert served.store.get(id_of(data)).sd.name == travel.name


def test_a_picture_keeps_the_date_of_its_file(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    """Picked alone, or together with others."""
    served = serve(*make_pictures(1))
    page = open_page(served)
    paths, at = [tmp_path / f"{number}.png" for number in range(3)], datetime(2011, 5, 4, tzinfo=UTC)
    for seed, path in enumerate(paths):
        path.write_bytes(make_picture("png", seed=400 + seed))
        os.utime(path, (at.timestamp(), at.timestamp()))
    for picked in (paths[:1], paths[1:]):
        open_adding(page)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="From this device").click()
        chooser.value.set_files(picked)
        expect(page.locator(".saved-files h2")).to_have_text(f"{len(picked)} saved")
    months = served.store.list_images(Query(month="2011-05"))
    assert months.total == 3


def test_names_with_backslashes_are_reported_as_saved(serve: Serve, open_page: OpenPage) -> None:
    """In a form, the server would take a part of them for a folder of Windows, so each goes alone."""
    page = open_page(serve(*make_pictures(1)))
    open_adding(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="From this device").click()
    names = ("a\\b.png", "C:\\x\\y.png", "plain.png")
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": make_picture("png", seed=500 + seed)}
        for seed, name in enumerate(names)
    ]
    chooser.value.set_files(files)
    expect(page.locator(".saved-files h2")).to_have_text("3 saved")


def hold_uploads(page: Page) -> list[Route]:
    """From now on, uploads wait until the test calls ``page.unroute_all``. They are in this list."""
    held: list[Route] = []
    page.route(
        "**/api/v1/images?*", lambda route: held.append(route) if is_upload(route) else route.continue_()
    )
    return held


def is_upload(route: Route) -> bool:
    """Whether the page sends pictures."""
    return route.request.method == "POST"


NEARLY_SENT = """() => {
    const { queue } = document.querySelector("save-images");
    const sent = [...queue.requests.values()].find(({ items }) => items.length === 100);
    sent.share = 0.9;
    queue.onChange();
}"""
"""Nine tenths of a request with a hundred files have left."""


def test_many_pictures_share_requests_and_a_count(serve: Serve, open_page: OpenPage) -> None:
    """Two hundred files take a handful of requests. Files of one name are never in the same one, so each result is
    its own file's.
    """
    served = serve(*make_pictures(1))
    page = open_page(served)
    held = hold_uploads(page)
    pictures = [make_picture("png", seed=seed) for seed in range(20, 219)]
    carry(
        page,
        "drop",
        *[("IMG.png" if n < 2 else f"{n}.png", "image/png", data) for n, data in enumerate(pictures)],
    )
    heading = page.locator(".saved-files h2")
    expect(heading).to_have_text("Saving 1 of 199")
    expect(page.locator(".saved-files progress")).to_be_visible()
    assert len(held) == 3
    page.evaluate(NEARLY_SENT)
    expect(heading).to_have_text("Saving 91 of 199")  # as the bar says
    expect(page.locator(".saved-files progress")).to_have_js_property("value", 90)
    page.unroute_all()
    expect(heading).to_have_text("199 saved")
    expect(page.locator(".saved-files progress")).to_be_hidden()
    assert served.store.list_images(limit=1).total == 200


def test_saving_can_be_cancelled_and_leaving_the_page_asks(serve: Serve, open_page: OpenPage) -> None:
    """While files are waiting, a link to another page asks first. What was not sent any more is counted."""
    page = open_page(serve(*make_pictures(1)))
    held = hold_uploads(page)
    files = [(f"{seed}.png", "image/png", make_picture("png", seed=seed)) for seed in range(20, 220)]
    page.get_by_role("searchbox").click()  # a browser asks only if somebody has used the page
    page.get_by_role("searchbox").blur()
    carry(page, "drop", *files)
    expect(page.locator(".saved-files h2")).to_have_text("Saving 1 of 200")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("document.querySelector('.places a[href=\"/folders\"]').click()")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".saved-files h2")).to_have_text("200 cancelled")
    assert len(held) == 2
    page.get_by_role("link", name="Folders").click()
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()


def test_what_was_not_saved_can_be_tried_again(serve: Serve, open_page: OpenPage) -> None:
    """The server was away: each file says so, and one button sends them again."""
    served = serve(*make_pictures(1))
    page = open_page(served)
    page.route("**/api/v1/images?*", lambda route: route.abort() if is_upload(route) else route.continue_())
    carry(page, "drop", *[(f"{n}.png", "image/png", make_picture("png", seed=n)) for n in (31, 32)])
    expect(page.locator(".saved-files h2")).to_have_text("2 not saved")
    expect(page.locator(".saved-files li").first).to_contain_text("Strandline did not answer.")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".saved-files h2")).to_have_text("2 saved")
    assert served.get("/images/months")["total"] == 3


def test_what_can_never_be_saved_is_not_tried_again(serve: Serve, open_page: OpenPage) -> None:
    """No button for an empty file and one that is no picture. Half a picture that is there already is not saved."""
    half = make_picture("png", seed=33)[:-20]
    served = serve(half)
    page = open_page(served)
    carry(page, "drop", ("a.bmp", "image/bmp", b"BM no picture"), ("empty.png", "image/png", b""))
    expect(page.locator(".saved-files h2")).to_have_text("2 not saved")
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    carry(page, "drop", ("half.png", "image/png", half))
    expect(page.locator(".saved-files h2")).to_have_text("1 already there")


def test_pictures_that_are_too_large_together_are_sent_alone(serve: Serve, open_page: OpenPage) -> None:
    """The server takes no more in one request than it takes for one image. The page then sends them one by one, and
    still not more than three at once.
    """
    page = open_page(serve(*make_pictures(1)))
    held: list[Route] = []

    def refuse_many_and_hold_one(route: Route) -> None:
        if not is_upload(route):
            route.continue_()
        elif "name=" in route.request.url:
            held.append(route)
        else:
            route.fulfill(status=413, json={"detail": "too large"})

    page.route("**/api/v1/images?*", refuse_many_and_hold_one)
    carry(page, "drop", *[(f"{n}.png", "image/png", make_picture("png", seed=n)) for n in range(41, 47)])
    heading = page.locator(".saved-files h2")
    expect(heading).to_have_text("Saving 1 of 6")
    page.wait_for_timeout(500)
    assert len(held) == 3
    page.unroute_all()
    expect(heading).to_have_text("6 saved")
