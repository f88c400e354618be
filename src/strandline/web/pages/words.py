"""The words of the pages: days, states, and addresses for people.

Pure. The words of states are in ``model/state_words``. A file whose name is not UTF-8 has no address, because its
bytes do not survive one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import MAXYEAR, UTC, date, datetime
from urllib.parse import quote

from strandline.model.image_files import FileState
from strandline.model.layout import ID_LAYOUT, LAYOUTS
from strandline.model.meaning_words import say_meaning
from strandline.model.media_types import find_media_type, find_media_type_by_extension
from strandline.model.plain_words import say_bytes, show_plainly
from strandline.model.reports import DiskFact, Explanation, ImageFileReport, ImageInfo
from strandline.model.state_words import (
    AWAY,
    FILE_WORDS,
    FROM_CONFLICT_COPY,
    NOT_READ,
    NOT_SEEN,
    StateWord,
    word_of_bad,
    word_of_disk,
    word_of_state,
)
from strandline.model.storage_dirs import StorageDir


def show_lines_plainly(text: str) -> str:
    """The same for a text file. Its line breaks and tabs stay."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(show_plainly(part) for part in line.split("\t")) for line in lines)


def say_day(at: datetime | date) -> str:
    """``22 November 2026``, in the time's own zone."""
    return f"{at.day} {at:%B %Y}"


def say_moment(at: datetime) -> str:
    """``22 November 2026, 14:03``, by this machine's clock."""
    here = at.astimezone()
    return f"{say_day(here)}, {here:%H:%M}"


def say_local_day(at: datetime) -> str:
    """``22 November 2026``, by this machine's clock."""
    return say_day(at.astimezone()) if at.year < MAXYEAR else "further notice"


def say_clock(at: datetime) -> str:
    """``14:03:22``, by this machine's clock."""
    return f"{at.astimezone():%H:%M:%S}"


def say_lately(at: datetime, now: datetime | None = None) -> str:
    """``at 14:03`` if that was today by this machine's clock, otherwise with the day."""
    here, today = at.astimezone(), (now or datetime.now(UTC)).astimezone().date()
    return f"at {here:%H:%M}" if here.date() == today else f"on {say_moment(at)}"


def say_month(month: str) -> str:
    """``November 2026`` for ``2026-11``. Other text is unchanged."""
    try:
        return f"{date.fromisoformat(f'{month}-01'):%B %Y}"
    except ValueError:
        return month


def say_type(media_type: str | None) -> str:
    """``JPEG`` for ``image/jpeg``, ``SVG`` for ``image/svg+xml``."""
    if media_type is None:
        return "unknown"
    found = find_media_type(media_type)
    return (media_type.rpartition("/")[2] if found is None else found.word).upper()


def say_extension(extension: str) -> str:
    """``JPEG`` for ``jpg``; an unknown one as it is."""
    found = find_media_type_by_extension(extension.lower())
    return show_plainly(extension).upper() if found is None else found.word.upper()


_ADDRESS = re.compile(r"[a-z0-9]+://")


def say_sentence(text: str) -> str:
    """The message with a capital letter, unless it begins with an address, and a full stop."""
    if not text:
        return ""
    first = text if _ADDRESS.match(text) else text[0].upper() + text[1:]
    return first + ("" if text.endswith((".", "!", "?")) else ".")


def say_summary(explanation: Explanation) -> str:
    """The explanation's summary on a page about this one image."""
    text = explanation.summary.replace(f"image {explanation.image_id}", "this image")
    return text[:1].upper() + text[1:]


def title_of(image: ImageInfo) -> str:
    """The user's name for the image, otherwise its type and the beginning of its id."""
    if image.original_names:
        return show_plainly(image.original_names[0])
    return f"{say_type(image.best.media_type)} image {image.image_id[:8]}"


def label_of(image: ImageInfo) -> str:
    """Name, day, and folder: what a tile is called for screen readers and under the pointer."""
    day = image.best.taken_at or image.best.mtime or image.best.first_seen
    return f"{title_of(image)}, {say_day(day)}, {say_place(image.files[0])}"


def say_place(file: ImageFileReport) -> str:
    """The storage directory, and the folder in it: ``Vault: Trips/Lisbon``."""
    return say_place_of(file.sd.name, file.path)


def say_place_of(sd_name: str, path: str) -> str:
    """The same for a file that is not known any more."""
    folder = _folder_of(path)
    return show_plainly(sd_name) + (f": {folder}" if folder else "")


