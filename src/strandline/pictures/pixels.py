"""Pixels: what a decoder process does with a picture: check its size, then decode it, in full or to a small copy.

JPEG, PNG, WebP, and SVG go to libvips. The others go to Pillow: HEIC, because libvips lacks an HEVC decoder
(``pi_heif`` brings one); GIF and AVIF, because libvips accepts a truncated animation as a shorter one; TIFF,
because libvips makes half of one, and any compression that it does not know, black; BMP and ICO, because it has no
loader of its own for them. JPEG XL needs a libvips that was built with a loader for it. The number of pixels is
compared with the limit *before* anything is decoded: a file of one megabyte can promise 2.5 billion.
"""

from __future__ import annotations

import io
import struct
import warnings
from importlib import import_module

import pi_heif  # type: ignore[import-untyped]
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from strandline.model.structure.ico import Icon, list_icons
from strandline.pictures import vips

MAX_SVG_SIZE = 1_024
"""An SVG has no rows that could be missing. This size is enough to see that it can be drawn."""

MAX_WEBP_SIZE = 2_048
"""Up to here WebP, which is a quarter smaller. For larger copies it takes ten times as long as JPEG."""

ANIMATION_FACTOR = 10
"""All frames together may have this many times the pixels of one. They are decoded one after another, in the memory
of one, and within the time limit.
"""

_BY_PILLOW = {
    "image/gif": "GIF", "image/heic": "HEIF", "image/heif": "HEIF", "image/avif": "AVIF", "image/bmp": "BMP",
    "image/tiff": "TIFF", "image/vnd.microsoft.icon": "ICO",
}  # fmt: skip
_ICO = "image/vnd.microsoft.icon"
_ICON_HEAD_BYTES = 22
"""Of an icon with one picture."""


class NoDecoderError(Exception):
    """No library that is installed here can decode the type. Its text is the type."""


class TooManyPixelsError(Exception):
    """The picture's header gives more pixels than the limit."""

    def __init__(self, width: int, height: int, frames: int = 1) -> None:
        times = f" × {frames} frames" if frames > 1 else ""
        super().__init__(f"it has {width} × {height}{times} pixels")
        self.pixels = width * height * frames


def set_up() -> None:
    """Prepares the libraries, once per process."""
    vips.set_up()
    for plugin in (
        "AvifImagePlugin",
        "GifImagePlugin",
        "BmpImagePlugin",
        "IcoImagePlugin",
        "TiffImagePlugin",
    ):
        import_module(f"PIL.{plugin}")  # importing it registers it; Pillow would search its forty plugins
    pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    Image.MAX_IMAGE_PIXELS = None  # our own limit is stricter
    warnings.simplefilter("ignore")


def decode_whole(data: bytes, media_type: str, max_pixels: int) -> None:
    """Decodes every row of every frame.

    Raises:
        TooManyPixelsError: It has too many. Nothing was decoded.
        NoDecoderError: There is no decoder for it.
        Exception: Any exception of a decoder: the bytes are invalid or end too early.
    """
    data, media_type = _pick(data, media_type, max_pixels)
    if media_type == "image/svg+xml":
        vips.decode_all(_open_svg(data, MAX_SVG_SIZE))
    elif media_type in _BY_PILLOW:
        _decode_by_pillow(data, media_type, max_pixels)
    else:
        vips.decode_all(_open_checked(data, media_type, max_pixels, all_frames=True))


def make_small(data: bytes, media_type: str, size: int, max_pixels: int) -> tuple[str, bytes, int, int]:
    """Media type, bytes, width, and height of a small copy, of the first page. Raises the same errors as
    :func:`decode_whole`.
    """
    data, media_type = _pick(data, media_type, max_pixels)
    if media_type == "image/svg+xml":
        image = vips.shrink(_open_svg(data, size), size)
    elif media_type in _BY_PILLOW:
        image = vips.shrink(_open_first_frame(data, media_type, max_pixels), size)
    else:
        image = vips.shrink_buffer(data, _open_checked(data, media_type, max_pixels), size)
    return *vips.encode(image, max_webp_size=MAX_WEBP_SIZE), *vips.size_of(image)


