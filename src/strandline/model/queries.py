"""Queries: which images a person asks for, and in which order. All faces take the same and refuse the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from strandline.errors import InvalidInputError
from strandline.model.image_files import FileState, ImageFilter, Sort
from strandline.model.media_types import find_media_type, find_media_type_by_extension
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

MAX_TEXT = 200
"""Longest text to search for, in characters: at most a hundred words, each of which is looked for in each name."""

MAX_FOLDER = 4096
"""Longest path of a folder, in characters. No system has longer ones."""

_Word = TypeVar("_Word", bound=StrEnum)


class ImageState(StrEnum):
    """States to ask for: those of an image file, and what else tiles say of present ones."""

    PRESENT = "present"
    ARRIVING = "arriving"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    MISSING = "missing"
    ONLINE_ONLY = "online-only"
    TRASHED = "trashed"
    INCOMPLETE = "incomplete"
    """Present with exactly the bytes of its id, but they are not a whole image: half a picture was saved."""
    UNSEEN = "unseen"
    """Present, but not seen by the last look at its folder."""
    UNREAD = "unread"
    """A present named picture whose bytes nobody has read, so nobody knows which image it is: it has no id."""


_OF_PRESENT = frozenset({ImageState.INCOMPLETE, ImageState.UNSEEN, ImageState.UNREAD})
"""What may be said of present files."""


class PathLike(Protocol):
    """``os.PathLike[str]``, which this room does not import."""

    def __fspath__(self) -> str:
        """The path."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question for images. None means all. Each part narrows the answer.

    Days and months are in UTC, and are those when the picture was taken (from EXIF; otherwise the file's own time).
    """

    text: str | None = None
    """Words or parts of words of an original name, in any order; or the beginning of an id. Where pictures have
    names, also of the folders on the way to one: ``lisbon tram`` finds ``Trips/Lisbon/tram 28.png``.
    """
    type: str | None = None
    """A media type (``image/png``) or an extension (``png``)."""
    state: FileState | str | None = None
    """Only images with a file in this state, or ``incomplete``: present, but saved as half an image; ``unseen``:
    present, but not seen by the last look at its folder; or ``unread``, which only files without an id are. Trashed
    files count only if they are asked for.
    """
    taken_from: date | str | None = None
    """The first day, as a date or as ``2026-11-22``."""
    taken_to: date | str | None = None
    """The last day."""
    month: str | None = None
    """``2026-11``"""
    sd: StorageDir | str | PathLike | None = None
    """Only images with a file in this storage directory: identity, alias, path, or name."""
    folder: str | None = None
    """Only images with a file in this folder of a storage directory, or below it: its path in there, as the disk
    spells it (``Trips/Lisbon``).
    """
    sort: Sort | str = Sort.TAKEN
    """``taken`` (newest first) or ``arrived``: when an image was first seen here, latest first."""
    reverse: bool = False
    """Oldest first."""


def parse_query(query: Query, sd: int | None) -> ImageFilter:
    """The query as the catalog understands it. ``sd`` is the number of its storage directory. Empty text is none.

    Raises:
        InvalidInputError: A part of it is invalid. The fact ``parameter`` names it, and ``value`` is what was given.
    """
    since = None if query.taken_from in (None, "") else _parse_day("taken_from", query.taken_from)
    until = None if query.taken_to in (None, "") else _find_next_day(_parse_day("taken_to", query.taken_to))
    if query.month:
        begin, end = parse_month(query.month)
        since = begin if since is None else max(begin, since)
        until = until if end is None else end if until is None else min(end, until)
    if since is not None and until is not None and since >= until:
        message = f"no day can match: {_say_days(query)} have no day in common"
        raise _refuse("month" if query.month else "taken_to", query.month or query.taken_to, message)
    state = _parse_word(ImageState, "state", query.state) if query.state else None
    return ImageFilter(
        sd=sd,
        state=None if state is None else FileState.PRESENT if state in _OF_PRESENT else FileState(state),
        is_incomplete=state is ImageState.INCOMPLETE,
        is_unseen=state is ImageState.UNSEEN,
        is_unread=state is ImageState.UNREAD,
        media_type=parse_type(query.type) if query.type else None,
        text=_parse_text(query.text) if query.text else None,
        folder=_parse_folder(query.folder) if query.folder else None,
        since=since,
        until=until,
        sort=_parse_word(Sort, "sort", query.sort, called="order"),
        reverse=query.reverse,
    )


def parse_type(text: str) -> str:
    """The media type of that name or extension.

    Raises:
        InvalidInputError: There is none.
    """
    found = find_media_type(text.lower()) or find_media_type_by_extension(text.lower().removeprefix("."))
    if found is None:
        raise _refuse("type", text, f"{text[:40]!r} is not an image type; give one such as image/png, or png")
    return found.name


def parse_month(text: str, parameter: str = "month") -> tuple[datetime, datetime | None]:
    """The beginning of the month ``2026-11`` and of the next one, in UTC. None after the last month of the calendar,
    ``9999-12``.

    Raises:
        InvalidInputError: It is not a month.
    """
    try:
        if not re.fullmatch(r"\d{4}-\d\d", text, re.ASCII):
            raise ValueError
        begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        next_month = _find_next_day(begin, days=31)
        return begin, next_month and next_month.replace(day=1)
    except ValueError:
        raise _refuse(parameter, text, f"{text[:40]!r} is not a month; give it as 2026-11") from None


def _parse_day(parameter: str, day: date | str) -> datetime:
    try:
        if isinstance(day, str):
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII):
                raise ValueError
            day = date.fromisoformat(day)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        raise _refuse(parameter, day, f"{str(day)[:40]!r} is not a day; give it as 2026-11-22") from None


def _find_next_day(day: datetime, days: int = 1) -> datetime | None:
    """The day so many days later. None if the calendar has none: there is nothing later to leave out."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _say_days(query: Query) -> str:
    """The parts of the query that name days."""
    parts = (
        ("the first day", query.taken_from),
        ("the last day", query.taken_to),
        ("the month", query.month),
    )
    return ", ".join(f"{what} {str(day)[:40]}" for what, day in parts if day not in (None, ""))


def _parse_text(text: str) -> str | None:
    if len(text) > MAX_TEXT:
        raise _refuse("text", text, f"a search has at most {MAX_TEXT} characters, not {len(text):,}")
    return text.strip() or None


def _parse_folder(text: str) -> str | None:
    """The path without what a shell or a person adds to it. None is the whole storage directory."""
    if len(text) > MAX_FOLDER:
        raise _refuse(
            "folder", text, f"the path of a folder has at most {MAX_FOLDER:,} characters, not {len(text):,}"
        )
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or not _is_plain(text):
        raise _refuse(
            "folder",
            text,
            f"{text[:40]!r} is not a folder's path in a storage directory; give one such as Trips/Lisbon",
        )
    return "/".join(parts) or None


def _is_plain(text: str) -> bool:
    """Whether the text can be the path of a registered file."""
    return not any(char in "\0\n" or 0xD800 <= ord(char) <= 0xDFFF for char in text)


def _parse_word(kind: type[_Word], parameter: str, word: str, *, called: str = "") -> _Word:
    try:
        return kind(word)
    except ValueError:
        known, what = ", ".join(each.value for each in kind), called or parameter
        message = f"there is no {what} {str(word)[:40]!r}; the {what}s are {known}"
        raise _refuse(parameter, word, message) from None


def _refuse(parameter: str, value: object, message: str) -> InvalidInputError:
    return InvalidInputError(message, parameter=parameter, value=str(value)[:40])
