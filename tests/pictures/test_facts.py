"""Facts: what a picture says about itself. No bytes make the reading fail or take long."""

from __future__ import annotations

import io
import mmap
import random
import struct
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from builders.hostile_pictures import make_iso_with_endless_index
from builders.pictures import DEFAULT_SIZE, KINDS, extension_of, make_picture
from builders.python_process import run_python
from strandline.model.media_types import MEDIA_TYPES, find_media_type_by_extension
from strandline.pictures.facts import PictureFacts, read_facts

SIZE = (61, 34)
FIXED = ("heic", "heif")
"""Kinds whose pictures are stored, not made."""
WITH_EXIF = [kind for kind in KINDS if extension_of(kind) not in ("gif", "svg")]
TAKEN_AT = datetime(2024, 2, 28, 23, 59, 58, tzinfo=UTC)
NAIVE = TAKEN_AT.replace(tzinfo=None)
DATES = st.datetimes(NAIVE.replace(year=1900), NAIVE.replace(year=2200))


def type_of(kind: str) -> str:
    media_type = find_media_type_by_extension(extension_of(kind))
    assert media_type is not None
    return media_type.name


def make_jpeg_taken(date: str, zone: str | None = None, fraction: str | None = None) -> bytes:
    """A JPEG with these texts in its EXIF."""
    exif = Image.Exif()
    texts = exif.get_ifd(ExifTags.IFD.Exif)
    texts[ExifTags.Base.DateTimeOriginal] = date
    if zone is not None:
        texts[ExifTags.Base.OffsetTimeOriginal] = zone
    if fraction is not None:
        texts[ExifTags.Base.SubsecTimeOriginal] = fraction
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_size_of_every_kind(kind: str) -> None:
    """Width and height of every supported type, including its odd forms."""
    size = DEFAULT_SIZE if kind in FIXED else SIZE
    facts = read_facts(make_picture(kind, size=size), type_of(kind))
    assert facts == PictureFacts(*size)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "webp-lossless"])
def test_size_is_upright(kind: str, orientation: int) -> None:
    """A rotated picture has the width and height that a viewer shows."""
    facts = read_facts(make_picture(kind, size=SIZE, orientation=orientation), type_of(kind))
    assert (facts.width, facts.height) == (SIZE if orientation < 5 else SIZE[::-1])
    assert facts.orientation == orientation


@pytest.mark.parametrize("orientation", [9, 99, 65_535])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    """Only 1 to 8 have a meaning. Other values are ignored."""
    facts = read_facts(make_picture("jpg", size=SIZE, orientation=orientation), "image/jpeg")
    assert facts == PictureFacts(*SIZE)


def test_a_heic_is_turned_once() -> None:
    """A HEIC gives its rotation twice, in its own way and in EXIF. It is applied once."""
    facts = read_facts(make_picture("heic", orientation=6), "image/heic")
    assert (facts.width, facts.height, facts.orientation) == (48, 64, 6)


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_date_of_every_kind_that_has_one(kind: str) -> None:
    """DateTimeOriginal is found wherever the type stores its EXIF, and is read as UTC."""
    facts = read_facts(make_picture(kind, taken_at=TAKEN_AT), type_of(kind))
    assert facts.taken_at == TAKEN_AT


@given(DATES, st.integers(-14 * 60, 14 * 60), st.integers(0, 999))
def test_a_zone_and_a_fraction_count(taken_at: datetime, minutes: int, milliseconds: int) -> None:
    """With a time zone, the time is exact to the millisecond."""
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    data = make_jpeg_taken(
        f"{taken_at:%Y:%m:%d %H:%M:%S}", f"{sign}{hours:02}:{rest:02}", f"{milliseconds:03}"
    )
    zone = timezone(timedelta(minutes=minutes))
    expected = taken_at.replace(microsecond=milliseconds * 1000, tzinfo=zone)
    found = read_facts(data, "image/jpeg").taken_at
    assert found == expected
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "date",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "",
        "2024:13:01 00:00:00",
        "2024:02:30 00:00:00",
        "yesterday",
    ],
)
def test_what_is_no_date_is_none(date: str) -> None:
    """The ways to say "unknown", and dates that do not exist, give None."""
    assert read_facts(make_jpeg_taken(date), "image/jpeg").taken_at is None


