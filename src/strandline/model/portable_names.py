"""Names on other systems: how those that are not exact compare them, and which ones they refuse. Pure."""

from __future__ import annotations

import re
from unicodedata import normalize

_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " "})
"""macOS writes U+202F or U+00A0 in the names of screenshots, and people type a blank."""

_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_DEVICES = "con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]"
_DEVICE = re.compile(rf"(?:{_DEVICES})(?:\.|\Z)", re.IGNORECASE)

_AT_DEVICE = re.compile(rf"/(?i:{_DEVICES})(?:[./]|\Z)")
_AT_END = re.compile(r"[. ](?:/|\Z)")
"""Of a path with a slash in front. One pattern for all would take three times as long: each of these begins with what
can be searched for.
"""

_BYTES_A_LETTER = 4
"""At most, in UTF-8."""

MAX_NAME_BYTES = 255
"""Android and most Linux file systems count bytes."""


def fold_path(path: str) -> str:
    """The path as systems that are not exact compare it: composed, without letter case, with plain blanks."""
    if path.isascii():
        return path.lower()
    return normalize("NFC", normalize("NFC", path).translate(_BLANKS).casefold())


def explain_difference(written: str, actual: str) -> str:
    """How two paths differ that :func:`fold_path` makes equal: letter case, Unicode form, or blanks."""
    if written.translate(_BLANKS) == actual.translate(_BLANKS):
        return "blanks"
    if normalize("NFC", written) == normalize("NFC", actual):
        return "Unicode form"
    return "letter case"


def explain_refused(path: str) -> str | None:
    """Why Windows or Android does not take the path, in a few words. None if both do."""
    below = f"/{path}"
    is_suspicious = _REFUSED.search(below) or _AT_DEVICE.search(below) or _AT_END.search(below)
    if not is_suspicious and len(path) * _BYTES_A_LETTER <= MAX_NAME_BYTES:
        return None  # that is most paths
    for part in path.split("/"):
        if found := _REFUSED.search(part):
            return f"{found[0]!r} is not allowed in names there"
        if _DEVICE.match(part):
            return f"{part!r} is the name of a device there"
        if part.endswith((".", " ")):
            return f"{part!r} ends in a {'dot' if part.endswith('.') else 'blank'}, which Windows drops"
        if len(part.encode(errors="surrogateescape")) > MAX_NAME_BYTES:
            return f"a name has more than {MAX_NAME_BYTES} bytes"
    return None
