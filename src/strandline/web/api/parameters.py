"""Parameters that many routes take: which storage directory, which images; and what bodies have in common."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

from strandline.errors import InvalidInputError
from strandline.model.image_files import FileState, ImageFilter
from strandline.model.media_types import find_media_type, find_media_type_by_extension
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.assembly import LocalStore

SdPath = Annotated[str, Path(description="A storage directory: its identity, an alias, or its name.")]
SdQuery = Annotated[str | None, Query(description="A storage directory: identity, alias, path or name.")]
ImageIdPath = Annotated[str, Path(description="An image id: 32 hex digits, or a UUID.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]

StateQuery = Annotated[FileState | None, Query(description="Only images with a file in this state.")]
TypeQuery = Annotated[
    str | None, Query(max_length=40, description="Only this type: `image/png`, or an extension.")
]
TextQuery = Annotated[
    str | None,
    Query(
        max_length=200,
        description="The beginning of an id, or words of an original name, in any order and spelling.",
    ),
]
FromQuery = Annotated[str | None, Query(description="First day, `YYYY-MM-DD` (UTC).")]
ToQuery = Annotated[str | None, Query(description="Last day, `YYYY-MM-DD` (UTC).")]
"""For routes that list images."""


class Body(BaseModel):
    """A JSON body with exactly the types of the OpenAPI document: ``"yes"`` is no boolean."""

    model_config = ConfigDict(strict=True)


def make_filter(
    store: LocalStore,
    *,
    sd: str | None,
    state: FileState | None,
    media_type: str | None,
    text: str | None,
    first_day: str | None,
    last_day: str | None,
) -> ImageFilter:
    """The requested filter. Empty text counts as none.

    Raises:
        StorageDirNotFoundError, InvalidInputError: A part of it is invalid.
    """
    found: StorageDir | None = store.get_storage_dir(sd) if sd else None
    return ImageFilter(
        sd=None if found is None else found.number,
        state=state,
        media_type=_parse_type(media_type) if media_type else None,
        text=text.strip() or None if text else None,
        since=_parse_day(first_day) if first_day else None,
        until=_parse_day(last_day, days_later=1) if last_day else None,
    )


def _parse_type(text: str) -> str:
    found = find_media_type(text.lower()) or find_media_type_by_extension(text.lower())
    if found is None:
        raise InvalidInputError(f"{text!r} is not an image type; give one such as image/png, or png")
    return found.name


def _parse_day(text: str, *, days_later: int = 0) -> datetime:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        raise InvalidInputError(f"{text[:40]!r} is not a day; give it as 2026-11-22") from None
