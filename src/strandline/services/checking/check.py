"""A check: every reference to a picture below a path, resolved, and what is wrong with it.

What cannot be told is never called missing. A note that cannot be read is named in the report, and nothing is said
about what it may refer to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from time import perf_counter, time
from typing import TypeAlias

from strandline.errors import NotInBucketsError, StrandlineError, UnreadableFileError
from strandline.folders.file_tree import spell
from strandline.model.buckets import is_bucket_address
from strandline.model.moved_folders import Expected, find_moved_folders
from strandline.model.note_checks import (
    CheckOptions,
    FindingKind,
    Lost,
    NoteCheck,
    Place,
    Remembered,
    UnreadNote,
)
from strandline.model.portable_names import explain_refused, fold_path
from strandline.notes.destinations import names_picture
from strandline.notes.file_index import name_of
from strandline.notes.mentions import Names
from strandline.notes.profiles import OBSIDIAN, PLAIN, Scope
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Verdict
from strandline.services.checking import messages
from strandline.services.checking.collecting import Collected
from strandline.services.checking.memory import Memory
from strandline.services.checking.one_look import ABSENT, SAMPLES, OneLook
from strandline.services.checking.picture_state import QUIET_S, has_bytes
from strandline.services.checking.reading import MAX_NOTE_BYTES, Faults, NoteReader
from strandline.services.checking.roots import find_base, find_root
from strandline.services.checking.stand_ins import StandIn
from strandline.services.checking.texts import ONLY_IN_CLOUD, find_note_elsewhere
from strandline.services.checking.unused import list_unused

Recall: TypeAlias = "Callable[[str], Memory | None]"

_PRESENT = (Verdict.FOUND, Verdict.NOT_PORTABLE, Verdict.AMBIGUOUS)

MAX_TEXT_BYTES = 64 * 1024 * 1024
"""The same for the loose reader, which also reads settings and data of plug-ins."""


def check_path(
    path: str,
    options: CheckOptions,
    known_roots: Mapping[str, str],
    recall: Recall = lambda _root: None,
    go_on: Callable[[], None] = lambda: None,
) -> NoteCheck:
    """Checks the notes at or below a path.

    Args:
        path: A folder, or a note.
        options: What else to look for.
        known_roots: The identities of storage directories, by path. A path in one is resolved from there. Otherwise
            the root is the nearest folder above that shows by its content that it is one.
        recall: Gives what is known of a storage directory's pictures, by its path.
        go_on: Called at each note. What it raises ends the check.

    Raises:
        NotInBucketsError: It is in a bucket, where no notes are read.
        SourceNotFoundError: There is nothing at the path.
        InvalidPathError: It is a file, but no note.
        DiskError: The root cannot be listed.
    """
    begun = perf_counter()
    if is_bucket_address(path):
        raise NotInBucketsError(
            f"notes in buckets are not read, so {path} cannot be checked; check the folder that has them on a disk",
            path=path,
        )
    path = spell(os.path.abspath(os.path.expanduser(path)))
    base = find_base(path)
    root = find_root(base, known_roots)
    below = os.path.relpath(path, root).replace(os.sep, "/")
    look = OneLook(root, "" if below == "." else below)
    check = _Check(look, options, base, recall(root) if root in known_roots else None)
    check.run(go_on)
    return check.report(path, base, known_roots.get(root) or None, perf_counter() - begun)


def list_uses(
    root: str,
    wanted: AbstractSet[str],
    unread: list[UnreadNote] | None = None,
    mentions: list[tuple[str, str]] | None = None,
) -> list[tuple[str, Reference, str]]:
    """The references of all notes below the root that mean one of the pictures: note, reference, and picture.

    What could not be read, and may refer to one, is added to ``unread``. The notes that have the name of a picture,
    but no reference to it, are added to ``mentions``, each with the picture's path.

    Raises:
        DiskError: The root cannot be listed.
    """
    check = _Check(OneLook(root), CheckOptions(), root, None)
    uses = list(check.iter_uses(wanted, mentions))
    if unread is not None:
        unread += check.unread
    return uses


def list_pictures(root: str, below: str) -> list[tuple[str, Reference, str, bool]]:
    """What the notes at or below a path of the root refer to: note, reference, picture, and whether it is there.

    References to pictures that nobody keeps here (on the web, outside of the root) are left out.

    Raises:
        DiskError: The root cannot be listed.
        UnreadableFileError: One of the notes cannot be read.
    """
    check = _Check(OneLook(root, below), CheckOptions(), root, None)
    pictures = list(check.iter_pictures())
    for each in check.unread:
        raise UnreadableFileError(f"{each.path} cannot be read: {each.reason}", path=each.path)
    return pictures


class _Check:
    """One run over a tree."""

    def __init__(self, look: OneLook, options: CheckOptions, base: str, memory: Memory | None) -> None:
        self._look = look
        self._looks = [look]
        """The latest first."""
        self._tree = tree = look.tree
        self._memory = memory
        self._unchanged = None if memory is None else memory.unchanged
        self._options = options
        self._collected = Collected(
            os.path.relpath(base, tree.root).replace(os.sep, "/"), complete=options.complete
        )
        self._lost: list[Lost] = []
        self._note_refused()
        self._reader = NoteReader(tree, self._unchanged, self._collected.note_unread)
        self._faults = Faults(tree, self._unchanged, self._collected.note_unread)
        self._used: set[str] = set()
        self._notes = [note for note in sorted(tree.notes) if tree.is_reported(note)]
        self._own = frozenset(self._notes)

    def run(self, go_on: Callable[[], None] = lambda: None) -> None:
        """Looks at everything."""
        for path in self._tree.others:
            if find_note_elsewhere(name_of(path)) and self._tree.is_reported(path):
                self._collected.note_unread(path, ONLY_IN_CLOUD)
        read = []
        for note in self._notes:
            go_on()
            if references := self._reader.read_references(note):
                read.append((note, references))
        self._look.learn_scopes(read, self._reader)
        resolved = []
        for note, references in read:
            go_on()
            resolved += [(note, each, self._look.resolve(note, each)) for each in references]
        resolved = self._look_again(resolved)
        self._ask_memory([answer for _, _, answer in resolved])
        for note, reference, answer in resolved:
            self._judge(note, reference, self._look.find_scope(note), answer)
        self._check_names()
        if self._options.unused:
            self._check_unused()
        if self._unchanged is not None:
            self._unchanged.save(self._tree.notes)

    def _look_again(
        self, resolved: list[tuple[str, Reference, Resolved]]
    ) -> list[tuple[str, Reference, Resolved]]:
        """What is absent, looked for again in a listing that is younger than the notes: a picture may have come, or
        moved, since the first one. Cost: a listing, if anything is absent.
        """
        if not any(self._may_be_absent(answer) for _, _, answer in resolved):
            return resolved
        again = OneLook(self._tree.root, self._tree.below, self._look)
        if again.tree.shows_same_as(self._tree):
            return resolved
        self._looks.insert(0, again)
        self._note_refused()
        return [
            (note, each, again.resolve(note, each) if self._may_be_absent(answer) else answer)
            for note, each, answer in resolved
        ]

    def _may_be_absent(self, resolved: Resolved) -> bool:
        """Whether it may be told as missing: also if its first folder is not here, and the memory knows it."""
        return resolved.verdict in ABSENT or (self._memory is not None and bool(resolved.tries))

    def iter_uses(
        self, wanted: AbstractSet[str], mentions: list[tuple[str, str]] | None = None
    ) -> Iterator[tuple[str, Reference, str]]:
        """The references that mean one of the pictures. Parses only notes in which one of their names occurs."""
        samples = self._notes[:: max(1, len(self._notes) // SAMPLES)]
        if self._look.scopes[-1].profile is PLAIN:
            read = [(note, self._reader.read_references(note)) for note in samples]
            self._look.learn_scopes(read, self._reader)
        names = Names(map(name_of, wanted))
        for note in self._notes:
            if found := names.find_in(self._reader.read(note, MAX_NOTE_BYTES) or b""):
                used = set[str]()
                for reference in self._reader.read_references(note):
                    resolved = self._look.resolve(note, reference)
                    if resolved.verdict not in ABSENT:
                        meant = {resolved.path, *resolved.candidates} & wanted
                        used.update(filter(None, meant))
                        yield from ((note, reference, path) for path in sorted(filter(None, meant))[:1])
                if mentions is not None:
                    mentions += [(note, path) for path in wanted - used if fold_path(name_of(path)) in found]

    def iter_pictures(self) -> Iterator[tuple[str, Reference, str, bool]]:
        """What the reported notes refer to, and whether it is there."""
        read = [(note, self._reader.read_references(note)) for note in self._notes]
        self._look.learn_scopes(read, self._reader)
        for note, references in read:
            for reference in references:
                resolved = self._look.resolve(note, reference)
                is_there = resolved.verdict in _PRESENT
                if resolved.path is not None and (is_there or resolved.verdict in ABSENT):
                    is_note = reference.form is Form.WIKI and self._tree.has_note_of(name_of(resolved.path))
                    if is_there or not is_note:
                        yield note, reference, resolved.path, is_there

    @property
    def unread(self) -> tuple[UnreadNote, ...]:
        """Notes and folders that could not be read so far."""
        return self._collected.unread

    def report(self, path: str, base: str, sd_id: str | None, seconds: float) -> NoteCheck:
        """What was found."""
        tree, collected = self._tree, self._collected
        profile = self._look.find_scope(f"{tree.below}/").profile
        return NoteCheck(
            path=path,
            base=base,
            sd_id=sd_id,
            layout="ids" if tree.has_identity else "named",
            profile=profile.name,
            profile_title=profile.title,
            notes=len(self._notes),
            images=tree.count_reported_pictures(),
            references=collected.references,
            findings=tuple(collected.findings),
            counts=collected.counts,
            not_checked=collected.not_checked,
            unread=collected.unread,
            seconds=round(seconds, 3),
            lost=tuple(self._lost),
            moved=tuple(find_moved_folders(self._iter_expected(), self._list_folders())),
            emptied=tuple(sorted(map(collected.say_path, self._reader.emptied))),
        )

    def _iter_expected(self) -> Iterator[Expected]:
        """Pictures that are at one other place, with those at which notes expect them; relative to the base."""
        say_path = self._collected.say_path
        known = {
            (say_path(each.note), each.line, each.target): each.was.places[0].path
            for each in self._lost
            if each.was.places and each.was.places[0].sd is None
        }
        for finding in self._collected.findings:
            if finding.file is None or finding.kind not in (FindingKind.MISSING, FindingKind.MISPLACED):
                continue
            place = known.get((finding.note or "", finding.line or 0, finding.target or ""))
            if place is not None:
                yield Expected(finding.file, say_path(place), True, finding)
            elif len(finding.candidates) == 1:
                yield Expected(finding.file, finding.candidates[0], False, finding)

    def _list_folders(self) -> set[str]:
        return set(map(self._collected.say_path, self._tree.folders))

    def _ask_memory(self, resolved: Sequence[Resolved]) -> None:
        """Asks about all that is missing at once."""
        if self._memory is not None:
            with suppress(StrandlineError):
                self._memory.ask(path for each in resolved for path in (*each.tries, *each.endings))

    def _judge(self, note: str, reference: Reference, scope: Scope, resolved: Resolved) -> None:
        collected = self._collected
        if resolved.verdict is Verdict.NOTE:
            return
        collected.note_reference()
        kind, message = self._explain(note, reference, scope, resolved)
        if resolved.verdict in _PRESENT:
            self._used.update(filter(None, (resolved.path, *resolved.candidates)))
        if kind is None:
            collected.note_found()
        elif reference.is_silenced:
            collected.note_silenced()
        elif resolved.verdict is Verdict.REMOTE:
            collected.note_remote()
        else:
            file = self._find_place(note, reference) or resolved.path
            others = () if kind is FindingKind.MISSING else resolved.candidates
            collected.add(kind, message, file, others, note, reference)

    def _find_place(self, note: str, reference: Reference) -> str | None:
        """Where the picture of the last reference was, if it is gone and known."""
        last = self._lost[-1] if self._lost else None
        if last is None or (last.note, last.line, last.target) != (note, reference.line, reference.target):
            return None
        return last.path

    def _explain(
        self, note: str, reference: Reference, scope: Scope, resolved: Resolved
    ) -> tuple[FindingKind | None, str]:
        """The kind of the finding and its message. No kind if the picture is there and whole."""
        if resolved.verdict in _PRESENT and resolved.path is not None:
            return self._explain_present(reference, scope, resolved, resolved.path)
        if resolved.verdict is Verdict.REMOTE:
            return FindingKind.OUTSIDE, ""
        if resolved.verdict is Verdict.OUTSIDE and self._was_here(resolved):
            resolved = replace(resolved, verdict=Verdict.MISSING)
        if resolved.verdict in ABSENT and resolved.path is not None:
            stand_in = self._find_stand_in(note, reference, scope)
            if stand_in is not None and stand_in.settled_s is None:
                return messages.say_stand_in(stand_in.kind)
            name = name_of(resolved.path)
            if reference.form is Form.WIKI and any(look.tree.has_note_of(name) for look in self._looks):
                return None, ""
            was = None if self._memory is None else self._find_known(self._memory, resolved)
            is_missing = resolved.verdict is Verdict.MISSING or not (was is None or self._is_at_namesake(was))
            kind = FindingKind.MISSING if is_missing else FindingKind.MISPLACED
            if was is not None and not reference.is_silenced:
                self._lost.append(Lost(note, reference.line, reference.target, kind, was.path, was))
            if was is not None and was.places:
                # A person who deletes what nothing names must not delete the last file with these bytes.
                self._used.update(place.path for place in was.places if place.sd is None)
                return kind, self._say_missing(self._memory, resolved.path, was)
            if is_missing and stand_in is not None and stand_in.settled_s is not None:
                path = self._collected.say_path(stand_in.path)
                return FindingKind.MISSING, messages.say_unfinished(path, stand_in.settled_s)
            if is_missing and (copy := self._tree.find_conflict_copy(name)):
                return FindingKind.MISSING, messages.say_conflict_copy(self._collected.say_path(copy))
            if is_missing and self._memory is not None:
                return FindingKind.MISSING, self._say_missing(self._memory, resolved.path, was)
        return messages.say_verdict(resolved, scope.profile, self._collected.say_path)

    def _explain_present(
        self, reference: Reference, scope: Scope, resolved: Resolved, path: str
    ) -> tuple[FindingKind | None, str]:
        fault = self._faults.find(path) if self._options.reads_pictures else None
        if fault is not None:
            return fault.kind, messages.say_fault(fault)
        if resolved.verdict is not Verdict.FOUND:
            return messages.say_verdict(resolved, scope.profile, self._collected.say_path)
        if scope.profile is OBSIDIAN and not names_picture(reference.destination, reference.form):
            return FindingKind.NOT_SHOWN, messages.say_hidden_by_heading(scope.profile)
        extension = path.rpartition(".")[2].lower()
        if reference.is_embed and extension in scope.profile.not_shown:
            return FindingKind.NOT_SHOWN, messages.say_not_shown(extension, scope.profile)
        if reference.is_embed and scope.profile.not_shown:
            odd = self._faults.find_odd_type(path)
            if odd is not None and odd.extension in scope.profile.not_shown:
                return FindingKind.NOT_SHOWN, messages.say_bytes_not_shown(extension, odd, scope.profile)
        return None, ""

    def _was_here(self, resolved: Resolved) -> bool:
        """Whether the picture was here, although its first folder is not any more: so no site has it elsewhere."""
        return bool(resolved.tries) and bool(self._memory and self._find_known(self._memory, resolved))

    def _find_known(self, memory: Memory, resolved: Resolved) -> Remembered | None:
        """What is known of a missing picture. A damaged catalog knows nothing."""
        with suppress(StrandlineError):
            was = memory.find(resolved.tries, resolved.endings)
            return None if was is None else replace(was, places=self._list_places(was, resolved.candidates))
        return None

    def _list_places(self, was: Remembered, namesakes: Sequence[str]) -> tuple[Place, ...]:
        """Where the bytes are. A namesake that no scan has met yet is read if it has their size."""
        places = tuple(filter(self._may_be_at, was.places))
        if not places:
            root = self._tree.root
            same = (
                path for path in namesakes if has_bytes(self._tree.locate(path), was.sha256, was.size_bytes)
            )
            places = tuple(Place(None, root, path) for path in same)
        return places

    @staticmethod
    def _is_at_namesake(was: Remembered) -> bool:
        """Whether its bytes are in a file of its name: then that is the picture, and no other one."""
        name = fold_path(name_of(was.path))
        return any(place.sd is None and fold_path(name_of(place.path)) == name for place in was.places)

    def _find_namesake(self, memory: Memory, name: str) -> Remembered | None:
        """What is known of a picture of that name that was anywhere: the note may have moved since."""
        with suppress(StrandlineError):
            was = memory.find((), (name,))
            return None if was is None else replace(was, places=tuple(filter(self._may_be_at, was.places)))
        return None

    def _may_be_at(self, place: Place) -> bool:
        """Whether a file is there now. Other storage directories may be on disks that do not answer."""
        return place.sd is not None or self._tree.is_there(place.path)

    def _say_missing(self, memory: Memory | None, path: str, was: Remembered | None) -> str:
        say_path = self._collected.say_path
        if was is not None:
            return messages.say_remembered(was, path, say_path, self._tree.root)
        if memory is not None and (other := self._find_namesake(memory, name_of(path))) is not None:
            return messages.say_namesake(other, say_path)
        if old := self._tree.find_old_version(name_of(path)):
            return messages.say_old_version(say_path(old))
        return messages.NEVER_SEEN if memory is not None and memory.is_whole else messages.MISSING

    def _find_stand_in(self, note: str, reference: Reference, scope: Scope) -> StandIn | None:
        """What is there instead of the picture, or was at the first look: it may just get its own name."""
        settled_before_s = time() - QUIET_S
        for look in self._looks:
            found = look.stand_ins.find(note, reference, scope, settled_before_s=settled_before_s)
            if found is not None:
                return found
        return None

    def _check_names(self) -> None:
        """Names that other systems refuse: of pictures that are referred to, or of all pictures."""
        named = self._tree.pictures if self._options.names else sorted(self._used)
        for path in named:
            if self._tree.is_reported(path) and (why := explain_refused(path)):
                self._collected.add(FindingKind.BAD_NAME, messages.say_bad_name(why), path)

    def _check_unused(self) -> None:
        """Nothing is called unused if a note that might use it is unknown."""
        tree = self._tree
        for path, why in tree.iter_unread_texts():
            self._collected.note_unread(path, why)
        for note in tree.notes:
            if note not in self._own:
                for reference in self._reader.read_references(note):
                    resolved = self._look.resolve(note, reference)
                    self._used.update(filter(None, (resolved.path, *resolved.candidates)))
        unused = list_unused(tree, self._used, lambda path: self._reader.read(path, MAX_TEXT_BYTES))
        self._note_refused()  # of folders with settings, which are listed only for this
        if self._collected.is_all_known:
            for path in unused:
                self._collected.add(FindingKind.UNUSED, messages.UNUSED, path)

    def _note_refused(self) -> None:
        for look in self._looks:
            for folder, why in look.tree.refused.items():
                self._collected.note_unread(f"{folder}/", why)
