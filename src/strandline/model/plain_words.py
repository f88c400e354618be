"""Words that the terminal and the pages share: escaped foreign names, sizes, and counts. Pure.

A file name is not text. It can contain terminal commands, marks that reverse the reading direction, and bytes that
are not UTF-8. :func:`show_plainly` escapes everything that is not plainly visible, so nothing in a storage directory
acts or hides where it is shown.
"""

from __future__ import annotations

_JOINERS_AND_SPACES = frozenset("\u200c\u200d\u00a0\u202f\u3000")
"""Invisible but harmless: emoji and Persian need the joiners, and macOS puts U+202F into screenshot names."""


def say_checked(checked: int, total: int) -> str:
    """``12,000 of 50,000 images checked``: how many have a state that comes from their bytes."""
    return f"{checked:,} of {say_count(total, 'image')} checked"


def show_plainly(text: object) -> str:
    r"""Escapes every character that is not plainly visible: ``\x1b``, ``\u202e``, ``\xff``.

    Law: the result encodes as UTF-8 and contains no control character, direction mark, newline, or surrogate. Text
    without such characters is unchanged.
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(
        char if char.isprintable() or char in _JOINERS_AND_SPACES else _write_out(ord(char)) for char in shown
    )


def _write_out(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # how Python represents a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def say_bytes(size_bytes: int | None, *, unknown: str = "?") -> str:
    """``3.1 MB``, in decimal units as in file managers and sync clients."""
    if size_bytes is None:
        return unknown
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 99.5 else f"{size:.0f} {unit}"
    return f"{size / 1000:.1f} TB"


def say_span(seconds: int) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``5 days``: about how long something takes."""
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    if hours < 10:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def say_count(number: int, noun: str, plural: str = "") -> str:
    """``1 image``, ``1,204 images``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
