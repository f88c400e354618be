"""What a walk of PNG, GIF, and WebP detects, case by case."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest

from builders.pictures import make_picture
from strandline.model.media_types import GIF, PNG, WEBP
from strandline.model.structure import walk_structure

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
GIF_HEAD = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
GIF_IMAGE = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"


def _png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))


def _webp(*chunks: bytes, surplus: int = 0) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + surplus) + body


def _webp_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "signature"),
        (PNG_HEAD, "ends before the last chunk, at byte 8"),
        (PNG_HEAD + _png_chunk(b"IEND"), "no pixels"),
        (PNG_HEAD + _png_chunk(b"IDAT", b"x"), "ends before the last chunk, at byte 21"),
        (PNG_HEAD + _png_chunk(b"IDAT", b"x")[:-1], "in the middle of chunk IDAT at byte 8"),
        (PNG_HEAD + _png_chunk(b"IDAT", b"x")[:-1] + b"?", "checksum of chunk IDAT at byte 8"),
        (PNG_HEAD + b"\xff\xff\xff\xffIDAT" + bytes(40), "in the middle of chunk IDAT"),
        (PNG_HEAD + _png_chunk(b"I\0AT", b"x"), "no chunk at byte 8"),
        (PNG_HEAD + bytes(100), "no chunk at byte 8"),
    ],
)
def test_png_that_is_not_whole(data: bytes, reason: str) -> None:
    """Each fault of a PNG is reported with its position."""
    assert reason in walk_structure(data, PNG).reason


def test_every_byte_of_a_png_counts() -> None:
    """One flipped bit anywhere before the end is detected."""
    data = make_picture("png", size=(8, 6))
    for at in range(len(data)):
        assert not walk_structure(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], PNG).whole


@pytest.mark.parametrize(
    "between",
    [
        b"",
        b"\x21\xfe\x03abc\x02de\0",
        b"\x21\xf9\x04\0\0\0\0\0",
        GIF_IMAGE,
        b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x81) + bytes(12) + b"\x02\x01;\0",
    ],
    ids=["nothing", "comment", "control", "second image", "local colours"],
)
def test_gif_blocks_are_stepped_over(between: bytes) -> None:
    """Extensions, color tables, and further images are followed. A semicolon inside them is no trailer."""
    data = GIF_HEAD + between + GIF_IMAGE + b";"
    assert walk_structure(data + b";more", GIF).end == len(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header of a GIF"),
        (b"GIF89a", "ends before the trailer, at byte 6"),
        (GIF_HEAD + b";", "no image"),
        (GIF_HEAD + GIF_IMAGE, "ends before the trailer"),
        (GIF_HEAD + GIF_IMAGE[:-1], "ends before the trailer"),
        (GIF_HEAD + GIF_IMAGE + b"\0;", "no block at byte 28"),
        (b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x87, 0, 0) + GIF_IMAGE + b";", "ends before the trailer"),
    ],
)
def test_gif_that_is_not_whole(data: bytes, reason: str) -> None:
    """Each fault of a GIF is reported."""
    assert reason in walk_structure(data, GIF).reason


@pytest.mark.parametrize(
    "data",
    [
        _webp(_webp_chunk(b"VP8 ", b"even")),
        _webp(_webp_chunk(b"VP8L", b"odd")),
        _webp(_webp_chunk(b"VP8L", b"odd")[:-1]),
        _webp(_webp_chunk(b"VP8X", bytes(10)), _webp_chunk(b"EXIF", b"odd"), _webp_chunk(b"VP8 ", b"")),
        _webp(
            _webp_chunk(b"VP8X", bytes(10)),
            _webp_chunk(b"ANMF", bytes(16) + _webp_chunk(b"ALPH", b"a") + _webp_chunk(b"VP8 ", b"bb")),
        ),
    ],
    ids=["even", "odd", "last padding left out", "extended", "animated"],
)
def test_webp_that_is_whole(data: bytes) -> None:
    """Chunks tile the size in the header, with padding after odd ones. What follows is ignored."""
    assert walk_structure(data, WEBP).end == len(data)
    assert walk_structure(data + b"more", WEBP).end == len(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF", "within its head"),
        (b"RIFX" + bytes(20), "head of a WebP"),
        (b"RIFF\0\0\0\0WEBP", "no chunk at byte 12"),
        (_webp(), "no pixels"),
        (_webp(_webp_chunk(b"EXIF", b"ab")), "no pixels"),
        (_webp(_webp_chunk(b"VP8 ", b"ab"), surplus=1), "says that it has 23 bytes, and there are 22"),
        (_webp(_webp_chunk(b"VP8 ", b"ab"), b"VP8"), "no chunk at byte 22"),
        (_webp(_webp_chunk(b"VP8 ", b"ab"), bytes(8)), "no chunk at byte 22"),
        (_webp(b"VP8 \xff\xff\xff\xff"), "reaches beyond the end"),
        (_webp(_webp_chunk(b"ANMF", b"short")), "no chunk at byte 36"),
        (_webp(_webp_chunk(b"ANMF", bytes(16) + b"VP8 \x09\0\0\0")), "chunk at byte 36 reaches beyond"),
    ],
)
def test_webp_that_is_not_whole(data: bytes, reason: str) -> None:
    """Each fault of a WebP is reported."""
    assert reason in walk_structure(data, WEBP).reason
