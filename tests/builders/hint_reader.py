"""Reads a watcher until it has reported what a test waits for, with a limit instead of a sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from strandline.runtime.change_notice import FolderGone, FolderWatcher, Hint, ListFolder, LookAtNames

LIMIT_S = 20.0
"""Far more than any backend needs. Only a failing test waits this long."""


class HintReader:
    """The one reader of a watcher. It remembers all hints in order."""

    def __init__(self, watcher: FolderWatcher) -> None:
        self.watcher = watcher
        self.hints: list[Hint] = []

    def watch(self, folder: Path) -> None:
        """Watches the folder and reads the listing that this requests. Then nothing is pending for it."""
        self.watcher.watch(folder)
        self.read_until_listed(folder)

    def read_until(self, is_enough: Callable[[list[Hint]], bool]) -> list[Hint]:
        """The hints that this call reads, once they suffice. Fails after the limit."""
        read: list[Hint] = []
        end = time.monotonic() + LIMIT_S
        while not is_enough(read):
            read += self.watcher.wait(end - time.monotonic())
            # A hint that only the timeout revealed is late, too: the wait should have ended by itself.
            assert time.monotonic() < end, f"the watcher told only {read} in {LIMIT_S} s"
        self.hints += read
        return read

    def read_until_named(self, folder: Path, *names: str) -> list[Hint]:
        """Until a hint has named each name."""
        return self.read_until(lambda hints: set(names) <= names_in(hints, folder))

    def read_until_listed(self, folder: Path) -> list[Hint]:
        """Until a listing of the folder was requested."""
        return self.read_until(lambda hints: has_listing(hints, folder))

    def read_until_covered(self, folder: Path, *names: str) -> list[Hint]:
        """Until each name was named, or a listing of the folder was requested."""
        assert names
        return self.read_until(
            lambda hints: has_listing(hints, folder) or set(names) <= names_in(hints, folder)
        )

    def read_until_gone(self, folder: Path) -> list[Hint]:
        """Until the folder was reported as gone."""
        return self.read_until(lambda hints: FolderGone(folder) in hints)


def names_in(hints: list[Hint], folder: Path) -> set[str]:
    """All names of the folder in the hints."""
    return {name for h in hints if isinstance(h, LookAtNames) and h.folder == folder for name in h.names}


def has_listing(hints: list[Hint], folder: Path) -> bool:
    """True if the hints request a listing of the folder."""
    return any(isinstance(h, ListFolder) and h.folder == folder for h in hints)
