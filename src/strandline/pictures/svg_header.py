"""SVG header: the size that the root element asks for, read as text.

No XML parser is involved, so nothing can be expanded or fetched. A size is in CSS pixels, 96 to the inch. If a length
depends on where the picture is shown (a percentage, or none), the view box gives the size.
"""

from __future__ import annotations

import math
import re

from strandline.model.media_types import SNIFF_BYTES, find_svg_root
from strandline.pictures.headers import Header

_MAX_TAG_BYTES = 16 * 1024

_ATTRIBUTE = re.compile(r"""\s(width|height|viewBox)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'|>""")
_LENGTH = re.compile(r"\s*\+?(\d*\.?\d+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|q|)\s*", re.ASCII)
_SEPARATOR = re.compile(r"[\s,]+")

_PIXELS_PER_UNIT = {
    "": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6
}  # fmt: skip

_MAX_LENGTH = 1e9
"""A longer text is not a size."""


def read_svg_header(data: memoryview) -> Header:
    """The size, rounded to whole pixels. Both are None if the root has neither a size nor a view box."""
    root = find_svg_root(bytes(data[:SNIFF_BYTES]))
    if root is None:
        return Header()
    tag = bytes(data[root.offset : root.offset + _MAX_TAG_BYTES]).decode(root.encoding, "replace")
    attributes = {
        name: double or single for name, double, single in _ATTRIBUTE.findall(tag, 0, _end_of_tag(tag))
    }
    width, height = _parse_length(attributes.get("width")), _parse_length(attributes.get("height"))
    box = _parse_view_box(attributes.get("viewBox"))
    if box is not None:
        if width is None:
            width = box[0] if height is None else height * box[0] / box[1]
        if height is None:
            height = width * box[1] / box[0]
    if width is None or height is None:
        return Header()
    return Header(round(width), round(height))


def _end_of_tag(tag: str) -> int:
    """The offset of the first ``>`` outside quotes."""
    return next((match.end() for match in _QUOTED.finditer(tag) if match[0] == ">"), len(tag))


def _parse_length(text: str | None) -> float | None:
    found = _LENGTH.fullmatch(text[:64].lower()) if text else None
    return _sensible(float(found[1]) * _PIXELS_PER_UNIT[found[2]]) if found else None


def _parse_view_box(text: str | None) -> tuple[float, float] | None:
    numbers = _SEPARATOR.split(text.strip()[:256]) if text else []
    if len(numbers) != 4:
        return None
    try:
        width, height = _sensible(float(numbers[2])), _sensible(float(numbers[3]))
    except ValueError:
        return None
    return (width, height) if width and height else None


def _sensible(length: float) -> float | None:
    return length if math.isfinite(length) and 0 < length <= _MAX_LENGTH else None
