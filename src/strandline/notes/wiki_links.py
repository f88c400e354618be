"""Wiki links and embeds: ``![[dir/x.png#part|640x480]]``. Their destinations are not encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.references import Form, Found
from strandline.notes.spans import Next

_LINK = re.compile(rb"\[\[([^\[\]\n|]+)(?:\]\]|(\|))")
"""A pattern that begins with plain letters is searched for fast."""

_END_OF_ALIAS = re.compile(rb"[\]\n]")


def iter_wiki_links(data: bytes, start: int = 0) -> Iterator[Found]:
    """All wiki links to files. What is no reference must have been blanked out."""
    alias_ends = Next(data, _END_OF_ALIAS)
    after = 0
    for link in _LINK.finditer(data):
        begin = link.start()
        if begin < after:  # in an alias
            continue
        after = link.end()
        if link[2]:
            end = alias_ends.after(after)
            if not data.startswith(b"]]", end):
                continue
            after = end + len(b"]]")
        if b"." not in link[1]:
            continue
        before = data[max(0, begin - 2) : begin]
        if before.endswith(b"\\"):
            continue
        is_embed = before.endswith(b"!") and before != b"\\!"  # an escaped mark makes a link of an embed
        written = (
            link[1].removesuffix(b"\\") if link[2] else link[1]
        )  # in a table, the | before the size is escaped
        target = written.decode(errors="replace").strip()
        yield Found(start + begin - is_embed, Form.WIKI, target, target, is_embed=is_embed)
