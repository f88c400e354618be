"""Obsidian's canvases (JSON Canvas): the files of their nodes, and the Markdown in their texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from strandline.notes.markdown import iter_body
from strandline.notes.references import Form, Found

_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?', re.DOTALL)
_FILES = frozenset({"file", "background"})


class BrokenNoteError(Exception):
    """The note is not what its name says, so nothing is known about its references. It may still be arriving."""


def iter_canvas(data: bytes) -> Iterator[Found]:
    """Everything that the canvas refers to. What a text refers to has the position of that text.

    Raises:
        BrokenNoteError: It is no JSON.
    """
    if not data.strip():  # Obsidian makes a new canvas empty
        return
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenNoteError(str(error)) from error
    key = ""
    for string in _STRING.finditer(data):
        text = _decode(string[1])
        if string[2]:
            key = text
            continue
        if key in _FILES:
            yield Found(string.start(), Form.CANVAS, text, text)
        elif key == "text":
            for found in iter_body(text.encode(errors="replace")):
                yield replace(found, offset=string.start())
        key = ""


def _decode(inner: bytes) -> str:
    return (
        str(json.loads(b'"' + inner + b'"', strict=False))
        if b"\\" in inner
        else inner.decode(errors="replace")
    )
