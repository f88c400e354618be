"""Words for people: lists, dates, and states, which all commands share.

A picture's day is the camera's, which knew no time zone. All other times are this machine's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

from strandline.cli.tables import Badge
from strandline.cli.writing import is_terminal
from strandline.model.events import format_time
from strandline.model.image_files import ImageFile
from strandline.model.media_types import find_media_type
from strandline.model.plain_words import say_bytes
from strandline.model.reports import ImageInfo
from strandline.model.state_words import StateWord, Tone, word_of_file, word_of_image


def say_list(words: Iterable[str], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} {word} {last}" if most else last


def say_size(size_bytes: int | None) -> str:
    """``3.1 MB`` on a terminal, and all digits in a pipe; ``?`` or nothing if it is not known."""
    if is_terminal(sys.stdout):
        return say_bytes(size_bytes)
    return "" if size_bytes is None else str(size_bytes)


def say_moment(at: datetime) -> str:
    """By this machine's clock on a terminal, and in UTC as in JSON in a pipe."""
    return say_time(at) if is_terminal(sys.stdout) else format_time(at)


def say_day(at: datetime) -> str:
    """``2024-05-01``, in this machine's time zone."""
    return _by_this_clock(at).date().isoformat()


def say_time(at: datetime) -> str:
    """``2024-05-01 13:37``, by this machine's clock."""
    return _by_this_clock(at).replace(tzinfo=None).isoformat(" ", "minutes")


def _by_this_clock(at: datetime) -> datetime:
    """In this machine's time zone; as it is if the calendar ends between the two."""
    try:
        return at.astimezone()
    except (OverflowError, ValueError):
        return at


def find_time(image: ImageInfo) -> datetime:
    """When it was taken, by the camera's clock. If unknown, the file's own time, by which it is sorted then."""
    return image.best.taken_at or image.best.mtime or image.best.first_seen


def say_type(media_type: str) -> str:
    """``jpeg`` for ``image/jpeg``, ``svg`` for ``image/svg+xml``."""
    found = find_media_type(media_type)
    return media_type.rpartition("/")[2] if found is None else found.word


def say_pixels(file: ImageFile) -> str:
    """``4032x3024``, or ``?`` if not known yet."""
    return f"{file.width}x{file.height}" if file.width and file.height else "?"


def say_state(file: ImageFile) -> Badge:
    """The state as a badge: what a person needs to know about this file, in two words."""
    return _badge_of(word_of_file(file))


def say_image_state(image: ImageInfo) -> Badge:
    """The same for an image, which a conflict copy may show."""
    return _badge_of(word_of_image(image))


def _badge_of(word: StateWord) -> Badge:
    return Badge(word.word, colour_of(word.tone))


def colour_of(tone: Tone) -> str:
    """The color of a tone on a terminal."""
    return {Tone.GOOD: "green", Tone.BAD: "red"}.get(tone, "yellow")
