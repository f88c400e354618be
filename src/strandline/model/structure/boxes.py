"""Boxes: the parts that ISO base media files are made of, and the big-endian fields within them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strandline.model.structure.verdict import MAX_PARTS, TOO_MANY_PARTS, NotWholeError

FULL_BOX_BYTES = 4
"""Version and flags, which come first in the body of many kinds of boxes."""


class Box(NamedTuple):
    """One box. Offsets count from the start of the file."""

    kind: bytes
    start: int
    body: int
    end: int
    is_open_ended: bool
    """The box extends to the end of the file."""


class Fields:
    """Reads unsigned big-endian numbers one after another, up to the end of a box."""

    def __init__(self, data: memoryview, at: int, end: int) -> None:
        self._data = data
        self._end = end
        self.at = at

    def take(self, size_bytes: int) -> int:
        """The next number. A number of zero bytes is 0.

        Raises:
            NotWholeError: It would extend past the end.
        """
        start, self.at = self.at, self.at + size_bytes
        if self.at > self._end:
            raise NotWholeError(f"the box that ends at byte {self._end} is too short")
        return int.from_bytes(self._data[start : self.at], "big")


def iter_boxes(data: memoryview, at: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets, one after another. Lazy: gives good boxes before it finds a later fault.

    Raises:
        NotWholeError: They do not tile that space.
    """
    for _ in range(MAX_PARTS):
        if at == end:
            return
        header = Fields(data, at, end)
        size, kind = header.take(4), header.take(4).to_bytes(4, "big")
        if size == 1:
            size = header.take(8)
        is_open_ended = size == 0
        if is_open_ended:
            size = end - at
        # Otherwise preallocated, unfilled space would read as one open-ended box without a name.
        if min(kind) < 0x20 or size < header.at - at:
            raise NotWholeError(f"there is no box at byte {at}")
        if at + size > end:
            name = kind.decode("latin-1")
            raise NotWholeError(f"the data ends in the middle of box {name} at byte {at}")
        yield Box(kind, at, header.at, at + size, is_open_ended)
        at += size
    raise NotWholeError(TOO_MANY_PARTS)


def iter_boxes_within(data: memoryview, box: Box) -> Iterator[Box]:
    """The boxes inside a plain container."""
    return iter_boxes(data, box.body, box.end)
