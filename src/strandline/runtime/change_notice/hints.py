"""Hints: what a watcher asks its reader to do, and how many of them are merged into few.

A hint is a value. Unread hints are merged per folder, so their memory is bounded however long nobody reads: names
collect in one set, and too many names become one listing. A listing absorbs all names of its folder, earlier and
later ones. That is safe because the reader lists only after it has the hint, so it sees everything that they meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

MAX_NAMES = 1_000
"""Of one folder at once. Looking at a thousand names costs some 10 ms; beyond, one listing is soon cheaper."""


class ListReason(StrEnum):
    """Why a folder is to be listed; for logs and for `doctor`, not for decisions."""

    WATCH_ADDED = "watch-added"
    """It is watched from now on; what came before, nobody saw."""
    FOLDER_REPLACED = "folder-replaced"
    """Another folder lies at its path than the one that was watched."""
    FOLDER_CHANGED = "folder-changed"
    """Its own attributes changed: it may have become readable, or unreadable."""
    EVENTS_LOST = "events-lost"
    """The system's queue overflowed."""
    TOO_MANY_NAMES = "too-many-names"
    """More names than are worth telling one by one, or than a poll remembers."""
    UNREADABLE = "unreadable"
    """A poll could not list it. Told once; polling goes on."""
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
    """Something happened in this watched folder that cannot be told by name: list all of it."""

    folder: Path
    reason: ListReason


@dataclass(frozen=True, slots=True)
class FolderGone:
    """The watched folder was deleted, moved away or unmounted. It is not watched any more.

    Another one may lie at its path already: try to watch it again at once, then now and then.
    """

    folder: Path


Hint: TypeAlias = LookAtNames | ListFolder | FolderGone


@dataclass(slots=True)
class _OneFolder:
    """What is pending for one folder, in the order in which it will be told."""

    is_gone: bool = False
    reason: ListReason | None = None
    names: set[str] = field(default_factory=set)


class PendingHints:
    """Hints that nobody has read yet, merged. Not thread-safe: its owner locks.

    Law: whatever was added since the last :meth:`take` is covered by the next one. A name is named, or its
    folder is to be listed or gone; a folder has at most one FolderGone, and after it at most one other hint.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, _OneFolder] = {}

    def __bool__(self) -> bool:
        return bool(self._folders)

    def add_name(self, folder: Path, name: str) -> None:
        """One more name; the one above :data:`MAX_NAMES` turns them all into a listing."""
        pending = self._pending_of(folder)
        if pending.reason is None:
            pending.names.add(name)
            if len(pending.names) > MAX_NAMES:
                self.add_listing(folder, ListReason.TOO_MANY_NAMES)

    def add_listing(self, folder: Path, reason: ListReason) -> None:
        """The folder is to be listed. Of several reasons the last is told."""
        pending = self._pending_of(folder)
        pending.reason = reason
        pending.names.clear()

    def add_gone(self, folder: Path) -> None:
        """The folder is gone, and with it all that was pending in it."""
        self._folders[folder] = _OneFolder(is_gone=True)

    def forget(self, folder: Path) -> None:
        """Drops what is pending for a folder that nobody wants to hear of any more."""
        self._folders.pop(folder, None)

    def take(self) -> list[Hint]:
        """All pending hints, folders in the order in which they were first mentioned; then none is pending."""
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
