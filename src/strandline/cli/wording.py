"""Words for people: lists, dates, and states. Pure; all commands share them.

A picture's day is the camera's, which knew no time zone. All other times are this machine's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from strandline.model.image_files import FileState, ImageFile, ProofKind
from strandline.model.reports import ImageInfo

_STATE_WORDS = {
    FileState.PRESENT: "present",
    FileState.ARRIVING: "still arriving",
    FileState.DAMAGED: "damaged",
    FileState.FOREIGN: "another image",
    FileState.MISSING: "missing",
    FileState.ONLINE_ONLY: "online only",
    FileState.TRASHED: "in the trash",
}

_STATE_COLOURS = {
    FileState.PRESENT: "green",
    FileState.DAMAGED: "red",
    FileState.FOREIGN: "red",
    FileState.MISSING: "red",
}


def say_list(words: Iterable[str], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} {word} {last}" if most else last


def say_day(at: datetime) -> str:
    """``2024-05-01``, in this machine's time zone."""
    return f"{at.astimezone():%Y-%m-%d}"


def say_time(at: datetime) -> str:
    """``2024-05-01 13:37``, by this machine's clock."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def say_day_of(image: ImageInfo) -> str:
    """The day it was taken, by the camera's clock. If unknown, the day this machine first saw it."""
    best = image.best
    return f"{best.taken_at:%Y-%m-%d}" if best.taken_at else say_day(best.first_seen)


def say_type(media_type: str) -> str:
    """``jpeg`` for ``image/jpeg``, ``svg`` for ``image/svg+xml``."""
    return media_type.rpartition("/")[2].partition("+")[0]


def say_pixels(file: ImageFile) -> str:
    """``4032x3024``, or ``?`` if not known yet."""
    return f"{file.width}x{file.height}" if file.width and file.height else "?"


def say_state(file: ImageFile) -> str:
    """The state as a badge: what a person needs to know about this file, in two words."""
    if file.state is not FileState.PRESENT:
        return _STATE_WORDS[file.state]
    if file.absent_since is not None:
        return "not seen lately"
    if file.is_incomplete:
        return "incomplete"
    if file.is_proven:
        return "ok"
    is_odd = file.proof_is_current and file.proof is not None and file.proof.kind is ProofKind.DECODED
    return "odd" if is_odd else "unchecked"


def colour_of(file: ImageFile) -> str:
    """The badge's color. The words alone say the same."""
    if file.is_incomplete:
        return "red"
    if file.state is FileState.PRESENT and not file.is_proven:
        return "yellow"
    return _STATE_COLOURS.get(file.state, "yellow")
