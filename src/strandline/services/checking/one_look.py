"""One look at a tree: its listing, the rules of its folders, and what references lead to in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from strandline.folders.disk_errors import as_disk_error
from strandline.notes.profiles import OBSIDIAN, PLAIN, Scope, find_scope
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Resolver, Verdict
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.picture_state import have_same_bytes
from strandline.services.checking.reading import NoteReader
from strandline.services.checking.stand_ins import StandIns

ABSENT = (Verdict.MISSING, Verdict.MISPLACED)

SAMPLES = 200
"""Notes outside the checked path that are read to see in which way references are written there."""


def look_at_note(root: str, note: str) -> OneLook:
    """The look of a check of this note. Cost: a listing, and if nothing shows the tool, a read of up to 201 notes.

    Raises:
        DiskError: The root cannot be listed.
    """
    look = OneLook(root, note)
    reader = NoteReader(look.tree, None, lambda _path, _why: None)
    look.learn_scopes([(note, reader.read_references(note))], reader)
    return look


class OneLook:
    """A listing of all below a root, and the answers that it gives.

    Args:
        root: From where references are resolved.
        below: What is asked about, relative to the root.
        earlier: A look from just now. The rules of its folders stay, and what it found in folders that are passed
            over is not listed again.

    Raises:
        DiskError: The root cannot be listed.
    """

    def __init__(self, root: str, below: str = "", earlier: OneLook | None = None) -> None:
        try:
            tree = NoteTree(root, below)
        except OSError as error:
            raise as_disk_error(error, "list", root) from error
        self.tree = tree
        self._earlier = earlier
        self.scopes: list[Scope] = tree.scopes if earlier is None else earlier.scopes
        """Which folders follow which rules, the innermost first."""
        self._resolver = Resolver(
            tree.index,
            lambda paths: have_same_bytes([tree.locate(path) for path in paths]),
            tree.is_there,
            self._find_hidden,
        )

    def _find_hidden(self, name: str) -> str | None:
        if self._earlier is None:
            return self.tree.find_hidden(name)
        return self._earlier._find_hidden(name) or next(iter(self.tree.refused), None)

    @cached_property
    def stand_ins(self) -> StandIns:
        """Placeholders and temporaries of pictures."""
        return StandIns(self.tree)

    def learn_scopes(self, read: Sequence[tuple[str, Sequence[Reference]]], reader: NoteReader) -> None:
        """Without any sign, the way in which most references are written decides by which rules they are resolved.

        Args:
            read: What the notes below the path refer to.
            reader: Reads some of the others, if there are any.
        """
        scopes = self.scopes
        if scopes[-1].profile is not PLAIN:
            return
        forms: Counter[Form] = Counter()
        tree = self.tree
        others = [note for note in tree.notes if not tree.is_reported(note)] if tree.below else []
        samples = others[:: max(1, len(others) // SAMPLES)]
        for note, references in [*read, *((note, reader.read_references(note)) for note in samples)]:
            if find_scope(scopes, note) is scopes[-1]:
                forms.update(each.form for each in references)
        if forms[Form.WIKI] > forms[Form.MARKDOWN]:
            self.scopes = [*scopes[:-1], Scope("", OBSIDIAN)]

    def find_scope(self, note: str) -> Scope:
        """The rules that the note follows."""
        return find_scope(self.scopes, note)

    def resolve(self, note: str, reference: Reference) -> Resolved:
        """What the reference means by the rules of the note, or else by those of a folder around it: its tool shows
        the note as well.
        """
        scope = self.find_scope(note)
        resolved = self._resolver.resolve(note, reference, scope)
        if resolved.verdict not in ABSENT:
            return resolved
        for outer in self.scopes[self.scopes.index(scope) + 1 :]:
            if outer.contains(note) and outer.profile is not PLAIN:
                again = self._resolver.resolve(note, reference, outer)
                if again.verdict not in ABSENT:
                    return again
        return resolved
