"""Markdown: the references of a note, as its text means them. Code, comments, formulas, and escaped
marks are none.

The parser is pulldown-cmark (through pyromark), so block structure is CommonMark's. Wiki links, Obsidian's comments,
and destinations with blanks are no CommonMark, so they are looked for in what the parser does not call code or HTML.
The front matter is cut off here, because the parser would take any two ``---`` rules for it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import pyromark
from pyromark import Options

from strandline.notes.destinations import names_picture
from strandline.notes.front_matter import iter_front_matter, measure_front_matter
from strandline.notes.html import hide, iter_tags
from strandline.notes.picture_names import iter_mentions, may_name_picture
from strandline.notes.references import Form, Found
from strandline.notes.spans import Spans
from strandline.notes.wiki_links import iter_wiki_links

_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_HEADING_ATTRIBUTES
)

_COMMENT = re.compile(rb"%%.*?%%", re.DOTALL)
"""Obsidian's. One that is not closed hides nothing here: the rest of the note would not be looked at."""

_MATH = re.compile(
    rb"(?P<link>\[\[[^\[\]\n]+\]\])"
    rb"|(?<![\\$])\$\$(?:(?!\n[ \t]*\r?\n)[^$])+\$\$"
    rb"|(?<![\\$\w])\$(?![\s$])(?:(?!\n[ \t]*\r?\n)(?:[^$\\]|\\.))*(?<!\s)\$(?![\w$])",
    re.DOTALL,
)
"""Formulas, by the rules of Pandoc, so ``$5 and $6`` is none. No empty line is in one. What begins first counts, so
a dollar sign in a wiki link begins none.
"""

_ORG_BLOCK_EDGE = re.compile(
    rb"^[ \t]*(?:[-*+>][ \t]+)*#\+(begin|end)_(src|example|comment|export)\b", re.IGNORECASE | re.MULTILINE
)
"""Logseq also has Org's blocks of code in Markdown. The first line of one is often an item of a list."""

_PICTURE = re.compile(rb"(?<!\\)!\[[^\]\n]*(?:\](\([ \t]*)?|\n|\Z)")
"""The beginning of a picture, if a parenthesis follows. Also what only looks like one, so that it is passed over."""

_PLAIN_PIECE = re.compile(rb"[^()<>\n\"']+|\([^()<>\n\"]*\)")
_TITLE_TO_END = re.compile(rb"(?:(?:\"[^\"\n]*\"|'[^'\n]*')[ \t]*)?\)")
_MARKDOWN_INSIDE = re.compile(
    rb"<[a-z][^<>]*\smarkdown(?:=[\"']?(?:1|span|block)[\"']?)?[\s>]", re.IGNORECASE
)
"""Python-Markdown's attribute: the text of this block of HTML is Markdown."""

_WIKI_MARK = re.compile(rb"\[\[|\]\]|\n")

_GAP = re.compile(rb"\n\r?\n(?=[^\s>*+\-0-9])")
"""An empty line before one that neither is indented nor begins with the mark of a list or quotation."""

_REACHES_FAR = (b"```", b"~~~", b"]:", b"%%", b"#+")
"""Fences, definitions of links and footnotes, Obsidian's comments, and Org's blocks."""

_NEEDS_PARSER = re.compile(rb"[`<\t]|    |~~~|\]\(|\]:")
"""Code, HTML, and Markdown's own links. Text without them has wiki links at most, which no parser reads."""

_LONG_HTML = re.compile(rb"<(?:[!?]|(?:script|pre|style|textarea)\b)", re.IGNORECASE)
"""HTML that an empty line does not end."""

_EMBEDDED_FILE = re.compile(rb"(?m)^[0-9a-f]{40}:[ \t]*(\[\[[^\]\n]+\]\])")
"""Excalidraw's list of the files that a drawing embeds. It may be inside a comment."""

_IS_DRAWING = re.compile(rb"(?m)^excalidraw-plugin:")


def iter_markdown(data: bytes) -> Iterator[Found]:
    """Every picture that a note refers to, and perhaps other things, in no order.

    Args:
        data: The note in UTF-8, without a byte-order mark.
    """
    start = measure_front_matter(data)
    if start:
        yield from iter_front_matter(data[:start])
    yield from iter_body(data[start:], start)
    if start and _IS_DRAWING.search(data, 0, start):
        for line in _EMBEDDED_FILE.finditer(data, start):
            yield from iter_wiki_links(line[1], line.start(1))


