"""Pages under test: what goes wrong in a browser, and galleries that are too large to make with real files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Request

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of, put_half, put_image
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.image_ids import ImageId
from strandline.runtime.assembly import LocalStore, open_store

NOT_HERE_YET = "Failed to load resource"
"""The browser's own message for every answer that is no picture. A tile says it in better words."""


class Trouble:
    """Collects what must not happen on any page."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def listen(self, page: Page, origin: str) -> None:
        """Listens to this page from now on. It may contact only this origin."""

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error" and not message.text.startswith(NOT_HERE_YET):
                self._found.append(f"console: {message.text}")

        def on_request(request: Request) -> None:
            if not request.url.startswith((origin, "data:", "blob:")):
                self._found.append(f"asked elsewhere: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: self._found.append(f"uncaught: {error}"))
        page.on("request", on_request)

    def check(self) -> None:
        """Fails if something was found."""
        assert not self._found, "\n".join(self._found)


def fill_catalog(store: LocalStore, sd: int, count: int, *, newest: datetime | None = None) -> list[ImageId]:
    """Writes rows for this many images to the catalog: a photographer's ten years, without files. Newest first."""
    newest = newest or datetime(2026, 11, 20, 12, tzinfo=UTC)
    step = timedelta(days=3650) / max(count, 1)
    ids = [ImageId(f"{number:032x}") for number in range(1, count + 1)]
    rows = (
        ImageFile(
            sd=sd, path=f"media/{image_id}.jpg", image_id=image_id, media_type="image/jpeg",
            stamp=FileStamp(1000 + number, 10**18, number + 1),
            state=FileState.ARRIVING if number % 50 == 7 else FileState.PRESENT,
            first_seen=newest, unchanged_since=newest, width=4000, height=3000, taken_at=newest - number * step,
        )
        for number, image_id in enumerate(ids)
    )  # fmt: skip
    with store.bench.catalog.write() as writer:
        for row in rows:
            writer.files.insert_row(row)
    return ids


def drop_rows(store: LocalStore, sd: int, ids: list[ImageId]) -> None:
    """Takes these images of :func:`fill_catalog` out of the catalog. No event says so."""
    with store.bench.catalog.write() as writer:
        for row in writer.files.find_rows(sd, [f"media/{image_id}.jpg" for image_id in ids]).values():
            writer.files.delete_row(row)


@dataclass(frozen=True, slots=True)
class Broken:
    """A storage directory with an example of everything that an inspection can find."""

    store: LocalStore
    damaged: str
    damaged_id: ImageId
    shown_id: ImageId
    edited: bytes
    """The image under the name of :attr:`original`."""
    original: bytes
    headings: tuple[str, ...]
    """The headings that the inspector must show."""


HEADINGS = (
    "1 damaged image",
    "1 other image under an image's name",
    "1 image missing on the disk",
    "2 images on the disk that are not in the catalog",
    "1 image still arriving",
    "1 conflict copy",
    "1 image in the cloud only",
    "1 temporary file",
    "1 file without an image's name",
    "1 symbolic link",
)


@contextmanager
def break_storage_dir(folder: Path) -> Iterator[Broken]:
    """Makes ``Notes`` in the folder, adds it, lets days pass, and leaves half, wrong, and doubtful files."""
    shown, foreign, gone, new, late = (make_picture("png", seed=seed) for seed in range(5))
    broken, copied = make_picture("png", seed=10, size=(90, 90)), make_picture("jpg", seed=11)
    root = make_storage_dir(folder / "Notes", shown, gone)
    media = root / "media"
    damaged = put_half(root, broken)
    put_image(root, foreign, f"{id_of(new)}.png")
    clock = FakeClock()
    with open_store(folder / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        for image in (shown, broken, new):
            store.find(id_of(image))
        clock.pass_time(days=2)
        for image in (broken, new):
            store.find(id_of(image))
        put_half(root, late)
        store.find(id_of(late))
        (media / name_of(gone)).unlink()
        put_image(root, copied, f"{id_of(copied)} (Anna's conflicted copy 2026-11-20).jpg")
        put_image(root, b"x", ".syncthing.something.png.tmp")
        put_image(root, b"a letter", "<b>letter.txt")
        put_image(root, b"bplist00", f".{id_of(make_picture('png', seed=20))}.heic.icloud")
        put_image(root, make_picture("webp", seed=21))
        os.symlink("/etc/passwd", media / f"{id_of(make_picture('png', seed=22))}.png")
        yield Broken(store, damaged, id_of(broken), id_of(shown), foreign, new, HEADINGS)
