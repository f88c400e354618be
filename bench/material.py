"""Material: storage directories full of small real pictures with different bytes, made without a library."""

from __future__ import annotations

import os
import random
import shutil
import struct
import time
import uuid
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from strandline import open_store
from strandline.model.image_ids import hash_to_content_id

TINY = (1, 1)
SMALL = (64, 48)
"""9 KB: a screenshot's corner, an icon, an emoji."""
LARGE = (1200, 1160)
"""4.2 MB: a photograph."""

LINKS_A_FILE = 60_000
"""Names per file; ext4 allows 65,000. Listings and catalogs do not notice."""


@dataclass(frozen=True, slots=True)
class World:
    """A storage directory with many files, and a home whose catalog knows them."""

    work: Path
    """A folder for everything else."""
    files: int
    root: Path
    home: Path

    def copy_home(self, name: str) -> Path:
        """A separate home per topic, so that no topic measures what another has left."""
        return Path(shutil.copytree(self.home, self.work / name))


def build_world(work: Path, files: int) -> World:
    """Fills a storage directory and registers it. The files' times are in the past, as after a sync."""
    world = World(work, files, work / "many", work / "home")
    make_storage_dir(world.root, files)
    with open_store(world.home) as store:
        store.add_storage_dir(world.root)
    return world


def make_storage_dir(root: Path, files: int, size: tuple[int, int] = TINY, seed: int = 0) -> list[str]:
    """Makes a storage directory with this many pictures. Returns their ids."""
    media = root / "media"
    media.mkdir(parents=True)
    (root / "SD_ID").write_text(f"{uuid.uuid4()}\n")
    ids = [put_picture(media, make_picture(f"{seed}-{number}", size)) for number in range(files)]
    settle(media)
    return ids


def make_vault(root: Path, files: int) -> None:
    """Fills a folder with pictures that have people's names, twenty in a folder."""
    for number in range(files):
        trip = number // 20
        folder = root / f"{2000 + trip % 25}" / f"Trip {trip} – Küste"
        if number % 20 == 0:
            folder.mkdir(parents=True)
        (folder / f"IMG_{number:06d} (edited).png").write_bytes(make_picture(f"vault-{number}"))


def make_names(media: Path, files: int) -> None:
    """Fills a folder with names of a few small files: quickly, and on a disk without room for so many files."""
    media.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        name = media / f"{number * 2654435761 % 2**32:08x}{number:024x}.png"
        if number % LINKS_A_FILE == 0:
            original = name
            original.write_bytes(b"\x89PNG\r\n\x1a\n")
        else:
            os.link(original, name)


def put_picture(media: Path, data: bytes, *, is_old: bool = False) -> str:
    """Writes the picture under its content id. Returns the id. A proof of a picture ``is_old`` can be relied on."""
    image_id = hash_to_content_id(data)
    (media / f"{image_id}.png").write_bytes(data)
    if is_old:
        settle(media / f"{image_id}.png")
    return image_id


def settle(path: Path) -> None:
    """Dates a folder or a file back, so that its mtime is reliable at once."""
    then_s = time.time() - 60
    os.utime(path, (then_s, then_s))


def make_picture(text: str, size: tuple[int, int] = TINY) -> bytes:
    """A whole PNG of noise. Each text gives different bytes."""
    return _head(size) + _chunk(b"tEXt", b"Comment\0" + text.encode()) + _chunk(b"IEND", b"")


@lru_cache
def _head(size: tuple[int, int]) -> bytes:
    width, height = size
    noise = random.Random(0)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    shape = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", shape) + _chunk(b"IDAT", zlib.compress(rows, 0))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
