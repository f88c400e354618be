"""What a walk of a JPEG detects, case by case."""

from __future__ import annotations

from datetime import datetime

import pytest

from builders.pictures import make_picture
from strandline.model.media_types import JPEG
from strandline.model.structure import walk_structure

PICTURE = make_picture("jpg")
START, REST = PICTURE[:2], PICTURE[2:]
END = b"\xff\xd9"


def _segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + (len(body) + 2).to_bytes(2, "big") + body


SCAN = _segment(0xDA, bytes(10))


@pytest.mark.parametrize(
    "data",
    [
        PICTURE,
        make_picture("jpg-progressive"),
        make_picture("jpg-restarts"),
        make_picture("jpg", orientation=6, taken_at=datetime(2020, 1, 2), gps=True),  # noqa: DTZ001
        START + _segment(0xE1, b"Exif\0\0" + PICTURE) + REST,
        START + _segment(0xE1, PICTURE) + _segment(0xE2, b"MPF\0" + END) + REST,
        START + b"\xff\xff\xff" + REST,
        START + b"\xff\x01\xff\xd3" + REST,
        PICTURE[:-2] + b"\xff\xff\xff" + END,
        START + SCAN + b"ab\xff\0\xff\0\xff\xd0cd\xff\xd7\xff\0" + END,
        START + SCAN + END,
        START + SCAN + b"ab" + _segment(0xC4, b"table") + SCAN + b"cd" + END,
    ],
    ids=[
        "baseline",
        "progressive",
        "restart markers",
        "exif",
        "thumbnail",
        "thumbnail and multi-picture index",
        "fill bytes",
        "markers without length",
        "fill bytes before the end",
        "stuffed bytes",
        "empty scan",
        "two scans",
    ],
)
@pytest.mark.parametrize(
    "more", [b"", b"\n", PICTURE, b"\0\0\0\x18ftypmp42"], ids=["", "line", "mpf", "motion"]
)
def test_jpeg_that_is_whole(data: bytes, more: bytes) -> None:
    """The walk ends at the picture's own end marker, not at a thumbnail's and not at appended data."""
    assert walk_structure(data + more, JPEG).end == len(data)


def test_the_restart_picture_has_restart_markers() -> None:
    """The builder's picture of that kind really has restart markers."""
    assert b"\xff\xd0" in make_picture("jpg-restarts")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "start marker"),
        (START, "ends before the end marker, at byte 2"),
        (START + END, "no scan"),
        (START + b"\xff", "ends before the end marker, at byte 2"),
        (START + b"\0" * 9, "no marker at byte 2"),
        (START + b"\xff\0" + REST, "marker 00 cannot stand at byte 2"),
        (START + b"\xff\x4f" + REST, "marker 4F cannot stand at byte 2"),
        (START + b"\xff\xe0", "in the middle of segment E0 at byte 2"),
        (START + b"\xff\xe0\0\x09abc", "in the middle of segment E0 at byte 2"),
        (START + b"\xff\xe0\0\1" + REST, "segment E0 at byte 2 has no length"),
        (START + SCAN + b"abc", "in the middle of the scan that begins at byte 16"),
        (START + SCAN + b"abc\xff", "in the middle of the scan"),
        (START + SCAN + b"abc" + bytes(5000), "in the middle of the scan"),
        (START + SCAN + b"abc" + PICTURE, "marker D8 cannot stand at byte 19"),
    ],
)
def test_jpeg_that_is_not_whole(data: bytes, reason: str) -> None:
    """Each fault is reported with its position. The end marker of another picture after half a picture does not
    count.
    """
    assert reason in walk_structure(data, JPEG).reason
