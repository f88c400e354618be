"""What ``save -r`` leaves out of a folder, and why: for JSON, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from os.path import basename

from strandline.model.remedies import quote_word
from strandline.model.values import dataclass

SHOWN_NAMES = 5
"""For each reason. A folder of notes may have thousands of files that are no pictures; ``--json`` lists all."""


class Reason(StrEnum):
    """Why something in a folder is not saved. The values appear in JSON."""

    UNSUPPORTED_PICTURE = "unsupported-picture"
    """A picture of a type that Strandline does not keep, such as TIFF."""
    UNSUPPORTED = "unsupported"
    """Not a picture."""
    EMPTY = "empty"
    """Its name is that of a picture, but it has no bytes."""
    UNREADABLE = "unreadable"
    MEDIA_FOLDER = "media-folder"
    """The media folder of a storage directory: its images are stored already."""
    HIDDEN = "hidden"
    """A file or a whole folder whose name begins with a dot."""
    LINK = "link"
    ONLINE_ONLY = "online-only"
    TEMPORARY = "temporary"
    LITTER = "litter"
    SPECIAL_FILE = "special-file"


_WORDS = {
    Reason.UNSUPPORTED_PICTURE: "pictures of types that cannot be kept",
    Reason.EMPTY: "empty",
    Reason.UNREADABLE: "not readable",
    Reason.MEDIA_FOLDER: "the media folder of a storage directory",
    Reason.HIDDEN: "hidden",
    Reason.LINK: "links, which are never followed",
    Reason.ONLINE_ONLY: "placeholders of files in the cloud",
    Reason.TEMPORARY: "temporary files",
    Reason.LITTER: "files of a sync client or the system",
    Reason.SPECIAL_FILE: "neither files nor folders",
    Reason.UNSUPPORTED: "not pictures",
}


_NOT_NAMED = frozenset({Reason.UNSUPPORTED})
"""Nobody wants to read the names of a hundred notes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that is not saved."""

    path: str
    reason: Reason


def say_left_out(items: Iterable[LeftOut]) -> list[str]:
    """A line for each reason: how many, which, and why. What could be a picture comes first. Pure."""
    by_reason: dict[Reason, list[str]] = {}
    for item in items:
        by_reason.setdefault(item.reason, []).append(basename(item.path))
    return [
        f"{len(names):,} left out, {words}" + ("" if reason in _NOT_NAMED else f": {say_some(names)}")
        for reason, words in _WORDS.items()
        if (names := by_reason.get(reason))
    ]


def say_some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    shown = ", ".join(map(quote_word, names[:SHOWN_NAMES]))
    return f"{shown} and {more:,} more (--json lists all)" if more > 0 else shown