def iter_body(data: bytes, start: int = 0) -> Iterator[Found]:
    """The same for Markdown without front matter. ``start`` is added to all offsets.

    Parses only the sections that may name a picture, and have more than wiki links.
    """
    ends = list_sections(data)
    for number in sorted(_list_worth_parsing(data, ends)):
        begin = ends[number - 1] if number else 0
        section = data[begin : ends[number]]
        if _NEEDS_PARSER.search(section):
            yield from iter_text(section, start + begin)
        else:
            visible = Spans(_iter_unread(section)).blank_out(section)
            yield from iter_wiki_links(visible, start + begin)


def _list_worth_parsing(data: bytes, ends: list[int]) -> set[int]:
    """The numbers of the sections that may name a picture."""
    if b"%" in data or b"&" in data:  # a name may be written in escapes
        begins = [0, *ends]
        return {at for at, end in enumerate(ends) if may_name_picture(data[begins[at] : end])}
    return {bisect_right(ends, offset) for offset in iter_mentions(data)}


def list_sections(data: bytes) -> list[int]:
    """Where parts end that mean the same alone. Each begins where the last one ends.

    Law: read one by one, they have the references of the whole. An empty line ends every block but code in fences,
    some HTML, and what goes on in the indented lines of a list. Only definitions and comments reach further.
    """
    if any(mark in data for mark in _REACHES_FAR) or (b"<" in data and _LONG_HTML.search(data)):
        return [len(data)]
    return [*(gap.end() for gap in _GAP.finditer(data)), len(data)]


def iter_text(data: bytes, start: int) -> Iterator[Found]:
    """The references of Markdown that is parsed as a whole."""
    parsed = _Parsed(data)
    text = parsed.hide_rest()
    unread = Spans(_iter_unread(text))
    seen = set()
    for link in parsed.links:
        seen.add(link.offset)
        if link.offset not in unread:
            yield replace(link, offset=start + link.offset)
    for offset, piece in parsed.html:
        if offset not in unread:
            yield from iter_tags(piece, start + offset)
            if _MARKDOWN_INSIDE.search(piece):
                yield from _iter_pictures(hide(piece), start + offset, Form.MARKDOWN)
    visible = unread.blank_out(text)
    yield from iter_wiki_links(visible, start)
    for found in _iter_pictures(visible, start, Form.BLANKS):
        if found.offset - start not in seen and " " in found.target:
            yield found


def _iter_unread(text: bytes) -> Iterator[tuple[int, int]]:
    """The spans that the parser takes for text, but people's programs do not."""
    if b"%%" in text:
        yield from (comment.span() for comment in _COMMENT.finditer(text))
    if b"$" in text:
        yield from (formula.span() for formula in _MATH.finditer(text) if formula["link"] is None)
    opened: re.Match[bytes] | None = None
    for edge in _ORG_BLOCK_EDGE.finditer(text) if b"#+" in text else ():
        if opened is None and edge[1].lower() == b"begin":
            opened = edge
        elif opened is not None and edge[1].lower() == b"end" and edge[2].lower() == opened[2].lower():
            yield opened.start(), edge.end()
            opened = None


def _iter_pictures(data: bytes, start: int, form: Form) -> Iterator[Found]:
    at = 0
    while match := _PICTURE.search(data, at):
        at = match.end()
        if match[1] and (end := _find_end(data, at)) is not None:
            target = data[at : end.start()].rstrip(b" \t").decode(errors="replace")
            at = end.end()
            yield Found(start + match.start(), form, target, target)


def _find_end(data: bytes, begin: int) -> re.Match[bytes] | None:
    """What ends the destination that begins there and may have blanks: a title and the parenthesis. Pairs of
    parentheses are a part of it. None if nothing ends it.
    """
    at = begin
    while at < len(data):
        if at > begin and (end := _TITLE_TO_END.match(data, at)):
            return end
        if piece := _PLAIN_PIECE.match(data, at):
            at = piece.end()
        elif data.startswith(b"'", at):
            at += 1
        else:
            return None
    return None


