"""Storage directories with images as a sync client brings them, and workbenches to examine them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.catalogs import list_rows
from builders.clocks import FakeClock
from builders.pictures import make_picture
from strandline.catalog.database import open_catalog
from strandline.catalog.journal import JournalLimits
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import ImageId, hash_to_content_id
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Limits, Workbench


def make_storage_dir(root: Path, *images: bytes, sd_id: str | None = None, has_media: bool = True) -> Path:
    """A folder with an identity and a media folder that holds the images under their content ids."""
    root.mkdir(parents=True)
    (root / "SD_ID").write_text(f"{sd_id or uuid.uuid4()}\n")
    if has_media:
        (root / "media").mkdir()
    for data in images:
        put_image(root, data)
    return root


def put_image(root: Path, data: bytes, name: str | None = None) -> str:
    """Writes the bytes into the media folder, in place and under the final name, as ``cp`` does.

    Args:
        root: The storage directory.
        data: Any bytes: whole, half, or empty.
        name: The file name; by default the content id with the extension for the bytes.

    Returns:
        The file name.
    """
    name = name or name_of(data)
    (root / "media" / name).write_bytes(data)
    return name


def put_half(root: Path, data: bytes) -> str:
    """Writes the first half of the bytes under the whole image's name. Returns that name."""
    return put_image(root, data[: len(data) // 2], name_of(data))


def id_of(data: bytes) -> ImageId:
    """The content id of the bytes."""
    return hash_to_content_id(data)


def name_of(data: bytes) -> str:
    """The file name that a save would use for a picture."""
    media_type = sniff_media_type(data[:SNIFF_BYTES])
    assert media_type is not None, "give a name to bytes that are of no supported type"
    return f"{id_of(data)}.{media_type.extension}"


def make_pictures(count: int, *, first_seed: int = 0, kind: str = "png") -> list[bytes]:
    """This many different small pictures."""
    return [make_picture(kind, seed=first_seed + number, size=(8, 8)) for number in range(count)]


def set_mtime(path: Path, seconds_ago: float, *, before: float | None = None) -> None:
    """Sets the file's mtime to this long before the given POSIX time (by default, its present mtime)."""
    seen = path.stat()
    at_ns = seen.st_mtime_ns if before is None else int(before * 1e9)
    os.utime(path, ns=(seen.st_atime_ns, at_ns - int(seconds_ago * 1e9)))


@contextmanager
def open_bench(
    home: Path,
    clock: FakeClock | None = None,
    *,
    limits: Limits | None = None,
    journal_limits: JournalLimits | None = None,
    busy_timeout_s: float = 5.0,
) -> Iterator[Workbench]:
    """A workbench with the home's catalog and a clock that the test moves (by default a new one)."""
    clock = clock or FakeClock()
    (home / "scratch").mkdir(parents=True, exist_ok=True)
    catalog = open_catalog(
        home / "catalog.db",
        busy_timeout_s=busy_timeout_s,
        journal_limits=journal_limits or JournalLimits(),
    )
    try:
        yield Workbench(
            catalog, home, limits or Limits(), now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep
        )
    finally:
        catalog.close()


def rows_of(bench: Workbench, sd: StorageDir) -> dict[str, ImageFile]:
    """All rows of the storage directory, by file name."""
    with bench.catalog.read() as reader:
        return {row.filename: row for row in list_rows(reader, sd.number)}
