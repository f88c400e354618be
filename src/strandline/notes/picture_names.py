"""Names of pictures: which extensions count, and whether a text may have one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from strandline.model.media_types import NAMED_MEDIA_TYPES

EXTENSIONS = tuple(extension for media_type in NAMED_MEDIA_TYPES for extension in media_type.extensions)
"""What notes show as pictures. Other attachments are not looked at."""

_ENDINGS = tuple(f".{extension}" for extension in EXTENSIONS)

_MENTION = re.compile(
    rb"\.(?:" + "|".join(EXTENSIONS).encode() + rb")(?![a-z0-9])", re.IGNORECASE
)  # begins with a plain letter, so that it is found fast
_ENCODED_LETTER = re.compile(rb"%[2-7][0-9a-f]", re.IGNORECASE)


def is_picture_name(name: str) -> bool:
    """Whether the name, or the last part of a path, ends like a picture's: ``IMG_1.HEIC``."""
    return name.lower().endswith(_ENDINGS)


def may_name_picture(text: bytes) -> bool:
    """Whether the text may refer to a picture. One that does not need not be parsed, and that is most notes."""
    if _MENTION.search(text) or (b"%" in text and _MENTION.search(_decode_letters(text))):
        return True
    if b"&" not in text:
        return False
    plain = decode_entities(text.decode(errors="replace")).encode(errors="replace")
    return _MENTION.search(_decode_letters(plain)) is not None


def decode_entities(text: str) -> str:
    """The text without the escapes of HTML. Unchanged if one is a number that is too long to be read."""
    try:
        return unescape(text)
    except ValueError:
        return text


def iter_mentions(text: bytes) -> Iterator[int]:
    """Where the extensions of pictures are in a text without escapes."""
    return (match.start() for match in _MENTION.finditer(text))


def _decode_letters(text: bytes) -> bytes:
    return _ENCODED_LETTER.sub(_decode_letter, text)


def _decode_letter(encoded: re.Match[bytes]) -> bytes:
    return bytes([int(encoded[0][1:], 16)])
