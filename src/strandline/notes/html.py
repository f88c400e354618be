"""HTML in notes: the pictures that tags show, with any quoting. Comments, scripts, and styles show none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from strandline.notes.picture_names import decode_entities
from strandline.notes.references import Form, Found
from strandline.notes.spans import blank_out

_HIDDEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(rb"<(img|source|video|a|image|object|embed|input)(?=[\s/])", re.IGNORECASE)
_MARK = re.compile(rb"[>\"']")
_ATTRIBUTE = re.compile(
    rb"(?<![^\s\"'/])([a-z:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
_SHOWN_BY = {
    b"img": {b"src", b"srcset"},
    b"source": {b"src", b"srcset"},
    b"video": {b"poster", b"src"},
    b"a": {b"href"},
    b"image": {b"href", b"xlink:href"},
    b"object": {b"data"},
    b"embed": {b"src"},
    b"input": {b"src"},
}
_ADDRESS = re.compile(r"[\s,]*(\S+)")
_SIZES = re.compile(r"(?:\s*[\d.]+[wxh])*\s*")
"""What may follow an address of a ``srcset``: width, height, and density."""


def hide(data: bytes) -> bytes:
    """HTML without what shows no picture, with all offsets unchanged."""
    return _HIDDEN.sub(lambda match: blank_out(match[0]), data)


def iter_tags(data: bytes, start: int) -> Iterator[Found]:
    """Everything that the tags refer to, pictures or not. ``start`` is added to the offsets."""
    data = hide(data)
    ends = _TagEnds(data)
    end = 0
    for tag in _TAG.finditer(data):
        if tag.start() < end or (tag_end := ends.find(tag.end())) is None:
            continue
        end = tag_end
        wanted = _SHOWN_BY[tag[1].lower()]
        for attribute in _ATTRIBUTE.finditer(data[tag.end() : end]):
            name = attribute[1].lower()
            if name not in wanted:
                continue
            value = next(each for each in attribute.groups()[1:] if each is not None)
            text = value.decode(errors="replace")
            if text.startswith("{"):  # JSX: an expression
                continue
            for address in _iter_addresses(text) if name == b"srcset" else [text.strip()]:
                yield Found(start + tag.start(), Form.HTML, address, decode_entities(address))


class _TagEnds:
    """Where the tags of a text end: at the first ``>`` that is in no quotes. One pass, from the end, knows it for all
    places at which a tag may begin, also for those in quotes.
    """

    def __init__(self, data: bytes) -> None:
        self._marks = [mark.start() for mark in _MARK.finditer(data)]
        self._ends: list[int | None] = []
        outside: int | None = None
        inside: dict[int, int | None] = {ord('"'): None, ord("'"): None}
        for at in reversed(self._marks):
            mark = data[at]
            if mark in inside:
                outside, inside[mark] = inside[mark], outside
            else:
                outside = at
            self._ends.append(outside)
        self._ends.reverse()

    def find(self, offset: int) -> int | None:
        """Where the tag ends that goes on at the offset. None if nothing ends it."""
        at = bisect_left(self._marks, offset)
        return self._ends[at] if at < len(self._ends) else None


def _iter_addresses(srcset: str) -> Iterator[str]:
    """The pictures of a ``srcset``, as browsers cut it: a comma in an address does not end it, one after it does."""
    at = 0
    while found := _ADDRESS.match(srcset, at):
        address = found[1].rstrip(",")
        at = found.end()
        if address == found[1]:
            end = srcset.find(",", at)
            sizes = srcset[at : end if end >= 0 else None]
            at = len(srcset) if end < 0 else end + 1
            if _SIZES.fullmatch(sizes) is None:
                continue
        yield address
