"""Names of pictures: which extensions count, how names are compared, and which names some systems refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from unicodedata import normalize

EXTENSIONS = (
    "png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "heif", "avif", "bmp", "tif", "tiff", "ico", "jxl",
)  # fmt: skip
"""What notes show as pictures. Other attachments are not looked at."""

_ENDINGS = tuple(f".{extension}" for extension in EXTENSIONS)

_MENTION = re.compile(
    rb"\.(?:" + "|".join(EXTENSIONS).encode() + rb")(?![a-z0-9])", re.IGNORECASE
)  # begins with a plain letter, so that it is found fast
_ENCODED_LETTER = re.compile(rb"%[2-7][0-9a-f]", re.IGNORECASE)

_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " "})
"""macOS writes U+202F or U+00A0 in the names of screenshots, and people type a blank."""

_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_DEVICES = "con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]"
_DEVICE = re.compile(rf"(?:{_DEVICES})(?:\.|\Z)", re.IGNORECASE)

_SUSPICIOUS = re.compile(rf"{_REFUSED.pattern}|(?:^|/)(?i:{_DEVICES})(?:[./]|\Z)|[. ](?:/|\Z)")

_BYTES_A_LETTER = 4
"""At most, in UTF-8."""

MAX_NAME_BYTES = 255
"""Android and most Linux file systems count bytes."""


def is_picture_name(name: str) -> bool:
    """Whether the name, or the last part of a path, ends like a picture's: ``IMG_1.HEIC``."""
    return name.lower().endswith(_ENDINGS)


def may_name_picture(text: bytes) -> bool:
    """Whether the text may refer to a picture. One that does not need not be parsed, and that is most notes."""
    if _MENTION.search(text) or (b"%" in text and _MENTION.search(_decode_letters(text))):
        return True
    if b"&" not in text:
        return False
    plain = unescape(text.decode(errors="replace")).encode(errors="replace")
    return _MENTION.search(_decode_letters(plain)) is not None


def iter_mentions(text: bytes) -> Iterator[int]:
    """Where the extensions of pictures are in a text without escapes."""
    return (match.start() for match in _MENTION.finditer(text))


def _decode_letters(text: bytes) -> bytes:
    return _ENCODED_LETTER.sub(_decode_letter, text)


def _decode_letter(encoded: re.Match[bytes]) -> bytes:
    return bytes([int(encoded[0][1:], 16)])


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
    if not _SUSPICIOUS.search(path) and len(path) * _BYTES_A_LETTER <= MAX_NAME_BYTES:
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
