"""Wiki links and embeds: ``![[dir/x.png#part|640x480]]``. Their destinations are not encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strandline.notes.references import Form, Found

_LINK = re.compile(rb"(?<!\\)!?\[\[([^\[\]\n|]+?)(?:\\?\|[^\]\n]*)?\]\]")
"""In a table, the ``|`` before the size is escaped."""


def iter_wiki_links(data: bytes, start: int = 0) -> Iterator[Found]:
    """All wiki links to files. What is no reference must have been blanked out."""
    for link in _LINK.finditer(data):
        if b"." not in link[1]:
            continue
        target = link[1].decode(errors="replace")
        yield Found(start + link.start(), Form.WIKI, target.strip(), target.strip())
