"""Front matter: pictures among a note's properties, with or without quotes, alone, in lists, and as wiki links.

A link counts under any key. A plain value counts if its key announces a picture: ``cover: x.png`` shows one, and
``original: DSC_1.jpg``, ``source_file: DSC_2.jpg``, or ``command: convert a.heic b.jpg`` only mentions some. What is
in braces, or goes on on the next line, is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.picture_names import is_picture_name
from strandline.notes.references import Form, Found

_FENCED = re.compile(rb"(---|\+\+\+)[ \t]*\r?\n(?:.*?\n)??(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINE = re.compile(
    rb"([ \t]*)((?:-[ \t]+)*)(?:([\w.@-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*[:=](?=[ \t]|\r?\Z))?(.*)"
)
_QUOTES = rb"\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^']|'')*)'"
_QUOTED = re.compile(_QUOTES)
_ITEM = re.compile(
    rb"[ \t]*(?:"
    + _QUOTES
    + rb"|(?P<wiki>!?\[\[[^\]]*\]\])|(?P<plain>[^\s\[\]{},\"'#&*!|>@%`][^\[\]{},]*))[ \t]*[,\]]"
)
"""An item of a list in brackets. One that nothing ends may go on on the next line."""

_COMMENT = re.compile(rb"(?<=\s)#")
_REST = re.compile(rb"[ \t]*(?:\Z|(?<=[ \t])#)")
_NOT_PLAIN = tuple("\"'{}[],#&*!|>@%`")
"""What begins a value of another kind, or none."""

_NAME_IN_LIST = re.compile(rb"[ \t]*([^,]+)")
_WIKI_LINK = re.compile(rb"!?\[\[[^\]]*\]\]")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|(.))", re.DOTALL
)
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", " ": " ", "_": "\u00a0"}
"""Escapes of YAML and TOML that a name may have. The others are control characters, or no escapes."""

_WIKI = re.compile(r"!?\[\[([^\[\]|]+)(?:\\?\|[^\]]*)?\]\]")
_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(<?([^()<>]+)>?\)")
_IS_NO_NAME = re.compile(r"\[\[|\]\(|[\x00-\x1f]")
_ONLY_EXTENSION = re.compile(r"(?:.*/)?\.\w*")
_PICTURE_KEY = re.compile(
    r"(?:.*[._-])?(?:cover|banner|thumb|thumbnail|photo|picture|poster|avatar|background|hero|teaser|feature|featured"
    r"|logo|screenshot|figure|gallery|header|splash|image|img|src)s?(?:[._-]?(?:image|img|path|file|src|url))?"
    r"|.*image(?:s|_?path|_?file|_?src|_?url)?"
)
"""Keys whose plain values are pictures: ``cover``, ``og_image``, ``featuredImage``, ``src`` of a list's entry."""

_FILES = frozenset({"file", "files"})
"""Keys whose plain values are pictures if the key above them announces some: below ``gallery``, not alone."""


def measure_front_matter(data: bytes) -> int:
    """How many bytes of front matter the note begins with; 0 if there is none."""
    if not data.startswith((b"---", b"+++")):
        return 0
    found = _FENCED.match(data)
    return found.end() if found else 0


def iter_front_matter(data: bytes) -> Iterator[Found]:
    """The values of the front matter that may name a picture."""
    offset, block = 0, -1
    above: list[
        tuple[int, str]
    ] = []  # the keys that have their values on the lines below, with their columns
    for line in data.splitlines(keepends=True):
        found = _LINE.match(line.rstrip(b"\r\n"))
        if found is not None and line.strip():
            indent = len(found[1])
            if block >= 0 and indent > block:  # a line of a text of several lines
                offset += len(line)
                continue
            block = -1
            while above and above[-1][0] >= indent + (1 if found[2] else 0):
                above.pop()
            parent = above[-1][1] if above else ""
            key = found[3].strip(b"\"'").decode(errors="replace").lower() if found[3] else parent
            value = found[4].strip()
            column = indent + len(found[2]) if found[3] else indent
            if value.startswith((b"|", b">")):
                block = column
            elif found[3] and (not value or value.startswith(b"#")):
                above.append((column, key))
            elif found[2] or found[3]:
                is_picture = _announces_picture(key, parent)
                for each in _iter_values(found[4], offset + found.start(4)):
                    if is_picture or each.form is not Form.FRONT_MATTER:
                        yield each
        offset += len(line)


