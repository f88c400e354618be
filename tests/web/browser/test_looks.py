"""Every page, in both schemes and at five widths: readable by everybody, and never wider than the window.

Every tenth page is tried in one run; the seed of the day says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from builders.pages import Broken, break_storage_dir
from builders.pictures import make_picture
from builders.sampling import take_sample
from builders.served import Served, serving
from builders.storage import make_pictures, make_storage_dir, name_of
from strandline.model import states
from strandline.runtime.assembly import open_store

from .conftest import OpenPage, Serve, check_accessible

BUTTONS = """Object.fromEntries(Array.from(document.querySelectorAll("button"),
    (button) => [button.textContent.trim(), button.getBoundingClientRect().height]))"""
"""How high each button is. Asked at once, because live parts of a page are replaced."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broken, Served]]:
    """A served home with an example of everything."""
    with break_storage_dir(tmp_path_factory.mktemp("looks")) as made, serving(made.store) as served:
        yield made, served


def list_pages(broken: Broken) -> list[str]:
    """An address of each kind of page."""
    return [
        "/",
        "/?q=nothing+fits",
        f"/image/{broken.shown_id}",
        f"/image/{broken.damaged_id}",
        "/folders",
        "/inspect",
        "/inspect/Notes",
        "/inspect/Notes/notes",
        "/inspect/Notes/tree?folder=media",
        f"/inspect/Notes/file?path=media%2F{broken.damaged}",
        "/inspect/Notes/file?path=SD_ID",
        "/activity",
        "/status",
        "/status/machine",
        "/export",
        "/import",
        "/trash",
        "/care",
        "/care/notes",
        "/care/verification",
        "/care/conflicts",
        "/care/duplicates",
        "/care/duplicates/fold",
        "/care/unused",
        "/care/unused/collect",
        "/care/wanted",
        "/help",
        "/api",
        "/problems",
        "/problems/image-not-found",
        "/image/nothing",
    ]


