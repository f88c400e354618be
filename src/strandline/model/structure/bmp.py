"""BMP: the rows that the header promises are in the file. Plain pixels, so their number says where they end.

The size in the file's header is not believed: many programs write a wrong one, and every viewer ignores it. The sizes
of compressed rows have to be. Layouts: Microsoft's BITMAPINFOHEADER and BITMAPV5HEADER, OS/2's BITMAPCOREHEADER.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from strandline.model.structure.verdict import NotWholeError, Structure, ends_in_zeros

_FILE_HEADER = struct.Struct("<2sIHHI")
_CORE = struct.Struct("<HHHH")
_CORE_BYTES = 12
_SHORT = struct.Struct("<iiHH")
"""Of OS/2's other header, which may end after any field from here on."""
_INFO = struct.Struct("<iiHHIIiiI")
_INFO_BYTES = 40
_V5_BYTES = 124
_PROFILE_AT = 112
_COLOUR_SPACE_AT = 56
_WITH_PROFILE = (b"DEBM", b"KNIL")
"""The color spaces *embedded* and *linked*, as their bytes stand in the file."""

_PLAIN = (0, 3, 6)
"""Compressions that compress nothing: none, and two kinds of bit masks. 3 is Huffman coding in OS/2's own header."""
_OS_2_LONG_BYTES = 64
_MASKS = {3: 12, 6: 16}
"""Bytes of bit masks after a header of 40 bytes."""


class BitmapHeader(NamedTuple):
    """What a bitmap's own header says, without the file's header before it."""

    size_bytes: int
    width: int
    height: int
    """Never negative, although rows from top to bottom are written so."""
    bits: int
    """Of one pixel."""
    compression: int = 0
    compressed_bytes: int = 0
    colours: int = 0
    """Entries of the color table; 0 for as many as ``bits`` allow."""

    @property
    def is_plain(self) -> bool:
        """Whether the number of bytes follows from the number of pixels."""
        return self.compression in _PLAIN and not (
            self.compression == 3 and self.size_bytes == _OS_2_LONG_BYTES
        )

    @property
    def row_bytes(self) -> int:
        """Of the pixels of one row, without its padding."""
        return (self.width * self.bits + 7) // 8

    @property
    def pixel_bytes(self) -> int:
        """Of all rows. Some programs leave out the padding of the last one."""
        padded = (self.row_bytes + 3) // 4 * 4
        return padded * (self.height - 1) + self.row_bytes

    @property
    def least_offset(self) -> int:
        """Where the rows begin at the earliest, in bytes after the start of this header."""
        masks = _MASKS.get(self.compression, 0) if self.size_bytes == _INFO_BYTES else 0
        colours = self.colours or 1 << self.bits
        table = min(colours, 256) * (3 if self.size_bytes == _CORE_BYTES else 4) if self.bits <= 8 else 0
        return self.size_bytes + masks + table


def read_bitmap_header(data: memoryview, at: int) -> BitmapHeader:
    """The bitmap header at the offset.

    Raises:
        NotWholeError: It is not complete, or no bitmap can be like that.
        struct.error: Neither are its first four bytes.
    """
    (size,) = struct.unpack_from("<I", data, at)
    if size < _CORE_BYTES or at + size > len(data):
        raise NotWholeError(f"the data ends within the header, at byte {len(data)}")
    if size == _CORE_BYTES:
        width, height, _, bits = _CORE.unpack_from(data, at + 4)
        header = BitmapHeader(size, width, height, bits)
    elif size < _INFO_BYTES:
        width, height, _, bits = _SHORT.unpack_from(data, at + 4)
        header = BitmapHeader(size, width, abs(height), bits)
    else:
        width, height, _, bits, compression, compressed, _, _, colours = _INFO.unpack_from(data, at + 4)
        header = BitmapHeader(size, width, abs(height), bits, compression, compressed, colours)
    if header.width <= 0 or header.height <= 0:
        raise NotWholeError("there are no pixels in it")
    if header.bits > 64 or (header.is_plain and not header.bits):
        raise NotWholeError(f"no pixel has {header.bits} bits")
    return header


def walk_bmp(data: memoryview) -> Structure:
    """Reads the header and checks that the rows, and a color profile after them, are inside the file."""
    try:
        mark, claimed, _, _, offset = _FILE_HEADER.unpack_from(data)
        header = read_bitmap_header(data, _FILE_HEADER.size)
    except struct.error:
        raise NotWholeError(f"the data ends within the header, at byte {len(data)}") from None
    if mark != b"BM":
        raise NotWholeError("the head of a BMP is missing")
    start = max(offset, _FILE_HEADER.size + header.size_bytes)
    if header.is_plain:
        pixels_end = start + header.pixel_bytes
    elif header.compressed_bytes:
        pixels_end = start + header.compressed_bytes
    else:
        pixels_end = claimed
    if pixels_end <= start:
        raise NotWholeError("it does not say how long its pixels are")
    end = max(pixels_end, _end_of_profile(data, header))
    if end > len(data):
        raise NotWholeError(f"it needs {end} bytes, and there are {len(data)}")
    is_hollow = ends_in_zeros(data[start:pixels_end]) and end == pixels_end
    if is_hollow and not header.is_plain:
        raise NotWholeError("it ends in zeros: space was reserved, but the bytes have not arrived")
    return Structure(whole=True, end=end, open_ended=is_hollow)


def _end_of_profile(data: memoryview, header: BitmapHeader) -> int:
    """The offset after the color profile, or 0 if there is none."""
    at = _FILE_HEADER.size
    colour_space = bytes(data[at + _COLOUR_SPACE_AT : at + _COLOUR_SPACE_AT + 4])
    if header.size_bytes != _V5_BYTES or colour_space not in _WITH_PROFILE:
        return 0
    offset, size = struct.unpack_from("<II", data, at + _PROFILE_AT)
    return at + offset + size if size else 0
