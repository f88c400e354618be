"""SVG: the root element closes.

Expat parses it and checks that the XML is well-formed. Parsing begins *at the root element*. Expat never sees what is
before it, above all the doctype, so no entity can expand or be fetched. References to entities are skipped.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from strandline.model.media_types import SNIFF_BYTES, SvgRoot, find_svg_root
from strandline.model.structure.verdict import NotWholeError, Structure

PIECE_BYTES = 1024 * 1024
"""What Expat gets at a time. It is small enough to notice a limit before much is built up. It is large enough that a
long data URL is not searched again and again (Expat before 2.6).
"""

MAX_DEPTH = 4_096
"""Open elements take memory. Browsers and librsvg give up far earlier."""

MAX_NAMES = 4_096
"""Names of elements and attributes take memory. SVG and an editor together define some hundreds."""

_EXPAT_NAMES = {
    "utf-8": "UTF-8",
    "iso-8859-1": "ISO-8859-1",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
}
"""The encodings that Expat reads by itself. For others it would ask Python's codecs."""

_TAG_END = re.compile(b">")


def walk_svg(data: memoryview) -> Structure:
    """Walks the elements until the root closes. Ignores what follows."""
    root = find_svg_root(bytes(data[:SNIFF_BYTES]))
    if root is None:
        raise NotWholeError(f"no svg element begins within the first {SNIFF_BYTES} bytes")
    walk = _RootWalk(data, root)
    for at in range(root.offset, len(data), PIECE_BYTES):
        walk.feed(data[at : at + PIECE_BYTES])
        if walk.end is not None:
            break
    else:
        walk.feed(b"", is_last=True)
    if walk.end is None:
        raise NotWholeError("the data ends before the svg element closes")
    return Structure(whole=True, end=walk.end)


class _RootWalk:
    """An Expat parser that counts open elements. Sets :attr:`end` when the root has closed."""

    def __init__(self, data: memoryview, root: SvgRoot) -> None:
        self.end: int | None = None
        self._data = data
        self._root = root
        self._depth = 0
        self._has_content = False
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(_EXPAT_NAMES[root.encoding], intern=self._names)
        # "There is a DTD elsewhere": undeclared entities are then skipped, not errors. The DTD is never loaded.
        self._parser.UseForeignDTD(True)
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        # Not DefaultHandler: if it is removed while it is called, the process crashes (Expat 2.5).
        self._parser.CharacterDataHandler = self._see_text

    def feed(self, piece: memoryview | bytes, *, is_last: bool = False) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            if self.end is None:
                at = self._root.offset + self._parser.ErrorByteIndex
                raise NotWholeError(f"{expat.ErrorString(error.code)}, at byte {at}") from None

    def _open(self, _name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        self._has_content = self._has_content or self._depth > 1
        if self._depth > MAX_DEPTH or len(self._names) > MAX_NAMES:
            raise NotWholeError(f"its elements are too many to follow, at byte {self._offset()}")

    def _see_text(self, _text: str) -> None:
        self._has_content = True

    def _close(self, _name: str) -> None:
        self._depth -= 1
        if self._depth == 0 and self.end is None:
            self.end = self._end_of_tag(self._offset())

    def _offset(self) -> int:
        return self._root.offset + self._parser.CurrentByteIndex

    def _end_of_tag(self, at: int) -> int:
        """The offset after the tag that closed the root. Expat is before ``</svg>``, but after ``<svg/>``."""
        width = 2 if self._root.encoding.startswith("utf-16") else 1
        before = bytes(self._data[at - 2 * width : at]).replace(b"\0", b"")
        if before == b"/>" and not self._has_content:
            return at
        bracket = _TAG_END.search(self._data, at)
        assert bracket is not None  # Expat has just read it
        return bracket.end() + (self._root.encoding == "utf-16-le")
