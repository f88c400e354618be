"""References: a note's mentions of pictures, each with its position, and what they have in common to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from strandline.model.values import dataclass


class Form(StrEnum):
    """How a reference is written. It decides how its destination is decoded and looked for."""

    MARKDOWN = "markdown"
    BLANKS = "blanks"
    """Like a Markdown picture, but with blanks in the destination: Typora shows it, CommonMark does not."""
    HTML = "html"
    WIKI = "wiki"
    FRONT_MATTER = "front-matter"
    CANVAS = "canvas"
    ORG = "org"
    ORG_ATTACHMENT = "org-attachment"


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of a picture in a note."""

    form: Form
    target: str
    """The destination exactly as the note spells it: without brackets, quotes, title, size, and alias."""
    destination: str
    """The target without the form's own escapes (backslashes, entities). Percent escapes are still in it."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters: where the reference begins, for example at its ``!``."""
    is_silenced: bool = False
    """``<!-- strandline: ok -->`` is on its line."""
    is_embed: bool = False
    """The note shows the picture (``![](x.png)``, ``![[x.png]]``), and does not only lead to it. Only of Markdown."""
    folders: tuple[str, ...] = ()
    """Only of Org attachments: the folders that may hold it, relative to the note, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A reference whose position is still an offset."""

    offset: int
    form: Form
    target: str
    destination: str
    folders: tuple[str, ...] = ()
    is_embed: bool = False


_SILENCE = re.compile(rb"(<!--\s*strandline:\s*ok\b)|-->|\n")


def place(data: bytes, found: Iterable[Found]) -> list[Reference]:
    """The references in their order, with lines and columns. ``data`` is the whole note in UTF-8."""
    ordered = sorted(found, key=lambda each: each.offset)
    if not ordered:
        return []
    silenced = _list_silenced(data) if b"strandline:" in data else set()
    placed = []
    line, column, counted = 1, 1, 0
    for each in ordered:
        if lines := data.count(b"\n", counted, each.offset):
            line += lines
            column, counted = 1, data.rfind(b"\n", counted, each.offset) + 1
        column += len(data[counted : each.offset].decode(errors="replace"))
        counted = each.offset
        placed.append(
            Reference(
                each.form, each.target, each.destination, line, column, line in silenced, each.is_embed,
                each.folders,
            )
        )  # fmt: skip
    return placed


def _list_silenced(data: bytes) -> set[int]:
    """The numbers of the lines with the comment. It ends on the line on which its words do."""
    silenced: set[int] = set()
    opened: list[int] = []
    line = 1
    for mark in _SILENCE.finditer(data):
        lines = mark[0].count(b"\n")
        if lines:
            opened = []
        if mark[1]:
            opened.append(line)
        elif not lines:
            silenced.update(opened)
            opened = []
        line += lines
    return silenced
