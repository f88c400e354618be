"""Small real pictures of the types that only named pictures can have: BMP, TIFF, ICO, and JPEG XL.

They are made by Pillow. No encoder of JPEG XL is among the dependencies, so two pictures of 8x6 pixels are in
``data/``, written by libjxl 0.11: a bare codestream, and a container with EXIF, taken on 6 May 2024 at 07:08:09.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

from PIL import ExifTags, Image

from builders.pictures import Size, make_pixels

NAMED_KINDS = {
    "bmp": "bmp", "bmp-gray": "bmp", "bmp-bits": "bmp", "tiff": "tif", "tiff-lzw": "tif", "tiff-deflate": "tif",
    "tiff-packbits": "tif", "tiff-jpeg": "tif", "tiff-group4": "tif", "tiff-zstd": "tif", "tiff-pages": "tif",
    "tiff-big": "tif", "tiff-gray16": "tif", "tiff-lab": "tif", "ico": "ico", "ico-bitmap": "ico", "jxl": "jxl",
    "jxl-bare": "jxl",
}  # fmt: skip
"""The extension of each kind. All can be made by :func:`make_named_picture`."""

DECODED_KINDS = tuple(kind for kind, extension in NAMED_KINDS.items() if extension != "jxl")
"""Those that the libraries of the lock file decode."""

_DATA = Path(__file__).parent / "data"
_COMPRESSIONS = {
    "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate", "packbits": "packbits", "jpeg": "jpeg", "group4": "group4",
    "zstd": "zstd",
}  # fmt: skip
_MODES = {"gray": "L", "bits": "1", "group4": "1", "lab": "LAB"}


def make_named_picture(
    kind: str,
    *,
    seed: int = 0,
    size: Size = (24, 18),
    orientation: int | None = None,
    taken_at: datetime | None = None,
) -> bytes:
    """The bytes of a picture of one of :data:`NAMED_KINDS`. Icons are square; the size of a JPEG XL is fixed.

    Args:
        kind: What to make.
        seed: Other pixels. A JPEG XL ignores it.
        size: In pixels, as stored.
        orientation: EXIF orientation, 1 to 8; TIFF only.
        taken_at: EXIF DateTimeOriginal; TIFF only.
    """
    family, _, variant = kind.partition("-")
    if family == "jxl":
        return (_DATA / f"{variant or 'boxed'}.jxl").read_bytes()
    pixels = make_pixels(seed, size)
    if family == "ico":
        width = min(*size, 256)  # an ICO knows no larger ones
        return _save(pixels.crop((0, 0, width, width)).convert("RGBA"), "ICO", sizes=[(width, width)],
                     **({"bitmap_format": "bmp"} if variant else {}))  # fmt: skip
    if variant == "gray16":
        pixels = pixels.convert("L").convert("I").point(lambda value: value * 257 + 0).convert("I;16")
    elif variant in _MODES:
        pixels = pixels.convert(_MODES[variant])
    if family == "bmp":
        return _save(pixels, "BMP")
    options: dict[str, object] = {}
    if variant in _COMPRESSIONS:
        options["compression"] = _COMPRESSIONS[variant]
    if variant == "pages":
        options |= {"save_all": True, "append_images": [make_pixels(seed + 1, (9, 7))]}
    if variant == "big":
        options["big_tiff"] = True
    if orientation or taken_at:
        exif = Image.Exif()
        if orientation:
            exif[ExifTags.Base.Orientation] = orientation
        if taken_at:
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
        options["exif"] = exif.tobytes()
    return _save(pixels, "TIFF", **options)


def _save(pixels: Image.Image, pillow_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, pillow_format, **options)
    return buffer.getvalue()


def make_flat_webp(seed: int = 0) -> bytes:
    """A sheet of one color as lossy WebP, which ends in more than a hundred zeros although it is whole."""
    saved = io.BytesIO()
    Image.new("RGB", (1600, 1200), (255, 255, 255 - seed)).save(saved, "WEBP", quality=80)
    return saved.getvalue()
