"""The structure walk of the types that only named pictures can have: BMP, TIFF, ICO, and JPEG XL."""

from __future__ import annotations

import io
import mmap
import random
import struct
import tempfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders.named_pictures import NAMED_KINDS, make_named_picture
from strandline.model.media_types import BMP, ICO, JXL, TIFF, Family, MediaType, sniff_media_type
from strandline.model.structure import Structure, walk_structure

TYPES = (BMP, TIFF, ICO, JXL)
BARE = "jxl-bare"
PICTURES = {kind: make_named_picture(kind) for kind in NAMED_KINDS}


def _type_of(data: bytes) -> MediaType:
    media_type = sniff_media_type(data)
    assert media_type is not None
    return media_type


def _save(picture: Image.Image, pillow_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, pillow_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_real_pictures_are_whole(kind: str) -> None:
    """Every picture is whole. Only a bare codestream of JPEG XL does not say where it ends."""
    data = PICTURES[kind]
    media_type = _type_of(data)
    assert NAMED_KINDS[kind] in media_type.extensions
    structure = walk_structure(data, media_type)
    assert (structure.whole, structure.open_ended, structure.reason) == (True, kind == BARE, "")
    assert structure.end is not None
    assert len(data) - 12 < structure.end <= len(data)  # a writer may pad the last row, or the next directory


@pytest.mark.parametrize("kind", [kind for kind in NAMED_KINDS if kind != BARE])
def test_no_prefix_is_whole(kind: str) -> None:
    """A picture that is cut anywhere before its end is not whole, and there is a reason."""
    data = PICTURES[kind]
    media_type = _type_of(data)
    end = walk_structure(data, media_type).end
    assert end is not None
    for length in range(end):
        structure = walk_structure(data[:length], media_type)
        assert not structure.whole
        assert structure.end is None
        assert structure.reason


def test_a_bare_codestream_never_claims_to_be_complete() -> None:
    """Its prefixes are whole only if nobody writes to them, and those without any pixels not even then."""
    data = PICTURES[BARE]
    for length in range(len(data)):
        structure = walk_structure(data[:length], JXL)
        assert structure.open_ended is structure.whole is (length >= 16)


@given(st.sampled_from([kind for kind in NAMED_KINDS if not kind.startswith("jxl")]), st.binary(max_size=200))
def test_bytes_after_the_end_are_allowed(kind: str, more: bytes) -> None:
    """A whole picture stays whole with the same end if bytes are appended."""
    data = PICTURES[kind]
    media_type = _type_of(data)
    assert walk_structure(data + more, media_type) == walk_structure(data, media_type)


@st.composite
def mutated_pictures(draw: st.DrawFn) -> bytes:
    """A picture with pieces overwritten, removed, doubled, or taken from another picture."""
    data = draw(st.sampled_from(list(PICTURES.values())))
    for _ in range(draw(st.integers(1, 6))):
        at, count = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        other = draw(st.sampled_from(list(PICTURES.values())))
        pieces = [b"", data[at : at + count] * 2, bytes(count), b"\xff" * count, other[:count]]
        piece = draw(st.one_of(st.binary(max_size=12), st.sampled_from(pieces)))
        data = data[:at] + piece + data[at + count :]
    return data


@given(st.one_of(st.binary(max_size=300), mutated_pictures()), st.sampled_from(TYPES))
def test_any_bytes_get_a_verdict(data: bytes, media_type: MediaType) -> None:
    """No bytes raise, whatever the type. A verdict is either whole with an end, or not whole with a reason."""
    for as_type in {media_type, sniff_media_type(data) or media_type}:
        structure = walk_structure(data, as_type)
        assert structure.whole == (structure.reason == "") == (structure.end is not None)
        assert structure.end is None or 0 < structure.end <= len(data)


@given(mutated_pictures())
def test_what_is_whole_ends_where_it_says(data: bytes) -> None:
    """Up to the end it is whole, one byte less is not. This includes broken pictures that happen to be whole."""
    media_type = sniff_media_type(data)
    if media_type is None or media_type.family not in (Family.BMP, Family.TIFF, Family.ICO):
        return
    end = walk_structure(data, media_type).end
    if end is not None:
        assert walk_structure(data[:end], media_type).end == end
        assert not walk_structure(data[: end - 1], media_type).whole


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_mapped_files_are_walked_in_place(kind: str) -> None:
    """A memory-mapped file gets the same verdict as its bytes, and can be closed right after."""
    for part in (PICTURES[kind], PICTURES[kind][:-20]):
        with tempfile.TemporaryFile() as file:
            file.write(part)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                media_type = _type_of(PICTURES[kind])
                assert walk_structure(mapped, media_type) == walk_structure(part, media_type)


@pytest.mark.parametrize("kind", ["bmp", "bmp-gray", "tiff", "tiff-gray16"])
def test_black_is_no_hole_in_plain_pixels(kind: str) -> None:
    """Plain pixels that are zero at the end may be black, or not there yet. So they are whole only if quiet."""
    data = PICTURES[kind]
    hollow = data[:-100] + bytes(100)
    assert walk_structure(hollow, _type_of(data)) == Structure(whole=True, end=len(data), open_ended=True)


@pytest.mark.parametrize("kind", ["tiff-lzw", "tiff-deflate", "tiff-zstd"])
def test_zeros_are_a_hole_in_compressed_pixels(kind: str) -> None:
    """No compressed strip ends in many zeros, so their bytes have not arrived, or the directory has not."""
    data = PICTURES[kind]
    assert not walk_structure(data[:-100] + bytes(100), TIFF).whole


def test_an_icon_of_bitmaps_may_end_in_an_empty_mask() -> None:
    """The mask of an opaque icon is zero. Its pixels decide."""
    mask_bytes = 18 * 4
    data = bytearray(PICTURES["ico-bitmap"] + bytes(mask_bytes))
    struct.pack_into("<I", data, 14, struct.unpack_from("<I", data, 14)[0] + mask_bytes)
    assert not walk_structure(data, ICO).open_ended
    hollow = data[: -mask_bytes - 64] + bytes(mask_bytes + 64)
    assert walk_structure(hollow, ICO) == Structure(whole=True, end=len(data), open_ended=True)


def test_the_claimed_size_of_a_bitmap_does_not_count() -> None:
    """Many programs write a wrong size into the file's header. The pixels decide."""
    data = bytearray(PICTURES["bmp"])
    for claimed in (0, 10, len(data) + 2, 2**32 - 1):
        struct.pack_into("<I", data, 2, claimed)
        assert walk_structure(data, BMP).whole


def test_rows_from_top_to_bottom_are_rows() -> None:
    """A negative height says only in which order they are."""
    data = bytearray(PICTURES["bmp"])
    struct.pack_into("<i", data, 22, -struct.unpack_from("<i", data, 22)[0])
    assert walk_structure(data, BMP).whole


def test_compressed_rows_end_where_the_header_says() -> None:
    """Run-length coding makes the size of the rows the only clue."""
    rows = b"\x18\x05\0\0" * 17 + b"\x18\x05\0\1"
    info = struct.pack("<IiiHHIIiiII", 40, 24, 18, 1, 8, 1, len(rows), 0, 0, 0, 0)
    table = bytes(range(256)) * 4
    offset = 14 + len(info) + len(table)
    data = struct.pack("<2sIHHI", b"BM", offset + len(rows), 0, 0, offset) + info + table + rows
    assert walk_structure(data, BMP) == Structure(whole=True, end=len(data))
    assert not walk_structure(data[:-1], BMP).whole
    assert not walk_structure(data[: -len(rows)] + bytes(len(rows)), BMP).whole


def _tiff(entries: list[tuple[int, int, int, int]], following: int = 0, after: bytes = b"") -> bytes:
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + packed + struct.pack("<I", following) + after


def test_directories_that_lead_in_circles_end() -> None:
    """In the chain, or one inside the other."""
    for entries, following in (([(256, 3, 1, 1)], 8), ([(330, 4, 1, 8), (34665, 4, 1, 8)], 0)):
        assert not walk_structure(_tiff(entries, following), TIFF).whole


def test_a_chain_that_is_as_long_as_the_file_is_walked_once() -> None:
    """Directories without entries, one after the other: the walk gives up after 100,000."""
    count = 200_000
    empty = b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(count))
    began = time.monotonic()
    assert not walk_structure(struct.pack("<2sHI", b"II", 42, 8) + empty, TIFF).whole
    assert time.monotonic() - began < 30


