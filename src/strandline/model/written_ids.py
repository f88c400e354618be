"""Images as people name them: by an id in a file name, a path, a link, or a line of a note, by the first digits of an
id, or by the name of a picture. Pure.

Only the command line accepts these. The library and the HTTP API are strict, because a program knows what it means.
"""

from __future__ import annotations

import re

from strandline.errors import InvalidImageIdError
from strandline.model.image_ids import ImageId, find_image_id
from strandline.model.values import dataclass

MIN_PREFIX_LENGTH = 4
"""As in git: fewer digits would rarely be unique, and are more often a typing mistake."""

_ANY_ID = re.compile(
    r"(?<![^\W_])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?![^\W_])"
)
"""An id between characters that are neither letters nor digits, so that no part of a longer hash counts."""

_PICTURE_NAME = re.compile(
    r"\.(?:png|jpe?g|jpe|jfif|gif|webp|svg|heic|heif|avif|bmp|tiff?|ico|jxl)(?![^\W_])", re.IGNORECASE
)

_FORMS = ("0" * 32, "00000000-0000-0000-0000-000000000000")
"""An id of each form, to continue a beginning with."""


@dataclass(frozen=True, slots=True)
class IdPrefix:
    """The first digits of an image id, in lower case: at least four, and not all."""

    digits: str


@dataclass(frozen=True, slots=True)
class PictureName:
    """A path, a file's name, or a reference to a picture, as a person typed it: blanks around it may belong to it."""

    text: str
    or_id: ImageId | None = None
    """The id that the text has in it, and means if no picture has that name."""


def parse_written_ids(text: str) -> tuple[ImageId, ...] | IdPrefix | PictureName:
    """The distinct ids in the text, in their order, or the beginning of an id, or else the name of a picture.

    Laws: an id alone gives itself, as does an id between other characters than letters and digits. Every result is
    in the text, apart from letter case. Cost: linear.

    Raises:
        InvalidImageIdError: The text has neither in it. The message quotes at most 60 characters.
    """
    stripped = text.strip()
    if (alone := find_image_id(stripped)) is not None:
        return (alone,)
    if ids := tuple(dict.fromkeys(ImageId(found.lower()) for found in _ANY_ID.findall(text))):
        return ids
    if _is_beginning(stripped):
        if len(stripped) >= MIN_PREFIX_LENGTH:
            return IdPrefix(stripped.lower())
        raise InvalidImageIdError(
            f"{stripped!r} is too short; give at least {MIN_PREFIX_LENGTH} digits of the image id",
            value=stripped,
        )
    if may_be_picture_name(stripped):
        return PictureName(text)
    shown = stripped if len(stripped) <= 60 else stripped[:57] + "..."
    raise InvalidImageIdError(
        f"there is no image id in {shown!r}; give 32 hex digits, a UUID with dashes, at least the first "
        f"{MIN_PREFIX_LENGTH} digits, or a picture's path",
        value=shown,
    )


def may_be_picture_name(text: str) -> bool:
    """Whether the text has the end of a picture's name in it."""
    return _PICTURE_NAME.search(text) is not None


def _is_beginning(text: str) -> bool:
    """Whether the text could be continued to an id."""
    return text != "" and any(find_image_id(text + form[len(text) :]) is not None for form in _FORMS)
