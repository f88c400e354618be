"""The bytes of a picture that a note refers to: whole, still arriving, in the cloud, or damaged."""

from __future__ import annotations

from time import time

from strandline.errors import UnreadableFileError
from strandline.folders.file_tree import look_at_file, read_file
from strandline.model.defaults import MAX_MEMORY_BYTES
from strandline.model.image_ids import ImageId, hash_to_content_id
from strandline.model.media_types import (
    SNIFF_BYTES,
    MediaType,
    find_media_type_by_extension,
    sniff_media_type,
)
from strandline.model.note_checks import FindingKind
from strandline.model.pointers import explain_pointer
from strandline.model.structure import walk_structure
from strandline.model.values import dataclass

QUIET_S = 24 * 3600
"""Nothing that was changed since is called damaged: it may still be arriving (SPEC §6)."""


@dataclass(frozen=True, slots=True)
class PictureState:
    """What keeps a picture from being shown, and why."""

    kind: FindingKind
    why: str


@dataclass(frozen=True, slots=True)
class PictureLook:
    """What the bytes of a picture say."""

    fault: PictureState | None = None
    """None if it is whole, or if nobody can tell."""
    media_type: MediaType | None = None
    """None if it is unknown."""


def look_at_picture(path: str, *, settled_before_s: float, content_id: ImageId | None = None) -> PictureLook:
    """What is wrong with the picture at a path on this machine, and the type of its bytes.

    Reads all of it. Formats whose structure is not known here, and very large files, cannot be told.

    Args:
        path: The file.
        settled_before_s: Seconds since 1970. A file that was changed at or after it may be arriving, so it is not
            called damaged.
        content_id: What its bytes must hash to, if its name says so.

    Raises:
        OSError, UnreadableFileError: The file cannot be read.
    """
    try:
        data = read_file(path, MAX_MEMORY_BYTES)
    except FileNotFoundError:
        return PictureLook()
    except UnreadableFileError as error:
        if "in_cloud" in error.facts:
            return PictureLook(PictureState(FindingKind.IN_CLOUD, "its bytes are in the cloud"))
        if "limit_bytes" in error.facts:
            return PictureLook()
        raise
    if not data:
        return PictureLook(_judge(path, "the file is empty", min(settled_before_s, time() - QUIET_S)))
    pointer = explain_pointer(data[:SNIFF_BYTES], len(data))
    if pointer is not None:
        return PictureLook(PictureState(FindingKind.IN_CLOUD, pointer))
    if not data.strip(b"\0"):
        return PictureLook(_judge(path, "the file has only zeros", min(settled_before_s, time() - QUIET_S)))
    media_type = sniff_media_type(data[:SNIFF_BYTES])
    reason = _find_defect(data, media_type, path.rpartition(".")[2])
    if reason is None and content_id is not None and hash_to_content_id(data) != content_id:
        reason = "its bytes are not those that the name promises: it was edited, or another picture is here"
    return PictureLook(None if reason is None else _judge(path, reason, settled_before_s), media_type)


def _find_defect(data: bytes, media_type: MediaType | None, extension: str) -> str | None:
    """Why the bytes are no whole picture. None if they are one, or if their format is not known here."""
    if media_type is not None:
        structure = walk_structure(data, media_type)
        return None if structure.whole else f"the picture is not whole: {structure.reason}"
    expected = find_media_type_by_extension(extension)
    # An SVG may begin in ways that sniffing does not know: compressed, or with an unusual prolog.
    if expected is None or expected.extension == "svg":
        return None
    return f"its bytes are no {expected.extension.upper()}, nor another picture"


def _judge(path: str, reason: str, settled_before_s: float) -> PictureState:
    look = look_at_file(path)
    if look is None or look.mtime_s >= settled_before_s:
        return PictureState(FindingKind.ARRIVING, f"{reason}, and it came or changed less than a day ago")
    return PictureState(FindingKind.DAMAGED, reason)


def has_bytes(path: str, sha256: str, size_bytes: int) -> bool:
    """Whether the file has these bytes. It is read if it has their size. False if nobody can tell."""
    from hashlib import sha256 as hash_bytes  # here: hardly any folder asks

    try:
        look = look_at_file(path)
        if look is None or look.size_bytes != size_bytes:
            return False
        return hash_bytes(read_file(path, MAX_MEMORY_BYTES)).hexdigest() == sha256
    except (OSError, UnreadableFileError):
        return False


def have_same_bytes(paths: list[str]) -> bool | None:
    """Whether all files have the same bytes. None if one of them cannot be read."""
    from hashlib import sha256  # here: hardly any folder asks

    try:
        looks = [look_at_file(path) for path in paths]
        if len({look.size_bytes for look in looks if look is not None}) > 1:
            return False
        return len({sha256(read_file(path, MAX_MEMORY_BYTES)).digest() for path in paths}) == 1
    except (OSError, UnreadableFileError):
        return None
