"""Unused pictures: neither a reference means one, nor does any text, canvas, or setting name it."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from strandline.notes.file_index import name_of
from strandline.notes.mentions import Mentions
from strandline.services.checking.note_tree import NoteTree

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


def list_unused(tree: NoteTree, used: set[str], read: Callable[[str], bytes | None]) -> list[str]:
    """The pictures that are reported and that nothing uses, by path.

    Args:
        tree: The tree.
        used: The paths of pictures that references mean.
        read: All bytes of a file of the tree. None if they are unknown; then the caller must not believe the result.
    """
    candidates = [path for path in tree.pictures if path not in used and tree.is_reported(path)]
    if not candidates:
        return []
    mentions = Mentions(map(name_of, candidates))
    drawings = [path for path in tree.pictures if path.lower().endswith(".svg")]
    for path in [*tree.notes, *tree.others, *drawings, *tree.iter_settings()]:
        if path.rpartition(".")[2].lower() in NO_TEXT:
            continue
        data = read(path)
        if data is not None and (text := decode_text(data)) is not None:
            mentions.read(text)
    return sorted(path for path in candidates if not mentions.has(name_of(path)))
