"""Pictures: their type by their first bytes, their end, and what they say about themselves."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.parsers import expat

from PIL import Image

from strandline.model.media_types import (
    MEDIA_TYPES,
    PNG,
    SNIFF_BYTES,
    SVG,
    Family,
    MediaType,
    find_svg_root,
    sniff_media_type,
)
from strandline.model.structure import walk_structure
from strandline.pictures.exif import Exif, read_exif
from strandline.pictures.facts import read_facts

STRETCHED_BYTES = 64 * 1024
"""Work that is more than linear takes seconds at this size, which is the fuzzer's limit."""

STRETCH_EVERY = 16
"""Only inputs whose length is a multiple of this are stretched, because that takes longer than everything else."""

MAX_REASON_LENGTH = 200

_PILLOW_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


def check_sniffing(data: bytes) -> None:
    """A type from the first bytes alone, on which others agree."""
    media_type = sniff_media_type(data)
    assert media_type == sniff_media_type(data[:SNIFF_BYTES])
    root = find_svg_root(data)
    if media_type is SVG:
        assert root is not None
    if root is not None:
        width = 2 if root.encoding.startswith("utf-16") else 1
        assert data[root.offset : root.offset + width].replace(b"\0", b"") == b"<"
    if media_type is not None and media_type.magic is not None:
        assert sniff_media_type(data + b"<svg/>") is media_type
    if _expat_sees_svg(data[:SNIFF_BYTES]):
        assert media_type is not None
    pillow_type = _pillow_type(data)
    if pillow_type is not None:
        assert media_type is not None
        assert media_type.name == pillow_type
    stretched = _stretch(data)
    assert sniff_media_type(stretched) == sniff_media_type(stretched[:SNIFF_BYTES])


class _StopError(Exception):
    """The first tag has been seen."""


def _expat_sees_svg(head: bytes) -> bool:
    """Whether a real XML parser first finds an svg element, after no doctype."""
    names: list[str] = []

    def open_element(name: str, _attributes: dict[str, str]) -> None:
        names.append(name)
        raise _StopError

    def stop(*_: object) -> None:
        raise _StopError

    parser = expat.ParserCreate()
    parser.StartElementHandler = open_element
    parser.StartDoctypeDeclHandler = stop
    try:
        parser.Parse(head, False)
    except (_StopError, expat.ExpatError, LookupError, ValueError):
        pass
    return names == ["svg"]


def _pillow_type(data: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(data), formats=list(_PILLOW_TYPES)) as image:
            return _PILLOW_TYPES[str(image.format)]
    except Exception:  # noqa: BLE001  (Pillow raises anything on hostile bytes; then it has no opinion)
        return None


def structure_check(family: Family) -> Callable[[bytes], None]:
    """The check for one family of pictures. Any bytes are walked as that family."""
    [media_type, *_] = [each for each in MEDIA_TYPES if each.family is family]

    def check_structure(data: bytes) -> None:
        """Later bytes do not change the verdict, and no shorter prefix is whole."""
        _check_verdict(data, media_type)
        walk_structure(_stretch(data), media_type)
        if family is Family.PNG:
            mended = _with_right_checksums(data)
            _check_verdict(mended, media_type)
            _check_pillow_verifies(mended)

    return check_structure


