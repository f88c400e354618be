"""Pictures that are not here themselves, while a placeholder or a temporary of them is."""

from __future__ import annotations

from strandline.model.sync_names import NameKind
from strandline.notes.file_index import FileIndex
from strandline.notes.profiles import Scope
from strandline.notes.references import Reference
from strandline.notes.resolver import Resolver, Verdict
from strandline.services.checking.note_tree import NoteTree


class StandIns:
    """All of a tree, for references that mean none of its pictures."""

    def __init__(self, tree: NoteTree) -> None:
        self._kinds = dict(tree.iter_stand_ins())
        self._resolver = Resolver(FileIndex(self._kinds), lambda _paths: True, lambda _path: False)

    def find(self, note: str, reference: Reference, scope: Scope) -> NameKind | None:
        """What stands for the picture that the reference means."""
        if not self._kinds:
            return None
        found = self._resolver.resolve(note, reference, scope)
        if found.path is None or found.verdict not in (Verdict.FOUND, Verdict.NOT_PORTABLE):
            return None
        return self._kinds[found.path]
