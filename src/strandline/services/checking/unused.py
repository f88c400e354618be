"""Unused pictures: neither a reference means one, nor does any text, canvas, or setting name it."""

from __future__ import annotations

from collections.abc import Callable

from strandline.notes.file_index import name_of
from strandline.notes.mentions import Mentions
from strandline.services.checking.note_tree import NoteTree

_NO_TEXT = frozenset({
    "pdf", "zip", "gz", "xz", "bz2", "7z", "rar", "tar", "jar", "mp3", "m4a", "wav", "flac", "ogg", "opus",
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "woff", "woff2", "ttf", "otf", "eot", "exe", "dll", "so",
    "dylib", "class", "pyc", "wasm", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "sqlite", "db", "psd",
    "ai", "sketch",
})  # fmt: skip
_NUL_IN = 1024
"""A NUL within the first bytes means that a file is no text."""


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
        if path.rpartition(".")[2].lower() in _NO_TEXT:
            continue
        data = read(path)
        if data is not None and b"\0" not in data[:_NUL_IN]:
            mentions.read(data)
    return sorted(path for path in candidates if not mentions.has(name_of(path)))
