"""The loose reader: which picture names any text contains, in whatever form. It decides what is *unused*.

It knows no grammar: code, whiteboards, styles, and settings of plug-ins name pictures too. A name counts wherever it
is, so that nothing that may be used is called unused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import unquote_to_bytes

from strandline.notes.picture_names import EXTENSIONS, MAX_NAME_BYTES, fold_path

_ENDING = re.compile(r"\.(?:" + "|".join(EXTENSIONS) + r")(?![a-z0-9])")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_SEPARATORS = re.compile(r"[/\\\n\r\"<>|*?:\t]")


class Mentions:
    """Finds which of some names are mentioned. Names are compared folded, without their folders."""

    def __init__(self, names: Iterable[str]) -> None:
        self._unseen = {fold_path(name) for name in names}
        self._seen: set[str] = set()

    def read(self, data: bytes) -> None:
        """Takes note of every name in a text. Broken UTF-8 hides nothing: it is read as Latin-1 as well."""
        self._read_text(data.decode(errors="replace"))
        if b"%" in data:
            self._read_text(unquote_to_bytes(data).decode(errors="replace"))

    def has(self, name: str) -> bool:
        """Whether the name was in a text that was read."""
        return fold_path(name) in self._seen

    def _read_text(self, text: str) -> None:
        if "&" in text:
            text = unescape(text)
        text = fold_path(text)
        if "\\u" in text:
            text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        for ending in _ENDING.finditer(text):
            self._look_back(text[max(0, ending.end() - MAX_NAME_BYTES) : ending.end()])

    def _look_back(self, window: str) -> None:
        """Looks for the longest and every shorter name at the end of the window."""
        separators = [match.end() for match in _SEPARATORS.finditer(window)]
        nearest = separators[-1] if separators else 0
        for start in range(nearest, len(window)):
            if (name := window[start:]) in self._unseen:
                self._unseen.discard(name)
                self._seen.add(name)
