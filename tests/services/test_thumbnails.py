"""Thumbnails: made from proven bytes, cached under their hash, upright, and never of half a picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from builders.hostile_pictures import make_png_bomb
from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import (
    ImageArrivingError,
    InvalidInputError,
    PictureTooLargeError,
    UndecodablePictureError,
)
from strandline.pictures.cache import ThumbnailCache
from strandline.services.finding.explain import get_image
from strandline.services.saving.save import save_image
from strandline.services.thumbnails import get_thumbnail
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1, size=(600, 300))
ID = id_of(PICTURE)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose pictures may have a million pixels."""
    with open_machine(tmp_path, limits=Limits(max_pixels=1_000_000)) as machine:
        yield machine


@pytest.fixture
def cache(tmp_path: Path) -> ThumbnailCache:
    """An empty cache."""
    return ThumbnailCache(tmp_path / "cache")


def count_cached(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "cache").rglob("*"))


def test_a_thumbnail_is_made_once(machine: Machine, cache: ThumbnailCache) -> None:
    """The second one comes from the cache: the file is not read, and may even be damaged."""
    one = machine.add("one", PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID)
    made = get_thumbnail(machine.bench, cache, machine.get(ID), 200)
    assert (made.width, made.height) == (200, 100)
    with Image.open(io.BytesIO(made.data)) as picture:
        assert picture.size == (200, 100)
    relied_on = machine.get(ID)
    machine.put(one, PICTURE[:300], name_of(PICTURE))
    assert get_thumbnail(machine.bench, cache, relied_on, 200) == made
    with pytest.raises(ImageArrivingError):
        get_thumbnail(machine.bench, cache, relied_on, 100)
    assert count_cached(machine.folder) == 1


def test_half_a_picture_has_no_thumbnail(machine: Machine, cache: ThumbnailCache) -> None:
    """It is not found in the first place, and nothing is cached. The whole picture gets its own."""
    one = machine.add("one")
    machine.put(one, PICTURE[: len(PICTURE) // 2], name_of(PICTURE))
    with pytest.raises(ImageArrivingError):
        get_thumbnail(machine.bench, cache, get_image(machine.bench, ID), 200)
    assert count_cached(machine.folder) == 0
    machine.put(one, PICTURE)
    assert get_thumbnail(machine.bench, cache, get_image(machine.bench, ID), 200).width == 200


def test_what_only_decoding_vouches_for_is_not_cached(machine: Machine, cache: ThumbnailCache) -> None:
    """It may look different when the rest arrives."""
    one = machine.add("one")
    machine.put(one, PICTURE[:-12], f"{LEGACY_ID}.png")
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=6)
    found = get_image(machine.bench, LEGACY_ID)
    assert not found.proven
    assert get_thumbnail(machine.bench, cache, found, 200).width == 200
    assert count_cached(machine.folder) == 0


def test_a_thumbnail_is_upright(machine: Machine, cache: ThumbnailCache) -> None:
    """It is rotated by the EXIF orientation. It contains neither that nor the place of the photo."""
    data = make_picture("jpg", seed=1, size=(600, 300), orientation=6, gps=True)
    saved = save_image(machine.bench, data, machine.add("one"))
    made = get_thumbnail(machine.bench, cache, machine.get(saved.image_id), 200)
    assert (made.width, made.height) == (100, 200)
    with Image.open(io.BytesIO(made.data)) as picture:
        assert dict(picture.getexif()) == {}


def test_hostile_pictures_are_clear_errors(machine: Machine, cache: ThumbnailCache) -> None:
    """Too many pixels, or a broken picture with a matching content id: nothing is cached."""
    one = machine.add("one")
    broken = bytearray(PICTURE)
    broken[len(PICTURE) // 2] ^= 0xFF
    for data, error in (
        (make_png_bomb(), PictureTooLargeError),
        (bytes(broken), UndecodablePictureError),
        (PICTURE[:300], UndecodablePictureError),
    ):
        saved = save_image(machine.bench, data, one)
        with pytest.raises(error):
            get_thumbnail(machine.bench, cache, machine.get(saved.image_id), 200)
    assert count_cached(machine.folder) == 0


@pytest.mark.parametrize("size", [0, -1, 100_000])
def test_a_size_out_of_bounds_is_an_error(machine: Machine, cache: ThumbnailCache, size: int) -> None:
    """It is reported before anything is read."""
    machine.add("one", PICTURE)
    with machine.get(ID) as found:
        found.close()
    found = replace(found, find_again=lambda: pytest.fail("the bytes were asked for"))
    with pytest.raises(InvalidInputError, match="between 1 and"):
        get_thumbnail(machine.bench, cache, found, size)
