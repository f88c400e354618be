"""libvips, typed: the few calls that Strandline makes.

Loaded only in a decoder process. What surprises: ``thumbnail_buffer`` accepts ``fail_on`` and ignores it (libvips
issue 5195), so half a JPEG becomes a thumbnail with a gray bottom. In the loader's options, it has an effect.
"""

from __future__ import annotations

from typing import Any, NewType, cast

import pyvips  # type: ignore[import-untyped]

VipsImage = NewType("VipsImage", object)
"""A lazy picture: pixels are made when one of the functions below needs them."""

VipsError: type[Exception] = pyvips.Error

CSS_DPI = 96
"""An SVG's millimeters then mean the same as in browsers."""

POINT_DPI = 72
"""libvips enlarges an SVG by the dpi divided by this number. We undo that."""

_FAIL = "truncated"
"""A lower level would accept half pictures. A higher one would reject odd pictures that every viewer shows."""

_LOADERS = {
    "image/jpeg": "jpegload_buffer",
    "image/png": "pngload_buffer",
    "image/webp": "webpload_buffer",
    "image/avif": "heifload_buffer",
    "image/jxl": "jxlload_buffer",
}
_ANIMATED = frozenset({"image/webp", "image/avif"})


def set_up() -> None:
    """Turns off all other loaders, and the cache of operations: no picture is needed twice in a row."""
    pyvips.cache_set_max(0)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in ("Jpeg", "Png", "Webp", "Heif", "Svg", "Jxl"):
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)


def can_open(media_type: str) -> bool:
    """Whether the installed libvips was built with a loader for the type. Few are with that for JPEG XL."""
    return bool(pyvips.type_find("VipsForeignLoad", _LOADERS[media_type]))


def open_picture(data: bytes, media_type: str, *, all_frames: bool = False) -> VipsImage:
    """Reads the header of a picture. Opens the first frame of an animation, or all of them, stacked vertically.

    Raises:
        VipsError: It does not have that type.
    """
    options: dict[str, object] = {"access": "sequential", "fail_on": _FAIL}
    if all_frames and media_type in _ANIMATED:
        options["n"] = -1
    return VipsImage(getattr(pyvips.Image, _LOADERS[media_type])(data, **options))


def open_svg(data: bytes, *, scale: float = 1.0) -> VipsImage:
    """An SVG at its own size times the scale. Nothing is drawn yet. It cannot load any file or URL."""
    scale *= POINT_DPI / CSS_DPI
    return VipsImage(pyvips.Image.svgload_buffer(data, dpi=CSS_DPI, scale=scale, access="sequential"))


def from_pixels(pixels: bytes, width: int, height: int, bands: int, icc_profile: bytes | None) -> VipsImage:
    """A picture of 8-bit RGB or RGBA samples, row by row."""
    image = pyvips.Image.new_from_memory(pixels, width, height, bands, "uchar")
    image = image.copy(interpretation="srgb")
    if icc_profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc_profile)
    return VipsImage(image)


def size_of(image: VipsImage) -> tuple[int, int]:
    """Width and height of one frame, as stored."""
    width, height = cast(Any, image).width, cast(Any, image).height
    return int(width), int(height) // frames_of(image)


def frames_of(image: VipsImage) -> int:
    """How many frames were opened; 1 for a still image."""
    any_image = cast(Any, image)
    paged = any_image.get_typeof("page-height") and any_image.height > any_image.get("page-height")
    return any_image.height // any_image.get("page-height") if paged else 1


def decode_all(image: VipsImage) -> None:
    """Computes every pixel and discards it.

    Raises:
        VipsError: The data ends too early or makes no sense.
    """
    cast(Any, image).avg()


def shrink_buffer(data: bytes, opened: VipsImage, size: int) -> VipsImage:
    """The first frame, upright and in sRGB, with no side longer than the size. JPEG and WebP shrink while they
    decode.

    Args:
        data: The picture.
        opened: The same picture, opened. Its header says which color space it has.
        size: In pixels.
    """
    options = _shrink_options(opened, size) | {"option_string": f"[fail_on={_FAIL}]"}
    return VipsImage(pyvips.Image.thumbnail_buffer(data, size, **options))


def shrink(image: VipsImage, size: int) -> VipsImage:
    """The same for a picture that cannot shrink while it decodes."""
    return VipsImage(cast(Any, image).thumbnail_image(size, **_shrink_options(image, size)))


def _shrink_options(image: VipsImage, size: int) -> dict[str, object]:
    options: dict[str, object] = {"height": size, "size": "down"}
    if cast(Any, image).get_typeof("icc-profile-data"):
        # Without a profile, this would convert sRGB to sRGB by way of CIELAB: thirty times as slow.
        options["export_profile"] = "srgb"
    return options


def encode(image: VipsImage, *, max_webp_size: int) -> tuple[str, bytes]:
    """Media type and bytes, without any metadata. Large copies without alpha become JPEG."""
    srgb = cast(Any, image).colourspace("srgb")
    if srgb.hasalpha() or max(srgb.width, srgb.height) <= max_webp_size:
        return "image/webp", srgb.webpsave_buffer(Q=80, effort=2, keep="none")
    return "image/jpeg", srgb.jpegsave_buffer(Q=88, keep="none")
