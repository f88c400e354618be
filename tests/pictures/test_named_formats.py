"""Facts, decoding, and small copies of the types that only named pictures can have: BMP, TIFF, ICO, and JPEG XL."""

from __future__ import annotations

import io
import random
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders.named_pictures import DECODED_KINDS, NAMED_KINDS, make_named_picture
from builders.pictures import make_picture
from strandline.errors import DecoderUnavailableError, PictureTooLargeError, UndecodablePictureError
from strandline.model.media_types import find_media_type_by_extension
from strandline.pictures.decoding import check_decodes, make_thumbnail
from strandline.pictures.facts import PictureFacts, read_facts

TAKEN_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
JXL = "image/jxl"
ICO = "image/vnd.microsoft.icon"


def _type_of(kind: str) -> str:
    media_type = find_media_type_by_extension(NAMED_KINDS[kind])
    assert media_type is not None
    return media_type.name


def _is_decoded(media_type: str) -> bool:
    from strandline.pictures import vips

    return vips.can_open(media_type)


def _colour(data: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(data)) as image:
        pixel = image.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("kind", DECODED_KINDS)
def test_the_size_is_read(kind: str) -> None:
    """Without a decoder, also if the directory is at the end, and in a BigTIFF."""
    size = (18, 18) if kind.startswith("ico") else (24, 18)
    assert read_facts(make_named_picture(kind), _type_of(kind)) == PictureFacts(*size)


def test_a_tiff_has_exif_of_its_own() -> None:
    """Its first directory is that of the EXIF, so it says when it was taken, and which way is up."""
    data = make_named_picture("tiff", orientation=6, taken_at=TAKEN_AT)
    assert read_facts(data, "image/tiff") == PictureFacts(18, 24, TAKEN_AT, 6)
    small = make_thumbnail(data, "image/tiff", size=100)
    assert (small.width, small.height) == (18, 24)


def test_the_head_of_a_jpeg_xl_is_read() -> None:
    """In a container and without one. The codestream says which way is up, whatever the EXIF says."""
    data = make_named_picture("jxl")
    assert read_facts(data, JXL) == PictureFacts(8, 6, TAKEN_AT)
    with_offset = data.replace(b"\0\0\0\x54ExifMM\0*", b"\0\0\0\x58Exif\0\0\0\0MM\0*")
    assert len(with_offset) == len(data) + 4
    assert read_facts(with_offset, JXL) == PictureFacts(8, 6, TAKEN_AT)
    assert read_facts(make_named_picture("jxl-bare"), JXL) == PictureFacts(8, 6)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ("ff0a3107001388", (300, 200)),
        ("ff0a032d101300", (24, 16)),
        ("ff0a0307000000", (24, 16)),
        ("ff0a41", (8, 8)),
        ("ff0a", (8, 8)),
    ],
)
def test_a_jpeg_xl_gives_its_size_in_few_bits(head: str, size: tuple[int, int]) -> None:
    """In eights, or with a ratio, or with both sides. These heads are libjxl's own."""
    facts = read_facts(bytes.fromhex(head), JXL)
    assert facts.width is not None
    assert facts.height is not None
    if head not in ("ff0a41", "ff0a"):
        assert sorted((facts.width, facts.height)) == sorted(size)


@given(
    st.binary(max_size=400),
    st.sampled_from(["image/bmp", "image/tiff", ICO, JXL]),
    st.sampled_from([*NAMED_KINDS]),
)
def test_any_bytes_have_facts(noise: bytes, media_type: str, kind: str) -> None:
    """Or none. Nothing raises."""
    data = make_named_picture(kind)
    for each in (noise, data[: len(noise)] + noise, data[: len(noise)]):
        facts = read_facts(each, media_type)
        assert facts.width is None or facts.width > 0


@pytest.mark.parametrize("kind", DECODED_KINDS)
def test_what_is_whole_decodes_and_what_is_cut_does_not(kind: str) -> None:
    """A decoder has the last word on a picture with an odd structure, so half of one must not pass."""
    data = make_named_picture(kind)
    check_decodes(data, _type_of(kind))
    for tenth in (1, 3, 5, 7, 9):
        with pytest.raises(UndecodablePictureError):
            check_decodes(data[: len(data) * tenth // 10], _type_of(kind))


@pytest.mark.parametrize("kind", DECODED_KINDS)
def test_small_copies_have_the_colors_of_the_picture(kind: str) -> None:
    """Whatever the compression, the depth, and the color space."""
    data = make_named_picture(kind)
    small = make_thumbnail(data, _type_of(kind), size=12)
    assert small.media_type == "image/webp"
    assert max(small.width, small.height) == 12
    if kind != "tiff-gray16":  # Pillow alone makes it white
        for ours, theirs in zip(_colour(small.data), _colour(data), strict=True):
            assert abs(ours - theirs) < 24


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_gray_is_gray(mode: str) -> None:
    """A picture with more than 256 shades is neither white nor black."""
    shades = Image.linear_gradient("L").convert("I").point(lambda value: value * 257 + 0)
    buffer = io.BytesIO()
    (shades.convert("I;16") if mode == "I;16" else shades.convert(mode)).save(buffer, "TIFF")
    small = make_thumbnail(buffer.getvalue(), "image/tiff", size=32)
    with Image.open(io.BytesIO(small.data)) as image:
        shades_left = image.convert("L").tobytes()
    assert min(shades_left) < 20
    assert max(shades_left) > 235


def test_a_jpeg_xl_needs_a_decoder_that_may_be_missing() -> None:
    """That says nothing about its bytes."""
    if _is_decoded(JXL):
        pytest.skip("the libvips here decodes JPEG XL")
    for look in (check_decodes, lambda data, media_type: make_thumbnail(data, media_type, size=8)):
        with pytest.raises(DecoderUnavailableError, match="cannot decode image/jxl"):
            look(make_named_picture("jxl"), JXL)


def test_an_icon_cannot_hide_a_large_picture() -> None:
    """The size in its directory is one byte. What counts is that of the picture, before anything is decoded."""
    png = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(png, "PNG")
    body = png.getvalue()
    data = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(body), 22) + body
    assert read_facts(data, ICO) == PictureFacts(30_000, 30_000)
    for look in (check_decodes, lambda data, media_type: make_thumbnail(data, media_type, size=8)):
        with pytest.raises(PictureTooLargeError):
            look(data, ICO)


def test_the_largest_picture_of_an_icon_is_shown() -> None:
    """Wherever it is in the directory."""
    buffer = io.BytesIO()
    noise = Image.frombytes("RGBA", (64, 64), random.Random(1).randbytes(64 * 64 * 4))
    noise.save(buffer, "ICO", sizes=[(16, 16), (48, 48), (32, 32)], bitmap_format="bmp")
    small = make_thumbnail(buffer.getvalue(), ICO, size=100)
    assert (small.width, small.height) == (48, 48)


@pytest.mark.parametrize("media_type", ["image/bmp", "image/tiff", ICO])
def test_no_other_decoder_is_tried(media_type: str) -> None:
    """A picture of another type is refused."""
    with pytest.raises(UndecodablePictureError):
        check_decodes(make_picture("png"), media_type)
    with pytest.raises(UndecodablePictureError):
        make_thumbnail(make_picture("png"), media_type, size=8)
