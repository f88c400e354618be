"""The pages below a path, through a real nginx with TLS: nothing asks for an address outside of the path."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from builders.pages import Trouble
from builders.pictures import make_picture
from builders.proxies import find_free_ports, get_block, running_nginx
from builders.storage import id_of, make_pictures

from .conftest import LIMIT_MS, Serve
from .test_saving import carry


def test_a_gallery_below_a_path_does_what_a_gallery_does(
    chromium: Browser, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing in, pictures, an upload that appears by itself, the light box, links, filters, signing out."""
    ports = find_free_ports()
    first = f"https://example.org:{ports[0]}/pics/"
    monkeypatch.setenv("STRANDLINE_WEB_PUBLIC_URL", first)
    served = serve(*(make_picture("png", seed=number) for number in range(3)), watching=True)
    (proxy := tmp_path / "proxy").mkdir()
    trouble = Trouble()
    config = get_block("nginx", 1)
    with running_nginx(config, proxy, ports, served.address.port, host="example.org", base="/pics"):
        context = chromium.new_context(ignore_https_errors=True, reduced_motion="reduce")
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        trouble.listen(page, first)
        page.goto(f"{first}folders")
        page.get_by_label("Sign-in link, or token").fill(f"{first.rstrip('/')}{served.make_link()}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{first}folders")
        [cookie] = context.cookies()
        assert (cookie["path"], cookie["secure"], cookie["httpOnly"]) == ("/pics", True, True)
        page.get_by_role("link", name="Gallery").click()
        expect(page.locator(".tile img")).to_have_count(3)
        for number in range(3):
            expect(page.locator(".tile img").nth(number)).to_have_js_property("naturalWidth", 64)
        expect(page.locator("save-images:defined")).to_be_attached()
        new = make_picture("jpg", seed=12)
        carry(page, "drop", ("beach.jpg", "image/jpeg", new))
        tile = page.locator(f".tile[data-id='{id_of(new)}'] a")
        expect(tile).to_have_attribute("href", f"/pics/image/{id_of(new)}")
        tile.click()
        expect(page.locator(".stage img")).to_have_js_property("naturalWidth", 64)
        page.keyboard.press("Escape")
        page.get_by_role("searchbox").fill("beach")
        page.wait_for_url(f"{first}?q=beach")
        expect(page.locator(".tile")).to_have_count(1)
        page.goto(f"{first}image/{id_of(new)}")
        page.get_by_role("link", name="Inspector").click()
        page.wait_for_url(f"{first}inspect")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{first}sign-in")
        context.close()
    trouble.check()


def test_a_cookie_for_tls_counts_on_loopback(
    chromium: Browser, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So people who open the server itself, on its own machine, get in as well."""
    monkeypatch.setenv("STRANDLINE_WEB_PUBLIC_URL", "https://pics.lan/")
    served = serve(*make_pictures(1))
    with chromium.new_context() as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.goto(served.address.url.rstrip("/") + served.make_link())
        expect(page.locator(".tile img")).to_have_count(1)
        [cookie] = context.cookies()
        assert cookie["secure"]
