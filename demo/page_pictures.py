"""Makes the screenshots of the docs: the real program with the demo's folders, in Debian's Chromium.

python demo/page_pictures.py [NAME…]    writes docs/images/*.webp; needs the development requirements and chromium
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import pyvips  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from demo_care import PICTURES, build_card, damage, wear
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
    act: Callable[[Page], None] | None = None
    """What somebody does on the page first."""
    quality: int = 90
    """Of the WebP, from 0 to 100."""


def open_last(page: Page) -> None:
    """Opens the last image in the light box, with its facts."""
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".stage img").wait_for()
    page.keyboard.press("i")


def select_three(page: Page) -> None:
    """Selects the first images."""
    page.locator("gallery-grid.is-virtual").wait_for()
    for key in ("ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)


def ask_to_delete(page: Page) -> None:
    """Selects the first images, and asks whether they should be deleted."""
    select_three(page)
    page.keyboard.press("Delete")
    page.locator(".ask .going").wait_for()


def ask_to_move(page: Page) -> None:
    """Selects the first images, and asks what a move to the other folder would do."""
    select_three(page)
    page.get_by_role("button", name="Move to…").click()
    page.locator(".ask .choices-of button").last.click()
    page.locator(".ask [data-step=move]").wait_for()


def read_everything(page: Page) -> None:
    """Reads all images again."""
    page.locator("#start-full").click()
    page.locator("[data-said]", has_text="verified").wait_for()


def look_at_card(page: Page) -> None:
    """Reads a camera card, and sees what is new."""
    page.locator("[name=source]").fill(CARD)
    page.keyboard.press("Escape")
    page.locator("select[name=sd]").select_option("Photos")
    page.locator("#look").click()
    page.locator("#found").wait_for()


SHOTS = (
    Shot("gallery", "/", 1280, 1010, "light"),
    Shot("light-box", "/", 1280, 800, "dark", open_last),
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
    Shot("delete", "/?sd=Vault&sort=arrived", 1280, 760, "light", ask_to_delete, quality=80),
    Shot("trash", "/trash", 1280, 720, "light", quality=80),
)

CARE_SHOTS = (
    Shot("care", "/care", 1280, 900, "light", quality=80),
    Shot("duplicates", "/care/duplicates", 1280, 760, "light", quality=80),
    Shot("conflicts", "/care/conflicts", 1280, 800, "light", quality=80),
    Shot("verification", "/care/verification", 1280, 680, "light", read_everything, quality=80),
    Shot("move", "/?sd=Vault&sort=arrived", 1280, 760, "light", ask_to_move, quality=80),
    Shot("import", "/import", 1280, 560, "light", look_at_card, quality=80),
)

CARD = "~/Card"


def main(wanted: Sequence[str]) -> None:
    """Builds the demo's folders in temporary ones, serves them, and takes the screenshots: all, or those named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for serving, shots in (
            (serve_demo, SHOTS),
            (serve_vaults, VAULT_SHOTS),
            (serve_deleted, TRASH_SHOTS),
            (serve_worn, CARE_SHOTS),
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


@contextmanager
def serve_worn(folder: Path) -> Iterator[tuple[str, Path]]:
    """The same for a vault that needs care, and a folder with photos. A camera card is in the person's home."""
    build_card(folder / "Card")
    vault = build_vault(folder)
    os.environ["HOME"] = str(folder)  # so that the page shows ~/Card
    with open_store(folder / "home") as store:
        wear(vault)
        store.add_storage_dir(vault)
        (folder / "Photos").mkdir()
        store.add_storage_dir(folder / "Photos", layout="ids")
        for name in ("grace-hopper.jpg", "raccoon.heic"):
            store.save(PICTURES / name, sd="Photos")
        store.scan()
        damage(folder / "Photos")
        with serve(store) as address:
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
    if shot.act is not None:
        shot.act(page)
    page.wait_for_timeout(SETTLE_MS)
    picture = pyvips.Image.new_from_buffer(page.screenshot(), "")
    picture.write_to_file(str(IMAGES / f"{shot.name}.webp"), Q=shot.quality, smart_subsample=True, effort=6)
    context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
