"""What a check need not read again: notes that are as they were, and pictures that are proven to be whole.

A file is unchanged if its size, mtime, and inode are the same. One that was written in the last two seconds is never
taken for unchanged later: the next write may leave the same time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from time import time_ns

from strandline.errors import StrandlineError
from strandline.folders.file_tree import find_stamp
from strandline.model.image_files import FileState, parse_stamp
from strandline.model.layout import is_text
from strandline.model.media_types import NAMED_MEDIA_TYPES, MediaType, find_media_type
from strandline.model.storage_dirs import StorageDir
from strandline.notes.references import Form, Reference
from strandline.services.workbench import Workbench

READER = 5
"""The number of the readers of notes. With another number, all notes are read again: count it up if they change."""

_NOT_SHOWN = tuple(each.name for each in NAMED_MEDIA_TYPES if not each.shown_by_browsers)

QUIET_NS = 2 * 10**9

FIRST_SCAN = timedelta(minutes=10)
"""What is first seen so soon after its folder was added was there before."""

NOTES_AT_ONCE = 1000
"""Notes written in one transaction."""


class Unchanged:
    """What is known of the files of one storage directory, and what a check learns about its notes.

    Args:
        bench: The tools.
        sd: The storage directory.
    """

    def __init__(self, bench: Workbench, sd: StorageDir) -> None:
        self._bench = bench
        self._sd = sd
        self._keeps_inodes = bench.folder(sd).keeps_inodes
        self._learned: dict[str, tuple[str, str]] = {}

    def find_stamp(self, where: str) -> str | None:
        """The stamp, as text, of the file at a path on this machine. None if there is none, or if it is unknown."""
        return find_stamp(where, keeps_inodes=self._keeps_inodes)

    def find_references(self, note: str, stamp: str) -> Sequence[Reference] | None:
        """What the note refers to, if it was read with this stamp."""
        known = self._notes.get(note)
        return None if known is None or known[0] != f"{READER}:{stamp}" else from_text(known[1])

    def learn(self, note: str, stamp: str, references: Sequence[Reference]) -> None:
        """The note was read, and had this stamp before that. If a name is no text, it is read again each time."""
        found = to_text(references)
        if is_text(note) and is_text(found) and parse_stamp(stamp).mtime_ns + QUIET_NS < time_ns():
            self._learned[note] = f"{READER}:{stamp}", found

    def is_whole(self, picture: str, stamp: str) -> bool:
        """Whether the picture with this stamp was read and is whole."""
        return f"{picture}:{stamp}" in self._whole

    def is_arriving(self, picture: str) -> bool:
        """Whether the picture was not whole when it was read, came after its folder was added, and has not been like
        that for a day. What was there before came nobody knows when: then the file's own date says it.
        """
        return picture in self._arriving

    def save(self, notes: Iterable[str]) -> None:
        """Writes what was learned, and forgets all notes but these. A catalog that is busy or full learns nothing."""
        gone = self._notes.keys() - set(notes)
        learned = [(note, *known) for note, known in self._learned.items()]
        with suppress(StrandlineError):
            for start in range(0, len(learned), NOTES_AT_ONCE):
                with self._bench.catalog.write() as writer:
                    writer.notes.remember_read(self._sd.number, learned[start : start + NOTES_AT_ONCE])
            if gone:
                with self._bench.catalog.write() as writer:
                    writer.notes.forget_notes(self._sd.number, gone)

    @cached_property
    def _notes(self) -> dict[str, tuple[str, str]]:
        with suppress(StrandlineError), self._bench.catalog.read() as reader:
            return {path: (key, found) for path, key, found in reader.notes.list_read(self._sd.number)}
        return {}

    @cached_property
    def odd_types(self) -> dict[str, MediaType]:
        """The types of proven pictures whose names say another one, by path: those that not every program shows."""
        with suppress(StrandlineError), self._bench.catalog.read() as reader:
            rows = reader.files.iter_rows_of_odd_type(self._sd.number, _NOT_SHOWN)
            found = {row.path: find_media_type(row.media_type) for row in rows if row.proof_is_current}
            return {path: each for path, each in found.items() if each is not None}
        return {}

    @cached_property
    def _whole(self) -> frozenset[str]:
        with suppress(StrandlineError), self._bench.catalog.read() as reader:
            return frozenset(reader.files.list_whole_lines(self._sd.number))
        return frozenset()

    @cached_property
    def _arriving(self) -> frozenset[str]:
        with suppress(StrandlineError), self._bench.catalog.read() as reader:
            arriving = reader.files.list_rows_in_state(self._sd.number, FileState.ARRIVING)
            since = self._sd.added_at + FIRST_SCAN
            return frozenset(row.path for row in arriving if row.unchanged_since > since)
        return frozenset()


def to_text(references: Sequence[Reference]) -> str:
    """The references as text. Empty if there are none, as in most notes."""
    if not references:
        return ""
    return json.dumps(
        [
            [
                each.form, each.target, each.destination, each.line, each.column,
                each.is_silenced, each.is_embed, *each.folders,
            ]
            for each in references
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )  # fmt: skip


def from_text(text: str) -> list[Reference]:
    """The references that :func:`to_text` wrote."""
    if not text:
        return []
    return [
        Reference(_FORMS[form], target, destination, line, column, is_silenced, is_embed, tuple(folders))
        for form, target, destination, line, column, is_silenced, is_embed, *folders in json.loads(text)
    ]


_FORMS = {form.value: form for form in Form}
