"""The strict reader: a note's references to pictures, by the kind of the note."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from strandline.notes.canvas import BrokenNoteError, iter_canvas
from strandline.notes.destinations import names_picture
from strandline.notes.markdown import iter_markdown
from strandline.notes.note_names import MARKDOWN_EXTENSIONS, extension_of
from strandline.notes.org import iter_org
from strandline.notes.picture_names import is_picture_name, may_name_picture
from strandline.notes.references import Form, Found, Reference, place

__all__ = ["BrokenNoteError", "read_note"]

_READERS: dict[str, Callable[[bytes], Iterator[Found]]] = {
    **dict.fromkeys(MARKDOWN_EXTENSIONS, iter_markdown),
    "canvas": iter_canvas,
    "org": iter_org,
}
_MARK = b"\xef\xbb\xbf"
_LONE_RETURN = re.compile(rb"\r(?!\n)")
"""The line end of old Macs. CommonMark ends a line there, too."""


def read_note(path: str, data: bytes) -> list[Reference]:
    """The references to pictures in a note, in the order in which they are written.

    Never fails on broken UTF-8: it is read with replacement characters.

    Args:
        path: Its name, or a path to it. The ending says what it is.
        data: All of its bytes.

    Raises:
        BrokenNoteError: It is not what its name says.
    """
    if not data.isascii():
        data = data.removeprefix(_MARK).decode(errors="replace").encode()
    if b"\r" in data:
        data = _LONE_RETURN.sub(b"\n", data)  # as many bytes, so all offsets stay right
    reader = _READERS[extension_of(path)]
    if reader is not iter_canvas and not may_name_picture(
        data
    ):  # a canvas may be cut off before a name is whole
        return []
    found = reader(data)
    return place(data, filter(_may_be_picture, found))


def _may_be_picture(found: Found) -> bool:
    """What follows ``#`` in an embed is the heading of a note, unless there is a picture of the whole name."""
    if names_picture(found.destination, found.form):
        return True
    return found.form is Form.WIKI and found.is_embed and is_picture_name(found.destination)