def say_folder(file: ImageFileReport) -> str:
    """The file's folder in its storage directory. Empty if it is the media folder, or the root."""
    return _folder_of(file.path)


def _folder_of(path: str) -> str:
    folder = path.rpartition("/")[0]
    return "" if folder == ID_LAYOUT.images_folder else show_plainly(folder)


def say_waiting(file: ImageFileReport) -> StateWord:
    """What a tile says about a file whose image is not known yet."""
    if not file.sd.is_reachable:
        return AWAY
    if file.file.absent_since is not None and file.state is not FileState.MISSING:
        return NOT_SEEN
    return NOT_READ if file.state is FileState.PRESENT else FILE_WORDS[file.state]


def say_states_of_waiting(files: Iterable[ImageFileReport]) -> str:
    """``2 still arriving, 1 damaged``: what all of their tiles say."""
    found = Counter(say_waiting(each).word for each in files)
    return ", ".join(
        word if found.total() == number else f"{number:,} {word}" for word, number in found.most_common()
    )


def is_unseen(image: ImageInfo) -> bool:
    """Whether the last look at its folder, which can be looked at now, did not find it, and it is not missing yet."""
    best = image.best
    return best.state is FileState.PRESENT and best.absent_since is not None and not image.is_away


def tile_badge(image: ImageInfo) -> StateWord | None:
    """What a tile says about its image. None if all is well."""
    if image.from_conflict_copy:
        return FROM_CONFLICT_COPY
    if is_unseen(image):
        return NOT_SEEN
    word = word_of_state(image.best.state, whole=image.best.is_whole)
    if word is not FILE_WORDS[FileState.PRESENT]:
        return word
    return AWAY if image.is_away else None


COPY_BYTES = {
    "true": "has the image’s own bytes",
    "duplicate": "the same bytes as that file",
    "different": "other bytes",
    "no plain file": "that file is not here any more",
    "not examined": "bytes not examined",
}
"""What a conflict copy has, by the result of examining it."""

FACTS = {
    "client": "left by {}",
    "placeholder": "its placeholder is {}",
    "shown_from": "shown from {}",
    "stands_for": "a copy of {}",
    "clashes_with": "differs only in case from {}",
}
"""Facts of an inspection that are names. One that is not here is shown under its own name."""


def say_fact(name: str, value: object) -> str:
    """One fact that an inspection has about a file, for people. Empty if it says nothing."""
    if value in (None, ""):
        return ""
    if name == "absent_since" and isinstance(value, datetime):
        return f"not seen since {say_moment(value)}"
    if name == "catalog_size_bytes" and isinstance(value, int):
        return f"the catalog says {say_bytes(value)}"
    if name == "state":
        word = FILE_WORDS[FileState(str(value))].word
        return word if value == FileState.MISSING else f"was {word}"
    if name == "bytes":
        return COPY_BYTES[str(value)]
    if name == "media_type":
        return say_type(str(value))
    return show_plainly(FACTS.get(name, f"{name.replace('_', ' ')}: {{}}").format(value))


def say_entry(kind: str, meaning: str) -> str:
    """What an entry of a storage directory is. A person's own folders and files are just that."""
    if kind not in ("file", "folder"):
        return kind
    return {"folder": "folder", "file": "other file"}[kind] if meaning == "other" else say_meaning(meaning)


def key_of(sd: StorageDir) -> str:
    """The storage directory in an address: its name, or its identity if the name cannot stand between slashes."""
    fits = "/" not in sd.name and sd.name.strip(".")
    return quote(sd.name if fits or sd.sd_id is None else sd.sd_id, safe="")


def in_address(text: object) -> str:
    """The text, escaped for an address."""
    return quote(str(text), safe="", errors="surrogateescape")


def has_address(name: str) -> bool:
    """Whether a file of this name can be requested. Bytes that are not UTF-8 do not survive in an address."""
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in name)


def path_in(sd: StorageDir, name: str) -> str:
    """The path of an image file in the storage directory, by the name that reports give it."""
    return LAYOUTS[sd.layout].path_of(name)


def say_disk(fact: DiskFact) -> StateWord:
    """What the disk shows about one file, in a word. Pure."""
    return word_of_bad(word_of_disk(fact.what), is_decayed=fact.is_decayed, stale_since=fact.stale_since)
