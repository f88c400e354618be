"""A check: every reference to a picture below a path, resolved, and what is wrong with it.

What cannot be told is never called missing. A note that cannot be read is named in the report, and nothing is said
about what it may refer to.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from time import perf_counter, time

from strandline.errors import InvalidPathError, SourceNotFoundError, UnreadableFileError
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.file_tree import find_anchor, read_file
from strandline.model.note_checks import (
    NEEDED_COMPLETE,
    SEVERITIES,
    CheckOptions,
    Finding,
    FindingKind,
    NotChecked,
    NoteCheck,
    Severity,
    UnreadNote,
)
from strandline.model.sync_names import NameKind
from strandline.notes.file_index import FileIndex, name_of
from strandline.notes.picture_names import explain_refused
from strandline.notes.profiles import ANCHORS, OBSIDIAN, PLAIN, Scope, find_scope
from strandline.notes.reading import BrokenNoteError, is_note_name, read_note
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Resolver, Verdict
from strandline.services.checking import messages
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.picture_state import PictureState, find_fault, have_same_bytes
from strandline.services.checking.unused import list_unused

_ABSENT = (Verdict.MISSING, Verdict.MISPLACED)

MAX_NOTE_BYTES = 16 * 1024 * 1024
"""A larger file is not written by hand. It is named as unread."""

QUIET_S = 24 * 3600
"""Nothing that was changed since is called damaged: it may still be arriving (SPEC §6)."""

SAMPLES = 200
"""Notes outside the checked path that are read to see in which way references are written there."""

MAX_TEXT_BYTES = 64 * 1024 * 1024
"""The same for the loose reader, which also reads settings and data of plug-ins."""


def check_path(path: str, options: CheckOptions, known_roots: Mapping[str, str]) -> NoteCheck:
    """Checks the notes at or below a path.

    Args:
        path: A folder, or a note.
        options: What else to look for.
        known_roots: The identities of storage directories, by path. A path in one is resolved from there. Otherwise
            the root is the nearest folder above that shows by its content that it is one.

    Raises:
        SourceNotFoundError: There is nothing at the path.
        InvalidPathError: It is a file, but no note.
        DiskError: The root cannot be listed.
    """
    begun = perf_counter()
    path = os.path.abspath(path)
    base = path if _is_folder(path) else os.path.dirname(path)
    root = next((each for each in known_roots if _contains(each, base)), None)
    root = root or find_anchor(base, ANCHORS, (os.path.expanduser("~"), os.sep)) or base
    below = os.path.relpath(path, root).replace(os.sep, "/")
    try:
        tree = NoteTree(root, "" if below == "." else below)
    except OSError as error:
        raise as_disk_error(error, "list", root) from error
    check = _Check(tree, options, base)
    check.run()
    return check.report(path, known_roots.get(root) or None, perf_counter() - begun)


def _is_folder(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"there is no {path}; give a folder or a note", path=path) from error
    except OSError as error:
        raise as_disk_error(error, "look at", path) from error
    if stat.S_ISDIR(mode):
        return True
    if not is_note_name(path):
        raise InvalidPathError(f"{path} is neither a folder nor a note", path=path)
    return False


def _contains(root: str, path: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


class _Check:
    """One run over a tree."""

    def __init__(self, tree: NoteTree, options: CheckOptions, base: str) -> None:
        self._tree = tree
        self._options = options
        self._base = os.path.relpath(base, tree.root).replace(os.sep, "/")
        self._resolver = Resolver(tree.index, self._have_same_bytes, self._is_there, tree.find_hidden)
        # What git checks out is whole, however new the file is.
        self._settled_before_s = inf if tree.is_in_git else time() - QUIET_S
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()
        self._unread: dict[str, str] = {f"{path}/": why for path, why in tree.refused.items()}
        self._faults: dict[str, PictureState | None] = {}
        self._stand_ins: dict[str, NameKind] | None = None
        self._waiting: Resolver | None = None
        self._used: set[str] = set()
        self._notes = [note for note in sorted(tree.notes) if tree.is_reported(note)]
        self._own = frozenset(self._notes)
        self._scopes = tree.scopes
        self._references = 0

    def run(self) -> None:
        """Looks at everything."""
        read = [(note, references) for note in self._notes if (references := self._read_references(note))]
        self._scopes = self._find_scopes(read)
        for note, references in read:
            scope = find_scope(self._scopes, note)
            for reference in references:
                self._judge(note, reference, scope)
        self._check_names()
        if self._options.unused:
            self._check_unused()

    def _find_scopes(self, read: Sequence[tuple[str, Sequence[Reference]]]) -> list[Scope]:
        """The scopes of the tree. Without any sign, the way in which most references are written decides."""
        scopes = self._tree.scopes
        if scopes[-1].profile is not PLAIN:
            return scopes
        forms: Counter[Form] = Counter()
        samples = [note for note in self._tree.notes if note not in self._own] if self._tree.below else []
        samples = samples[:: max(1, len(samples) // SAMPLES)]
        for note, references in [*read, *((note, self._read_references(note)) for note in samples)]:
            if find_scope(scopes, note) is scopes[-1]:
                forms.update(each.form for each in references)
        if forms[Form.WIKI] <= forms[Form.MARKDOWN]:
            return scopes
        return [*scopes[:-1], Scope("", OBSIDIAN)]

    def report(self, path: str, sd_id: str | None, seconds: float) -> NoteCheck:
        """What was found."""
        tree = self._tree
        profile = find_scope(self._scopes, f"{tree.below}/").profile
        counts = {"found": 0, **{kind.value: 0 for kind in FindingKind}, "silenced": 0}
        counts.update({name: number for name, number in self._counts.items() if name in counts})
        unread = tuple(UnreadNote(self._say_path(each), why) for each, why in sorted(self._unread.items()))
        return NoteCheck(
            path=path,
            base=os.path.normpath(os.path.join(tree.root, self._base)),
            sd_id=sd_id,
            layout="ids" if tree.has_identity else "named",
            profile=profile.name,
            profile_title=profile.title,
            notes=len(self._notes),
            images=sum(map(tree.is_reported, tree.pictures)),
            references=self._references,
            findings=tuple(self._findings),
            counts=counts,
            not_checked=NotChecked(self._counts["remote"], counts[FindingKind.OUTSIDE]),
            unread=unread,
            seconds=round(seconds, 3),
        )

    def _read(self, path: str, limit_bytes: int) -> bytes | None:
        try:
            return read_file(self._tree.locate(path), limit_bytes)
        except FileNotFoundError:  # it went away meanwhile
            return b""
        except (OSError, UnreadableFileError) as error:
            self._unread[path] = str(error)
            return None

    def _read_references(self, note: str) -> Sequence[Reference]:
        data = self._read(note, MAX_NOTE_BYTES)
        try:
            return read_note(note, data) if data else ()
        except BrokenNoteError as error:
            self._unread[note] = f"it is not what its name says: {error}"
            return ()

    def _judge(self, note: str, reference: Reference, scope: Scope) -> None:
        self._references += 1
        resolved = self._resolve(note, reference, scope)
        kind, message = self._explain(note, reference, scope, resolved)
        if resolved.verdict in (Verdict.FOUND, Verdict.NOT_PORTABLE, Verdict.AMBIGUOUS):
            self._used.update(filter(None, (resolved.path, *resolved.candidates)))
        if kind is None or reference.is_silenced:
            self._counts["found" if kind is None else "silenced"] += 1
        elif resolved.verdict is Verdict.REMOTE:
            self._counts["remote"] += 1
        else:
            self._add(kind, message, resolved.path, resolved.candidates, note, reference)

    def _resolve(self, note: str, reference: Reference, scope: Scope) -> Resolved:
        """By the rules of the scope, or else by those of one around it: its tool shows the note as well."""
        resolved = self._resolver.resolve(note, reference, scope)
        if resolved.verdict not in _ABSENT:
            return resolved
        for outer in self._scopes[self._scopes.index(scope) + 1 :]:
            if outer.contains(note) and outer.profile is not PLAIN:
                again = self._resolver.resolve(note, reference, outer)
                if again.verdict not in _ABSENT:
                    return again
        return resolved

    def _explain(
        self, note: str, reference: Reference, scope: Scope, resolved: Resolved
    ) -> tuple[FindingKind | None, str]:
        """The kind of the finding and its message. No kind if the picture is there and whole."""
        if resolved.verdict is Verdict.REMOTE:
            return FindingKind.OUTSIDE, ""
        if resolved.verdict in _ABSENT and resolved.path is not None:
            if standing_in := self._find_stand_in(note, reference, scope):
                return standing_in
            name = name_of(resolved.path)
            if reference.form is Form.WIKI and self._tree.has_note_of(name):
                return None, ""
            if resolved.verdict is Verdict.MISSING and (copy := self._tree.find_conflict_copy(name)):
                return FindingKind.MISSING, messages.say_conflict_copy(self._say_path(copy))
        elif resolved.verdict is not Verdict.OUTSIDE and resolved.path is not None:
            fault = self._find_fault(resolved.path)
            if fault is not None:
                return fault.kind, messages.say_fault(fault)
        return messages.say_verdict(resolved, scope.profile, self._say_path)

    def _find_fault(self, path: str) -> PictureState | None:
        if path not in self._faults:
            try:
                self._faults[path] = find_fault(
                    self._tree.locate(path), settled_before_s=self._settled_before_s
                )
            except (OSError, UnreadableFileError) as error:
                self._faults[path] = None
                self._unread[path] = str(error)
        return self._faults[path]

    def _find_stand_in(self, note: str, reference: Reference, scope: Scope) -> tuple[FindingKind, str] | None:
        """The finding if a placeholder or a temporary of the picture is there."""
        if self._stand_ins is None or self._waiting is None:
            self._stand_ins = dict(self._tree.iter_stand_ins())
            self._waiting = Resolver(FileIndex(self._stand_ins), lambda _paths: True, lambda _path: False)
        found = self._waiting.resolve(note, reference, scope)
        if found.path is None or found.verdict not in (Verdict.FOUND, Verdict.NOT_PORTABLE):
            return None
        return messages.say_stand_in(self._stand_ins[found.path])

    def _check_names(self) -> None:
        """Names that other systems refuse: of pictures that are referred to, or of all pictures."""
        named = self._tree.pictures if self._options.names else sorted(self._used)
        for path in named:
            if self._tree.is_reported(path) and (why := explain_refused(path)):
                self._add(FindingKind.BAD_NAME, messages.say_bad_name(why), path)

    def _check_unused(self) -> None:
        """Nothing is called unused if a note that might use it is unknown."""
        tree = self._tree
        for note in tree.notes:
            if note not in self._own:
                for reference in self._read_references(note):
                    resolved = self._resolver.resolve(note, reference, find_scope(self._scopes, note))
                    self._used.update(filter(None, (resolved.path, *resolved.candidates)))
        unused = list_unused(tree, self._used, lambda path: self._read(path, MAX_TEXT_BYTES))
        if not self._unread:
            for path in unused:
                self._add(FindingKind.UNUSED, messages.UNUSED, path)

    def _add(
        self,
        kind: FindingKind,
        message: str,
        path: str | None,
        candidates: Sequence[str] = (),
        note: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        self._counts[kind.value] += 1
        is_needed = self._options.complete and kind in NEEDED_COMPLETE
        self._findings.append(
            Finding(
                kind=kind,
                severity=Severity.ERROR if is_needed else SEVERITIES[kind],
                note=None if note is None else self._say_path(note),
                line=reference.line if reference else None,
                column=reference.column if reference else None,
                target=reference.target if reference else None,
                file=None if path is None else self._say_path(path),
                candidates=tuple(map(self._say_path, candidates)),
                message=message,
            )
        )

    def _say_path(self, path: str) -> str:
        """The path relative to the checked folder."""
        if self._base == ".":
            return path
        prefix = f"{self._base}/"
        return path.removeprefix(prefix) if path.startswith(prefix) else _relate(path, self._base)

    def _have_same_bytes(self, paths: Sequence[str]) -> bool | None:
        return have_same_bytes([self._tree.locate(path) for path in paths])

    def _is_there(self, path: str) -> bool:
        return self._tree.is_there(path)


def _relate(path: str, base: str) -> str:
    return os.path.relpath(f"/{path}", f"/{base}").replace(os.sep, "/")
