"""Decoding: whole pictures pass, cut ones do not, and too large ones are not even tried."""

from __future__ import annotations

import io
import mmap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.hostile_pictures import (
    make_gif_of_many_frames,
    make_jpeg_of_many_scans,
    make_laughing_svg,
    make_png_bomb,
    make_slow_svg,
    make_svg,
    make_svg_that_uses_itself_often,
)
from builders.pictures import KINDS, extension_of, make_picture, make_pixels
from strandline.errors import PictureTooLargeError, UndecodablePictureError
from strandline.model.media_types import MEDIA_TYPES, find_media_type_by_extension
from strandline.pictures.decoding import check_decodes, make_thumbnail

STILL_RUNNING_S = 8.0
"""Generous: the test only checks that hostile pictures end at all, even on a busy machine."""

Look = Callable[..., object]

PICTURES = {kind: make_picture(kind) for kind in KINDS}
ZEROS_ARE_SEEN = [kind for kind in KINDS if extension_of(kind) not in ("webp", "heic", "heif")]


def type_of(kind: str) -> str:
    media_type = find_media_type_by_extension(extension_of(kind))
    assert media_type is not None
    return media_type.name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_whole_decodes(kind: str) -> None:
    """This holds for every kind, also with bytes after its end."""
    check_decodes(PICTURES[kind], type_of(kind))
    if extension_of(kind) not in ("svg", "heic", "heif", "avif", "webp"):
        check_decodes(PICTURES[kind] + b"motion photo", type_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_does_not(kind: str) -> None:
    """A picture that is cut anywhere is rejected: half a picture never passes for a whole one."""
    data = PICTURES[kind]
    cuts = {len(data) * tenth // 10 for tenth in range(10)} | {len(data) * 99 // 100}
    for cut in sorted(cuts):
        with pytest.raises(UndecodablePictureError):
            check_decodes(data[:cut], type_of(kind))


@pytest.mark.parametrize("kind", ZEROS_ARE_SEEN)
def test_holes_are_seen_where_the_format_allows(kind: str) -> None:
    """Reserved space that is not yet filled is rejected. (WebP and HEIC decode it to something.)"""
    data = PICTURES[kind]
    for tenth in (1, 3, 5, 8):
        cut = len(data) * tenth // 10
        with pytest.raises(UndecodablePictureError):
            check_decodes(data[:cut] + bytes(len(data) - cut), type_of(kind))


@pytest.mark.parametrize("name", [media_type.name for media_type in MEDIA_TYPES])
def test_bytes_are_taken_for_nothing_but_the_given_type(name: str) -> None:
    """The bytes never choose the decoder: each type's decoder rejects all other types."""
    family = "image/heic" if name == "image/heif" else name
    for kind in ("jpg", "png", "gif", "webp", "svg", "avif", "heic"):
        if type_of(kind) != family:
            with pytest.raises(UndecodablePictureError):
                check_decodes(PICTURES[kind], name)


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"<html></html>", b"II*\0" + bytes(100), b"%PDF-1.7\n"])
def test_what_is_no_picture_is_undecodable(data: bytes) -> None:
    """Empty files, zeros, and types that the libraries could read but Strandline does not support."""
    for media_type in MEDIA_TYPES:
        for look in (check_decodes, make_small):
            with pytest.raises(UndecodablePictureError):
                look(data, media_type.name)


def make_small(data: bytes, media_type: str) -> None:
    make_thumbnail(data, media_type, size=50)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "svg"])
@pytest.mark.parametrize("look", [check_decodes, make_thumbnail])
def test_too_many_pixels_are_refused(kind: str, look: Look) -> None:
    """One pixel over the limit is rejected in every type. At the limit, it is decoded."""
    options = {"size": 10} if look is make_thumbnail else {}
    pixels = 64 * 48
    look(PICTURES[kind], type_of(kind), max_pixels=pixels, **options)
    with pytest.raises(PictureTooLargeError) as caught:
        look(PICTURES[kind], type_of(kind), max_pixels=pixels - 1, **options)
    assert caught.value.facts == {"pixels": pixels, "max_pixels": pixels - 1}


@pytest.mark.parametrize("kind", ["gif", "webp", "avif"])
def test_frames_count_together(kind: str) -> None:
    """An animation may have at most ten times the pixels of a still."""
    check_decodes(make_animation(kind, 10), type_of(kind), max_pixels=32 * 32)
    with pytest.raises(PictureTooLargeError):
        check_decodes(make_animation(kind, 11), type_of(kind), max_pixels=32 * 32)


