"""A camera card and an archive as Google Takeout makes them, from the demo's pictures."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from installing.account import PROJECT

PICTURES = PROJECT / "demo" / "pictures"


def lay_card(folder: Path) -> Path:
    """A camera card with three pictures, one of them twice, and what cameras leave beside them."""
    photos = folder / "DCIM" / "100CANON"
    photos.mkdir(parents=True)
    for name, source in (
        ("IMG_0001.JPG", "chelsea-the-cat.jpg"),
        ("IMG_0002.JPG", "coffee.jpg"),
        ("IMG_0003.HEIC", "raccoon.heic"),
        ("IMG_0004.JPG", "coffee.jpg"),
    ):
        shutil.copyfile(PICTURES / source, photos / name)
    (photos / "MVI_0005.MOV").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(100))
    (photos / "IMG_0003.AAE").write_text("<plist/>")
    return folder


def pack_takeout(path: Path) -> Path:
    """An archive with two pictures, their sidecars, and a page."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("coffee.jpg", "grace-hopper.jpg"):
            info = zipfile.ZipInfo(
                f"Takeout/Google Photos/Photos from 2019/{name}", (2019, 7, 14, 12, 30, 14)
            )
            archive.writestr(info, (PICTURES / name).read_bytes())
            archive.writestr(f"{info.filename}.supplemental-metadata.json", "{}")
        archive.writestr("Takeout/archive_browser.html", "<html>")
    return path
