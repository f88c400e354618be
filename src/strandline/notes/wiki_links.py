"""Wiki links and embeds: ``![[dir/x.png#part|640x480]]``. Their destinations are not encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.references import Form, Found

_LINK = re.compile(rb"\[\[([^\[\]\n|]+)(\|[^\]\n]*)?\]\]")
"""A pattern that begins with plain letters is searched for fast."""


def iter_wiki_links(data: bytes, start: int = 0) -> Iterator[Found]:
    """All wiki links to files. What is no reference must have been blanked out."""
    for link in _LINK.finditer(data):
        if b"." not in link[1]:
            continue
        begin = link.start()
        before = data[max(0, begin - 2) : begin]
        if before.endswith(b"\\"):
            continue
        is_embed = before.endswith(b"!") and before != b"\\!"  # an escaped mark makes a link of an embed
        written = (
            link[1].removesuffix(b"\\") if link[2] else link[1]
        )  # in a table, the | before the size is escaped
        target = written.decode(errors="replace").strip()
        yield Found(start + begin - is_embed, Form.WIKI, target, target, is_embed=is_embed)
