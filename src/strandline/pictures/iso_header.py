"""ISO headers: width, height, rotation, and EXIF of HEIC, HEIF, and AVIF, from the ``meta`` box.

The box lists *items* (the picture, its tiles, its EXIF) and *properties*, which it ties to items by number. The
relevant ones are the properties of the primary item, in the order in which they apply: size (``ispe``), crop
(``clap``), rotation (``irot``). What surprises: EXIF's own orientation must not count here (ISO/IEC 23008-12,
section 6.5.10 and annex A.2). Decoders rotate by ``irot`` alone, and cameras write both.
"""

from __future__ import annotations

import struct
from itertools import islice

from strandline.model.structure.boxes import FULL_BOX_BYTES, Box, Fields, iter_boxes, iter_boxes_within
from strandline.pictures.exif import MAX_EXIF_BYTES
from strandline.pictures.headers import MAX_STEPS, Header

_TURNED_LEFT = {0: 1, 1: 8, 2: 3, 3: 6}
"""From quarter turns to the left to the EXIF orientation that means the same."""

Boxes = dict[bytes, Box]


def read_iso_header(data: memoryview) -> Header:
    """Reads indexes only, never pixels.

    Raises:
        NotWholeError, struct.error: The boxes make no sense.
    """
    meta = next(
        (box for box in islice(iter_boxes(data, 0, len(data)), MAX_STEPS) if box.kind == b"meta"), None
    )
    if meta is None:
        return Header()
    children = _children(data, meta.body + FULL_BOX_BYTES, meta.end)
    width, height, orientation = _read_primary_item(data, children)
    return Header(width, height, _read_exif_item(data, children), orientation)


def _children(data: memoryview, start: int, end: int) -> Boxes:
    return {box.kind: box for box in islice(iter_boxes(data, start, end), MAX_STEPS)}


def _read_primary_item(data: memoryview, meta: Boxes) -> tuple[int | None, int | None, int]:
    width = height = None
    orientation = 1
    for box in _properties_of(data, meta, _primary_item(data, meta)):
        if box.kind == b"ispe":
            width, height = struct.unpack_from(">II", data, box.body + FULL_BOX_BYTES)
        elif box.kind == b"clap":
            across, across_by, down, down_by = struct.unpack_from(">IIII", data, box.body)
            if across_by and down_by:
                width, height = across // across_by, down // down_by
        elif box.kind == b"irot":
            orientation = _TURNED_LEFT[data[box.body] & 3]
    return width, height, orientation


def _primary_item(data: memoryview, meta: Boxes) -> int | None:
    box = meta.get(b"pitm")
    if box is None:
        return None
    fields = Fields(data, box.body, box.end)
    version = fields.take(4) >> 24
    return fields.take(4 if version else 2)


def _properties_of(data: memoryview, meta: Boxes, item: int | None) -> list[Box]:
    """The boxes that belong to the item, in order."""
    if b"iprp" not in meta:
        return []
    properties = _children(data, meta[b"iprp"].body, meta[b"iprp"].end)
    index, container = properties.get(b"ipma"), properties.get(b"ipco")
    if index is None or container is None:
        return []
    boxes = list(islice(iter_boxes_within(data, container), MAX_STEPS))
    return [boxes[number - 1] for number in _numbers_of(data, index, item) if 1 <= number <= len(boxes)]


def _numbers_of(data: memoryview, index: Box, item: int | None) -> list[int]:
    """The numbers of the properties that ``ipma`` gives the item, counted from 1."""
    fields = Fields(data, index.body, index.end)
    version_and_flags = fields.take(4)
    id_bytes = 4 if version_and_flags >> 24 else 2
    number_bytes, mask = (2, 0x7FFF) if version_and_flags & 1 else (1, 0x7F)
    for _ in range(min(fields.take(4), MAX_STEPS)):
        tied_to = fields.take(id_bytes)
        numbers = [fields.take(number_bytes) & mask for _ in range(fields.take(1))]
        if tied_to == item:
            return numbers
    return []


def _read_exif_item(data: memoryview, meta: Boxes) -> bytes:
    """The TIFF structure in the first item of kind ``Exif``. The item says where in it the structure begins."""
    item = _find_exif_item(data, meta.get(b"iinf"))
    extent = None if item is None else _find_extent(data, meta, item)
    if extent is None:
        return b""
    start, size_bytes = extent
    (skip,) = struct.unpack_from(">I", data, start)
    return bytes(data[start + 4 + skip : start + min(size_bytes, MAX_EXIF_BYTES)])


def _find_exif_item(data: memoryview, index: Box | None) -> int | None:
    if index is None:
        return None
    count_bytes = 4 if data[index.body] else 2
    entries = iter_boxes(data, index.body + FULL_BOX_BYTES + count_bytes, index.end)
    for entry in islice(entries, MAX_STEPS):
        fields = Fields(data, entry.body, entry.end)
        version = fields.take(4) >> 24
        item = fields.take(4 if version == 3 else 2)
        fields.take(2)  # protection
        if version in (2, 3) and fields.take(4) == int.from_bytes(b"Exif", "big"):
            return item
    return None


def _find_extent(data: memoryview, meta: Boxes, item: int) -> tuple[int, int] | None:
    """Offset and length of the item's bytes. If there are several extents, the first one."""
    index, idat = meta.get(b"iloc"), meta.get(b"idat")
    if index is None:
        return None
    fields = Fields(data, index.body, index.end)
    version = fields.take(4) >> 24
    sizes = fields.take(2)
    offset_bytes, length_bytes, base_bytes, source_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    source_bytes = source_bytes if version else 0
    for _ in range(min(fields.take(4 if version == 2 else 2), MAX_STEPS)):
        found = fields.take(4 if version == 2 else 2)
        method = fields.take(2) & 15 if version else 0
        fields.take(2)  # data reference
        base = fields.take(base_bytes)
        extents = fields.take(2)
        if found == item and extents and method <= 1:
            fields.take(source_bytes)
            start = base + fields.take(offset_bytes) + (idat.body if method and idat else 0)
            return start, fields.take(length_bytes)
        fields.at += extents * (source_bytes + offset_bytes + length_bytes)
    return None
