"""GIF: blocks, from the header to the trailer.

Every block is a chain of sub-blocks of at most 255 bytes, so the walk takes about 4,000 steps per megabyte.
"""

from __future__ import annotations

from strandline.model.structure.verdict import NotWholeError, Structure

_HEADER_BYTES = 13
"""Signature, screen size, flags, background, aspect."""
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_EXTENSION_BYTES = 2
_IMAGE_BYTES = 10


def walk_gif(data: memoryview) -> Structure:
    """Walks both stills and animations."""
    if bytes(data[:6]) not in (b"GIF87a", b"GIF89a"):
        raise NotWholeError("the header of a GIF is missing")
    has_image = False
    try:
        at = _HEADER_BYTES + _colour_table_bytes(data[10])
        while (kind := data[at]) != _TRAILER:
            if kind == _EXTENSION:
                at = _end_of_sub_blocks(data, at + _EXTENSION_BYTES)
            elif kind == _IMAGE:
                has_image = True
                colours = _colour_table_bytes(data[at + 9])
                # One more byte, the code size, comes before the pixels.
                at = _end_of_sub_blocks(data, at + _IMAGE_BYTES + colours + 1)
            else:
                raise NotWholeError(f"there is no block at byte {at}")
    except IndexError:
        raise NotWholeError(f"the data ends before the trailer, at byte {len(data)}") from None
    if not has_image:
        raise NotWholeError("there is no image in it")
    return Structure(whole=True, end=at + 1)


def _colour_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_sub_blocks(data: memoryview, at: int) -> int:
    """The offset after the chain's empty sub-block. Raises IndexError if the data ends before it."""
    while size := data[at]:
        at += size + 1
    return at + 1