def make_animation(kind: str, frames: int) -> bytes:
    file = io.BytesIO()
    first, *more = (make_pixels(number, (32, 32)) for number in range(frames))
    first.save(file, kind.upper(), save_all=True, append_images=more, duration=100)
    return file.getvalue()


def test_a_bomb_is_not_lit() -> None:
    """2.5 billion pixels in 1.4 MB are rejected at once, by the header, before a row is decoded."""
    bomb = make_png_bomb()
    assert len(bomb) < 1_500_000
    check_decodes(PICTURES["png"], "image/png")  # a decoder is running
    for look in (check_decodes, make_small):
        start = time.monotonic()
        with pytest.raises(PictureTooLargeError) as caught:
            look(bomb, "image/png")
        assert "pixels" in caught.value.facts, "refused by its size, not for the time that it took"
        assert time.monotonic() - start < STILL_RUNNING_S


@pytest.mark.parametrize(
    ("kind", "field", "huge"),
    [
        ("jpg", b"\x00\x30\x00\x40", b"\xff\xff\xff\xff"),
        ("gif", b"\x40\x00\x30\x00", b"\xff\xff\xff\xff"),
        ("webp", b"\x9d\x01\x2a\x40\x00\x30\x00", b"\x9d\x01\x2a\xff\x3f\xff\x3f"),
        ("avif", b"\0\0\0\x40\0\0\0\x30", b"\0\0\xff\xff\0\0\xff\xff"),
        ("heic", b"\0\0\0\x40\0\0\0\x40", b"\0\0\xff\xff\0\0\xff\xff"),
    ],
)
def test_a_lie_about_the_size_harms_nobody(kind: str, field: bytes, huge: bytes) -> None:
    """A tiny file that claims to be 65,535 pixels wide is rejected at once, as too large or as nonsense."""
    assert field in PICTURES[kind]
    liar = PICTURES[kind].replace(field, huge)
    for look in (check_decodes, make_small):
        start = time.monotonic()
        with pytest.raises((PictureTooLargeError, UndecodablePictureError)):
            look(liar, type_of(kind))
        assert time.monotonic() - start < STILL_RUNNING_S


def test_entities_do_not_multiply() -> None:
    """A billion laughs is rejected before it is expanded."""
    for look in (check_decodes, make_small):
        start = time.monotonic()
        with pytest.raises(UndecodablePictureError):
            look(make_laughing_svg(), "image/svg+xml")
        assert time.monotonic() - start < STILL_RUNNING_S


@pytest.mark.slow
@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/svg+xml", make_slow_svg()),
        ("image/svg+xml", make_svg_that_uses_itself_often()),
        ("image/svg+xml", make_svg("<g>" * 200_000 + "</g>" * 200_000)),
        ("image/gif", make_gif_of_many_frames(1_000_000)),
        ("image/jpeg", make_jpeg_of_many_scans(200)),
    ],
    ids=["filters", "uses", "depth", "frames", "scans"],
)
def test_time_is_up_whatever_the_decoder_is_doing(media_type: str, data: bytes) -> None:
    """A picture that would take minutes is abandoned, and the next one decodes normally."""
    check_decodes(PICTURES["png"], "image/png")  # a decoder is running
    start = time.monotonic()
    with pytest.raises((PictureTooLargeError, UndecodablePictureError)):
        check_decodes(data, media_type, timeout_s=0.5)
    assert time.monotonic() - start < STILL_RUNNING_S
    check_decodes(PICTURES["png"], "image/png")


def test_the_message_says_that_time_was_up() -> None:
    """A slow picture is not called broken: the message says which limit was exceeded."""
    with pytest.raises(PictureTooLargeError, match=r"longer than 0\.3 s") as caught:
        check_decodes(make_slow_svg(), "image/svg+xml", timeout_s=0.3)
    assert caught.value.facts == {"timeout_s": 0.3}


def test_a_mapped_file_decodes_as_bytes_do(tmp_path: Path) -> None:
    """A mapped file can be decoded, and can be closed right after."""
    (tmp_path / "picture").write_bytes(PICTURES["jpg"])
    with open(tmp_path / "picture", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        check_decodes(mapped, "image/jpeg")


@pytest.mark.parametrize("kind", KINDS)
def test_messages_are_one_line_for_people(kind: str) -> None:
    """A decoder's message becomes one line, without memory addresses."""
    with pytest.raises(UndecodablePictureError) as caught:
        check_decodes(PICTURES[kind][: len(PICTURES[kind]) // 2], type_of(kind))
    message = caught.value.message
    assert "\n" not in message
    assert "0x" not in message
    assert "unable to call" not in message
