"""Search: names and questions in one form, so that a person finds a name without knowing how it is spelled.

Case, accents, and Unicode forms make no difference: ``kuche`` finds ``Küche``, ``KÜCHE``, and a ``Küche`` whose ü is
a u with a mark, as macOS writes it. The catalog stores names in this form. If the form changes, a new migration must
fold the stored names again.

Only the marks of :data:`_ACCENTS` are dropped. They are the accents of Latin, Greek, and Cyrillic letters. The
marks of other scripts stay, because they are letters or change letters there: vowel signs in Hindi and Thai, the
points of Hebrew, the two strokes that make か into が. Both sides of a search are folded, so exact names are found in
any script.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_ACCENTS = re.compile("[\u0300-\u036f]+")
"""The block *Combining Diacritical Marks*."""

_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that Unicode does not take apart, although a keyboard without them has a usual replacement."""


def fold(text: str) -> str:
    """The text as names are compared: without case, accents, and compatibility forms. ``ß`` becomes ``ss``.

    Idempotent. Surrogates, which are no text and no database stores, become ``?``.
    """
    if text.isascii():
        return text.lower()
    plain = normalize("NFKD", normalize("NFKD", text).casefold())
    return normalize("NFC", _ACCENTS.sub("", plain).translate(_STROKES)).encode(errors="replace").decode()


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """For sorting as people count: ``photo 2`` before ``photo 10``, without case and accents."""
    parts = re.split(r"([0-9]{1,18})", fold(text))
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts if part
    ]


def split_words(text: str) -> list[str]:
    """The folded words of a question, each once. Empty if there is nothing to search for."""
    return list(dict.fromkeys(fold(text).split()))
