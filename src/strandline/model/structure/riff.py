"""RIFF (WebP): the size in its header fits the file, and its chunks tile that size without gaps.

RIFF has no end mark and no checksum: a tail of zeros inside the last chunk looks like any other pixels. In a flat
drawing it is one, since a lossy WebP writes large even areas as zeros. Only a decoder can tell: see
:func:`shorten_last_frame`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from strandline.model.structure.verdict import MAX_PARTS, TOO_MANY_PARTS, NotWholeError, Structure

_HEADER = struct.Struct("<4sI")
_FORM = struct.Struct("<4sI4s")
_FRAME = b"ANMF"
_FRAME_HEADER_BYTES = 16
_LOSSY = b"VP8 "
_PIXELS = frozenset({_LOSSY, b"VP8L"})

SHORTENED_BYTES = 6
"""Of 213 flat drawings, none could do with four bytes less. Of 441 pictures that decoded although their ends had been
overwritten by zeros, all could do with six bytes less.
"""


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


def shorten_last_frame(data: memoryview) -> bytes | None:
    """A whole WebP without the last bytes of its lossy pixels, of which a decoder needs each one.

    If it decodes nevertheless, the pixels end before: what follows are zeros that nobody has filled yet. None if the
    file does not end with lossy pixels.
    """
    *_, (kind, body, body_end) = _iter_chunks(data, _FORM.size, len(data))
    if kind != _LOSSY or body_end - body <= SHORTENED_BYTES:
        return None
    left = bytes(data[body : body_end - SHORTENED_BYTES])
    padded = left + b"\0" * (len(left) % 2)
    head = bytes(data[_FORM.size : body - _HEADER.size]) + _HEADER.pack(kind, len(left))
    return _FORM.pack(b"RIFF", len(b"WEBP" + head + padded), b"WEBP") + head + padded


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
