"""Thumbnails: made from proven bytes, cached under their hash, upright, and never of half a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from builders.hostile_pictures import make_png_bomb
from builders.large_heic import make_large_heic
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
from strandline.services import thumbnails as thumbnails_module
from strandline.services.finding.explain import get_image
from strandline.services.saving.save import save_image
from strandline.services.thumbnails import Thumbnails
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
    made = Thumbnails(machine.bench, cache).get(machine.get(ID), 200)
    assert (made.width, made.height) == (200, 100)
    with Image.open(io.BytesIO(made.data)) as picture:
        assert picture.size == (200, 100)
    relied_on = machine.get(ID)
    machine.put(one, PICTURE[:300], name_of(PICTURE))
    assert Thumbnails(machine.bench, cache).get(relied_on, 200) == made
    with pytest.raises(ImageArrivingError):
        Thumbnails(machine.bench, cache).get(relied_on, 100)
    assert count_cached(machine.folder) == 1


def test_half_a_picture_has_no_thumbnail(machine: Machine, cache: ThumbnailCache) -> None:
    """It is not found in the first place, and nothing is cached. The whole picture gets its own."""
    one = machine.add("one")
    machine.put(one, PICTURE[: len(PICTURE) // 2], name_of(PICTURE))
    with pytest.raises(ImageArrivingError):
        Thumbnails(machine.bench, cache).get(get_image(machine.bench, ID), 200)
    assert count_cached(machine.folder) == 0
    machine.put(one, PICTURE)
    assert Thumbnails(machine.bench, cache).get(get_image(machine.bench, ID), 200).width == 200


def test_what_only_decoding_vouches_for_is_not_cached(machine: Machine, cache: ThumbnailCache) -> None:
    """It may look different when the rest arrives."""
    one = machine.add("one")
    machine.put(one, PICTURE[:-12], f"{LEGACY_ID}.png")
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=6)
    found = get_image(machine.bench, LEGACY_ID)
    assert not found.proven
    assert Thumbnails(machine.bench, cache).get(found, 200).width == 200
    assert count_cached(machine.folder) == 0


def test_a_thumbnail_is_upright(machine: Machine, cache: ThumbnailCache) -> None:
    """It is rotated by the EXIF orientation. It contains neither that nor the place of the photo."""
    data = make_picture("jpg", seed=1, size=(600, 300), orientation=6, gps=True)
    saved = save_image(machine.bench, data, machine.add("one"))
    made = Thumbnails(machine.bench, cache).get(machine.get(saved.image_id), 200)
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
            Thumbnails(machine.bench, cache).get(machine.get(saved.image_id), 200)
    assert count_cached(machine.folder) == 0


@pytest.mark.parametrize("size", [0, -1, 100_000])
def test_a_size_out_of_bounds_is_an_error(machine: Machine, cache: ThumbnailCache, size: int) -> None:
    """It is reported before anything is read."""
    machine.add("one", PICTURE)
    with machine.get(ID) as found:
        found.close()
    found = replace(found, find_again=lambda: pytest.fail("the bytes were asked for"))
    with pytest.raises(InvalidInputError, match="between 1 and"):
        Thumbnails(machine.bench, cache).get(found, size)


def test_what_cannot_be_drawn_is_not_tried_again_for_a_while(machine: Machine, cache: ThumbnailCache) -> None:
    """One hostile picture does not keep the decoders busy. A picture that failed only once is drawn again later."""
    broken = bytearray(PICTURE)
    broken[len(PICTURE) // 2] ^= 0xFF
    saved = save_image(machine.bench, bytes(broken), machine.add("one"))
    thumbnails = Thumbnails(machine.bench, cache)
    with pytest.raises(UndecodablePictureError) as first:
        thumbnails.get(machine.get(saved.image_id), 200)
    for size in (200, 10, 400):
        with pytest.raises(UndecodablePictureError, match=re.escape(first.value.message)):
            thumbnails.find(machine.get(saved.image_id), size)
    machine.clock.pass_time(minutes=6)
    assert thumbnails.find(machine.get(saved.image_id), 200) is None


def test_a_smaller_copy_may_be_tried_where_the_time_was_too_short(
    machine: Machine, cache: ThumbnailCache
) -> None:
    """Small copies of large pictures take less time. A copy of the same size would take as long again."""
    saved = save_image(machine.bench, make_large_heic(columns=8, rows=8), machine.add("one"))
    machine.bench.limits = replace(machine.bench.limits, decode_timeout_s=0.001)
    thumbnails = Thumbnails(machine.bench, cache)
    with pytest.raises(PictureTooLargeError):
        thumbnails.get(machine.get(saved.image_id), 400)
    machine.bench.limits = Limits()
    with pytest.raises(PictureTooLargeError):
        thumbnails.get(machine.get(saved.image_id), 400)
    assert thumbnails.get(machine.get(saved.image_id), 200).width == 200


def test_only_so_many_refusals_are_remembered(
    machine: Machine, cache: ThumbnailCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest one is forgotten, and may be tried again."""
    monkeypatch.setattr(thumbnails_module, "MAX_REFUSED", 1)
    one, thumbnails, ids = machine.add("one"), Thumbnails(machine.bench, cache), []
    for at in (-100, -200):
        broken = bytearray(PICTURE)
        broken[at] ^= 0xFF
        ids.append(save_image(machine.bench, bytes(broken), one).image_id)
        with pytest.raises(UndecodablePictureError):
            thumbnails.get(machine.get(ids[-1]), 200)
    assert thumbnails.find(machine.get(ids[0]), 200) is None
    with pytest.raises(UndecodablePictureError):
        thumbnails.find(machine.get(ids[1]), 200)