def _check_verdict(data: bytes, media_type: MediaType) -> None:
    found = walk_structure(data, media_type)
    assert found.whole == (found.end is not None) == (not found.reason)
    assert len(found.reason) < MAX_REASON_LENGTH
    assert walk_structure(memoryview(data), media_type) == found
    if found.end is None:
        return
    assert 0 < found.end <= len(data)
    if media_type.family is not Family.ISO:
        assert walk_structure(data[: found.end], media_type) == found
        assert not walk_structure(data[: found.end - 1], media_type).whole
        assert not walk_structure(data[: found.end // 2], media_type).whole
        for more in (b"\0" * 64, b"\n", data[:40]):
            assert walk_structure(data + more, media_type) == found
    elif not found.open_ended:
        assert found.end == len(data)
        _check_cut_iso(data, media_type)


def _check_cut_iso(data: bytes, media_type: MediaType) -> None:
    """Without one or more bytes, the boxes do not tile the file."""
    for lost in (1, 7):
        assert not walk_structure(data[:-lost], media_type).whole


def _with_right_checksums(data: bytes) -> bytes:
    """The same chunks, as far as they go, with correct checksums."""
    mended = bytearray(data)
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        struct.pack_into(">I", mended, at + 8 + length, zlib.crc32(mended[at + 4 : at + 8 + length]))
        at += 12 + length
    return bytes(mended)


def _check_pillow_verifies(data: bytes) -> None:
    """Pillow's own walk over the chunks agrees if Pillow accepts the header.

    It is less strict in two ways: it ignores the content of ``IEND``, and allows digits in the name of a chunk.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    except Exception:  # noqa: BLE001  (it says no more than that Pillow wants another header)
        return
    if not image.tile:
        return
    try:
        image.verify()
    except (OSError, SyntaxError):
        passed = False
    else:
        passed = True
    found = walk_structure(data, PNG)
    is_stricter = "IEND" in found.reason or found.reason.startswith("there is no chunk")
    assert found.whole == passed or (passed and is_stricter)


def check_facts(data: bytes) -> None:
    """Sizes are plausible, whatever type is assumed."""
    sniffed = sniff_media_type(data)
    for media_type in {sniffed, MEDIA_TYPES[len(data) % len(MEDIA_TYPES)]} - {None}:
        assert media_type is not None
        facts = read_facts(data, media_type.name)
        assert (facts.width is None) == (facts.height is None)
        assert facts.width is None or facts.width >= 1
        assert facts.height is None or facts.height >= 1
        assert 1 <= facts.orientation <= 8
        assert facts.taken_at is None or facts.taken_at.tzinfo is UTC
        read_facts(_stretch(data), media_type.name)


_TIFF = {"<": b"II*\0", ">": b"MM\0*"}


def check_exif(data: bytes) -> None:
    """Any bytes as EXIF. Correct EXIF is read, whatever surrounds it."""
    found = read_exif(data)
    assert 1 <= found.orientation <= 8
    assert found.taken_at is None or found.taken_at.tzinfo is UTC
    read_exif(_stretch(data))
    if len(data) >= 10:
        _check_exif_round_trip(data)


def _check_exif_round_trip(data: bytes) -> None:
    order = "<" if data[0] & 1 else ">"
    orientation = data[0] % 8 + 1
    (seconds,) = struct.unpack_from(">I", data, 1)
    taken_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    rubbish = data[5:]
    # Header, garbage, then the two directories and the text that the second one refers to.
    first = 8 + len(rubbish)
    second, text = first + 2 + 2 * 12, first + 2 + 2 * 12 + 2 + 12
    tiff = (
        _TIFF[order]
        + struct.pack(order + "I", first)
        + rubbish
        + struct.pack(order + "HHHIHHHHII", 2, 0x0112, 3, 1, orientation, 0, 0x8769, 4, 1, second)
        + struct.pack(order + "HHHII", 1, 0x9003, 2, 20, text)
        + taken_at.strftime("%Y:%m:%d %H:%M:%S").encode()
        + b"\0"
        + rubbish
    )
    assert read_exif(tiff) == Exif(orientation, taken_at)


def _stretch(data: bytes) -> bytes:
    """The data with its middle third repeated, to a size at which slow matching shows. Most data stays unchanged."""
    if len(data) % STRETCH_EVERY:
        return data
    third = len(data) // 3
    middle = data[third : 2 * third] or b" "
    return data[:third] + middle * (STRETCHED_BYTES // len(middle)) + data[2 * third :]
