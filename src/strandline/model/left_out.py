"""What is left out if a folder or an archive is saved, and why: for JSON, and in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from strandline.errors import StrandlineError
from strandline.model.layout import Layout
from strandline.model.media_types import (
    NAMED_MEDIA_TYPES,
    RAW_EXTENSIONS,
    find_media_type_by_extension,
    is_raw_photograph,
    sniff_media_type,
)
from strandline.model.remedies import quote_word
from strandline.model.sync_names import NameKind, explain_name
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
    ARCHIVE = "archive"
    """A ZIP archive in a folder. It is read if it is given itself."""
    SIDECAR = "sidecar"
    """What a program says about the picture beside it: Takeout's ``.json``, ``.xmp``, ``.aae``."""
    THUMBNAIL = "thumbnail"
    """A small copy that an export made of a picture that it has, too."""
    HIDDEN = "hidden"
    """A file or a whole folder whose name begins with a dot."""
    LINK = "link"
    ONLINE_ONLY = "online-only"
    TEMPORARY = "temporary"
    LITTER = "litter"
    SPECIAL_FILE = "special-file"


WORDS = {
    Reason.UNSUPPORTED_PICTURE: "pictures of types that cannot be kept",
    Reason.EMPTY: "empty",
    Reason.UNREADABLE: "not readable",
    Reason.ARCHIVE: "archives, which are read only if they are given themselves",
    Reason.MEDIA_FOLDER: "the media folder of a storage directory",
    Reason.HIDDEN: "hidden",
    Reason.LINK: "links, which are never followed",
    Reason.ONLINE_ONLY: "placeholders of files in the cloud",
    Reason.TEMPORARY: "temporary files",
    Reason.LITTER: "files of a sync client or the system",
    Reason.SPECIAL_FILE: "neither files nor folders",
    Reason.THUMBNAIL: "small copies that an export made of its pictures",
    Reason.SIDECAR: "sidecar files, which say something about a picture",
    Reason.UNSUPPORTED: "not pictures",
}

RECORDINGS = "films and sounds, which are no pictures"

SHOWN_RECORDINGS = 20
"""Who wipes the card after an import must know of each film that it has."""

_RECORDINGS = frozenset({
    "3g2", "3gp", "aac", "aif", "aiff", "amr", "avi", "flac", "flv", "insv", "lrv", "m2ts", "m4a", "m4v", "mkv",
    "mov", "mp3", "mp4", "mpeg", "mpg", "mts", "mxf", "oga", "ogg",
    "ogv", "opus", "qt", "vob", "wav", "webm", "wma", "wmv",
})  # fmt: skip
"""Extensions of films and sounds, as cameras, telephones, and recorders write them."""

_NEVER_PICTURES = {
    NameKind.LITTER: Reason.LITTER,
    NameKind.PLACEHOLDER: Reason.ONLINE_ONLY,
    NameKind.TEMPORARY: Reason.TEMPORARY,
}

_OTHER_PICTURES = (b"8BPS", b"\0\0\0\x0cjP  ", b"qoif")
"""The first bytes of Photoshop, JPEG 2000, and QOI."""

_OTHER_EXTENSIONS = RAW_EXTENSIONS | {
    "psd", "jp2", "qoi", "tga", "xcf", "pcx", "pbm", "pgm", "ppm", "exr", "hdr",
    *(extension for each in NAMED_MEDIA_TYPES if not each.has_id_names for extension in each.extensions),
}  # fmt: skip
"""Of pictures that cannot be kept, or not by id. Like a name, they only decide which line tells of the file."""

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
"""The first bytes of a ZIP archive, and of one that has nothing in it."""

_SIDECARS = frozenset({"xmp", "aae", "thm", "pp3", "dop", "nksc"})
"""Extensions of files about a picture: of Lightroom and darktable, of iOS, of cameras, and of raw developers."""

_CUT_NAME = 46
"""So many characters of a picture's name are in the name of its sidecar, in Takeout."""

_LONGEST_NAME = 255
"""On a disk. An archive may have longer ones, which are nobody's."""

