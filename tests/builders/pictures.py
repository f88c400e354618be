"""Small real pictures of every supported type, made in code; for the tests of every room.

Each is a gradient with noise, never flat, so that its compressed form has a body to cut. The bytes are the same in
each run. Equal arguments give equal bytes; different seeds give different bytes, for every kind.

HEIC is the exception: no encoder for it is among the dependencies. Three pictures of 64x48 pixels are in ``data/``.
Each has a ``free`` box for the seed and an EXIF date that can be filled in; their pixels are fixed.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from PIL import ExifTags, Image, ImageChops

Size = tuple[int, int]

DEFAULT_SIZE: Size = (64, 48)
PLACE = (59.9139, 10.7522)
"""The place of a picture with GPS: latitude and longitude in degrees, north and east."""

_DATA = Path(__file__).parent / "data"
_EXIF_DATE = "%Y:%m:%d %H:%M:%S"
_UNKNOWN_EXIF_DATE = b"    :  :     :  :  "
_SEED_BOX = b"\0\0\0\x18free"
_FRAMES = 3


@lru_cache(maxsize=1000)
def make_picture(
    kind: str,
    *,
    seed: int = 0,
    size: Size = DEFAULT_SIZE,
    orientation: int | None = None,
    taken_at: datetime | None = None,
    gps: bool = False,
) -> bytes:
    """The bytes of a picture of one of the :data:`KINDS`, or of an extension (``jpeg`` too).

    Args:
        kind: What to make. ``extension_of(kind)`` is its extension.
        seed: Not negative, below 2**64.
        size: Width and height as stored, before the orientation is applied.
        orientation: EXIF orientation, 1 to 8. A ``heic`` knows 6 only, and is rotated by ``irot`` as well.
        taken_at: Becomes EXIF DateTimeOriginal, which has no zone and whole seconds.
        gps: Adds the EXIF position :data:`PLACE`.

    Raises:
        ValueError: The kind is unknown, or cannot have what was asked for (``gif`` and ``svg`` have no EXIF).
    """
    kind = "jpg" if kind == "jpeg" else kind
    if kind in ("heic", "heif"):
        if size != DEFAULT_SIZE or gps:
            raise ValueError(f"the size of a {kind} is fixed, and it has no position")
        return _stored_heic(kind, seed, orientation, taken_at)
    if kind not in _MAKERS:
        raise ValueError(f"there is no kind {kind!r}; kinds are {', '.join(KINDS)}")
    exif = _exif(orientation, taken_at, gps) if orientation or taken_at or gps else None
    if exif is not None and kind in _WITHOUT_EXIF:
        raise ValueError(f"a {kind} has no EXIF")
    return _MAKERS[kind](seed, size, exif)


def extension_of(kind: str) -> str:
    """The canonical extension of a kind: the part before its first dash."""
    return kind.split("-")[0]


def make_pixels(seed: int, size: Size, *, alpha: bool = False) -> Image.Image:
    """Gradients in three directions, moved by the seed, with noise from the seed."""
    ramp = Image.linear_gradient("L").resize(size)
    across = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize(size)
    gradient = Image.merge("RGB", (across, ramp, ImageChops.difference(across, ramp)))
    gradient = ImageChops.offset(gradient, seed * 37 % size[0], seed * 11 % size[1])
    noise = Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1]))
    pixels = Image.blend(gradient, noise, 0.15)
    if alpha:
        pixels.putalpha(ramp)
    return pixels


def _exif(orientation: int | None, taken_at: datetime | None, gps: bool) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Strandline"  # Pillow treats EXIF with only sub-directories as empty
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    if taken_at is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken_at.strftime(_EXIF_DATE)
    if gps:
        latitude, longitude = PLACE
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        position[ExifTags.GPS.GPSLatitudeRef] = "N"
        position[ExifTags.GPS.GPSLatitude] = _degrees(latitude)
        position[ExifTags.GPS.GPSLongitudeRef] = "E"
        position[ExifTags.GPS.GPSLongitude] = _degrees(longitude)
    return exif


def _degrees(angle: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds."""
    minutes = angle % 1 * 60
    return float(int(angle)), float(int(minutes)), round(minutes % 1 * 60, 2)


