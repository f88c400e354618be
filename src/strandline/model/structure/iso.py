"""ISO base media (HEIC, HEIF, AVIF): boxes tile the file, and everything that its indexes name is inside it.

A picture's ``meta`` box has an index of where the bytes of each item (the picture, its tiles, its EXIF) are. An image
sequence has a ``moov`` box with the offset of each chunk of frames. Both must be read, because a file that was cut
between two boxes still tiles. Layouts: ISO/IEC 14496-12, sections 4.2, 8.7.5, and 8.11.3.
"""

from __future__ import annotations

import struct

from strandline.model.structure.boxes import FULL_BOX_BYTES, Box, iter_boxes, iter_boxes_within
from strandline.model.structure.item_locations import check_item_locations
from strandline.model.structure.verdict import NotWholeError, Structure

_CONTAINERS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
"""The path from ``moov`` down to the chunk offsets; four levels at most."""

_CHUNK_OFFSETS = {b"stco": struct.Struct(">I"), b"co64": struct.Struct(">Q")}
_COUNT_BYTES = 4


def walk_iso(data: memoryview) -> Structure:
    """Walks stills and sequences. Reads only box headers and indexes."""
    pictures = 0
    box: Box | None = None
    for box in iter_boxes(data, 0, len(data)):
        if (box.start == 0) != (box.kind == b"ftyp"):
            raise NotWholeError("the first box, and no other, must be ftyp")
        if box.kind == b"meta":
            pictures += check_item_locations(data, box)
        elif box.kind == b"moov":
            pictures += _check_chunk_offsets(data, box)
    if box is None:
        raise NotWholeError("there are no bytes")
    if not pictures:
        raise NotWholeError("the data ends before any picture is named")
    return Structure(whole=True, end=len(data), open_ended=box.is_open_ended)


def _check_chunk_offsets(data: memoryview, container: Box, depth: int = 0) -> int:
    """Checks that every chunk of frames begins within the file. Returns the number of chunks.

    That is enough: a chunk lies in one box, and the walk has checked the end of every box.
    """
    chunks = 0
    for box in iter_boxes_within(data, container):
        if box.kind in _CONTAINERS and depth < len(_CONTAINERS):
            chunks += _check_chunk_offsets(data, box, depth + 1)
        elif number := _CHUNK_OFFSETS.get(box.kind):
            table = data[min(box.body + FULL_BOX_BYTES + _COUNT_BYTES, box.end) : box.end]
            whole_numbers = len(table) // number.size
            for (offset,) in number.iter_unpack(table[: whole_numbers * number.size]):
                if offset >= len(data):
                    raise NotWholeError(f"the data ends before the frames at byte {offset}")
            chunks += whole_numbers
    return chunks
