"""A real browser for the tests of the pages: Debian's Chromium, driven by Playwright, one for the whole run.

A page that a test opens fails it on an error in the console, an uncaught exception, or a request to anything except
the test's own server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from builders.pages import Trouble
from builders.served import Served, serving
from builders.storage import make_storage_dir
from builders.system_packages import require_browser
from strandline.runtime.assembly import open_store
from strandline.runtime.daemon import run_daemon

LIMIT_MS = 45_000
"""A page takes a moment. Four browsers at once on two cores take longer."""

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP *.lan 127.0.0.1, MAP example.org 127.0.0.1",
]  # fmt: skip
"""This machine has these names as well."""

OpenPage = Callable[..., Page]
Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; without a sandbox, because tests run as root in containers."""
    path = require_browser()
    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens a page of a served store: ``open_page(served, "/folders", width=390, scheme="dark")``."""
    trouble = Trouble()
    with ExitStack() as opened:

        def open_page(
            served: Served,
            path: str = "/",
            *,
            width: int = 1280,
            height: int = 900,
            scheme: Any = "light",
            without: str = "",
            **more: Any,
        ) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
                **more,
            )
            opened.callback(context.close)
            context.set_default_timeout(LIMIT_MS)
            page = context.new_page()
            if without:
                page.route(without, lambda route: route.abort())
            trouble.listen(page, served.address.url)
            sign_in(context, served)
            page.goto(served.address.url.rstrip("/") + path, wait_until="load")
            return page

        yield open_page
    trouble.check()


def sign_in(context: BrowserContext, served: Served) -> None:
    """Opens a sign-in link without a page, so that nothing is drawn that no test looks at."""
    answer = context.request.get(served.address.url.rstrip("/") + served.make_link(), max_redirects=0)
    assert answer.status == 303, answer.text()


def open_filters(page: Page) -> None:
    """Shows the fields of the gallery's filters."""
    page.get_by_role("button", name="Filters").click()


def open_adding(page: Page) -> None:
    """Opens the menu of the ways to add pictures."""
    page.locator("#add > summary").click()


def check_accessible(page: Page) -> None:
    """No violation of any axe rule. axe injects its own styles, so the page needs ``bypass_csp``."""
    results = Axe().run(page)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves a new home with one storage directory, ``Notes``, and, where asked for, watches it."""
    with ExitStack() as running:

        @contextmanager
        def start(images: tuple[bytes, ...], watching: bool) -> Iterator[Served]:
            root = make_storage_dir(tmp_path / "Notes", *images)
            with open_store(tmp_path / "home") as store:
                store.add_storage_dir(root)
                with ExitStack() as more:
                    if watching:
                        more.enter_context(run_daemon(store))
                    yield more.enter_context(serving(store))

        yield lambda *images, watching=False: running.enter_context(start(images, watching))
