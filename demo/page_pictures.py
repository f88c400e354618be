"""Makes the screenshots for the README: the real program with the demo's folders, in Debian's Chromium.

python demo/page_pictures.py        writes docs/images/*.webp; needs the development requirements and chromium
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import pyvips  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from demo_folders import build_demo
from strandline import open_store
from strandline.runtime.daemon import run_daemon
from strandline.runtime.sign_in import make_sign_in_link
from strandline.web.app import create_app
from strandline.web.server import find_address, serve_until

IMAGES = Path(__file__).parents[1] / "docs" / "images"
START_LIMIT_S = 30.0
SETTLE_MS = 3000
"""Time for thumbnails to be made and shown. The page has an event stream, so the network never becomes idle."""


class Shot(NamedTuple):
    """One screenshot."""

    name: str
    path: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    opens: bool = False
    """Open the last image in the light box."""


SHOTS = (
    Shot("gallery", "/", 1280, 1010, "light"),
    Shot("light-box", "/", 1280, 800, "dark", opens=True),
    Shot("inspector", "/inspect/Notes", 1280, 1000, "light"),
    Shot("phone", "/", 390, 780, "dark"),
)


def main() -> None:
    """Builds the demo in a temporary folder, serves it, and takes the screenshots."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_demo(Path(folder)) as (address, home),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for shot in SHOTS:
            take(browser, address, home, shot)
        browser.close()


@contextmanager
def serve_demo(folder: Path) -> Iterator[tuple[str, Path]]:
    """The address and home of the demo, watched and served."""
    demo = build_demo(folder)
    stop, ready = threading.Event(), threading.Event()
    with open_store(folder / "home") as store:
        for path in (demo.notes, demo.travel):
            store.add_storage_dir(path)
        store.save(demo.newcomer, sd="Notes")
        with run_daemon(store):
            address = find_address("127.0.0.1", 0)
            app = create_app(store, port=address.port)
            thread = threading.Thread(target=lambda: asyncio.run(serve_until(app, address, stop, ready.set)))
            thread.start()
            try:
                assert ready.wait(START_LIMIT_S), "the server did not start"
                yield address.url.rstrip("/"), store.home
            finally:
                stop.set()
                thread.join()
                app.close()


def take(browser: Browser, address: str, home: Path, shot: Shot) -> None:
    """Opens the page, waits until every picture is loaded, and writes the WebP."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme, device_scale_factor=2,
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(make_sign_in_link(home, f"{address}/"))
    page.goto(address + shot.path)
    if shot.opens:
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        page.locator(".stage img").wait_for()
        page.keyboard.press("i")
    page.wait_for_timeout(SETTLE_MS)
    picture = pyvips.Image.new_from_buffer(page.screenshot(), "")
    picture.write_to_file(str(IMAGES / f"{shot.name}.webp"), Q=90, smart_subsample=True, effort=6)
    context.close()


if __name__ == "__main__":
    main()