@pytest.mark.parametrize(
    ("date", "zone", "expected"),
    [
        ("0001:01:01 00:00:00", "+14:00", None),
        ("2024:05:06 07:08:09", "    ", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024:05:06 07:08:09", "+99:00", None),
    ],
)
def test_odd_zones(date: str, zone: str, expected: datetime | None) -> None:
    """A blank zone counts as none. An invalid one, or one that leaves the calendar, gives no date."""
    assert read_facts(make_jpeg_taken(date, zone), "image/jpeg").taken_at == expected


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('<svg width="30" height="20">', (30, 20)),
        ("<svg width='30px' height='20.4px'>", (30, 20)),
        ('<svg width="1in" height="25.4mm" viewBox="0 0 9 9">', (96, 96)),
        ('<svg viewBox="0 0 30 20">', (30, 20)),
        ('<svg viewBox="-5,-5,30,20" width="100%" height="50%">', (30, 20)),
        ('<svg viewBox="0 0 30 20" width="60">', (60, 40)),
        ('<svg viewBox="0 0 30 20" height="60">', (90, 60)),
        ('<s:svg xmlns:s="http://www.w3.org/2000/svg" width="3e1" height="20">', (30, 20)),
        (
            '<?xml version="1.0"?><!-- <svg width="1"> --><!DOCTYPE svg><svg\nheight="20"\nwidth="30">',
            (30, 20),
        ),
        ('<svg data-width="7" stroke-width="8" width="30" height="20" title="a > b">', (30, 20)),
        ('<svg title="a > b" width="30" height="20">', (30, 20)),
        ('<svg><rect width="30" height="20"/>', (None, None)),
        ('<svg width="0" height="20">', (None, None)),
        ('<svg width="-30" height="20">', (None, None)),
        ('<svg width="1e400" height="20">', (None, None)),
        ('<svg viewBox="0 0 nan inf">', (None, None)),
        ('<svg width="30" height="20', (None, None)),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_size_of_an_svg(root: str, size: tuple[int | None, int | None], encoding: str) -> None:
    """The size is the root's own, in CSS pixels, or that of its view box. Otherwise it is unknown."""
    facts = read_facts(root.encode(encoding), "image/svg+xml")
    assert (facts.width, facts.height) == size


def test_a_stump_says_what_the_whole_says() -> None:
    """The first kilobyte is enough, as while a file arrives: facts prove nothing."""
    data = make_picture("jpg", size=(600, 400), orientation=6, taken_at=TAKEN_AT)
    assert read_facts(data[:1024], "image/jpeg") == read_facts(data, "image/jpeg")


def test_a_mapped_file_reads_as_bytes_do(tmp_path: Path) -> None:
    """A mapped file can be read, and can be closed right after."""
    data = make_picture("webp", size=SIZE, taken_at=TAKEN_AT)
    (tmp_path / "picture").write_bytes(data)
    with open(tmp_path / "picture", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert read_facts(mapped, "image/webp") == read_facts(data, "image/webp")


@given(st.sampled_from(MEDIA_TYPES), st.binary(max_size=200))
def test_no_bytes_make_it_fail(media_type: object, data: bytes) -> None:
    """Whatever the bytes and the given type, there is an answer, and its sizes are positive."""
    name = media_type.name  # type: ignore[attr-defined]
    check_is_sensible(read_facts(data, name))


@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.integers(1, 30), st.floats(0, 1))
def test_no_damage_makes_it_fail(kind: str, seed: int, wounds: int, keep: float) -> None:
    """The same for real pictures with some changed bytes and a missing end."""
    data = bytearray(PICTURES[kind])
    dice = random.Random(seed)
    for _ in range(wounds):
        data[dice.randrange(min(len(data), 600))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    check_is_sensible(read_facts(bytes(data[: int(len(data) * keep)]), type_of(kind)))


PICTURES = {kind: make_picture(kind, taken_at=TAKEN_AT if kind in WITH_EXIF else None) for kind in KINDS}


def check_is_sensible(facts: PictureFacts) -> None:
    assert (facts.width is None) == (facts.height is None)
    assert (facts.width or 1) >= 1
    assert (facts.height or 1) >= 1
    assert 1 <= facts.orientation <= 8


def test_an_unknown_type_has_no_facts() -> None:
    """An unsupported type is no error either."""
    assert read_facts(b"II*\0", "image/tiff") == PictureFacts()


HOSTILE = {
    "an index that never ends": ("image/avif", make_iso_with_endless_index()),
    "a million boxes": ("image/heic", b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\x08free" * 1_000_000),
    "a million segments": ("image/jpeg", b"\xff\xd8" + b"\xff\xe2\x00\x02" * 1_000_000),
    "nothing but fill bytes": ("image/jpeg", b"\xff\xd8" + b"\xff" * 4_000_000),
    "a million chunks": ("image/png", make_picture("png")[:33] + bytes(12) * 1_000_000),
    "a million RIFF chunks": (
        "image/webp",
        b"RIFF\xff\xff\xff\0WEBPVP8X\x0a\0\0\0" + b"\x08" * 10 + (b"abcd" + bytes(4)) * 1_000_000,
    ),
    "an EXIF directory that is its own subdirectory": (
        "image/jpeg",
        b"\xff\xd8\xff\xe1\x00\x28Exif\0\0"
        + struct.pack("<4sIHHHII", b"II*\0", 8, 1, 0x8769, 4, 1, 8)
        + bytes(20),
    ),
    "a million quotes": ("image/svg+xml", b"<svg " + b"a='\" " * 1_000_000),
    "a million comments": ("image/svg+xml", b"<!--" * 1_000_000),
}


@pytest.mark.parametrize(("media_type", "data"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_take_no_time(media_type: str, data: bytes) -> None:
    """Counts and offsets are not trusted: megabytes of hostile data are abandoned within milliseconds."""
    start = time.process_time()
    check_is_sensible(read_facts(data, media_type))
    assert time.process_time() - start < 0.25


def test_no_picture_library_is_loaded() -> None:
    """Facts and even thumbnails do not load a decoder into this process."""
    code = """
import sys
from strandline.pictures import cache, decoding, facts
data = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
assert facts.read_facts(data, "image/svg+xml").width == 9
assert decoding.make_thumbnail(data, "image/svg+xml", size=4).width == 4
print(*({"PIL", "pyvips", "pi_heif", "imagesize", "cffi"} & set(sys.modules)))
"""
    run = run_python(code)
    assert run.stdout.split() == []
