"""Org: ``file:`` and ``attachment:`` links. Examples, source code, comments, and verbatim text have none.

An attachment is in a folder that the heading's ``ID`` or ``DIR`` names, or that of a heading above it
(``org-attach-id-to-path-function-list`` has three ways to cut an ID).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from strandline.notes.references import Form, Found
from strandline.notes.spans import Next, Spans

_HIDDEN = re.compile(
    rb"^[ \t]*#\+begin_(src|example|comment|export)\b.*?(?:^[ \t]*#\+end_\1\b|\Z)"
    rb"|^[ \t]*:[ \t].*?$|^[ \t]*#(?:[ \t].*?)?$"
    rb"|(?<=[\s({'\"-])([=~])(?!\s)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
"""What is hidden as a whole, and the mark with which verbatim text begins."""

_VERBATIM_END = re.compile(rb"(?<!\s)([=~])(?=[\s)}'\",.;:!?\[-]|$)", re.MULTILINE)
_LINE_END = re.compile(rb"\n")
_BRACKETS = re.compile(rb"\[\[((?:[^\[\]\\]|\\.)+)\](?:\]|(\[))")
_BRACKETS_END = re.compile(rb"\]\]")
_PLAIN = re.compile(rb"(?<![\w\[:/])<?((?:file|attachment):[^\s<>\[\]()]*[^\s<>\[\]().,;:!?])")
_HEADING = re.compile(rb"^(\*+)[ \t]", re.MULTILINE)
_PROPERTY = re.compile(rb"^[ \t]*:(ID|DIR):[ \t]+(.*)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(?:file(?:\+\w+)?:|\./|\.\./|/|~/|[a-zA-Z][a-zA-Z0-9+.-]+:)")

ID_FOLDER = "data"
"""The default of ``org-attach-id-dir``, relative to the note."""

MOST_FOLDERS = 64
"""An attachment below headings with more of them may be anywhere."""


def iter_org(data: bytes) -> Iterator[Found]:
    """Everything that an Org file refers to, pictures or not."""
    visible = Spans(_iter_hidden(data)).blank_out(data)
    headings = _Headings(data)
    links = list(_iter_brackets(visible))
    for begin, _, target, (described_at, described) in links:
        yield from _read_link(_unescape(target), begin, headings)
        if described.startswith((b"file:", b"attachment:", b"./", b"../")):
            yield from _read_link(described.decode(errors="replace"), described_at, headings)
    rest = Spans((begin, end) for begin, end, *_ in links).blank_out(visible)
    for link in _PLAIN.finditer(rest):
        yield from _read_link(link[1].decode(errors="replace"), link.start(), headings)


def _iter_hidden(data: bytes) -> Iterator[tuple[int, int]]:
    """The spans without links. Verbatim text ends on its line, otherwise its mark is a letter as others."""
    ends: dict[bytes, list[int]] = {b"=": [], b"~": []}
    for end in _VERBATIM_END.finditer(data):
        ends[end[1]].append(end.start())
    line_end = Next(data, _LINE_END)
    at = 0
    while found := _HIDDEN.search(data, at):
        begin, at = found.span()
        if found[2]:
            number = bisect_left(ends[found[2]], at)
            if number == len(ends[found[2]]) or ends[found[2]][number] > line_end.after(at):
                continue
            at = ends[found[2]][number] + 1
        yield begin, at


def _iter_brackets(data: bytes) -> Iterator[tuple[int, int, bytes, tuple[int, bytes]]]:
    """Begin, end, target, and description (with its offset) of each link in brackets. It is described on one line."""
    close, line_end = Next(data, _BRACKETS_END), Next(data, _LINE_END)
    at = 0
    while link := _BRACKETS.search(data, at):
        described_at = at = link.end()
        described = b""
        if link[2]:
            end = close.after(described_at)
            if end >= line_end.after(described_at):
                at = link.start() + 1
                continue
            described, at = data[described_at:end], end + len(b"]]")
        yield link.start(), at, link[1], (described_at, described)


def _unescape(target: bytes) -> str:
    return re.sub(r"\\([\[\]\\])", r"\1", target.decode(errors="replace"))


def _read_link(target: str, offset: int, headings: _Headings) -> Iterator[Found]:
    if target.startswith("attachment:"):
        name = target.removeprefix("attachment:").partition("::")[0]
        yield Found(offset, Form.ORG_ATTACHMENT, target, name, headings.list_folders(offset))
    elif _PATH.match(target):  # another one is a search in this file
        yield Found(offset, Form.ORG, target, re.sub(r"\Afile\+\w+:", "file:", target))


class _Headings:
    """The folders of attachments, heading by heading. Before the first heading, the file itself is one (level 0)."""

    def __init__(self, data: bytes) -> None:
        self._starts = [0]
        self._folders: list[tuple[str, ...]] = []
        if b"attachment:" not in data:
            return
        found = list(_HEADING.finditer(data))
        self._starts += [heading.start() for heading in found]
        above: list[tuple[int, tuple[str, ...]]] = []
        for number, level in enumerate([0, *(len(heading[1]) for heading in found)]):
            while above and above[-1][0] >= level:
                above.pop()
            end = self._starts[number + 1] if number < len(found) else len(data)
            own = _list_own_folders(data[self._starts[number] : end])
            folders = (*own, *(above[-1][1] if above else ()))[: MOST_FOLDERS + 1]
            above.append((level, folders))
            self._folders.append(folders if len(folders) <= MOST_FOLDERS else ())

    def list_folders(self, offset: int) -> tuple[str, ...]:
        """The folders of the heading at the offset and of those above it, the nearest first."""
        return self._folders[bisect_right(self._starts, offset) - 1]


def _list_own_folders(section: bytes) -> list[str]:
    properties = {
        name.decode().upper(): value.strip(b" \t\r").decode(errors="replace")
        for name, value in _PROPERTY.findall(section)
    }
    if folder := properties.get("DIR"):
        return [folder.rstrip("/")]
    return [f"{ID_FOLDER}/{each}" for each in cut_id(properties["ID"])] if properties.get("ID") else []


def cut_id(identity: str) -> list[str]:
    """The folders that Org may make of an ID: cut after two letters, after six, or below ``__``."""
    cuts = [f"{identity[:2]}/{identity[2:]}"] if len(identity) > 2 else []
    if len(identity) > 6:
        cuts.append(f"{identity[:6]}/{identity[6:]}")
    return [*cuts, f"__/{identity[:1]}/{identity}"]
