"""Uploads: many small files through the gallery page of a real browser, in comparison with the command line."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.material import World, make_picture, make_storage_dir
from bench.timing import Result, Target
from builders.system_packages import require_browser
from strandline import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILES = 5000
"""Half as many as the storage directory of the other benchmarks has, if that is fewer."""

SIZE = (13, 13)
"""0.6 kB."""

LIMIT_MS = 600_000


def measure_uploads(world: World, rounds: int) -> Iterator[Result]:
    """Each round saves the same number of new pictures in both ways, each into a home of its own."""
    from playwright.sync_api import sync_playwright

    files = min(FILES, world.files // 2)
    name = f"upload {files:,} pictures of 0.6 KB in the browser"
    result = Result(name, Target(ratio=2), "strandline save -r", "")
    folder = world.work / "uploads"
    folder.mkdir()
    with sync_playwright() as playwright, _serving(folder) as link:
        browser = playwright.chromium.launch(
            executable_path=require_browser(),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page()
        page.goto(link)
        for number in range(rounds):
            chosen = [
                _put_pictures(folder / f"{kind}-{number}", f"{kind}-{number}", files)
                for kind in ("browser", "command")
            ]
            result.ours.append([_upload(page, chosen[0], files)])
            result.bare.append([_save(folder, chosen[1])])
        browser.close()
    yield result


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """``strandline serve`` for one home, and another home for the command line. Yields the link that signs in."""
    for name in ("browser", "command"):
        make_storage_dir(folder / f"Notes of {name}", 0)
        with open_store(folder / f"home of {name}") as store:
            store.add_storage_dir(folder / f"Notes of {name}")
    with subprocess.Popen(
        _command(folder / "home of browser", "serve", "--port", "0"), stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            server.stdout.readline()
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _command(home: Path, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "strandline", "--home", home, *arguments]


def _put_pictures(folder: Path, text: str, files: int) -> Path:
    folder.mkdir()
    for number in range(files):
        (folder / f"IMG_{number:05}.png").write_bytes(make_picture(f"{text}-{number}", SIZE))
    return folder


def _upload(page: Page, folder: Path, files: int) -> float:
    """From the choice of the files to the summary."""
    chosen = sorted(folder.iterdir())
    picker = page.locator("save-images input[type=file]")
    started_s = time.perf_counter()
    picker.set_input_files(chosen)
    page.get_by_role("heading", name=f"{files:,} saved", exact=True).wait_for(timeout=LIMIT_MS)
    seconds = time.perf_counter() - started_s
    page.get_by_role("button", name="Close").click()
    return seconds


def _save(folder: Path, pictures: Path) -> float:
    started_s = time.perf_counter()
    subprocess.run(
        _command(folder / "home of command", "save", "-r", pictures),
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - started_s
