"""What a walk of HEIC, HEIF, and AVIF detects, case by case."""

from __future__ import annotations

import pytest

from builders.pictures import make_picture
from strandline.model.media_types import AVIF, HEIC
from strandline.model.structure import Structure, ends_in_zeros, walk_structure

Extent = tuple[int, int]


def _number(value: int, size_bytes: int) -> bytes:
    return value.to_bytes(size_bytes, "big")


def _box(kind: bytes, body: bytes = b"") -> bytes:
    return _number(8 + len(body), 4) + kind + body


def _item(
    extents: list[Extent], *, version: int, method: int = 0, base: int = 0, item: int = 1, width: int = 4
) -> bytes:
    head = _number(item, 4 if version == 2 else 2) + (_number(method, 2) if version else b"") + _number(0, 2)
    body = b"".join(_number(offset, width) + _number(length, width) for offset, length in extents)
    return head + _number(base, width) + _number(len(extents), 2) + body


def _iloc(*items: bytes, version: int = 0, width: int = 4, widths: int | None = None) -> bytes:
    packed = (width << 12 | width << 8 | width << 4) if widths is None else widths
    count = _number(len(items), 4 if version == 2 else 2)
    return _box(b"iloc", _number(version << 24, 4) + _number(packed, 2) + count + b"".join(items))


def _meta(*children: bytes) -> bytes:
    return _box(b"meta", bytes(4) + b"".join(children))


FTYP = _box(b"ftyp", b"avif" + bytes(4) + b"mif1")
IDAT = _box(b"idat", bytes(range(100)))
PIXELS = bytes(range(100)) * 3
MDAT = _box(b"mdat", PIXELS)
SIZE_OF_ALL = len(FTYP) + len(_meta(_iloc(_item([(0, 0)], version=0)))) + len(MDAT)


def _file(*meta: bytes, tail: bytes = MDAT) -> bytes:
    return FTYP + _meta(*meta) + tail


def _index(*extents: Extent, version: int = 0, method: int = 0, base: int = 0, width: int = 4) -> bytes:
    item = _item(list(extents), version=version, method=method, base=base, width=width)
    return _iloc(item, version=version, width=width)


@pytest.mark.parametrize(
    "data",
    [
        _file(_index((100, 200))),
        _file(_index((0, SIZE_OF_ALL))),
        _file(_index((100, 0))),
        _file(_index((10, 20), base=100)),
        _file(_index((100, 20), (130, 20), version=1)),
        _file(_index((100, 200), version=2)),
        _file(_index((100, 200), version=2, width=8, base=1)),
        _file(_index((0, 100), version=1, method=1), IDAT),
        _file(_index((99, 1), version=1, method=1), IDAT),
        _file(_index((20, 0), version=2, method=1), IDAT),
        FTYP + MDAT + _meta(_index((30, 200))),
        _file(_index((100, 200)), tail=_number(1, 4) + b"mdat" + _number(16 + len(PIXELS), 8) + PIXELS),
        _file(_index((100, 200)), tail=_box(b"uuid", PIXELS)),
    ],
    ids=[
        "version 0",
        "up to the last byte",
        "length 0: to the end",
        "base offset",
        "version 1, two extents",
        "version 2",
        "numbers of 8 bytes",
        "all of idat",
        "the end of idat",
        "length 0: to the end of idat",
        "index behind the data",
        "box size of 64 bits",
        "other boxes",
    ],
)
def test_extents_within_the_file(data: bytes) -> None:
    """All versions of the index, both kinds of storage, and all widths of numbers are read."""
    assert walk_structure(data, AVIF) == Structure(whole=True, end=len(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no bytes"),
        (MDAT + FTYP, "must be ftyp"),
        (FTYP + FTYP, "must be ftyp"),
        (FTYP, "before any picture is named"),
        (FTYP + MDAT, "before any picture is named"),
        (_file(), "before any picture is named"),
        (_file(_iloc()), "before any picture is named"),
        (_file(_index((100, 200)), tail=b""), "the data ends before item 1, which reaches 234 bytes further"),
        (_file(_index((0, SIZE_OF_ALL + 1))), "before item 1, which reaches 1 bytes further"),
        (_file(_index((SIZE_OF_ALL + 1, 0))), "before item 1"),
        (_file(_index((10, 20), base=SIZE_OF_ALL)), "before item 1"),
        (_file(_index((100, 2**63), width=8)), "before item 1"),
        (_file(_index((1, 100), version=1, method=1), IDAT), "its idat box ends before item 1"),
        (_file(_index((0, 100), version=1, method=1)), "its idat box ends before item 1"),
        (_file(_index((0, 1), version=1, method=3)), "item 1 is made in an unknown way"),
        (_file(_index((0, 1), version=3)), "unknown layout"),
        (_file(_iloc(widths=0x5400)), "unknown layout"),
        (_file(_iloc(widths=0x4402, version=1)), "unknown layout"),
        (_file(_box(b"iloc", b"\0\0")), "too short"),
        (_file(_index((100, 200))[:-1]), "in the middle of box iloc"),
        (_file(_box(b"iloc", bytes(4) + b"\x44\x40\xff\xff")), "too short"),
        (_file(_box(b"iloc", bytes(3 * 1024 * 1024))), "too long"),
        (_file(_index((0, 9)), tail=MDAT[:-1]), "in the middle of box mdat"),
        (_file(_index((0, 9)), tail=MDAT + b"\n"), "too short"),
        (_file(_index((0, 9)), tail=MDAT + bytes(64)), "no box at byte"),
        (_file(_index((0, 9)), tail=_number(7, 4) + b"free"), "no box at byte"),
        (_file(_index((0, 9)), tail=_number(1, 4) + b"mdat" + _number(15, 8)), "no box at byte"),
        (_file(_index((0, 9)), tail=_number(1, 4) + b"mdat" + _number(2**64 - 1, 8)), "middle of box mdat"),
    ],
)
def test_iso_that_is_not_whole(data: bytes, reason: str) -> None:
    """Each fault is reported: boxes that do not tile, extents out of range, indexes that make no sense."""
    structure = walk_structure(data, AVIF)
    assert not structure.whole
    assert reason in structure.reason


