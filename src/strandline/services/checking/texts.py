"""Texts: which files may name a picture in any form, and what is in them."""

from __future__ import annotations

import codecs

from strandline.model.media_types import find_media_type_by_extension
from strandline.model.sync_names import NameKind, explain_name
from strandline.notes.note_names import is_note_name

ONLY_IN_CLOUD = "it is only in the cloud"
"""Why a text is not read."""

NO_TEXT = frozenset({
    "pdf", "zip", "gz", "xz", "bz2", "7z", "rar", "tar", "jar", "mp3", "m4a", "wav", "flac", "ogg", "opus",
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "woff", "woff2", "ttf", "otf", "eot", "exe", "dll", "so",
    "dylib", "class", "pyc", "wasm", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "sqlite", "db", "psd",
    "ai", "sketch",
})  # fmt: skip
_NUL_IN = 1024
"""A NUL within the first bytes means that a file is no text."""


def decode_text(data: bytes) -> bytes | None:
    """The text as UTF-8, if it is one: Windows' Notepad also writes UTF-16. None if it is no text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode(errors="replace")
    return None if b"\0" in data[:_NUL_IN] else data


def is_text_elsewhere(name: str) -> bool:
    """Whether a file that is only in the cloud may be a text, by the name of its placeholder. One of a picture, or of
    another file without text, names no pictures. Pure.
    """
    if explain_name(name, is_note_name).kind is not NameKind.PLACEHOLDER:
        return False
    return explain_name(name, _is_no_text).stands_for is None


def find_note_elsewhere(name: str) -> str | None:
    """The name of the note that a placeholder of this name stands for. None if it stands for none. Pure."""
    meaning = explain_name(name, is_note_name)
    return meaning.stands_for if meaning.kind is NameKind.PLACEHOLDER else None


def _is_no_text(name: str) -> bool:
    extension = name.rpartition(".")[2].lower()
    if extension in NO_TEXT:
        return True
    media_type = find_media_type_by_extension(extension)
    return media_type is not None and media_type.name != "image/svg+xml"
