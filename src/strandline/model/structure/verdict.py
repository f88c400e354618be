"""The result of a walk: whole, with its end, or not whole, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strandline.model.values import dataclass

if TYPE_CHECKING:
    import mmap

MAX_PARTS = 1_000_000
"""Maximum number of chunks, segments, or boxes; real files have a few thousand. Otherwise a gigabyte of empty parts
would keep a thread busy for minutes.
"""

TOO_MANY_PARTS = "it has too many parts to follow"

SUSPICIOUS_ZEROS = 64
"""This many zero bytes at the end of a compressed picture are no coincidence. Shorter runs occur in real files."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The verdict on a picture's bytes."""

    whole: bool
    end: int | None = None
    """The offset after the structure's last byte; later bytes do not belong to the picture. None if not whole."""
    open_ended: bool = False
    """True if nobody can see that the end has come: the last box extends "to the end of the file", nothing says how
    long the file is, or it ends in plain pixels that are zero. It is whole if nobody writes to it.
    """
    reason: str = ""
    """Why it is not whole, as half a sentence for people: ``the data ends in the middle of chunk IDAT at byte 1234``.
    Empty if whole.
    """


def ends_in_zeros(data: bytes | bytearray | memoryview | mmap.mmap, count: int = SUSPICIOUS_ZEROS) -> bool:
    """True if there are at least ``count`` bytes and the last ``count`` are zero: space was allocated but never
    filled.
    """
    with memoryview(data) as view:
        return len(view) >= count and view[len(view) - count :] == bytes(count)


class NotWholeError(Exception):
    """Ends a walk from any depth. Its text is the reason. Never leaves this package."""
