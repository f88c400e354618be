"""Hints: what a watcher asks its reader to do, and how many of them are merged into few.

A hint is a value. Unread hints are merged per folder, so their memory is bounded however long nobody reads: names
collect in one set, and too many names become one listing. A listing absorbs all names of its folder, earlier and
later ones. That is safe because the reader lists only after it has the hint, so it sees everything that they meant.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from strandline.model.values import dataclass

MAX_NAMES = 1_000
"""Per folder. Looking at a thousand names takes about 10 ms; for more, one listing is soon cheaper."""


class ListReason(StrEnum):
    """Why a folder should be listed. For logs and `doctor`, not for decisions."""

    WATCH_ADDED = "watch-added"
    """The folder is watched from now on. Nobody saw earlier changes."""
    FOLDER_REPLACED = "folder-replaced"
    """Another folder is at its path now."""
    FOLDER_CHANGED = "folder-changed"
    """Its own attributes changed: it may have become readable, or unreadable."""
    EVENTS_LOST = "events-lost"
    """The system's queue overflowed."""
    TOO_MANY_NAMES = "too-many-names"
    """Too many names to report one by one, or more than a poll remembers."""
    UNREADABLE = "unreadable"
    """A poll could not list it. Reported once; polling continues."""
    READABLE_AGAIN = "readable-again"
    """A poll could list it again."""


@dataclass(frozen=True, slots=True)
class LookAtNames:
    """Look at these names in this watched folder now. They may be files, folders, links, or gone."""

    folder: Path
    names: frozenset[str]
    """As the folder spells them; undecodable bytes as surrogates (`os.fsdecode`)."""


@dataclass(frozen=True, slots=True)
class ListFolder:
    """Something happened in this watched folder that cannot be reported by name: list all of it."""

    folder: Path
    reason: ListReason


@dataclass(frozen=True, slots=True)
class FolderGone:
    """The watched folder was deleted, moved away, or unmounted. It is no longer watched.

    Another folder may be at its path already: try at once to watch it again, then now and then.
    """

    folder: Path


Hint: TypeAlias = LookAtNames | ListFolder | FolderGone


@dataclass(slots=True)
class _OneFolder:
    """The pending hints of one folder, in the order in which they will be reported."""

    is_gone: bool = False
    reason: ListReason | None = None
    names: set[str] = field(default_factory=set)


class PendingHints:
    """Unread hints, merged. Not thread-safe: its owner locks.

    Law: whatever was added since the last :meth:`take` is covered by the next one. Its name is reported, or its
    folder is to be listed or gone. A folder has at most one FolderGone, followed by at most one other hint.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, _OneFolder] = {}

    def __bool__(self) -> bool:
        return bool(self._folders)

    def add_name(self, folder: Path, name: str) -> None:
        """Adds a name. If there are more than :data:`MAX_NAMES`, a listing replaces them all."""
        pending = self._pending_of(folder)
        if pending.reason is None:
            pending.names.add(name)
            if len(pending.names) > MAX_NAMES:
                self.add_listing(folder, ListReason.TOO_MANY_NAMES)

    def add_listing(self, folder: Path, reason: ListReason) -> None:
        """Requests a listing of the folder. If there are several reasons, the last one is reported."""
        pending = self._pending_of(folder)
        pending.reason = reason
        pending.names.clear()

    def add_gone(self, folder: Path) -> None:
        """The folder is gone, and all its pending hints with it."""
        self._folders[folder] = _OneFolder(is_gone=True)

    def forget(self, folder: Path) -> None:
        """Drops the pending hints of a folder that is no longer watched."""
        self._folders.pop(folder, None)

    def take(self) -> list[Hint]:
        """Returns all pending hints and clears them. Folders come in the order in which they were first mentioned."""
        folders, self._folders = self._folders, {}
        hints: list[Hint] = []
        for folder, pending in folders.items():
            if pending.is_gone:
                hints.append(FolderGone(folder))
            if pending.reason is not None:
                hints.append(ListFolder(folder, pending.reason))
            elif pending.names:
                hints.append(LookAtNames(folder, frozenset(pending.names)))
        return hints

    def _pending_of(self, folder: Path) -> _OneFolder:
        return self._folders.setdefault(folder, _OneFolder())
