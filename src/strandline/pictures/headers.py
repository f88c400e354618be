"""Headers: width, height, and EXIF of a JPEG, PNG, GIF, WebP, BMP, TIFF, or ICO, without a decoder.

Each reader walks the file's outermost parts, reads a few numbers, and stops. It reports what the file *says about
itself*: the first kilobyte of most pictures says the same as the whole one. No library is used, because the usual
one, ``imagesize``, trusts counts: an AVIF of 700 bytes keeps it busy for seconds, one of 400 KB for half an hour.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from strandline.model.structure.bmp import read_bitmap_header
from strandline.model.structure.ico import list_icons
from strandline.model.structure.tiff import HEIGHT, WIDTH, iter_numbers, read_directory, read_form
from strandline.pictures.exif import MAX_EXIF_BYTES

MAX_STEPS = 4_096
"""How many parts of a file a reader skips before it gives up. Real files need some dozens; 4,096 take two
milliseconds.
"""


class Header(NamedTuple):
    """What a file says about itself."""

    width: int | None = None
    """As stored, before rotation; None if the file does not say."""
    height: int | None = None
    exif: bytes | memoryview = b""
    """The TIFF structure, or empty. A view is only valid as long as the picture's bytes are."""
    orientation: int | None = None
    """As in EXIF, if the format has its own way to say it. EXIF then does not count."""


def read_jpeg_header(data: memoryview) -> Header:
    """Walks segments up to the frame header (SOF). EXIF comes before it. ITU-T T.81, annex B."""
    exif = b""
    at = 2
    for _ in range(MAX_STEPS):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA or marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Header(width, height, exif)
        if marker == 0xE1 and not exif and bytes(data[at + 4 : at + 10]) == b"Exif\0\0":
            exif = bytes(data[at + 10 : at + 2 + length])
        at += 2 + length
    return Header(exif=exif)


def read_png_header(data: memoryview) -> Header:
    """``IHDR`` comes first; ``eXIf`` is searched for up to the pixels. PNG (third edition), section 5."""
    width, height = struct.unpack_from(">II", data, 16)
    at = 8
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            break
        size_bytes, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"eXIf":
            return Header(width, height, _exif(data[at + 8 : at + 8 + size_bytes]))
        if kind in (b"IDAT", b"IEND"):
            break
        at += 12 + size_bytes
    return Header(width, height)


def read_gif_header(data: memoryview) -> Header:
    """The size of the logical screen, which contains all frames. GIF89a, section 18."""
    return Header(*struct.unpack_from("<HH", data, 6))


def read_webp_header(data: memoryview) -> Header:
    """Reads the canvas, or the header of the only picture; ``EXIF`` follows the pixels. RFC 9649."""
    first = bytes(data[12:16])
    if first == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        has_exif = data[20] & 0x08
        found = (chunk for kind, chunk in _iter_riff_chunks(data) if kind == b"EXIF")
        return Header(width, height, _exif(next(found, data[:0])) if has_exif else b"")
    if first == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return Header(1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF))
    if first == b"VP8 " and bytes(data[23:26]) == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header(width & 0x3FFF, height & 0x3FFF)
    return Header()


def read_bmp_header(data: memoryview) -> Header:
    """The bitmap's header follows that of the file."""
    header = read_bitmap_header(data, 14)
    return Header(header.width, header.height)


def read_tiff_header(data: memoryview) -> Header:
    """The first directory, which may be at the end. It is also that of the EXIF, except in a BigTIFF."""
    form, first = read_form(data)
    values, _ = read_directory(data, form, first, MAX_STEPS)
    width, height = (next(iter_numbers(data, form, values.get(tag)), None) for tag in (WIDTH, HEIGHT))
    return Header(width, height, b"" if form.is_big else data)


def read_ico_header(data: memoryview) -> Header:
    """The largest picture, which viewers show."""
    largest = max(list_icons(data), key=lambda icon: icon.width * icon.height)
    return Header(largest.width, largest.height)


def _iter_riff_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 12
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            return
        kind, size_bytes = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size_bytes]
        at += 8 + size_bytes + size_bytes % 2


def _exif(chunk: memoryview) -> bytes:
    """The TIFF structure. Some programs put the JPEG prefix before it, although it does not belong there."""
    return bytes(chunk[:MAX_EXIF_BYTES]).removeprefix(b"Exif\0\0")
