"""HEICs of many tiles, like those of phones: real pictures of a few kilobytes that keep a decoder busy.

All tiles are the stored picture of ``pictures``, whose bytes are in the file once.
"""

from __future__ import annotations

import struct

from builders.pictures import make_picture

TILE = 64
"""Side in pixels, as stored: decoders crop the stored picture, but not a grid."""


def make_large_heic(seed: int = 0, *, columns: int = 24, rows: int = 16) -> bytes:
    """A whole HEIC of 64 × 64 pixels for each tile; other seeds make other bytes of the same pixels.

    Args:
        seed: Not negative, below 2**64.
        columns: Tiles side by side; all together at most 900, because decoders limit the number of items.
        rows: Tiles on top of each other.
    """
    stored = make_picture("heic", seed=seed)
    tile = _payload_of(stored)
    grid = columns * rows + 1
    size = struct.pack(">II", columns * TILE, rows * TILE)
    properties = [
        _find(stored, b"hvcC"),
        _box(b"ispe", bytes(4) + struct.pack(">II", TILE, TILE)),
        _box(b"ispe", bytes(4) + size),
    ]
    tiles = range(1, grid)
    ties = b"".join(struct.pack(">HBBB", number, 2, 0x81, 2) for number in tiles)
    ties += struct.pack(">HBB", grid, 1, 3)
    shape = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, columns * TILE, rows * TILE)
    kinds = b"".join(_kind(number, b"hvc1") for number in tiles) + _kind(grid, b"grid")
    parts = _box(b"dimg", struct.pack(f">HH{len(tiles)}H", grid, len(tiles), *tiles))

    def index(start: int) -> bytes:
        at = b"".join(struct.pack(">HHHHII", number, 0, 0, 1, start, len(tile)) for number in tiles)
        at += struct.pack(">HHHHII", grid, 1, 0, 1, 0, len(shape))
        return _box(b"iloc", struct.pack(">IBBH", 1 << 24, 0x44, 0, grid) + at)

    def head(start: int) -> bytes:
        meta = [
            _find(stored, b"hdlr"),
            _box(b"pitm", bytes(4) + struct.pack(">H", grid)),
            index(start),
            _box(b"iinf", bytes(4) + struct.pack(">H", grid) + kinds),
            _box(
                b"iprp",
                _box(b"ipco", b"".join(properties))
                + _box(b"ipma", bytes(4) + struct.pack(">I", grid) + ties),
            ),
            _box(b"iref", bytes(4) + parts),
            _box(b"idat", shape),
        ]
        return _find(stored, b"ftyp") + _box(b"meta", bytes(4) + b"".join(meta)) + _find(stored, b"free")

    start = len(head(0)) + 8
    return head(start) + _box(b"mdat", tile)


def _payload_of(stored: bytes) -> bytes:
    """The bytes of the only picture in the stored file, by the offset and length in its index."""
    index = _find(stored, b"iloc")
    at, _, _, size = struct.unpack_from(">IHII", index, 20)
    return stored[at : at + size]


def _kind(number: int, kind: bytes) -> bytes:
    return _box(b"infe", struct.pack(">IHH", 2 << 24, number, 0) + kind + b"\0")


def _find(stored: bytes, kind: bytes) -> bytes:
    """The first box of that kind, whole."""
    at = stored.index(kind) - 4
    (size,) = struct.unpack_from(">I", stored, at)
    return stored[at : at + size]


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body
