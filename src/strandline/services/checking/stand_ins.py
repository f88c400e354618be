"""Pictures that are not here themselves, while a placeholder or a temporary of them is."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from math import inf
from typing import NamedTuple

from strandline.folders.file_tree import look_at_file
from strandline.model.sync_names import NameKind
from strandline.notes.file_index import FileIndex
from strandline.notes.profiles import Scope
from strandline.notes.references import Reference
from strandline.notes.resolver import Resolver, Verdict
from strandline.services.checking.note_tree import NoteTree


class StandIn(NamedTuple):
    """What is there instead of a picture."""

    path: str
    kind: NameKind
    settled_s: float | None = None
    """Seconds since 1970, if it is a temporary that nobody has written to for long: nothing more will come."""


class StandIns:
    """All of a tree, for references that mean none of its pictures."""

    def __init__(self, tree: NoteTree) -> None:
        self._tree = tree
        self._all = defaultdict[str, list[tuple[str, NameKind]]](list)
        for picture, path, kind in tree.iter_stand_ins():
            self._all[picture].append((path, kind))
        self._resolver = Resolver(FileIndex(self._all), lambda _paths: True, lambda _path: False)

    def find(
        self, note: str, reference: Reference, scope: Scope, *, settled_before_s: float
    ) -> StandIn | None:
        """What stands for the picture that the reference means. Cost: if it is a temporary, one ``lstat``."""
        if not self._all:
            return None
        found = self._resolver.resolve(note, reference, scope)
        if found.path is None or found.verdict not in (Verdict.FOUND, Verdict.NOT_PORTABLE):
            return None
        some = self._all[found.path]
        for path, kind in some:
            if kind is NameKind.PLACEHOLDER:
                return StandIn(path, kind)
        latest = max((self._look(path), path) for path, _ in some)
        mtime_s, path = latest
        return StandIn(path, NameKind.TEMPORARY, mtime_s if mtime_s < settled_before_s else None)

    def _look(self, path: str) -> float:
        """When the file was written last. If that is unknown, it may be now."""
        with suppress(OSError):
            look = look_at_file(self._tree.locate(path))
            if look is not None:
                return look.mtime_s
        return inf
