"""What a check reads: notes, unless they are as they were, and the pictures that they refer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from time import time
from typing import TypeAlias

from strandline.errors import UnreadableFileError
from strandline.folders.file_tree import look_at_file, read_file
from strandline.model.media_types import MediaType, find_media_type_by_extension
from strandline.notes.note_names import is_note_name
from strandline.notes.reading import BrokenNoteError, read_note
from strandline.notes.references import Reference
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.picture_state import QUIET_S, PictureLook, PictureState, look_at_picture
from strandline.services.checking.unchanged import Unchanged

NoteUnread: TypeAlias = "Callable[[str, str], None]"
"""Told the path of what cannot be read, and why."""

MAX_NOTE_BYTES = 16 * 1024 * 1024
"""A larger file is not written by hand. It is named as unread."""


class NoteReader:
    """The notes of one tree.

    Args:
        tree: The tree.
        unchanged: What is known of it. None if nothing is.
        note_unread: Told what cannot be read.
    """

    def __init__(self, tree: NoteTree, unchanged: Unchanged | None, note_unread: NoteUnread) -> None:
        self._tree = tree
        self._unchanged = unchanged
        self._note_unread = note_unread
        self.emptied: set[str] = set()
        """Notes that were written not long ago and have no text, perhaps not yet."""

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        """All bytes of a file; none if it went away meanwhile. None if it cannot be read, which is noted. A note that
        went away may come back at once: a sync client replaces it.
        """
        try:
            return read_file(self._tree.locate(path), limit_bytes)
        except FileNotFoundError:
            if not is_note_name(path):
                return b""
            self._note_unread(path, "it went away before it was read")
            return None
        except (OSError, UnreadableFileError) as error:
            self._note_unread(path, str(error))
            return None

    def read_references(self, note: str) -> Sequence[Reference]:
        """What the note refers to. One that is as it was is not read again."""
        unchanged = self._unchanged
        stamp = None if unchanged is None else unchanged.find_stamp(self._tree.locate(note))
        if unchanged is None or stamp is None:
            return self._read_anew(note) or ()
        if (known := unchanged.find_references(note, stamp)) is not None:
            return known
        references = self._read_anew(note)
        if references is not None and note not in self.emptied:
            unchanged.learn(note, stamp, references)
        return references or ()

    def _read_anew(self, note: str) -> Sequence[Reference] | None:
        """None if it cannot be read."""
        data = self.read(note, MAX_NOTE_BYTES)
        if data is None:
            return None
        if not data.strip(b"\0") and self._is_young(note):
            self.emptied.add(note)
        try:
            return read_note(note, data) if data else ()
        except BrokenNoteError as error:
            self._note_unread(note, f"it is not what its name says: {error}")
            return None

    def _is_young(self, note: str) -> bool:
        """Whether it was written so short a time ago that its text may still come, as a picture's bytes may."""
        try:
            look = look_at_file(self._tree.locate(note))
        except OSError:
            return True
        return look is None or look.mtime_s > time() - QUIET_S


class Faults:
    """What is wrong with the pictures of one tree. The arguments are those of :class:`NoteReader`."""

    def __init__(self, tree: NoteTree, unchanged: Unchanged | None, note_unread: NoteUnread) -> None:
        self._tree = tree
        self._unchanged = unchanged
        self._note_unread = note_unread
        # What git checks out is whole, however new the file is.
        self._settled_before_s = inf if tree.is_in_git else time() - QUIET_S
        self._known: dict[str, PictureLook | None] = {}

    def find(self, path: str) -> PictureState | None:
        """What keeps the picture from being shown. Reads it once, unless it is proven."""
        if path not in self._known:
            try:
                self._known[path] = None if self._is_proven(path) else self._look(path)
            except (OSError, UnreadableFileError) as error:
                self._known[path] = PictureLook()
                self._note_unread(path, str(error))
        look = self._known[path]
        return None if look is None else look.fault

    def find_odd_type(self, path: str) -> MediaType | None:
        """The type of the picture's bytes, if its name says another one. None also if it is unknown. Reads nothing:
        it is what :meth:`find` saw, or the catalog knows.
        """
        look = self._known.get(path)
        if look is None:
            return None if self._unchanged is None else self._unchanged.odd_types.get(path)
        by_name = find_media_type_by_extension(path.rpartition(".")[2])
        return None if look.media_type is by_name else look.media_type

    def _is_proven(self, path: str) -> bool:
        """Whether the picture was read as it is now, and is whole."""
        if self._unchanged is None:
            return False
        stamp = self._unchanged.find_stamp(self._tree.locate(path))
        return stamp is not None and self._unchanged.is_whole(path, stamp)

    def _look(self, path: str) -> PictureLook:
        # A sync client keeps a file's date. When it came, the catalog knows.
        known = None if self._tree.is_in_git else self._unchanged
        is_arriving = known is not None and known.is_arriving(path)
        return look_at_picture(
            self._tree.locate(path),
            settled_before_s=0.0 if is_arriving else self._settled_before_s,
            content_id=self._tree.find_content_id(path),
        )
