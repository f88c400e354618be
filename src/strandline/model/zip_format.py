"""The ZIP format, written as a stream: stored entries whose size and checksum are known before their bytes. Pure.

So no entry needs a descriptor after its bytes, which some readers do not understand. Sizes, offsets, and counts that
do not fit into the old fields are written in Zip64. The format is PKWARE's APPNOTE 6.3.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

LIMIT_32, LIMIT_16 = 0xFFFFFFFF, 0xFFFF
"""The old fields end here; these values say that Zip64 has the number."""

_UTF8_NAMES = 0x800
_VERSION, _VERSION_ZIP64 = 20, 45
_MADE_ON_UNIX = 3 << 8
_RIGHTS = 0o100644 << 16

_EARLIEST, _LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
"""What fits into the format's dates, which have no zone; these are in UTC."""


class ZipWriter:
    """The parts of one archive around the bytes of its entries. Keeps 60 bytes and the name of each entry.

    Law: the same entries in the same order give the same bytes.
    """

    def __init__(self, *, limit: int = LIMIT_32) -> None:
        """``limit`` is the largest number in an old field, so that tests need no 4 GiB."""
        self._limit = limit
        self._offset = 0
        self._central: list[bytes] = []

    def begin_file(self, name: str, *, size_bytes: int, crc32: int, modified_at: datetime | None) -> bytes:
        """What comes before the bytes of an entry. Its bytes must follow: as many, with this checksum."""
        raw, at = name.encode(), _dos_time(modified_at)
        is_large = size_bytes >= self._limit
        size = LIMIT_32 if is_large else size_bytes
        extra = struct.pack("<HHQQ", 1, 16, size_bytes, size_bytes) if is_large else b""
        version = _VERSION_ZIP64 if is_large else _VERSION
        common = struct.pack("<HHHHIII", _UTF8_NAMES, 0, *at, crc32, size, size)
        head = struct.pack("<4sH", b"PK\x03\x04", version) + common
        head += struct.pack("<HH", len(raw), len(extra)) + raw + extra
        self._central.append(self._list_entry(raw, common, size_bytes if is_large else None))
        self._offset += len(head) + size_bytes
        return head

    def _list_entry(self, raw: bytes, common: bytes, large_size: int | None) -> bytes:
        is_far = self._offset >= self._limit
        numbers = [] if large_size is None else [large_size, large_size]
        numbers += [self._offset] if is_far else []
        extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
        version = _VERSION_ZIP64 if numbers else _VERSION
        offset = LIMIT_32 if is_far else self._offset
        return (
            struct.pack("<4sHH", b"PK\x01\x02", _MADE_ON_UNIX | version, version)
            + common
            + struct.pack("<HHHHHII", len(raw), len(extra), 0, 0, 0, _RIGHTS, offset)
            + raw
            + extra
        )

    def finish(self) -> bytes:
        """The list of all entries, which ends the archive."""
        central, count, begin = b"".join(self._central), len(self._central), self._offset
        end = begin + len(central)
        is_large = count >= min(LIMIT_16, self._limit) or end >= self._limit
        zip64 = b""
        if is_large:
            version = _MADE_ON_UNIX | _VERSION_ZIP64
            zip64 = struct.pack(
                "<4sQHHIIQQQQ", b"PK\x06\x06", 44, version, _VERSION_ZIP64, 0, 0, count, count, len(central), begin
            ) + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)  # fmt: skip
            count, size, begin = LIMIT_16, LIMIT_32, LIMIT_32
        else:
            size = len(central)
        return central + zip64 + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, size, begin, 0)


def _dos_time(at: datetime | None) -> tuple[int, int]:
    """Time and date, to two seconds."""
    known = min(max((at or _EARLIEST).astimezone(UTC), _EARLIEST), _LATEST)
    time = known.hour << 11 | known.minute << 5 | known.second // 2
    return time, (known.year - 1980) << 9 | known.month << 5 | known.day