_ALBUM_FILES = frozenset({
    "metadata.json", "print-subscriptions.json", "shared_album_comments.json", "user-generated-memory-titles.json",
})  # fmt: skip
"""What Takeout says about an album."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that is not saved."""

    path: str
    reason: Reason

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.path


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A folder that could not be listed."""

    path: str
    error: StrandlineError


def group_left_out(items: Iterable[LeftOut]) -> list[tuple[str, list[LeftOut]]]:
    """What was left out by the words for its reason: films and sounds first, then what could be a picture, and then
    what nobody misses. Pure.
    """
    by_words: dict[str, list[LeftOut]] = {}
    for item in items:
        is_recording = item.reason is Reason.UNSUPPORTED and _extension_of(item.path).lower() in _RECORDINGS
        by_words.setdefault(RECORDINGS if is_recording else WORDS[item.reason], []).append(item)
    return [(words, by_words[words]) for words in (RECORDINGS, *WORDS.values()) if words in by_words]


def say_left_out(items: Iterable[LeftOut], *, names_others: bool = False) -> list[str]:
    """A line for each reason: how many, which, and why. Sidecar files and small copies are only counted, and unless
    ``names_others``, so is what is neither picture nor recording: a folder of notes may have thousands. Pure.
    """
    only_counted = {
        WORDS[Reason.SIDECAR],
        WORDS[Reason.THUMBNAIL],
        *(() if names_others else (WORDS[Reason.UNSUPPORTED],)),
    }
    lines = []
    for words, some in group_left_out(items):
        names = [item.path.replace("\\", "/").rpartition("/")[2] for item in some]
        shown = SHOWN_RECORDINGS if words == RECORDINGS else SHOWN_NAMES
        lines.append(
            f"{len(names):,} left out, {words}"
            + ("" if words in only_counted else f": {say_some(names, shown)}")
        )
    return lines


def say_some(names: Sequence[str], most: int = SHOWN_NAMES) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    shown = ", ".join(map(quote_word, names[:most]))
    return f"{shown} and {more:,} more (--json lists all)" if more > 0 else shown


def judge_name(name: str) -> Reason | None:
    """Why nobody would save something of this name. None if its content decides."""
    kind = explain_name(name, lambda _: False).kind
    return _NEVER_PICTURES.get(kind) or (Reason.HIDDEN if name.startswith(".") else None)


def has_picture_name(name: str, layout: Layout) -> bool:
    """Whether the extension is that of a picture that a storage directory of this layout keeps."""
    by_name = find_media_type_by_extension(_extension_of(name))
    return by_name is not None and (by_name.has_id_names or not layout.names_are_ids)


def judge_start(name: str, start: bytes, layout: Layout) -> Reason | None:
    """Why a file with these first bytes is not saved. None if it is a picture that the layout keeps."""
    kept = layout.sniff(start)
    if kept is not None and not is_raw_photograph(kept, name):
        return None
    if not start and has_picture_name(name, layout):
        return Reason.EMPTY
    if is_archive(start):
        return Reason.ARCHIVE if _extension_of(name).lower() == "zip" else Reason.UNSUPPORTED
    is_picture = (
        sniff_media_type(start) is not None
        or start.startswith(_OTHER_PICTURES)
        or _extension_of(name).lower() in _OTHER_EXTENSIONS
    )
    return Reason.UNSUPPORTED_PICTURE if is_picture else Reason.UNSUPPORTED


def is_archive(start: bytes) -> bool:
    """Whether a file with these first bytes is a ZIP archive, or something that is built as one."""
    return start.startswith(_ARCHIVES)


def gather_neighbors(names: Iterable[str]) -> set[str]:
    """What :func:`is_sidecar` wants to know of the files in a folder."""
    others = {name for name in names if not name.lower().endswith(".json")}
    return others | {name[:_CUT_NAME] for name in others}


def is_sidecar(name: str, beside: Collection[str]) -> bool:
    """Whether the file says something about a picture, by its name and the files ``beside`` it.

    Takeout writes ``IMG_1.jpg.json``, ``IMG_1.jpg.supplemental-metadata.json`` with the end cut anywhere, and
    ``IMG_1.jpg(1).json`` for ``IMG_1(1).jpg``; a long name of a picture is cut as well.
    """
    stem, _, extension = name.rpartition(".")
    if extension.lower() in _SIDECARS:
        return True
    if extension.lower() != "json":
        return False
    if name in _ALBUM_FILES:
        return True
    return len(stem) <= _LONGEST_NAME and any(stem[:end] in beside for end in range(len(stem), 0, -1))


def _extension_of(name: str) -> str:
    return name.rpartition(".")[2]
