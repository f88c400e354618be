"""RIFF (WebP): the size in its header fits the file, and its chunks tile that size without gaps.

RIFF has no end mark and no checksum: a tail of zeros inside the last chunk looks like any other pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from strandline.model.structure.verdict import MAX_PARTS, TOO_MANY_PARTS, NotWholeError, Structure

_HEADER = struct.Struct("<4sI")
_FORM = struct.Struct("<4sI4s")
_FRAME = b"ANMF"
_FRAME_HEADER_BYTES = 16
_PIXELS = frozenset({b"VP8 ", b"VP8L"})


def walk_riff(data: memoryview) -> Structure:
    """Walks lossy, lossless, and animated WebP, including the chunks inside an animation's frames."""
    if len(data) < _FORM.size:
        raise NotWholeError(f"the data ends within its head, at byte {len(data)}")
    riff, size, form = _FORM.unpack_from(data)
    if riff != b"RIFF" or form != b"WEBP":
        raise NotWholeError("the head of a WebP is missing")
    end = _HEADER.size + size
    if end > len(data):
        raise NotWholeError(f"it says that it has {end} bytes, and there are {len(data)}")
    if not _has_pixels(data, _FORM.size, end):
        raise NotWholeError("there are no pixels in it")
    return Structure(whole=True, end=end)


def _has_pixels(data: memoryview, at: int, end: int) -> bool:
    """Whether a picture is among the chunks, or among those in an animation's frames. Checks all of them."""
    found = False
    for kind, body, body_end in _iter_chunks(data, at, end):
        is_picture = kind in _PIXELS
        if kind == _FRAME:
            frame_kinds = _iter_chunks(data, body + _FRAME_HEADER_BYTES, body_end)
            is_picture = sum(part in _PIXELS for part, _, _ in frame_kinds) > 0
        found = found or is_picture
    return found


def _iter_chunks(data: memoryview, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The chunks between two offsets: kind, and start and end of the body. They must tile the space."""
    for _ in range(MAX_PARTS):
        if at == end:
            return
        if end - at < _HEADER.size:
            raise NotWholeError(f"there is no chunk at byte {at}")
        kind, size = _HEADER.unpack_from(data, at)
        if min(kind) < 0x20:
            raise NotWholeError(f"there is no chunk at byte {at}")
        body = at + _HEADER.size
        if body + size > end:
            raise NotWholeError(f"the chunk at byte {at} reaches beyond the end")
        yield kind, body, body + size
        # Bodies of odd length are padded. Some writers omit the last padding.
        at = min(body + size + size % 2, end)
    raise NotWholeError(TOO_MANY_PARTS)
