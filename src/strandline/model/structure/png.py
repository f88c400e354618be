"""PNG: chunks with correct checksums, from the signature to ``IEND``.

This is the only format that can verify every byte: a zero-filled tail, or one flipped bit, fails its checksum.
"""

from __future__ import annotations

import struct
from zlib import crc32

from strandline.model.structure.verdict import MAX_PARTS, TOO_MANY_PARTS, NotWholeError, Structure

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")


def walk_png(data: memoryview) -> Structure:
    """Walks the chunks, including those of animations, at the speed of ``crc32``."""
    if bytes(data[: len(_SIGNATURE)]) != _SIGNATURE:
        raise NotWholeError("the signature of a PNG is missing")
    at, size = len(_SIGNATURE), len(data)
    has_pixels = False
    for _ in range(MAX_PARTS):
        if size - at < 8:
            raise NotWholeError(f"the data ends before the last chunk, at byte {size}")
        length, kind = _HEADER.unpack_from(data, at)
        if not kind.isalpha():
            raise NotWholeError(f"there is no chunk at byte {at}")
        checksum_at = at + 8 + length
        end = checksum_at + 4
        if end > size:
            raise NotWholeError(f"the data ends in the middle of chunk {kind.decode()} at byte {at}")
        if crc32(data[at + 4 : checksum_at]) != _CHECKSUM.unpack_from(data, checksum_at)[0]:
            raise NotWholeError(f"the checksum of chunk {kind.decode()} at byte {at} is wrong")
        has_pixels = has_pixels or kind == b"IDAT"
        if kind == b"IEND":
            break
        at = end
    else:
        raise NotWholeError(TOO_MANY_PARTS)
    if not has_pixels:
        raise NotWholeError("there are no pixels in it")
    return Structure(whole=True, end=end)