def _open_checked(
    data: bytes, media_type: str, max_pixels: int, *, all_frames: bool = False
) -> vips.VipsImage:
    if not vips.can_open(media_type):
        raise NoDecoderError(media_type)
    image = vips.open_picture(data, media_type, all_frames=all_frames)
    _check_pixels(*vips.size_of(image), vips.frames_of(image), max_pixels)
    return image


def _pick(data: bytes, media_type: str, max_pixels: int) -> tuple[bytes, str]:
    """The picture to decode, and its type: of an icon, only the largest one, which may be a PNG.

    The size that counts is that of the picture itself. The directory's may be a small lie about a large one.
    """
    if media_type != _ICO:
        return data, media_type
    with memoryview(data) as view:
        icon = max(list_icons(view), key=lambda each: (each.width * each.height, each.end - each.start))
    _check_pixels(icon.width, icon.height, 1, max_pixels)
    piece = data[icon.start : max(icon.end, icon.pixels_end)]
    return (piece, "image/png") if icon.is_png else (_make_icon(data, icon, piece), _ICO)


def _make_icon(data: bytes, icon: Icon, piece: bytes) -> bytes:
    """An icon of this one picture, so that no library can choose another one."""
    sides = bytes([icon.width % 256, icon.height % 256])
    rest = struct.pack("<BBHHII", 0, 0, 1, icon.bits, len(piece), _ICON_HEAD_BYTES)
    return data[:4] + b"\1\0" + sides + rest + piece


def _open_svg(data: bytes, size: int) -> vips.VipsImage:
    """An SVG, scaled down to the size if it is larger."""
    image = vips.open_svg(data)
    scale = min(1.0, size / max(vips.size_of(image)))
    return image if scale == 1.0 else vips.open_svg(data, scale=scale)


def _open_by_pillow(data: bytes, media_type: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=[_BY_PILLOW[media_type]])
    except UnidentifiedImageError:  # its text is the address of our buffer
        raise ValueError(f"its header is not that of a whole {media_type}") from None


def _decode_by_pillow(data: bytes, media_type: str, max_pixels: int) -> None:
    with _open_by_pillow(data, media_type) as image:
        decoded = 0
        for frames, frame in enumerate(ImageSequence.Iterator(image), 1):
            decoded += frame.width * frame.height
            _check_pixels(frame.width, frame.height, 1, max_pixels)
            if decoded > max_pixels * ANIMATION_FACTOR:
                raise TooManyPixelsError(frame.width, frame.height, frames)
            frame.load()
    if media_type == "image/avif" and frames == 1:
        # If a still ends in zeros, libavif makes up the rest; libheif reports it.
        vips.decode_all(_open_checked(data, media_type, max_pixels))


def _open_first_frame(data: bytes, media_type: str, max_pixels: int) -> vips.VipsImage:
    with _open_by_pillow(data, media_type) as image:
        _check_pixels(image.width, image.height, 1, max_pixels)
        upright = _to_8_bits(ImageOps.exif_transpose(image))
        is_in_rgb = image.mode.startswith(("RGB", "P"))  # a profile is for the pixels as they are stored
        icc_profile = image.info.get("icc_profile") if is_in_rgb else None
        pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        bands = len(pixels.getbands())
        return vips.from_pixels(pixels.tobytes(), pixels.width, pixels.height, bands, icc_profile)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """The picture with gray of 8 bits if it has more. Pillow's own conversion makes all that is above 255 white.

    16 bits are used in full. Other numbers have no natural scale, so the smallest is black and the largest white.
    """
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256) + 0).convert("L")
    if image.mode not in ("I", "F"):
        return image
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    scale = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale + -low * scale).convert("L")


def _check_pixels(width: int, height: int, frames: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise TooManyPixelsError(width, height)
    if width * height * frames > max_pixels * ANIMATION_FACTOR:
        raise TooManyPixelsError(width, height, frames)
