"""JPEG: segments and scans, from ``SOI`` to ``EOI``.

Segments state their length, so the walk steps over the complete JPEG that a camera puts into one as a thumbnail.
Scans state none: they last until a byte FF that is followed by neither 00 (a stuffed FF) nor a restart marker.
The walk ignores everything after ``EOI`` (multi-picture files, motion photos).
"""

from __future__ import annotations

import re

from strandline.model.structure.verdict import MAX_PARTS, TOO_MANY_PARTS, NotWholeError, Structure

_START_OF_IMAGE = 0xD8
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_FIRST_MARKER = 0xC0
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
"""TEM and the restart markers have no length."""

_MARKER = re.compile(rb"\xff++([^\xff])", re.DOTALL)
"""Any number of fill bytes FF may come before a marker."""
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""No quantifier: the search runs in C, at the speed of ``memchr``, from one FF to the next."""


def walk_jpeg(data: memoryview) -> Structure:
    """Walks both baseline and progressive files; about 0.6 ms per megabyte."""
    if bytes(data[:2]) != b"\xff\xd8":
        raise NotWholeError("the start marker of a JPEG is missing")
    at = 2
    has_scan = False
    for _ in range(MAX_PARTS):
        marker = _MARKER.match(data, at)
        if marker is None:
            where = "the data ends before the end marker," if at >= len(data) - 1 else "there is no marker"
            raise NotWholeError(f"{where} at byte {at}")
        code = marker[1][0]
        if code == _END_OF_IMAGE:
            break
        if code in _WITHOUT_LENGTH:
            at = marker.end()
            continue
        if code < _FIRST_MARKER or code == _START_OF_IMAGE:
            raise NotWholeError(f"marker {code:02X} cannot stand at byte {at}")
        at = _end_of_segment(data, marker.end(), code)
        if code == _START_OF_SCAN:
            has_scan = True
            at = _end_of_scan(data, at)
    else:
        raise NotWholeError(TOO_MANY_PARTS)
    if not has_scan:
        raise NotWholeError("there is no scan in it")
    return Structure(whole=True, end=marker.end())


def _end_of_segment(data: memoryview, at: int, code: int) -> int:
    """The end of the segment whose length is at ``at``. The length counts itself."""
    length = int.from_bytes(data[at : at + 2], "big")
    if len(data) - at < max(length, 2):
        raise NotWholeError(f"the data ends in the middle of segment {code:02X} at byte {at - 2}")
    if length < 2:
        raise NotWholeError(f"segment {code:02X} at byte {at - 2} has no length")
    return at + length


def _end_of_scan(data: memoryview, at: int) -> int:
    """Where the marker after the scan's compressed data is."""
    marker = _END_OF_SCAN.search(data, at)
    if marker is None:
        raise NotWholeError(f"the data ends in the middle of the scan that begins at byte {at}")
    return marker.start()
