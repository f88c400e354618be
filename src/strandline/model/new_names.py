"""The name of a new picture in a folder of notes: readable, the same on every system, and nobody else's. Pure.

The name is what people will see and type in links. So it is the original one if that is possible, without what ends a
link in Markdown or a wiki, what Windows or Android refuses, and what another program would take for its own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from unicodedata import normalize

from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.identity.sightings import find_identity_name
from strandline.model.markdown import stem_of
from strandline.model.media_names import classify_media_name
from strandline.model.media_types import MediaType, find_media_type_by_extension
from strandline.model.portable_names import explain_refused
from strandline.model.sync_names import NameKind, explain_name

MAX_NAME_BYTES = 180
"""Of a whole name. Disks take 255. A conflict copy adds up to 60 (Dropbox's has the name of a person and a day), and
a temporary some 15.
"""

_DISK_BYTES = 255
"""Of the longest name on almost every disk."""

_EXTENSION_LENGTH = 20
"""What is longer is part of the name."""

_NUMBER_BYTES = 6
"""Kept free for a blank and a number."""

OTHER_EXTENSIONS = ("jfif", "jpe", "apng", "heics", "svgz")
"""Endings of pictures that are none of ours: they are no part of the name, either."""

_CLOCK = re.compile(r"(?<=\d):(?=\d)")
"""Between the hours and minutes of a time."""

_LINK_ENDERS = re.compile(r"[\[\]#^|`<>]+")
"""What ends a link in Markdown or a wiki, or begins another part of one."""

_REFUSED = re.compile(r'[:"?*\\/%]+')
"""What Windows and Android refuse in names; and the percent sign, after which some readers decode a character."""

_ODD_KINDS = frozenset({NameKind.CONFLICT_COPY, NameKind.PLACEHOLDER, NameKind.TEMPORARY, NameKind.LITTER})

_UNREADABLE = re.compile("[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What ends a line, turns the direction of a text, or is no text."""

_RESERVED = re.compile(r"_vti_", re.IGNORECASE)
"""OneDrive refuses every name with it."""


def plan_stem(original_name: str | None, extension: str, now: datetime) -> str:
    """The name without its extension and number.

    The original name, cleaned. If nothing is left of it, or if it says something that is not meant (an image id, an
    identity, a conflict copy), the time: ``Image 2026-11-29 17.05.33``.

    Law: idempotent. Law: neither the name nor a numbered one is refused by a system, hidden, longer than
    :data:`MAX_NAME_BYTES`, or anything to another program or to the layout of the folder.

    Args:
        original_name: As a person or a program gave it, perhaps with a path. None if nobody did.
        extension: The one that the name will have.
        now: The local time.
    """
    stem = _clean("" if original_name is None else _without_extension(original_name), extension)
    return stem if stem and _is_plain(stem, extension) else f"Image {now:%Y-%m-%d %H.%M.%S}"


def plan_name(
    original_name: str | None, media_type: MediaType, now: datetime, *, keeps_name: bool = False
) -> tuple[str, str]:
    """The name in two parts: without extension and number, and the extension.

    With ``keeps_name``, the original name stays as it is, byte for byte, because notes may refer to it: if every
    system takes it, if it means nothing to other programs, and if its extension is one of the type, in any letter
    case. Otherwise, it is that of :func:`plan_stem` with the canonical extension.
    """
    if keeps_name and original_name is not None:
        stem, _, extension = original_name.rpartition(".")
        if extension.lower() in media_type.extensions and _may_stay(stem, extension):
            return stem, extension
    return plan_stem(original_name, media_type.extension, now), media_type.extension


def iter_names(stem: str, extension: str) -> Iterator[str]:
    """The name, then the numbered ones: ``graph.png``, ``graph 1.png``, ``graph 2.png``, without an end."""
    yield f"{stem}.{extension}"
    number = 0
    while True:
        number += 1
        yield f"{stem} {number}.{extension}"


def number_name(filename: str, number: int) -> str:
    """The file's name for 0, otherwise with the number before its extension: ``graph 2.png``. The rest stays as it
    is, but no longer than a disk takes.
    """
    if not number:
        return filename
    stem, dot, extension = filename.rpartition(".")
    if not stem or len(extension) > _EXTENSION_LENGTH:
        stem, dot, extension = filename, "", ""
    ending = f" {number}{dot}{extension}"
    kept = stem.encode(errors="replace")[: _DISK_BYTES - len(ending.encode(errors="replace"))]
    return kept.decode(errors="ignore") + ending


def _without_extension(original_name: str) -> str:
    """The name without folder and without the endings of pictures: ``v1.2`` keeps its dot."""
    stem = stem_of(f"{original_name} .png")
    while True:
        head, dot, ending = stem.rpartition(".")
        is_ending = find_media_type_by_extension(ending) is not None or ending.lower() in OTHER_EXTENSIONS
        if not dot or not is_ending:
            return stem
        stem = head.rstrip()


def _clean(stem: str, extension: str) -> str:
    stem = normalize("NFC", stem.encode(errors="replace").decode())
    stem = _RESERVED.sub(" ", _REFUSED.sub("-", _LINK_ENDERS.sub(" ", _CLOCK.sub(".", stem))))
    most = MAX_NAME_BYTES - _NUMBER_BYTES - len(extension) - 1
    stem = " ".join(stem.split()).lstrip("~.- ")
    return stem.encode()[:most].decode(errors="ignore").rstrip(".- ")


def _is_plain(stem: str, extension: str) -> bool:
    """Whether the name is a picture's and nothing else, to systems, to programs, and to Strandline itself."""
    names = [name for name, _ in zip(iter_names(stem, extension), range(2), strict=False)]
    return not any(
        explain_refused(name) is not None
        or explain_name(name, _is_never_wanted).kind in _ODD_KINDS
        or classify_media_name(name).stands_for is not None
        or name.lower().startswith(IDENTITY_FILE.lower())
        or find_identity_name(name) is not None
        for name in names
    )


def _may_stay(stem: str, extension: str) -> bool:
    is_short = len(f"{stem}.{extension}".encode(errors="replace")) <= MAX_NAME_BYTES - _NUMBER_BYTES
    is_whole = stem == stem.strip() != "" and "/" not in stem and not stem.startswith((".", "~"))
    is_odd = _UNREADABLE.search(stem) or _RESERVED.search(stem)
    return is_whole and is_short and not is_odd and _is_plain(stem, extension)


def _is_never_wanted(_name: str) -> bool:
    return False