class _Opened:
    """A link or picture whose end was not reached yet."""

    __slots__ = ("begin", "data", "end", "inner_end", "is_embed")

    def __init__(self, data: dict[str, Any], begin: int, end: int, *, is_embed: bool) -> None:
        self.data = data
        self.begin = begin
        self.end = end
        self.is_embed = is_embed
        self.inner_end = begin + len("![" if is_embed else "[")
        """How far the text in its brackets is known to reach. The destination comes after it."""


class _Parsed:
    """What the parser says about a text: its links, its HTML, and which parts are code or HTML."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._definitions: dict[str, str] | None = None
        self._text = data.decode(errors="replace")
        self.links: list[Found] = []
        self.html: list[tuple[int, bytes]] = []
        self._hidden: list[tuple[int, int]] = []
        self._walk()

    def _walk(self) -> None:
        opened: list[_Opened] = []
        for event, span in pyromark.events_with_range(self._text, options=_OPTIONS, merge_text=True):
            if isinstance(event, str) or ("Text" in event and not opened):  # that is most events
                continue
            ((name, value),) = event.items()
            begin, end = span["start"], span["end"]
            if name == "End":
                if value in ("Link", "Image") and opened:
                    self._add_link(opened.pop())
            elif name == "Start":
                if value == "HtmlBlock":
                    self._add_html(begin, end)
                elif isinstance(value, dict):
                    link = value.get("Link") or value.get("Image")
                    if link is not None:
                        opened.append(_Opened(link, begin, end, is_embed="Image" in value))
                        continue
                    if "CodeBlock" in value:
                        self._hidden.append((begin, end))
            elif name == "Code":
                self._hidden.append((begin, end))
            elif name == "InlineHtml" and not self._is_in_wiki_link(begin):
                self._add_html(begin, end)
            if opened:
                opened[-1].inner_end = max(opened[-1].inner_end, end)

    @cached_property
    def _wiki_marks(self) -> list[tuple[int, bytes]]:
        return [(mark.start(), mark[0]) for mark in _WIKI_MARK.finditer(self._data)]

    def _is_in_wiki_link(self, offset: int) -> bool:
        """Whether what begins there is a part of a name: ``![[a<b>.png]]``."""
        at = bisect_right(self._wiki_marks, (offset,))
        return at > 0 and self._wiki_marks[at - 1][1] == b"[["

    def _add_html(self, begin: int, end: int) -> None:
        self.html.append((begin, self._data[begin:end]))
        self._hidden.append((begin, end))

    def _add_link(self, link: _Opened) -> None:
        kind, destination = link.data["link_type"], link.data["dest_url"]
        if not names_picture(destination, Form.MARKDOWN):
            return
        if kind == "Inline":
            after = self._data.find(b"](", link.inner_end, link.end)
            spelled = read_destination(self._data[after + 2 : link.end]) if after >= 0 else destination
        elif kind in ("Reference", "Collapsed", "Shortcut"):
            spelled = self._find_definition(link.data["id"], destination)
        else:
            return
        self.links.append(Found(link.begin, Form.MARKDOWN, spelled, destination, is_embed=link.is_embed))

    def _find_definition(self, label: str, destination: str) -> str:
        """The destination as the definition of the label spells it."""
        if self._definitions is None:
            self._definitions = {}
            for name, definition in pyromark.reference_definitions(self._text, options=_OPTIONS).items():
                span = definition["span"]
                source = self._data[span["start"] : span["end"]]
                after = source.find(b"]:", len(name.encode()) // 2)
                self._definitions[_fold_label(name)] = read_destination(source[after + 2 :])
        return self._definitions.get(_fold_label(label), destination)

    def hide_rest(self) -> bytes:
        """The text with blanks instead of code and HTML. All offsets are unchanged."""
        return Spans(self._hidden).blank_out(self._data)


def _fold_label(label: str) -> str:
    return " ".join(label.split()).casefold()


def read_destination(source: bytes) -> str:
    """The destination that the text begins with, as it is spelled: in ``<>``, or with balanced parentheses."""
    text = source.decode(errors="replace").lstrip()
    if text.startswith("<"):
        found = re.match(r"<((?:[^<>\\\n]|\\.)*)>", text)
        return found[1] if found else text
    depth, at = 0, 0
    while at < len(text):
        letter = text[at]
        if letter == "\\" and at + 1 < len(text):
            at += 2
            continue
        if letter.isspace() or (letter == ")" and not depth):
            break
        depth += (letter == "(") - (letter == ")")
        at += 1
    return text[:at]
