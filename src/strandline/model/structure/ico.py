"""ICO: each picture that its directory names is in the file, as a whole PNG or as a bitmap with all its rows."""

from __future__ import annotations

import struct
from typing import NamedTuple

from strandline.model.structure.bmp import read_bitmap_header
from strandline.model.structure.png import walk_png
from strandline.model.structure.verdict import NotWholeError, Structure, ends_in_zeros

_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHII")
_PNG = b"\x89PNG\r\n\x1a\n"

MAX_ICONS = 1_024
"""In one file. Real files have a dozen sizes."""


class Icon(NamedTuple):
    """One picture of the directory."""

    width: int
    height: int
    bits: int
    """Of one pixel."""
    start: int
    end: int
    is_png: bool
    pixels_end: int
    """Where the pixels end that the picture itself promises; its mask may follow."""


def list_icons(data: memoryview) -> list[Icon]:
    """The pictures of an icon, with the sizes that they give themselves. Reads only headers.

    Raises:
        NotWholeError: The directory, or a picture, is not complete.
    """
    try:
        reserved, kind, count = _HEADER.unpack_from(data)
        if reserved or kind != 1 or not 0 < count <= MAX_ICONS:
            raise NotWholeError("the head of an ICO is missing")
        return [
            _read_icon(data, at, count) for at in range(_HEADER.size, _end_of_directory(count), _ENTRY.size)
        ]
    except struct.error:
        raise NotWholeError(f"the data ends within the directory, at byte {len(data)}") from None


def walk_ico(data: memoryview) -> Structure:
    """Walks the directory. Its PNGs are walked with their checksums."""
    icons = list_icons(data)
    end = _end_of_directory(len(icons))
    left_bytes = 2 * len(data)  # pictures that overlap must not multiply the work
    for icon in icons:
        end = max(end, icon.end, icon.pixels_end)
        if not icon.is_png:
            continue
        left_bytes -= icon.end - icon.start
        if left_bytes < 0:
            raise NotWholeError("its pictures overlap")
        walk_png(data[icon.start : icon.end])
    last = max(icons, key=lambda icon: icon.end)
    is_hollow = not last.is_png and ends_in_zeros(data[last.start : last.pixels_end])
    return Structure(whole=True, end=end, open_ended=is_hollow)


def _end_of_directory(count: int) -> int:
    return _HEADER.size + count * _ENTRY.size


def _read_icon(data: memoryview, at: int, count: int) -> Icon:
    _, _, _, _, _, _, size, start = _ENTRY.unpack_from(data, at)
    end = start + size
    if start < _end_of_directory(count) or not size:
        raise NotWholeError(f"the directory names no picture at byte {at}")
    if end > len(data):
        raise NotWholeError(f"the data ends in the middle of the picture at byte {start}")
    if bytes(data[start : start + len(_PNG)]) == _PNG:
        width, height = struct.unpack_from(">II", data, start + 16)
        return Icon(width, height, 32, start, end, is_png=True, pixels_end=end)
    bitmap = read_bitmap_header(data, start)
    # The rows of the mask follow those of the pixels, and the header counts both.
    bitmap = bitmap._replace(height=max(bitmap.height // 2, 1))
    pixels_end = start + bitmap.least_offset + bitmap.pixel_bytes
    if not bitmap.is_plain or pixels_end > len(data):
        raise NotWholeError(f"the data ends in the middle of the picture at byte {start}")
    return Icon(bitmap.width, bitmap.height, bitmap.bits, start, end, is_png=False, pixels_end=pixels_end)
