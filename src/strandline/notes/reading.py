"""The strict reader: a note's references to pictures, by the kind of the note."""

from __future__ import annotations

import codecs
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
_BEGINNING = 1024
"""Bytes that show what a file is, as for other texts."""

_LONE_RETURN = re.compile(rb"\r(?!\n)")
"""The line end of old Macs. CommonMark ends a line there, too."""


def read_note(path: str, data: bytes) -> list[Reference]:
    """The references to pictures in a note, in the order in which they are written.

    UTF-16 is read if its mark is there. Never fails on broken UTF-8: it is read with replacement characters.

    Args:
        path: Its name, or a path to it. The ending says what it is.
        data: All of its bytes.

    Raises:
        BrokenNoteError: It is not what its name says, or no text.
    """
    data = _decode_wide(data)
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


def _decode_wide(data: bytes) -> bytes:
    """UTF-16 as UTF-8. Anything else is unchanged. All ASCII letters of UTF-16 have a NUL."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in data:
        return data.decode("utf-16", errors="replace").encode(errors="replace")
    beginning = data[:_BEGINNING].rstrip(b"\0")  # room for a text that is not written yet
    nuls = beginning.count(b"\0")
    if nuls and (nuls * 4 >= len(beginning) or not _is_utf8(beginning)):
        raise BrokenNoteError("it is not text in UTF-8, and has no mark of UTF-16")
    return data


def _is_utf8(beginning: bytes) -> bool:
    """Whether the bytes are UTF-8, perhaps with a letter cut off at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True


def _may_be_picture(found: Found) -> bool:
    """What follows ``#`` in an embed is the heading of a note, unless there is a picture of the whole name."""
    if names_picture(found.destination, found.form):
        return True
    return found.form is Form.WIKI and found.is_embed and is_picture_name(found.destination)
