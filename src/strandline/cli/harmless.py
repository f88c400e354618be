"""Text from elsewhere made fit for a terminal: nothing in it acts, and it is not too long.

What surprises: a file name is not text. It can carry terminal commands, marks that turn the reading direction
round, and bytes that are no UTF-8; :func:`make_harmless` writes out whatever is not plainly visible, so that
nothing in a storage directory speaks to the terminal.
"""

from __future__ import annotations

_JOINERS_AND_SPACES = frozenset("\u200c\u200d\u00a0\u202f\u3000")
"""Invisible and harmless: emoji and Persian need the joiners, macOS puts U+202F into names of screenshots."""

MAX_MESSAGE_LENGTH = 700
"""A message holds at most a long path and a sentence; what is longer floods a terminal."""


def make_harmless(text: str) -> str:
    r"""The text with everything that is not plainly visible written out: ``\x1b``, ``\u202e``, ``\xff``.

    Law: the result encodes as UTF-8, and holds no control character, direction mark, newline or surrogate. Text
    without such characters comes back as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in _JOINERS_AND_SPACES else _write_out(char) for char in text
    )


def _write_out(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, limit: int = MAX_MESSAGE_LENGTH) -> str:
    """At most ``limit`` characters: the beginning and the end, which say what it is about and what to do."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
