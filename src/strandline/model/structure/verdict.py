"""The result of a walk: whole, with its end, or not whole, with a reason."""

from __future__ import annotations

from strandline.model.values import dataclass

MAX_PARTS = 1_000_000
"""Maximum number of chunks, segments, or boxes; real files have a few thousand. Otherwise a gigabyte of empty parts
would keep a thread busy for minutes.
"""

TOO_MANY_PARTS = "it has too many parts to follow"


@dataclass(frozen=True, slots=True)
class Structure:
    """The verdict on a picture's bytes."""

    whole: bool
    end: int | None = None
    """The offset after the structure's last byte; later bytes do not belong to the picture. None if not whole."""
    open_ended: bool = False
    """True if the last box of an ISO file extends "to the end of the file", so more data may follow."""
    reason: str = ""
    """Why it is not whole, as half a sentence for people: ``the data ends in the middle of chunk IDAT at byte 1234``.
    Empty if whole.
    """


class NotWholeError(Exception):
    """Ends a walk from any depth. Its text is the reason. Never leaves this package."""
