"""Unused pictures: neither a reference means one, nor does any text, canvas, or setting name it."""

from __future__ import annotations

from collections.abc import Callable

from strandline.model.sync_names import explain_conflict_copy
from strandline.notes.file_index import name_of
from strandline.notes.mentions import Mentions
from strandline.notes.picture_names import is_picture_name
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.texts import NO_TEXT, decode_text


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
    names = {path: list_names(name_of(path)) for path in candidates}
    mentions = Mentions(name for each in names.values() for name in each)
    drawings = [path for path in tree.pictures if path.lower().endswith(".svg")]
    for path in [*tree.notes, *tree.others, *drawings, *tree.iter_settings()]:
        if path.rpartition(".")[2].lower() in NO_TEXT:
            continue
        data = read(path)
        if data is not None and (text := decode_text(data)) is not None:
            mentions.read(text)
    return sorted(path for path in candidates if not any(map(mentions.has, names[path])))


def list_names(filename: str) -> list[str]:
    """The names by which a text may mean the file: its own, and that of the file of which it is a conflict copy. If
    that is gone, the copy may be all that is left of it. Pure.
    """
    meaning = explain_conflict_copy(filename, is_picture_name)
    return [filename, *([meaning.stands_for] if meaning is not None and meaning.stands_for else [])]