def test_strips_that_are_named_again_and_again_are_counted() -> None:
    """Many directories that share one long table would make the work grow with the square of the size."""
    strips, directories = 50_000, 500
    table_at = 8
    table = struct.pack("<II", 8, 1) * strips
    chain = b""
    at = first = table_at + len(table)
    for _ in range(directories):
        entries = [(273, 4, strips, table_at), (279, 4, strips, table_at + 4 * strips)]
        packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        at += 2 + len(packed) + 4
        chain += struct.pack("<H", len(entries)) + packed + struct.pack("<I", at)
    data = struct.pack("<2sHI", b"II", 42, first) + table + chain + bytes(6)
    began = time.monotonic()
    assert not walk_structure(data, TIFF).whole
    assert time.monotonic() - began < 20


def test_values_outside_of_the_file_are_missing() -> None:
    """Also if their number is as large as a number can be."""
    for count in (100, 2**32 - 1):
        data = _tiff([(256, 3, 1, 1), (257, 3, 1, 1), (270, 2, count, 8)], after=bytes(50))
        assert "before the values" in walk_structure(data, TIFF).reason


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
def test_offsets_of_a_bigtiff_may_be_larger_than_any_file(offset: int) -> None:
    """Of its directory, of values, and of strips."""
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    for entry in (struct.pack("<HHQQ", 270, 2, 99, offset), struct.pack("<HHQQ", 330, 18, 1, offset)):
        data = head + struct.pack("<Q", 1) + entry + struct.pack("<Q", offset)
        assert not walk_structure(data, TIFF).whole
    strip = struct.pack("<HHQQ", 273, 16, 1, offset) + struct.pack("<HHQQ", 279, 16, 1, offset)
    assert not walk_structure(head + struct.pack("<Q", 2) + strip + bytes(8), TIFF).whole
    assert not walk_structure(head[:8] + struct.pack("<Q", offset), TIFF).whole


