"""Front matter: pictures among a note's properties, with or without quotes, alone, in lists, and as wiki links.

A link counts under any key. A plain value counts if its key announces a picture: ``cover: x.png`` shows one, and
``original: DSC_1.jpg`` or ``command: convert a.heic b.jpg`` only mentions some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.references import Form, Found

_FENCED = re.compile(rb"(---|\+\+\+)[ \t]*\r?\n(?:.*?\n)??(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINE = re.compile(
    rb"([ \t]*)((?:-[ \t]+)*)(?:([\w.@-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*[:=](?=[ \t]|\r?\Z))?(.*)"
)
_VALUE = re.compile(
    rb"[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'|(!?\[\[[^\]]*\]\])|([^\[\],\"'#\s](?:[^,#\]]|(?<!\s)#)*))"
)
_WIKI = re.compile(r"!?\[\[([^\[\]|]+)(?:\\?\|[^\]]*)?\]\]")
_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(<?([^()<>]+)>?\)")
_PICTURE_KEY = re.compile(
    r"(?:.*[._-])?(?:cover|banner|thumb|thumbnail|photo|picture|poster|avatar|background|hero|teaser|feature|featured"
    r"|logo|screenshot|figure|gallery|header|splash|image|img|file|src)s?(?:[._-]?(?:image|img|path|file|src|url))?"
    r"|.*image(?:s|_?path|_?src|_?url)?"
)
"""Keys whose plain values are pictures: ``cover``, ``og_image``, ``featuredImage``, ``src`` of a list's entry."""


def measure_front_matter(data: bytes) -> int:
    """How many bytes of front matter the note begins with; 0 if there is none."""
    if not data.startswith((b"---", b"+++")):
        return 0
    found = _FENCED.match(data)
    return found.end() if found else 0


def iter_front_matter(data: bytes) -> Iterator[Found]:
    """The values of the front matter that may name a picture."""
    offset, key, block = 0, "", -1
    for line in data.splitlines(keepends=True):
        found = _LINE.match(line.rstrip(b"\r\n"))
        if found is not None and line.strip():
            indent = len(found[1])
            if block >= 0 and indent > block:  # a line of a text of several lines
                offset += len(line)
                continue
            block = -1
            if found[3]:
                key = found[3].strip(b"\"'").decode(errors="replace").lower()
            if found[4].strip()[:1] in (b"|", b">"):
                block = indent
            elif found[2] or found[3]:
                is_picture = _PICTURE_KEY.fullmatch(key) is not None
                for each in _iter_values(found[4], offset + found.start(4)):
                    if is_picture or each.form is not Form.FRONT_MATTER:
                        yield each
        offset += len(line)


def _iter_values(value: bytes, start: int) -> Iterator[Found]:
    at = 0
    if value.strip().startswith(b"[") and not value.strip().startswith(b"[["):
        at = value.index(b"[") + 1
    while at < len(value):
        found = _VALUE.match(value, at)
        if found is None:
            at += 1
            continue
        number = found.lastindex or 1
        text = found[number].decode(errors="replace").strip()
        yield from _read_value(text, start + found.start(number))
        at = found.end()


def _read_value(text: str, offset: int) -> Iterator[Found]:
    if wiki := _WIKI.fullmatch(text):
        yield Found(offset, Form.WIKI, wiki[1].strip(), wiki[1].strip())
    elif markdown := _MARKDOWN.fullmatch(text):
        yield Found(offset, Form.MARKDOWN, markdown[1], markdown[1])
    elif "[" not in text:
        yield Found(offset, Form.FRONT_MATTER, text, text)
