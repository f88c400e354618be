"""Makes the screenshots of the docs: the real program with the demo's folders, in Debian's Chromium.

python demo/page_pictures.py [NAME…]    writes docs/images/*.webp; needs the development requirements and chromium
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import pyvips  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from demo_folders import build_demo
from demo_vaults import (
    build_graph,
    build_site,
    build_vault,
    delete_in_graph,
    move_in_site,
    rename_in_vault,
)
from strandline import open_store
from strandline.runtime.assembly import LocalStore
from strandline.runtime.daemon import run_daemon
from strandline.runtime.sign_in import make_sign_in_link
from strandline.web.app import create_app
from strandline.web.server import find_address, serve_until

IMAGES = Path(__file__).parents[1] / "docs" / "images"
START_LIMIT_S = 30.0
NOTICE_LIMIT_S = 30.0
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
    asks: bool = False
    """Select the first images, and ask whether they should be deleted."""
    quality: int = 90
    """Of the WebP, from 0 to 100."""


SHOTS = (
    Shot("gallery", "/", 1280, 1010, "light"),
    Shot("light-box", "/", 1280, 800, "dark", opens=True),
    Shot("inspector", "/inspect/Notes", 1280, 1000, "light"),
    Shot("phone", "/", 390, 780, "dark"),
)

VAULT_SHOTS = (
    Shot("vault-gallery", "/?sd=Vault&sort=arrived", 1280, 620, "light", quality=80),
    Shot("vault-notes", "/inspect/Vault/notes", 1280, 910, "light", quality=80),
    Shot("graph-notes", "/inspect/Graph/notes", 1280, 850, "light", quality=80),
    Shot("site-notes", "/inspect/Handbook/notes", 1280, 880, "light", quality=80),
)
"""For the pages in ``docs/howto``. Each is smaller than 150 kB."""

TRASH_SHOTS = (
    Shot("delete", "/?sd=Vault&sort=arrived", 1280, 760, "light", asks=True, quality=80),
    Shot("trash", "/trash", 1280, 720, "light", quality=80),
)


def main(wanted: Sequence[str]) -> None:
    """Builds the demo's folders in temporary ones, serves them, and takes the screenshots: all, or those named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for serving, shots in (
            (serve_demo, SHOTS),
            (serve_vaults, VAULT_SHOTS),
            (serve_deleted, TRASH_SHOTS),
        ):
            if wanted and not any(shot.name in wanted for shot in shots):
                continue
            with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (address, home):
                for shot in (shot for shot in shots if not wanted or shot.name in wanted):
                    take(browser, address, home, shot)
        browser.close()


@contextmanager
def serve_demo(folder: Path) -> Iterator[tuple[str, Path]]:
    """The address and home of the demo, watched and served."""
    demo = build_demo(folder)
    with open_store(folder / "home") as store:
        for path in (demo.notes, demo.travel):
            store.add_storage_dir(path)
        store.save(demo.newcomer, sd="Notes")
        with run_daemon(store), serve(store) as address:
            yield address, store.home


@contextmanager
def serve_vaults(folder: Path) -> Iterator[tuple[str, Path]]:
    """The same for the vault, the graph, and the site, each after the change that a watcher has noticed."""
    roots = (build_vault(folder), build_graph(folder), build_site(folder))
    with open_store(folder / "home") as store:
        for path in roots:
            store.add_storage_dir(path)
        with run_daemon(store), serve(store) as address:
            wait_until_noticed(store, roots, 1)
            for change, path in zip((rename_in_vault, delete_in_graph, move_in_site), roots, strict=True):
                change(path)
            wait_until_noticed(store, roots, 2)
            yield address, store.home


@contextmanager
def serve_deleted(folder: Path) -> Iterator[tuple[str, Path]]:
    """The same for the vault after somebody has deleted pictures of it."""
    vault = build_vault(folder)
    with open_store(folder / "home") as store:
        store.add_storage_dir(vault)
        for name in ("Grace Hopper.jpg", "cat on the windowsill.jpg", "Pasted image 20260712101500.png"):
            found = store.find_files_by_name(str(vault / "attachments" / name))
            store.delete(store.plan_delete([], files=found))
        with run_daemon(store), serve(store) as address:
            yield address, store.home


def wait_until_noticed(store: LocalStore, roots: Sequence[Path], number: int) -> None:
    """Waits until the watcher knows of this many pictures that the notes of each folder miss."""
    limit_s = time.monotonic() + NOTICE_LIMIT_S
    while any(len(store.list_open_references(str(path))) < number for path in roots):
        assert time.monotonic() < limit_s, "the watcher did not notice"
        time.sleep(0.05)


@contextmanager
def serve(store: LocalStore) -> Iterator[str]:
    """The address at which the store is served, without a slash at its end."""
    stop, ready = threading.Event(), threading.Event()
    address = find_address("127.0.0.1", 0)
    app = create_app(store, port=address.port)
    thread = threading.Thread(target=lambda: asyncio.run(serve_until(app, address, stop, ready.set)))
    thread.start()
    try:
        assert ready.wait(START_LIMIT_S), "the server did not start"
        yield address.url.rstrip("/")
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
    if shot.asks:
        page.locator("gallery-grid.is-virtual").wait_for()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Delete")
        page.locator(".ask .going").wait_for()
    page.wait_for_timeout(SETTLE_MS)
    picture = pyvips.Image.new_from_buffer(page.screenshot(), "")
    picture.write_to_file(str(IMAGES / f"{shot.name}.webp"), Q=shot.quality, smart_subsample=True, effort=6)
    context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
