"""The result of a walk: whole, with its end, or not whole, with a reason."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PARTS = 1_000_000
"""Chunks, segments or boxes that are followed; real files have a few thousand. A file of a gigabyte made of
empty parts would otherwise keep a thread busy for minutes."""

TOO_MANY_PARTS = "it has too many parts to follow"


@dataclass(frozen=True, slots=True)
class Structure:
    """The verdict on a picture's bytes."""

    whole: bool
    end: int | None = None
    """The offset after the structure's last byte; bytes from there on belong to something else. None if not
    whole."""
    open_ended: bool = False
    """True for an ISO file whose last box reaches "to the end of the file": more may still be coming."""
    reason: str = ""
    """Why it is not whole, as half a sentence for people: ``the data ends in the middle of chunk IDAT at byte
    1234``. Empty if whole."""


class NotWholeError(Exception):
    """Ends a walk from any depth; its text is the reason. Never leaves this package."""
