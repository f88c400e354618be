"""Spans of a text and what comes next in it, without looking at a byte twice.

A regular expression that looks for an end from every beginning takes time in proportion to the square of the text if
there is no end, and holds Python's lock meanwhile. So what may have no end is looked for with these.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable


class Spans:
    """Parts of a text, each from its begin to before its end. They may overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.merged: list[tuple[int, int]] = []
        """In their order, without overlaps."""
        for begin, end in sorted(spans):
            if self.merged and begin <= self.merged[-1][1]:
                self.merged[-1] = self.merged[-1][0], max(end, self.merged[-1][1])
            else:
                self.merged.append((begin, end))
        self._begins = [begin for begin, _ in self.merged]

    def __contains__(self, offset: int) -> bool:
        at = bisect_right(self._begins, offset)
        return at > 0 and offset < self.merged[at - 1][1]

    def blank_out(self, data: bytes) -> bytes:
        """The text with blanks instead of these parts. All offsets and line ends are unchanged."""
        if not self.merged:
            return data
        visible = bytearray(data)
        for begin, end in self.merged:
            visible[begin:end] = blank_out(data[begin:end])
        return bytes(visible)


class Next:
    """Where something comes next in a text, for offsets that never get smaller."""

    def __init__(self, data: bytes, pattern: re.Pattern[bytes]) -> None:
        self._data = data
        self._pattern = pattern
        self._at = -1

    def after(self, offset: int) -> int:
        """Where it begins, at the offset or after it; the end of the text if it does not come."""
        if self._at < offset:
            found = self._pattern.search(self._data, offset)
            self._at = found.start() if found else len(self._data)
        return self._at


def blank_out(data: bytes) -> bytes:
    """As many blanks as there are bytes, with the same line ends."""
    if b"\n" not in data:
        return b" " * len(data)
    return b"\n".join(b" " * len(line) for line in data.split(b"\n"))
