"""The loose reader: which picture names any text contains, in whatever form. It decides what is *unused*.

It knows no grammar: code, whiteboards, styles, and settings of plug-ins name pictures too. A name counts wherever it
is, so that nothing that may be used is called unused. So does a name that a program makes from an id in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from strandline.model.portable_names import MAX_NAME_BYTES, fold_path
from strandline.notes.picture_names import EXTENSIONS, decode_entities

_ENDING = re.compile(r"(?:\.|%2e)(?:" + "|".join(EXTENSIONS) + r")(?![a-z0-9])", re.IGNORECASE | re.ASCII)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

_ID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ID_IN_TEXT = re.compile(_ID)
_PDF_AREA = re.compile(rf"[0-9]+_({_ID})_[0-9]+\.png")
"""What Logseq calls the picture of an area in a PDF: page, id of the highlight, time. Texts have only the id."""

_LONGEST = 6 * MAX_NAME_BYTES
"""Characters of the longest name if each is escaped, as in ``\\u00e9``."""


class Names:
    """Names that a text may mention. They are compared folded, without their folders. Never changes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {fold_path(name) for name in names} - {""}
        self._tail = min(map(len, self._names), default=1)
        self._lengths: dict[str, set[int]] = {}
        """How long the names are that end so. Most endings in a text are not the end of a name."""
        for name in self._names:
            self._lengths.setdefault(name[-self._tail :], set()).add(len(name))
        self._areas: dict[str, set[str]] = {}
        for area in filter(None, map(_PDF_AREA.fullmatch, self._names)):
            self._areas.setdefault(area[1], set()).add(area[0])

    def find_in(self, data: bytes) -> set[str]:
        """The names, folded, that a text mentions: as they are, percent-encoded, or escaped as in HTML and JSON.

        Cost: one pass over the text, whatever the number of names.
        """
        text = data.decode(errors="replace")
        found: set[str] = set()
        for match in _ID_IN_TEXT.finditer(text) if self._areas else ():
            found |= self._areas.get(match[0], set())
        for ending in _ENDING.finditer(text):
            window = text[max(0, ending.end() - _LONGEST) : ending.end()]
            window = window[window.rfind("\n") + 1 :]
            self._look_back(window, found)
            if "%" in window:
                self._look_back(unquote(window), found)
            if "&" in window:
                self._look_back(decode_entities(window), found)
            if "\\u" in window:
                self._look_back(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), window), found)
        return found

    def _look_back(self, window: str, found: set[str]) -> None:
        """Looks for the names at the end of the window, of whatever length."""
        window = fold_path(window[window.rfind("/") + 1 :])
        for length in self._lengths.get(window[-self._tail :], ()):
            if (name := window[-length:]) in self._names:
                found.add(name)


class Mentions:
    """Which of some names are mentioned in any of the texts that were read."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = Names(names)
        self._seen: set[str] = set()

    def read(self, data: bytes) -> set[str]:
        """Takes note of every name in a text, and returns them, folded."""
        found = self._names.find_in(data)
        self._seen |= found
        return found

    def has(self, name: str) -> bool:
        """Whether the name was in a text that was read."""
        return fold_path(name) in self._seen
