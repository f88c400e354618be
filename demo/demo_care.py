"""What happens to a vault over the years: a second copy, a conflict, a picture that nobody uses, and a bad disk.

And a camera card to import.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyvips  # type: ignore[import-untyped]

PICTURES = Path(__file__).parent / "pictures"

PORTRAIT = "attachments/Eileen Collins.webp"
CAT = "attachments/cat on the windowsill.jpg"
CONFLICT = ".sync-conflict-20260714-101500-ABCDEFG"


def wear(vault: Path) -> None:
    """Before the vault is added: a picture that is there twice, one that no note names, and two conflict copies: one
    has the same bytes, and the other was edited.
    """
    shutil.copy2(vault / "Lisbon/espresso.jpg", vault / "attachments/espresso-copy.jpg")
    shutil.copy2(PICTURES / "tide.gif", vault / "attachments/tide.gif")
    portrait, cat = vault / PORTRAIT, vault / CAT
    shutil.copy2(portrait, portrait.with_stem(portrait.stem + CONFLICT))
    edited = pyvips.Image.new_from_file(str(cat))
    edited = edited.crop(0, 0, edited.width * 2 // 3, edited.height)
    edited.write_to_file(str(cat.with_stem(cat.stem + CONFLICT)))


def damage(photos: Path) -> None:
    """After a save: the disk changed a few bytes of a photo, and nobody wrote to it."""
    path = next((photos / "media").glob("*.jpg"))
    before, data = path.stat(), bytearray(path.read_bytes())
    for at in (-2000, -1500, -1000):
        data[at] ^= 0x11
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def build_card(card: Path) -> None:
    """A camera card: three pictures, of which one is there twice, what a phone says about one, and a film."""
    folder = card / "DCIM/100CANON"
    folder.mkdir(parents=True)
    for number, name in enumerate(
        ("DSCOVR-LAUNCH.JPG", "coffee.jpg", "chelsea-the-cat.jpg", "coffee.jpg"), 1
    ):
        shutil.copy2(PICTURES / name, folder / f"IMG_{number:04}.JPG")
    (folder / "IMG_0003.AAE").write_text("<plist/>")
    (folder / "MVI_0005.MP4").write_bytes(b"\0\0\0\x18ftypmp42")
