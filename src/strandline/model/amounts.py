"""Ages and sizes as people write them: ``30d``, ``20GiB``, ``20GiB/h``. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from strandline.errors import InvalidInputError

_AGE = re.compile(r"(\d{1,6})\s*([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_age(text: str) -> timedelta:
    """``12h``, ``30d``, or ``2w``.

    Raises:
        InvalidInputError: It is none.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise InvalidInputError(
            f"{text!r} is not an age; give a number of hours, days, or weeks: 12h, 30d, 2w", value=text
        )
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


def find_begin(age: timedelta, now: datetime) -> datetime:
    """The time so long ago. The first one of the calendar if that is not long enough ago."""
    try:
        return now - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def parse_size(text: str) -> int:
    """``500MB``, ``20GiB``, or a number of bytes, as bytes. ``GB`` counts in thousands, ``GiB`` in 1024s.

    Raises:
        InvalidInputError: It is none, or nothing.
    """
    match = _SIZE.fullmatch(text.strip())
    size_bytes = (
        0
        if match is None
        else int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].lower()])
    )
    if size_bytes < 1:
        raise InvalidInputError(
            f"{text!r} is not a size; give a number with a unit: 500MB, 20GiB", value=text
        )
    return size_bytes


def parse_rate(text: str) -> int:
    """``20GiB/h``, as bytes in an hour.

    Raises:
        InvalidInputError: It is none.
    """
    size, slash, unit = text.strip().partition("/")
    if not slash or unit.strip().lower() not in ("h", "hour"):
        raise InvalidInputError(
            f"{text!r} is not an amount in an hour; give a size with /h: 20GiB/h", value=text
        )
    return parse_size(size)
