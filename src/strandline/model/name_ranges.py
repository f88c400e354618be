"""Ranges of names: how work on millions of images is divided, so that many machines can do it at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from strandline.model.defaults import IMAGES_PER_PART
from strandline.model.values import dataclass

FIRST_PARTS = 16
"""Of a storage directory that nobody has listed yet. Each hands over what is too much for it."""

MOST_PARTS = 100_000
"""Of one task. Beyond a billion images, each part has more."""

MOST_HANDED_OVER = 256
"""Parts that one part may make of what is too much for it."""

_DIGITS = 6
"""Of an id, in the bounds of parts: 16 million of them."""
_WIDTH = 16**_DIGITS


@dataclass(frozen=True, slots=True)
class NameRange:
    """The names behind ``after``, up to and including ``through``, compared by code points. Empty is no bound."""

    after: str = ""
    through: str = ""

    def has(self, name: str) -> bool:
        """Whether the name is in it."""
        return name > self.after and (not self.through or name <= self.through)


EVERYTHING = NameRange()


def split_by_id(images: int, size: int = IMAGES_PER_PART) -> list[NameRange]:
    """Ranges of names that begin with ids, of some ``size`` images each, if there are so many.

    Ids are spread evenly. Law: each name is in exactly one range.
    """
    return _divide(0, _WIDTH, EVERYTHING, min(max(ceil(images / size), 1), MOST_PARTS))


def split_at(cuts: Sequence[str]) -> list[NameRange]:
    """Ranges that end at these names, which are in order, and one for what comes after. Law: as above."""
    return [NameRange(after, through) for after, through in zip(("", *cuts), (*cuts, ""), strict=True)]


def split_rest(whole: NameRange, last: str, done: int, size: int = IMAGES_PER_PART) -> list[NameRange]:
    """What comes after ``last`` in the range, if the ``done`` names up to it were enough for one part.

    As many ranges as it likely takes, if it goes on as it began. Law: each name of the range behind ``last`` is in
    exactly one of them.
    """
    begin, here = _place_of(whole.after), _place_of(last)
    end = _place_of(whole.through) if whole.through else _WIDTH
    expected = done * (end - here) / max(here - begin, 1)
    count = min(max(ceil(expected / size), 1), MOST_HANDED_OVER)
    return _divide(here, end, NameRange(last, whole.through), count)


def _divide(begin: int, end: int, whole: NameRange, count: int) -> list[NameRange]:
    places = dict.fromkeys(begin + (end - begin) * number // count for number in range(1, count))
    cuts = [cut for place in places if whole.has(cut := f"{place:0{_DIGITS}x}") and cut != whole.through]
    return [
        NameRange(after, through)
        for after, through in zip((whole.after, *cuts), (*cuts, whole.through), strict=True)
    ]


def _place_of(name: str) -> int:
    """Where a name that begins with an id is among all ids."""
    digits = name[:_DIGITS]
    is_hex = all(digit in "0123456789abcdef" for digit in digits)
    return int(digits.ljust(_DIGITS, "0"), 16) if digits and is_hex else 0