def _announces_picture(key: str, parent: str) -> bool:
    return _PICTURE_KEY.fullmatch(parent if key in _FILES else key) is not None


def _iter_values(value: bytes, start: int) -> Iterator[Found]:
    """The names in a value. Commas and brackets separate some only in a list, so a name may have them."""
    begin = len(value) - len(value.lstrip(b" \t"))
    comment = _COMMENT.search(value, begin)
    text = value[begin : comment.start() if comment else None].rstrip().decode(errors="replace")
    if text.startswith(("[[", "![[")):
        for link in _WIKI_LINK.finditer(value, begin):
            yield from _read_value(link[0].decode(errors="replace"), start + link.start())
    elif _MARKDOWN.fullmatch(text):
        yield from _read_value(text, start + begin)
    elif text.startswith("["):
        yield from _iter_items(value, begin + 1, start)
    elif quoted := _QUOTED.match(value, begin):
        if _REST.match(value, quoted.end()):
            yield from _read_match(quoted, start)
    elif not text.startswith(_NOT_PLAIN) and ": " not in text:
        names = list(_NAME_IN_LIST.finditer(value, begin, begin + len(text.encode())))
        if all(is_picture_name(name[1].decode(errors="replace")) for name in names):
            for name in names:  # no list of YAML, but some themes split it
                yield from _read_value(name[1].decode(errors="replace"), start + name.start(1))
        else:
            yield from _read_value(text, start + begin)


def _iter_items(value: bytes, at: int, start: int) -> Iterator[Found]:
    while item := _ITEM.match(value, at):
        at = item.end()
        if item["plain"] is None or not (b": " in item["plain"] or _COMMENT.search(item["plain"])):
            yield from _read_match(item, start)
        if item[0].endswith(b"]"):
            return


def _read_match(match: re.Match[bytes], start: int) -> Iterator[Found]:
    kind = match.lastgroup or ""
    written = match[kind].decode(errors="replace").strip()
    meant: str | None = written
    if kind == "double":
        meant = _decode_quoted(written)
    elif kind == "single":
        meant = written.replace("''", "'")
    if meant is not None:
        yield from _read_value(meant, start + match.start(kind), written)


def _decode_quoted(text: str) -> str | None:
    """What a text in double quotes means. None if it has a control character, or what is no escape."""
    parts, at = [], 0
    for escape in _ESCAPE.finditer(text):
        code = escape[1] or escape[2] or escape[3]
        letter = chr(int(code, 16)) if code else _ESCAPED.get(escape[4])
        if letter is None:
            return None
        parts += [text[at : escape.start()], letter]
        at = escape.end()
    whole = "".join([*parts, text[at:]])
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_value(meant: str, offset: int, written: str | None = None) -> Iterator[Found]:
    """What a value is: a link, or a name. An extension alone names nothing."""
    written = meant if written is None else written
    if wiki := _WIKI.fullmatch(meant):
        spelled = _WIKI.fullmatch(written) or wiki
        yield Found(offset, Form.WIKI, spelled[1].strip(), wiki[1].strip())
    elif markdown := _MARKDOWN.fullmatch(meant):
        spelled = _MARKDOWN.fullmatch(written) or markdown
        yield Found(offset, Form.MARKDOWN, spelled[1], markdown[1])
    elif not (_IS_NO_NAME.search(meant) or _ONLY_EXTENSION.fullmatch(meant)):
        yield Found(offset, Form.FRONT_MATTER, written, meant)