def _made_of_items(end: int, *, source: int = 2, base_method: int = 0) -> bytes:
    """Item 1 is the first ``end`` bytes of item 2 (its source by reference), which has 150 bytes."""
    made = _item([(0, end)], version=1, method=2)
    plain = _item([(100, 100), (220, 50)], version=1, method=base_method, item=2)
    reference = _box(b"iref", bytes(4) + _box(b"iloc", _number(1, 2) + _number(1, 2) + _number(source, 2)))
    return _file(_iloc(made, plain, version=1), reference, IDAT)


def test_an_item_made_of_another_item() -> None:
    """Construction method 2: the extent must be within the bytes of the other item."""
    assert walk_structure(_made_of_items(150), AVIF).whole
    assert "not there" in walk_structure(_made_of_items(151), AVIF).reason
    assert "not there" in walk_structure(_made_of_items(1, source=3), AVIF).reason
    assert "not there" in walk_structure(_made_of_items(1, source=1), AVIF).reason
    assert "not there" in walk_structure(_file(_index((0, 1), version=1, method=2)), AVIF).reason


def test_an_open_ended_last_box() -> None:
    """A last box of size 0 extends to the end of the file. It is whole if all extents fit, and the verdict says
    so.
    """
    data = _file(_index((100, 150)), tail=bytes(4) + MDAT[4:])
    assert walk_structure(data, AVIF) == Structure(whole=True, end=len(data), open_ended=True)
    assert walk_structure(data[:250], AVIF) == Structure(whole=True, end=250, open_ended=True)
    assert not walk_structure(data[:249], AVIF).whole


def _moov(offsets: list[int], *, kind: bytes = b"stco", width: int = 4) -> bytes:
    table = bytes(4) + _number(len(offsets), 4) + b"".join(_number(offset, width) for offset in offsets)
    box = _box(kind, table)
    for container in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        box = _box(container, _box(b"free") + box)
    return box


@pytest.mark.parametrize(("kind", "width"), [(b"stco", 4), (b"co64", 8)])
def test_chunks_of_an_image_sequence(kind: bytes, width: int) -> None:
    """A sequence that was cut before the box with its frames still tiles, but its chunk offsets are out of range."""
    moov = _moov([200, 300], kind=kind, width=width)
    assert walk_structure(FTYP + moov + MDAT, AVIF).whole
    assert "before the frames at byte 200" in walk_structure(FTYP + moov, AVIF).reason
    assert "before any picture" in walk_structure(FTYP + _moov([]) + MDAT, AVIF).reason


def test_a_sequence_is_cut_between_its_boxes() -> None:
    """The same for real files: without its last box, neither a sequence nor a still is whole."""
    for kind, media_type in (("avif-animated", AVIF), ("avif", AVIF), ("heic", HEIC)):
        data = make_picture(kind)
        assert not walk_structure(data[: data.rindex(b"mdat") - 4], media_type).whole


def test_zeros_inside_the_last_box_are_for_the_caller_to_see() -> None:
    """This documents what a walk cannot detect: half of the pixels are zero, and the boxes still tile."""
    data = make_picture("heic")
    hollow = data[:-400] + bytes(400)
    assert walk_structure(hollow, HEIC).whole
    assert ends_in_zeros(hollow)


@pytest.mark.slow
@pytest.mark.timeout(20)
def test_an_index_cannot_promise_work_that_takes_no_bytes() -> None:
    """Items with 65,535 extents of zero bytes each, and nested containers, are handled at once."""
    item = _number(1, 2) + _number(0, 2) + _number(0xFFFF, 2)
    assert walk_structure(_file(_iloc(*[item] * 60_000, widths=0)), AVIF).whole
    nested = b""
    for _ in range(2_000):
        nested = _box(b"trak", nested)
    assert not walk_structure(FTYP + _box(b"moov", nested), AVIF).whole
    assert "too many parts" in walk_structure(FTYP + _box(b"free") * 1_000_001, AVIF).reason
