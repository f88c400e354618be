"""Promises of the picture builder, checked with decoders."""

from __future__ import annotations

import io
from datetime import datetime
from itertools import combinations

import pi_heif  # type: ignore[import-untyped]
import pytest
from PIL import ExifTags, Image

from builders.pictures import KINDS, make_picture

RASTER_KINDS = [kind for kind in KINDS if kind != "svg"]
TAKEN_AT = datetime(2019, 7, 21, 18, 5, 59)  # noqa: DTZ001  EXIF has no zone

pi_heif.register_heif_opener()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_bytes_and_different_ones_different(kind: str) -> None:
    """Pictures are the same in each run, and there are as many as seeds."""
    pictures = [make_picture(kind, seed=seed) for seed in (0, 1, 2, 2**40)]
    assert pictures == [make_picture(kind, seed=seed) for seed in (0, 1, 2, 2**40)]
    assert all(one != other for one, other in combinations(pictures, 2))


@pytest.mark.parametrize("kind", RASTER_KINDS)
def test_pictures_decode_and_are_not_flat(kind: str) -> None:
    """Each is a real picture of the given size, with many colors."""
    with Image.open(io.BytesIO(make_picture(kind, seed=5))) as picture:
        assert picture.size == (64, 48)
        assert getattr(picture, "n_frames", 1) == (
            3 if kind in ("gif", "webp-animated", "avif-animated") else 1
        )
        assert len(set(picture.convert("RGB").get_flattened_data())) > 60


@pytest.mark.parametrize("kind", ["png", "jpg", "jpg-progressive", "webp", "avif"])
def test_exif_is_there(kind: str) -> None:
    """Orientation, date, and place can be read back."""
    data = make_picture(kind, size=(40, 30), orientation=6, taken_at=TAKEN_AT, gps=True)
    with Image.open(io.BytesIO(data)) as picture:
        exif = picture.getexif()
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2019:07:21 18:05:59"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert exif[ExifTags.Base.Orientation] == 6


def test_heic_is_rotated_and_dated() -> None:
    """The rotated HEIC shows upright as 48x64, and the date can be set in each."""
    with Image.open(io.BytesIO(make_picture("heic", orientation=6, taken_at=TAKEN_AT))) as picture:
        assert picture.size == (48, 64)
        exif = picture.getexif().get_ifd(ExifTags.IFD.Exif)
        assert exif[ExifTags.Base.DateTimeOriginal] == "2019:07:21 18:05:59"


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "tiff"},
        {"kind": "gif", "gps": True},
        {"kind": "svg", "orientation": 6},
        {"kind": "heic", "orientation": 3},
        {"kind": "heif", "orientation": 6},
        {"kind": "heic", "size": (10, 10)},
    ],
)
def test_what_cannot_be_made_is_refused(arguments: dict[str, object]) -> None:
    """No test gets a picture that silently lacks what it asked for."""
    with pytest.raises(ValueError, match=r"no|fixed"):
        make_picture(**arguments)
