"""Image ids: the two forms that name an image, and the guard against path traversal.

A *content id* says what the bytes are. A *legacy id* (a UUID) only names an image and proves nothing. No id contains
a separator, a dot, or a NUL, so nothing else needs to be checked before a path is made from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NewType

from strandline.errors import InvalidImageIdError
from strandline.model.given import check_several

ImageId = NewType("ImageId", str)
"""A parsed image id: 32 lower-case hex digits, or a lower-case UUID with dashes (36 characters)."""

CONTENT_ID_LENGTH = 32
"""Half of a SHA-256 in hex: 128 bits, as many as a UUID has. Accidental collisions are out of reach."""

_CONTENT_ID = re.compile(r"[0-9a-f]{32}")
_LEGACY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def parse_image_id(text: str) -> ImageId:
    """Parses an image id in any letter case. Accepts nothing else.

    Law: ``parse_image_id(parse_image_id(t)) == parse_image_id(t)``, and the result matches ``[0-9a-f-]{32,36}``, so
    it never contains a separator, dot, space, or NUL.

    Raises:
        InvalidImageIdError: For any other text, of any length. The message quotes at most 60 characters of it.
        TypeError: It is not text.
    """
    _check_is_text(text)
    found = find_image_id(text)
    if found is None:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise InvalidImageIdError(
            f"{shown!r} is not an image id; give 32 hex digits or a UUID with dashes", value=shown
        )
    return found


def find_image_id(text: str) -> ImageId | None:
    """The image id, or None if the text is none. Never raises. Constant time for text of the wrong length."""
    if len(text) == CONTENT_ID_LENGTH:
        pattern = _CONTENT_ID
    elif len(text) == 36:
        pattern = _LEGACY_ID
    else:
        return None
    # isascii first: str.lower() maps two non-ASCII letters (U+212A, U+0130) into ASCII ones.
    folded = text.lower() if text.isascii() else text
    return ImageId(folded) if pattern.fullmatch(folded) else None


def parse_image_ids(texts: Iterable[str]) -> list[ImageId]:
    """Each of them, in order. Raises as :func:`parse_image_id`, and ``TypeError`` for one text instead of several."""
    return [parse_image_id(text) for text in check_several(texts, "image ids")]


def _check_is_text(given: object) -> None:
    if not isinstance(given, str):
        raise TypeError(
            f"an image id is text (32 hex digits, or a UUID with dashes), not {type(given).__name__}"
        )


def is_content_id(image_id: ImageId) -> bool:
    """True for a content id, False for a legacy id."""
    return len(image_id) == CONTENT_ID_LENGTH


def content_id_of(sha256_hex: str) -> ImageId:
    """The content id of bytes with this SHA-256 (in hex)."""
    return ImageId(sha256_hex[:CONTENT_ID_LENGTH])


def hash_to_content_id(data: bytes | memoryview) -> ImageId:
    """The content id of the bytes: the first 16 bytes of their SHA-256, in lower-case hex."""
    import hashlib  # here: most commands hash nothing

    return content_id_of(hashlib.sha256(data).hexdigest())
