"""EXIF: the two facts that Strandline needs from it: which way is up, and when the picture was taken.

EXIF is a small TIFF file inside a picture: directories of tagged values. It is parsed by hand, because it is read for
every picture that arrives and because nothing in it can be trusted: every offset is checked, and every count has a
limit. Layout: Exif 2.32 (CIPA DC-008), sections 4.6.2 to 4.6.5.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from typing import NamedTuple

MAX_EXIF_BYTES = 1024 * 1024
"""A JPEG cannot hold more than 64 KiB. Other files can, but their directories are near the start."""

_MAX_ENTRIES = 512
"""In one directory. Cameras write about 40."""

_MAX_TEXT_BYTES = 64

_ORIENTATION, _EXIF_DIRECTORY = 0x0112, 0x8769
_TAKEN_AT, _TAKEN_AT_OFFSET, _TAKEN_AT_FRACTION = 0x9003, 0x9011, 0x9291

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}

_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_ZONE = re.compile(r"[+-]\d\d:\d\d", re.ASCII)
_FRACTION = re.compile(r"\d{1,6}", re.ASCII)


class Exif(NamedTuple):
    """What was found."""

    orientation: int = 1
    """1 to 8; 1 (upright) if it is not given or invalid."""
    taken_at: datetime | None = None
    """Aware UTC. A time without a zone is read as UTC: it sorts well, but may be some hours off."""


def read_exif(tiff: bytes | memoryview) -> Exif:
    """Reads the directories of a TIFF structure, the part after ``Exif\0\0`` in a JPEG.

    Never raises, whatever the bytes. Broken or misplaced values count as absent.
    """
    try:
        return _read(tiff)
    except (struct.error, ValueError, OverflowError):
        return Exif()


def _read(tiff: bytes | memoryview) -> Exif:
    order = _BYTE_ORDERS.get(bytes(tiff[:4]))
    if order is None:
        return Exif()
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    picture = _read_directory(tiff, at, order)
    orientation = _number(picture.get(_ORIENTATION))
    more = _number(picture.get(_EXIF_DIRECTORY))
    texts = {} if more is None else _read_directory(tiff, more, order)
    return Exif(
        orientation if orientation is not None and 1 <= orientation <= 8 else 1,
        _parse_taken_at(texts.get(_TAKEN_AT), texts.get(_TAKEN_AT_OFFSET), texts.get(_TAKEN_AT_FRACTION)),
    )


def _read_directory(tiff: bytes | memoryview, at: int, order: str) -> dict[int, int | str]:
    """The values that are one number or a short text, by tag. Other values are skipped."""
    if at + 2 > len(tiff):
        return {}
    (count,) = struct.unpack_from(order + "H", tiff, at)
    count = min(count, _MAX_ENTRIES, (len(tiff) - at - 2) // 12)
    values: dict[int, int | str] = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", tiff, entry)
        if kind == 3 and length == 1:
            (values[tag],) = struct.unpack_from(order + "H", tiff, entry + 8)
        elif kind == 4 and length == 1:
            (values[tag],) = struct.unpack_from(order + "I", tiff, entry + 8)
        elif kind == 2 and length <= _MAX_TEXT_BYTES:
            start = entry + 8 if length <= 4 else struct.unpack_from(order + "I", tiff, entry + 8)[0]
            values[tag] = (
                bytes(tiff[start : start + length]).split(b"\0")[0].decode("ascii", "replace").strip()
            )
    return values


def _number(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None


def _parse_taken_at(
    date: int | str | None, zone: int | str | None, fraction: int | str | None
) -> datetime | None:
    """The time, or None if it is no date. All zeros or all blanks often mean "unknown"."""
    found = _DATE.match(date) if isinstance(date, str) else None
    if found is None:
        return None
    try:
        taken_at = datetime(*(int(part) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
        if isinstance(fraction, str) and (digits := _FRACTION.match(fraction)):
            taken_at = taken_at.replace(microsecond=int(digits[0].ljust(6, "0")))
        if isinstance(zone, str) and _ZONE.fullmatch(zone):
            taken_at = datetime.fromisoformat(taken_at.replace(tzinfo=None).isoformat() + zone).astimezone(
                UTC
            )
    except (ValueError, OverflowError):
        return None
    return taken_at
