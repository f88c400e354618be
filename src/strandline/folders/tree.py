"""The tree of a storage directory, a page at a time: the root and the media folder, in the order of their paths.

A folder may hold a million files. One ``scandir`` keeps only the names of the page that was asked for, and only those
are looked at. Links are never followed, and no other folder is entered.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from strandline.folders.disk_errors import disk_errors
from strandline.folders.media_folder import MEDIA_FOLDER, iter_names

ROOT = ""


class PathPage(NamedTuple):
    """Paths relative to the root, in order, with forward slashes."""

    paths: list[str]
    passed: int
    """So many that fit come before them."""
    total: int
    """So many fit at all."""

    @property
    def is_last(self) -> bool:
        """None that fits comes after them."""
        return self.passed + len(self.paths) >= self.total


class Seen(NamedTuple):
    """What lies under a path."""

    path: str
    kind: str
    """file, folder, symlink, special."""
    size_bytes: int | None
    """Of a file."""


def list_paths(
    root: str,
    *,
    after: str = "",
    limit: int,
    folders: Sequence[str] = (ROOT, MEDIA_FOLDER),
    fits: Callable[[str], bool] = bool,
) -> PathPage:
    """The next ``limit`` paths after ``after``, of those that fit.

    Cost: one ``scandir`` a folder, no ``lstat`` a file; memory for the paths of the page only.

    Args:
        root: Of the storage directory.
        after: The last path of the page before.
        limit: At most so many paths.
        folders: The root, the media folder, or both.
        fits: Asked of each path.

    Raises:
        DiskError: A folder cannot be listed.
    """
    passed = total = 0

    def iter_rest() -> Iterator[str]:
        nonlocal passed, total
        for path in filter(fits, _iter_paths(root, folders)):
            total += 1
            if path > after:
                yield path
            else:
                passed += 1

    return PathPage(heapq.nsmallest(limit, iter_rest()), passed, total)


def look_at_paths(root: str, paths: Iterable[str]) -> list[Seen]:
    """What lies under the paths now; those that are gone are left out. Cost: one ``lstat`` a path.

    Raises:
        DiskError: A path cannot be looked at.
    """
    found = []
    for path in paths:
        full = os.path.join(root, path)
        with disk_errors("look at", full):
            try:
                seen = os.lstat(full)
            except FileNotFoundError:
                continue
        size_bytes = seen.st_size if stat.S_ISREG(seen.st_mode) else None
        found.append(Seen(path, kind_of(seen.st_mode), size_bytes))
    return found


def kind_of(mode: int) -> str:
    """file, folder, symlink or special. Pure."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "symlink" if stat.S_ISLNK(mode) else "special"


def _iter_paths(root: str, folders: Sequence[str]) -> Iterator[str]:
    if ROOT in folders:
        with disk_errors("list", root), os.scandir(root) as entries:
            yield from (entry.name for entry in entries)
    if MEDIA_FOLDER in folders:
        media = os.path.join(root, MEDIA_FOLDER)
        with disk_errors("list", media):
            if _is_folder(media):
                yield from (f"{MEDIA_FOLDER}/{name}" for name in iter_names(root))


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
