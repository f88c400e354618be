"""Org: ``file:`` and ``attachment:`` links. Examples, source code, comments, and verbatim text have none.

An attachment is in a folder that the heading's ``ID`` or ``DIR`` names, or that of a heading above it
(``org-attach-id-to-path-function-list`` has three ways to cut an ID).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.html import blank_out
from strandline.notes.references import Form, Found

_HIDDEN = re.compile(
    rb"^[ \t]*#\+begin_(src|example|comment|export)\b.*?(?:^[ \t]*#\+end_\1\b|\Z)"
    rb"|^[ \t]*:[ \t].*?$|^[ \t]*#(?:[ \t].*?)?$"
    rb"|(?<=[\s({'\"-])([=~])(?!\s)[^\n]*?(?<!\s)\2(?=[\s)}'\",.;:!?\[-]|$)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_BRACKETS = re.compile(rb"\[\[((?:[^\[\]\\]|\\.)+)\](?:\[([^\n]*?)\])?\]")
_PLAIN = re.compile(rb"(?<![\w\[:/])<?((?:file|attachment):[^\s<>\[\]()]*[^\s<>\[\]().,;:!?])")
_HEADING = re.compile(rb"(\*+)[ \t]")
_PROPERTY = re.compile(rb"^[ \t]*:(ID|DIR):[ \t]+(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(?:file(?:\+\w+)?:|\./|\.\./|/|~/|[a-zA-Z][a-zA-Z0-9+.-]+:)")

ID_FOLDER = "data"
"""The default of ``org-attach-id-dir``, relative to the note."""


def iter_org(data: bytes) -> Iterator[Found]:
    """Everything that an Org file refers to, pictures or not."""
    visible = _HIDDEN.sub(lambda match: blank_out(match[0]), data)
    headings = _list_headings(data)
    for link in _BRACKETS.finditer(visible):
        yield from _read_link(_unescape(link[1]), link.start(), headings)
        if link[2]:
            described = link[2].decode(errors="replace")
            if described.startswith(("file:", "attachment:", "./", "../")):
                yield from _read_link(described, link.start(2), headings)
    rest = _BRACKETS.sub(lambda match: blank_out(match[0]), visible)
    for link in _PLAIN.finditer(rest):
        yield from _read_link(link[1].decode(errors="replace"), link.start(), headings)


def _unescape(target: bytes) -> str:
    return re.sub(r"\\([\[\]\\])", r"\1", target.decode(errors="replace"))


def _read_link(target: str, offset: int, headings: list[_Heading]) -> Iterator[Found]:
    if target.startswith("attachment:"):
        name = target.removeprefix("attachment:").partition("::")[0]
        yield Found(offset, Form.ORG_ATTACHMENT, target, name, _list_folders(offset, headings))
    elif _PATH.match(target):  # another one is a search in this file
        yield Found(offset, Form.ORG, target, re.sub(r"\Afile\+\w+:", "file:", target))


class _Heading:
    """A heading, or the part before the first one (level 0)."""

    def __init__(self, start: int, level: int, text: bytes) -> None:
        self.start = start
        self.level = level
        properties = {
            name.decode().upper(): value.decode(errors="replace") for name, value in _PROPERTY.findall(text)
        }
        self.dir = properties.get("DIR")
        self.id = properties.get("ID")


def _list_headings(data: bytes) -> list[_Heading]:
    if b"attachment:" not in data:
        return []
    starts = list(re.finditer(rb"(?m)^\*+[ \t]", data))
    ends = [match.start() for match in starts] + [len(data)]
    headings = [_Heading(0, 0, data[: ends[0]])]
    for match, end in zip(starts, ends[1:], strict=True):
        level = len(match[0].strip())
        headings.append(_Heading(match.start(), level, data[match.start() : end]))
    return headings


def _list_folders(offset: int, headings: list[_Heading]) -> tuple[str, ...]:
    """The folders of the heading at the offset and of those above it, the nearest first."""
    folders: list[str] = []
    level = None
    for heading in reversed([each for each in headings if each.start <= offset]):
        if level is not None and heading.level >= level:
            continue
        level = heading.level
        if heading.dir:
            folders.append(heading.dir.rstrip("/"))
        elif heading.id:
            folders += [f"{ID_FOLDER}/{each}" for each in cut_id(heading.id)]
        if level == 0:
            break
    return tuple(folders)


def cut_id(identity: str) -> list[str]:
    """The folders that Org may make of an ID: cut after two letters, after six, or below ``__``."""
    cuts = [f"{identity[:2]}/{identity[2:]}"] if len(identity) > 2 else []
    if len(identity) > 6:
        cuts.append(f"{identity[:6]}/{identity[6:]}")
    return [*cuts, f"__/{identity[:1]}/{identity}"]