def _encode(picture: Image.Image, pillow_format: str, exif: Image.Exif | None, **options: object) -> bytes:
    if exif is not None:
        options["exif"] = exif
    file = io.BytesIO()
    picture.save(file, pillow_format, **options)
    return file.getvalue()


_Maker = Callable[[int, Size, Image.Exif | None], bytes]


def _still(pillow_format: str, *, alpha: bool = False, **options: object) -> _Maker:
    def make(seed: int, size: Size, exif: Image.Exif | None) -> bytes:
        return _encode(make_pixels(seed, size, alpha=alpha), pillow_format, exif, **options)

    return make


def _animated(pillow_format: str, *, colours: int | None = None, **options: object) -> _Maker:
    def make(seed: int, size: Size, exif: Image.Exif | None) -> bytes:
        first = make_pixels(seed, size)
        frames = [ImageChops.offset(first, number * 5, 0) for number in range(_FRAMES)]
        if colours is not None:
            frames = [frame.quantize(colours) for frame in frames]
        more: dict[str, object] = {"save_all": True, "append_images": frames[1:], "duration": 100}
        return _encode(frames[0], pillow_format, exif, **more, **options)

    return make


def _avif_sequence(seed: int, size: Size, exif: Image.Exif | None) -> bytes:
    """An animated AVIF. Its creation times, which the encoder takes from the clock, are set to 0."""
    data = _animated("AVIF", quality=60, speed=10, max_threads=1)(seed, size, exif)
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        version_at = data.index(kind) + 4
        times_at = version_at + 4
        count = 16 if data[version_at] == 1 else 8
        data = data[:times_at] + bytes(count) + data[times_at + count :]
    return data


def _svg(seed: int, size: Size, _exif: Image.Exif | None) -> bytes:
    width, height = size
    dice = random.Random(seed)
    circles = "\n".join(
        f'  <circle cx="{dice.uniform(0, width):.1f}" cy="{dice.uniform(0, height):.1f}" '
        f'r="{dice.uniform(1, height / 4):.1f}" fill="hsl({dice.randrange(360)} 70% 50%)"/>'
        for _ in range(8)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Picture {seed}: a gradient with noise, åäö -->
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
  <defs><linearGradient id="g"><stop stop-color="navy"/><stop offset="1" stop-color="gold"/></linearGradient></defs>
  <rect width="{width}" height="{height}" fill="url(#g)"/>
{circles}
</svg>
""".encode()


def _stored_heic(kind: str, seed: int, orientation: int | None, taken_at: datetime | None) -> bytes:
    names = {("heic", None): "plain.heic", ("heic", 6): "rotated.heic", ("heif", None): "generic.heif"}
    if (kind, orientation) not in names:
        raise ValueError(f"there is no {kind} with orientation {orientation}")
    data = (_DATA / names[kind, orientation]).read_bytes()
    unseeded = _SEED_BOX + bytes(16)
    assert data.count(unseeded) == data.count(_UNKNOWN_EXIF_DATE) == 1
    data = data.replace(unseeded, _SEED_BOX + seed.to_bytes(16, "big"))
    if taken_at is not None:
        data = data.replace(_UNKNOWN_EXIF_DATE, taken_at.strftime(_EXIF_DATE).encode())
    return data


_MAKERS: dict[str, _Maker] = {
    "png": _still("PNG"),
    "png-alpha": _still("PNG", alpha=True),
    "jpg": _still("JPEG", quality=80),
    "jpg-progressive": _still("JPEG", quality=80, progressive=True),
    "jpg-restarts": _still("JPEG", quality=80, restart_marker_rows=1),
    "gif": _animated("GIF", colours=64, loop=0),
    "webp": _still("WEBP", quality=80),
    "webp-lossless": _still("WEBP", alpha=True, lossless=True),
    "webp-animated": _animated("WEBP", quality=70),
    "svg": _svg,
    "avif": _still("AVIF", quality=70, speed=10, max_threads=1),
    "avif-animated": _avif_sequence,
}
_WITHOUT_EXIF = frozenset({"gif", "svg"})

KINDS: tuple[str, ...] = (*_MAKERS, "heic", "heif")
