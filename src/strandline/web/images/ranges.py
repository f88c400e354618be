"""Conditional and partial requests: the rules of RFC 9110 on ``If-None-Match``, ``If-Range``, and ``Range``, pure.

Headers that are not understood are ignored, and the whole is sent. Only a well-formed range beyond the end is an
error. Several ranges at once get the whole, as the RFC allows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """A part of the bytes. ``length`` is at least 1."""

    offset: int
    length: int


class UnsatisfiableRangeError(Exception):
    """The range is well-formed, but none of its bytes exist. The argument is the size of the whole."""


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has the current bytes: the tag is in the list, weak or strong, or the list is ``*``."""
    if if_none_match is None:
        return False
    if if_none_match == etag or if_none_match.strip() == "*":
        return True
    return etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))


def find_part(range_header: str | None, if_range: str | None, etag: str, size_bytes: int) -> Part | None:
    """The requested part; None means the whole.

    Raises:
        UnsatisfiableRangeError: It begins after the end.
    """
    if range_header is None or (if_range is not None and if_range.strip() != etag):
        return None
    found = _RANGE.fullmatch(range_header)
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        offset = max(0, size_bytes - int(found[2]))
        last = size_bytes - 1
    else:
        offset = int(found[1])
        last = min(int(found[2]) if found[2] else size_bytes - 1, size_bytes - 1)
        if found[2] and int(found[2]) < offset:
            return None  # not a range
    if offset > last:
        raise UnsatisfiableRangeError(size_bytes)
    return Part(offset, last - offset + 1)
