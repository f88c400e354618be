"""HTML in notes: the pictures that tags show, with any quoting. Comments, scripts, and styles show none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from strandline.notes.references import Form, Found

_HIDDEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(
    rb"<(img|source|video|a|image|object|embed|input)(?=[\s/])((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.IGNORECASE,
)
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
_CANDIDATE = re.compile(r"([^\s,]\S*[^\s,]|[^\s,])(?:\s+[\d.]+[wx])?\s*(?:,|\Z)")
"""One picture of a ``srcset``: its address, then perhaps its width or density."""


def blank_out(data: bytes) -> bytes:
    """As many blanks as there are bytes, with the same line ends."""
    if b"\n" not in data:
        return b" " * len(data)
    return b"\n".join(b" " * len(line) for line in data.split(b"\n"))


def hide(data: bytes) -> bytes:
    """HTML without what shows no picture, with all offsets unchanged."""
    return _HIDDEN.sub(lambda match: blank_out(match[0]), data)


def iter_tags(data: bytes, start: int) -> Iterator[Found]:
    """Everything that the tags refer to, pictures or not. ``start`` is added to the offsets."""
    for tag in _TAG.finditer(hide(data)):
        wanted = _SHOWN_BY[tag[1].lower()]
        for attribute in _ATTRIBUTE.finditer(tag[2]):
            name = attribute[1].lower()
            if name not in wanted:
                continue
            value = next(each for each in attribute.groups()[1:] if each is not None)
            text = value.decode(errors="replace")
            if text.startswith("{"):  # JSX: an expression
                continue
            addresses = _CANDIDATE.findall(text) if name == b"srcset" else [text.strip()]
            for address in addresses:
                yield Found(start + tag.start(), Form.HTML, address, unescape(address))
