"""TIFF: every directory, every value, and every strip or tile that they name is in the file.

A directory can be anywhere, and most programs write it after the pixels. Nothing in it is believed: directories are
visited once, and all their parts together are counted. TIFF 6.0; BigTIFF has the same parts with wider numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from strandline.model.structure.verdict import (
    MAX_PARTS,
    TOO_MANY_PARTS,
    NotWholeError,
    Structure,
    ends_in_zeros,
)

WIDTH, HEIGHT = 256, 257
_COMPRESSION = 259
_PLAIN = (None, 1)
_PIXELS = ((273, 279), (324, 325), (513, 514))
"""Offsets and sizes of strips, of tiles, and of an old-style JPEG."""
_SUB_DIRECTORIES = (330, 34665, 34853, 40965)
"""Smaller or larger versions of the picture, EXIF, GPS, and interoperability."""

_DIRECTORY_PARTS = 10
"""What a directory counts for, besides its entries: about as much work as ten of them."""

_VALUE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


class Value(NamedTuple):
    """One entry of a directory: where its values are."""

    kind: int
    length: int
    at: int
    end: int


class Form(NamedTuple):
    """Byte order and width of numbers."""

    order: str
    """The ``struct`` code of the byte order."""
    is_big: bool

    @property
    def offset_code(self) -> str:
        """The ``struct`` code of an offset."""
        return self.order + ("Q" if self.is_big else "I")


_FORMS = {
    b"II*\0": Form("<", is_big=False),
    b"MM\0*": Form(">", is_big=False),
    b"II+\0": Form("<", is_big=True),
    b"MM\0+": Form(">", is_big=True),
}


def read_form(data: memoryview) -> tuple[Form, int]:
    """The form, and the offset of the first directory.

    Raises:
        NotWholeError: It is no TIFF.
        struct.error: It ends within its head.
    """
    form = _FORMS.get(bytes(data[:4]))
    if form is None:
        raise NotWholeError("the head of a TIFF is missing")
    return form, struct.unpack_from(form.offset_code, data, 8 if form.is_big else 4)[0]


def read_directory(
    data: memoryview, form: Form, at: int, budget: int = MAX_PARTS
) -> tuple[dict[int, Value], int]:
    """The values of the directory at an offset, by tag, and the offset of the next one (0 if there is none).

    Raises:
        NotWholeError: It has more entries than the budget, or is not inside the file.
        struct.error: It ends within its first number.
    """
    count_code, entry_bytes = ("Q", 20) if form.is_big else ("H", 12)
    if at >= len(data):  # it may be more than struct can take
        raise NotWholeError(f"the data ends before the directory at byte {at}")
    (count,) = struct.unpack_from(form.order + count_code, data, at)
    first = at + struct.calcsize(form.order + count_code)
    if count > budget:
        raise NotWholeError(TOO_MANY_PARTS)
    if first + count * entry_bytes > len(data):
        raise NotWholeError(f"the data ends in the middle of the directory at byte {at}")
    inline_bytes = struct.calcsize(form.offset_code)
    head = struct.Struct(form.order + ("HHQ" if form.is_big else "HHI"))
    values = {}
    for entry in range(first, first + count * entry_bytes, entry_bytes):
        tag, kind, length = head.unpack_from(data, entry)
        start = entry + head.size
        size = length * _VALUE_BYTES.get(kind, 0)
        if size > inline_bytes:
            (start,) = struct.unpack_from(form.offset_code, data, start)
        values[tag] = Value(kind, length, start, start + size)
    (following,) = struct.unpack_from(form.offset_code, data, first + count * entry_bytes)
    return values, following


def iter_numbers(data: memoryview, form: Form, value: Value | None) -> Iterator[int]:
    """The value's whole numbers, lazily. None if it has others."""
    code = None if value is None else _WHOLE_NUMBERS.get(value.kind)
    if value is None or code is None:
        return iter(())
    return (number for (number,) in struct.iter_unpack(form.order + code, data[value.at : value.end]))


def walk_tiff(data: memoryview) -> Structure:
    """Walks the chain of directories and those below them. Takes a step per entry, strip, and tile."""
    try:
        form, first = read_form(data)
        return _Walk(data, form).run(first)
    except struct.error:
        raise NotWholeError(f"the data ends before its directory, at byte {len(data)}") from None


class _Walk:
    """One pass over all directories."""

    def __init__(self, data: memoryview, form: Form) -> None:
        self._data = data
        self._form = form
        self._left = MAX_PARTS
        self._end = 0
        self._has_pixels = False
        self._last = (0, 0)
        """Start and end of the strip that ends last."""
        self._last_is_plain = False

    def run(self, first: int) -> Structure:
        seen: set[int] = set()
        following = first
        while following:
            if following in seen:
                raise NotWholeError(f"the directory at byte {following} is named twice")
            inner, following = self._check_directory(following, seen)
            while inner:
                more, _ = self._check_directory(inner.pop(), seen)
                inner += more
        if not self._has_pixels:
            raise NotWholeError("there are no pixels in it")
        start, end = self._last
        is_hollow = end == self._end and ends_in_zeros(self._data[start:end])
        if is_hollow and not self._last_is_plain:
            raise NotWholeError("it ends in zeros: space was reserved, but the bytes have not arrived")
        return Structure(whole=True, end=self._end, open_ended=is_hollow)

    def _check_directory(self, at: int, seen: set[int]) -> tuple[list[int], int]:
        """Returns the offsets of the directories below it that are new, and of the one that follows it."""
        seen.add(at)
        values, following = read_directory(self._data, self._form, at, self._left)
        self._spend(_DIRECTORY_PARTS + len(values))
        self._check_values(at, values)
        self._check_pixels(values)
        inner = [each for tag in _SUB_DIRECTORIES for each in self._take_numbers(values.get(tag))]
        return [each for each in dict.fromkeys(inner) if each and each not in seen], following

    def _spend(self, parts: int) -> None:
        self._left -= parts
        if self._left < 0:
            raise NotWholeError(TOO_MANY_PARTS)

    def _reach(self, end: int, what: str, at: int) -> None:
        if end > len(self._data):
            raise NotWholeError(f"the data ends before the {what} at byte {at}")
        self._end = max(self._end, end)

    def _check_values(self, at: int, values: dict[int, Value]) -> None:
        entry_bytes, around_bytes = (20, 16) if self._form.is_big else (12, 6)
        self._reach(at + around_bytes + entry_bytes * len(values), "directory", at)
        for value in values.values():
            self._reach(value.end, "values", value.at)

    def _take_numbers(self, value: Value | None) -> Iterator[int]:
        if value is not None:
            self._spend(value.length)
        return iter_numbers(self._data, self._form, value)

    def _check_pixels(self, values: dict[int, Value]) -> None:
        compression = next(iter_numbers(self._data, self._form, values.get(_COMPRESSION)), None)
        for offsets_tag, sizes_tag in _PIXELS:
            starts = self._take_numbers(values.get(offsets_tag))
            sizes = self._take_numbers(values.get(sizes_tag))
            for start, size in zip(starts, sizes, strict=False):
                if not size:
                    continue  # a tile that a sparse file leaves out
                self._reach(start + size, "pixels", start)
                self._has_pixels = True
                if start + size > self._last[1]:
                    self._last = start, start + size
                    self._last_is_plain = compression in _PLAIN
