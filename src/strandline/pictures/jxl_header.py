"""JPEG XL headers: width, height, and orientation from the first bits of the codestream, EXIF from its box.

Bits are packed from the lowest one of each byte. ISO/IEC 18181-1, sections D.2 and D.3.
"""

from __future__ import annotations

from itertools import islice

from strandline.model.structure.boxes import iter_boxes
from strandline.model.structure.jxl import CODESTREAM, find_codestream
from strandline.model.structure.verdict import NotWholeError
from strandline.pictures.exif import MAX_EXIF_BYTES
from strandline.pictures.headers import MAX_STEPS, Header

_HEAD_BYTES = 32
_LONG_WIDTHS = (9, 13, 18, 30)
"""In bits."""
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, by the number that stands for it. 0 means that the width follows."""
_OFFSET_BYTES = 4
_TIFF_HEADS = (b"II*\0", b"MM\0*")
"""Some programs leave out the offset of the EXIF."""
_TIFF_HEADS = (b"II*\0", b"MM\0*")
"""Some programs leave out the offset of the EXIF."""


class _Bits:
    """Reads numbers from packed bits. Beyond the end, all are zero."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, bits: int) -> int:
        number, self._left = self._left & ((1 << bits) - 1), self._left >> bits
        return number

    def take_side(self, *, in_eights: bool) -> int:
        """A width or a height, in pixels."""
        return (self.take(5) + 1) * 8 if in_eights else self.take(_LONG_WIDTHS[self.take(2)]) + 1


def read_jxl_header(data: memoryview) -> Header:
    """The size as stored, and which way is up. The codestream's own orientation counts, as the standard says."""
    head = bytes(find_codestream(data)[:_HEAD_BYTES])
    if not head.startswith(CODESTREAM):
        return Header()
    bits = _Bits(head[len(CODESTREAM) :])
    in_eights = bool(bits.take(1))
    height = bits.take_side(in_eights=in_eights)
    ratio = bits.take(3)
    across, down = _RATIOS[ratio]
    width = height * across // down if ratio else bits.take_side(in_eights=in_eights)
    has_defaults = bits.take(1)
    orientation = bits.take(3) + 1 if not has_defaults and bits.take(1) else 1
    return Header(width, height, _find_exif(data), orientation)


def _find_exif(data: memoryview) -> bytes:
    """The TIFF structure in a container. Empty if there is none, or if it is compressed."""
    if bytes(data[: len(CODESTREAM)]) == CODESTREAM:
        return b""
    try:
        for box in islice(iter_boxes(data, 0, len(data)), MAX_STEPS):
            if box.kind == b"Exif":
                body = bytes(data[box.body : min(box.end, box.body + MAX_EXIF_BYTES)])
                if body[:4] in _TIFF_HEADS:
                    return body
                return body[_OFFSET_BYTES + int.from_bytes(body[:_OFFSET_BYTES], "big") :]
    except NotWholeError:
        pass
    return b""