def test_a_sparse_tile_needs_no_bytes() -> None:
    """Programs leave out empty tiles. One that is there must be in the file."""
    tiles = struct.pack("<4I", 0, 100, 0, 20)
    at = 8 + 2 + 2 * 12 + 4
    data = _tiff([(324, 4, 2, at), (325, 4, 2, at + 8)], after=tiles).ljust(120, b"x")
    assert walk_structure(data, TIFF) == Structure(whole=True, end=120)
    assert not walk_structure(data[:-1], TIFF).whole


def test_icons_that_overlap_do_not_multiply_the_work() -> None:
    """A thousand entries that name the same long PNG."""
    png = _save(Image.frombytes("RGB", (600, 600), random.Random(1).randbytes(1_080_000)), "PNG")
    head = struct.pack("<HHH", 0, 1, 1000)
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16_000)
    began = time.monotonic()
    assert walk_structure(head + entry * 1000 + png, ICO).reason == "its pictures overlap"
    assert time.monotonic() - began < 5


def test_a_damaged_icon_is_not_whole() -> None:
    """The PNG in it has checksums."""
    data = bytearray(PICTURES["ico"])
    data[-30] ^= 1
    assert "checksum" in walk_structure(data, ICO).reason


def test_a_container_needs_the_last_part_of_its_picture() -> None:
    """Programs write the head, then EXIF, then the rest. All boxes tile, also if the rest is missing."""
    data = PICTURES["jxl"]
    cut = data.rindex(b"jxlp") - 4
    assert walk_structure(data[:cut], JXL).reason == "the data ends before the last part of the picture"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["bmp", "tiff-lzw", "tiff-big", "ico", "ico-bitmap", "jxl", BARE])
def test_noise_behind_a_good_head_ends_soon(kind: str) -> None:
    """A megabyte of noise, FF, or zeros after the first half of a picture never delays a walk."""
    head = PICTURES[kind]
    for tail in (random.Random(1).randbytes(1_000_000), b"\xff" * 1_000_000, bytes(1_000_000)):
        walk_structure(head[: len(head) // 2] + tail, _type_of(PICTURES[kind]))