def visit(page: Page, served: Served, path: str) -> None:
    """Opens each page in the same window. The last one is an error page, and no other is."""
    answer = page.goto(served.address.url.rstrip("/") + path)
    assert answer is not None
    assert answer.status == (422 if path == "/image/nothing" else 200), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_an_accessibility_violation(
    broken: tuple[Broken, Served], open_page: OpenPage, scheme: str
) -> None:
    """axe checks names, roles, contrast, order, and landmarks."""
    made, served = broken
    page = open_page(served, scheme=scheme, bypass_csp=True)
    for path in take_sample(list_pages(made), scheme):
        visit(page, served, path)
        check_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_is_accessible_too(
    broken: tuple[Broken, Served], open_page: OpenPage, scheme: str
) -> None:
    """The light box with its facts, the selection bar, the keys, offered folders, and what happened together."""
    _, served = broken
    page = open_page(served, scheme=scheme, bypass_csp=True)
    page.locator(".tile").first.hover()
    page.locator(".tile .pick").first.click()
    expect(page.locator(".chosen")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Clear the selection").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.locator(".tile").first.click()
    page.get_by_role("button", name="Facts").click()
    check_accessible(page)
    visit(page, served, "/folders")
    field = page.get_by_role("combobox")
    field.fill(str(Path(served.store.list_storage_dirs()[0].path).parent) + "/")
    field.press("End")
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("ArrowDown")
    check_accessible(page)
    visit(page, served, "/activity")
    page.locator(".together summary").first.click()
    check_accessible(page)


def test_an_empty_installation_is_accessible(home: Path, open_page: OpenPage) -> None:
    """This is the first page that a new user sees."""
    with open_store(home) as store, serving(store) as served:
        for scheme in ("light", "dark"):
            page = open_page(served, width=390, scheme=scheme, bypass_csp=True)
            check_accessible(page)
            page.goto(served.address.url + "folders")
            check_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_who_are_not_let_in_get_a_whole_page(
    broken: tuple[Broken, Served], chromium: Browser, scheme: Any
) -> None:
    """Without a session, from a page of another site, and by a name that is not ours: accessible, styled by its own
    policy although the browser can load nothing else, and not wider than a phone.
    """
    _, served = broken
    form = f'<form method="post" action="{served.address.url}sign-in"><button>Send</button></form>'
    foreign = f"http://pics.lan:{served.address.port}/"
    for bypass_csp in (False, True):
        window = {"color_scheme": scheme, "bypass_csp": bypass_csp, "reduced_motion": "reduce"}
        context = chromium.new_context(viewport={"width": 390, "height": 800}, **window)
        page = context.new_page()
        page.route("http://wiki.lan/", lambda route: route.fulfill(body=form, content_type="text/html"))
        for start, status in (
            (f"{served.address.url}folders", 401),
            ("http://wiki.lan/", 403),
            (foreign, 421),
        ):
            answer = page.goto(start)
            if status == 403:
                with page.expect_navigation() as sent:
                    page.get_by_role("button").click()
                answer = sent.value
            assert answer is not None
            assert answer.status == status
            expect(page.locator(".panel")).to_have_css("width", "358px")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            if bypass_csp:
                check_accessible(page)
        context.close()


def test_no_page_is_wider_than_the_window(broken: tuple[Broken, Served], open_page: OpenPage) -> None:
    """Nobody has to scroll sideways, especially not on a phone."""
    made, served = broken
    page = open_page(served)
    for path in take_sample(list_pages(made), "widths"):
        visit(page, served, path)
        for width in (1920, 1280, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_what_is_given_up_is_asked_on_the_narrowest_phone(
    serve: Serve, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names, a box to tick, and the button fit. A short word on a button stays on its line."""
    pictures = make_pictures(9)
    served = serve(*pictures)
    root = Path(served.store.list_storage_dirs()[0].path)
    (root / "media" / name_of(pictures[0])).unlink()
    served.store.scan()
    monkeypatch.setattr(states, "MISSING_AFTER", timedelta(0))
    served.store.scan()
    for path in ("/folders", "/inspect/Notes"):
        page = open_page(served, path, width=320)
        page.get_by_text("Accept that 1 missing image is gone").click()
        expect(page.get_by_role("button", name="Accept", exact=True)).to_be_visible()
        expect(page.get_by_role("checkbox", name="Yes, this image is gone for good")).to_be_visible()
        heights = page.evaluate(BUTTONS)
        assert (heights["Accept"], heights["Scan now"]) == (44, 44), path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_buttons_that_turn_pictures_are_round(serve: Serve, open_page: OpenPage, width: int) -> None:
    """Each is a circle around an arrow, large enough for a thumb."""
    page = open_page(serve(make_picture("jpg", seed=1), make_picture("jpg", seed=2)), width=width)
    page.locator(".tile a").first.click()
    circle = page.get_by_role("button", name="Older").locator("svg").bounding_box()
    assert circle is not None
    assert (circle["width"], circle["height"]) == (40, 40)
    assert 0 <= circle["x"] <= width - 40


def test_a_phone_has_its_navigation_at_hand(broken: tuple[Broken, Served], open_page: OpenPage) -> None:
    """It is at the bottom, with every section. Filters are behind a button."""
    _, served = broken
    page = open_page(served, width=390, height=844)
    bar = page.get_by_role("navigation", name="Main").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] == pytest.approx(844, abs=1)
    expect(page.get_by_label("Type")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Type")).to_be_visible()
    page.get_by_role("link", name="Inspector").click()
    expect(page.get_by_role("heading", name="Inspector")).to_be_visible()


@pytest.mark.parametrize("width", [641, 720, 768, 860, 1024, 1280])
def test_the_navigation_is_whole_at_any_width(
    broken: tuple[Broken, Served], open_page: OpenPage, width: int
) -> None:
    """Pictures in it are as large as they should be, or not there. Every word is inside of the window."""
    page = open_page(broken[1], width=width)
    sizes = page.evaluate(
        """Array.from(document.querySelectorAll(".bar svg"), (icon) => icon.getBoundingClientRect().width)"""
    )
    assert sizes[0] == 32
    assert set(sizes[1:]) <= {0, 18}
    for place in page.get_by_role("navigation", name="Main").get_by_role("link").all():
        expect(place).to_be_in_viewport(ratio=1)


def test_the_scheme_of_the_system_is_kept(broken: tuple[Broken, Served], open_page: OpenPage) -> None:
    """Light or dark, without a flash of the other one."""
    _, served = broken
    for scheme, paper in (("light", "rgb(252, 250, 245)"), ("dark", "rgb(13, 23, 29)")):
        page = open_page(served, scheme=scheme)
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == paper


def test_a_phone_begins_with_pictures(serve: Serve, open_page: OpenPage) -> None:
    """The first row is in the upper third of the window, also with two folders to save into."""
    served = serve(*make_pictures(3))
    other = Path(served.store.list_storage_dirs()[0].path).with_name("A folder with a long name")
    served.store.add_storage_dir(make_storage_dir(other, *make_pictures(1, first_seed=9)))
    page = open_page(served, width=390, height=844, bypass_csp=True)
    tile = page.locator(".tile").first.bounding_box()
    assert tile is not None
    assert tile["y"] <= 844 / 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#add > summary")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Larger tiles")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("button", name="Larger tiles")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    check_accessible(page)


def test_the_foot_of_a_short_page_is_at_the_end_of_the_window(
    broken: tuple[Broken, Served], open_page: OpenPage
) -> None:
    """A page that is longer than the window ends with it."""
    page = open_page(broken[1], "/image/" + "0" * 32, width=1920, height=1080)
    foot = page.locator(".foot").bounding_box()
    assert foot is not None
    assert foot["y"] + foot["height"] == pytest.approx(1080, abs=1)


LINES = """(element) => {
    const { borderTopWidth, borderTopColor, textDecorationLine, outlineStyle } = getComputedStyle(element);
    const isSeen = parseFloat(borderTopWidth) > 0 && borderTopColor !== "rgb(255, 255, 255)";
    return isSeen || textDecorationLine !== "none" || outlineStyle !== "none";
}"""
"""Whether something has a line that can be seen on white paper."""


def test_what_a_color_says_has_a_line_where_the_system_chooses_the_colors(
    broken: tuple[Broken, Served], open_page: OpenPage
) -> None:
    """Where one is, which button is pressed, what is selected, states, panels, and how far something is."""
    page = open_page(broken[1], forced_colors="active", bypass_csp=True)
    page.get_by_role("button", name="Whole pictures").click()
    page.locator(".tile").first.hover()
    page.locator(".tile .pick").first.click()
    for said in (
        ".places [aria-current]", "[data-do=whole]", ".tile.is-chosen > a", ".tile .badge:not(:empty)", ".chosen",
    ):  # fmt: skip
        assert page.locator(said).first.evaluate(LINES), said
    for unsaid in (".places a:not([aria-current])", ".month-head"):
        assert not page.locator(unsaid).first.evaluate(LINES), unsaid
    check = "(pick) => getComputedStyle(pick, '::before').backgroundColor"
    chosen, other = (page.locator(".tile .pick").nth(number).evaluate(check) for number in (0, 1))
    assert chosen != other
    page.goto(f"{broken[1].address.url}inspect/Notes")
    assert page.locator(".panel").first.evaluate(LINES)
    tabs = [
        tab.evaluate("(tab) => getComputedStyle(tab).textDecorationLine")
        for tab in page.locator(".tabs a").all()
    ]
    assert tabs == ["underline", "none", "none", "none"]
