"""Hostile pictures: small files that use much memory, much time, or other people's files."""

from __future__ import annotations

import struct
import zlib

from builders.pictures import make_picture

SVG_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def make_png_bomb(side: int = 50_000) -> bytes:
    """A valid one-bit PNG with sides of that many pixels: 2.5 billion pixels in 1.4 MB, whole to its last row."""
    row_bytes = 1 + (side + 7) // 8
    rows = 1_000
    assert side % rows == 0
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    # After a full flush nothing refers back, so one packed piece can be repeated.
    piece = packer.compress(bytes(row_bytes * rows)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = b"\x78\x01" + piece * (side // rows) + packer.flush()
    checksum = 1
    for _ in range(side // rows):
        checksum = zlib.adler32(bytes(row_bytes * rows), checksum)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", packed + struct.pack(">I", checksum)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def make_gif_of_many_frames(frames: int) -> bytes:
    """A whole GIF of frames of one pixel, 16 bytes each."""
    screen = struct.pack("<6sHHBBB", b"GIF89a", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * frames + b";"


def make_jpeg_of_many_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan, which refines every pixel, is repeated many times."""
    data = make_picture("jpg-progressive", size=(512, 512))
    at, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:at] + data[at:end] * scans + data[end:]


def make_svg(body: str, *, before: str = "", size: str = 'width="64" height="64"') -> bytes:
    """An SVG with this body, and something before its root."""
    return f"{before}<svg {SVG_NAMESPACES} {size}>{body}</svg>".encode()


def make_laughing_svg() -> bytes:
    """Ten entities, each ten times the one before: a billion letters."""
    entities = '<!ENTITY a0 "hahahahaha">' + "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)
    )
    return make_svg("<text>&a9;</text>", before=f"<!DOCTYPE svg [{entities}]>")


def make_slow_svg() -> bytes:
    """A valid SVG of one kilobyte whose filters take minutes, at any size."""
    noise = '<feTurbulence baseFrequency="0.01" numOctaves="200"/>' * 50
    filter_ = f'<filter id="f" x="0" y="0" width="1" height="1">{noise}</filter>'
    rect = '<rect width="512" height="512" filter="url(#f)"/>'
    return make_svg(filter_ + rect * 50, size='width="512" height="512"')


def make_svg_that_uses_itself_often() -> bytes:
    """Groups that each draw the one before ten times: ten billion squares."""
    groups = "".join(
        f'<g id="u{level}">{f"""<use xlink:href="#u{level - 1}"/>""" * 10}</g>' for level in range(1, 10)
    )
    return make_svg(f'<defs><rect id="u0" width="9" height="9"/>{groups}</defs><use xlink:href="#u9"/>')


def make_iso_with_endless_index() -> bytes:
    """An AVIF whose index has 65,535 items of 65,535 parts each, none of which takes a byte: 400 KB."""
    items = b"".join(struct.pack(">HHH", number, 0, 0xFFFF) for number in range(1, 0xFFFF))
    index = _box(b"iloc", struct.pack(">IHH", 0, 0, 0xFFFF) + items)
    exif = _box(b"infe", struct.pack(">IHH4s", 2 << 24, 0xFFFF, 0, b"Exif"))
    meta = _box(b"meta", bytes(4) + _box(b"iinf", struct.pack(">IH", 0, 1) + exif) + index)
    return _box(b"ftyp", b"avif\0\0\0\0avifmif1") + meta


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body
