"""The watches of folders of named pictures: each folder in the tree has one of its own.

The folders are found from the root down: a folder is watched first and listed then, so what comes meanwhile is
noticed. Once all folders that were found are watched, and the first hint about each was taken, the storage directory
wants a scan, which sees whatever came before. If the system allows no more watches, the rest is found by frequent
scans.

The system says nothing about the folders *in* a folder that was moved, so they all lose their watches, and get new
ones under their new paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from strandline.errors import WatchLimitError
from strandline.folders.port import Folder
from strandline.model.values import dataclass
from strandline.runtime.change_notice import MixedFolderWatcher

RETRY_S = 600.0
"""How long to wait before folders are tried again for which there was no watch: a limit is seldom raised."""


@dataclass(slots=True)
class _Tree:
    """The watched folders of one storage directory. Paths are relative to its root, which is the empty path."""

    number: int
    folder: Folder
    below: dict[str, set[str]] = field(default_factory=dict)
    """The names of the watched folders in each watched folder."""
    waiting: dict[str, None] = field(default_factory=dict)
    """Folders to watch and to list, in this order."""
    fresh: set[str] = field(default_factory=set)
    """Watched folders whose first hint was not taken yet. It absorbs everything that happens until then."""
    left: dict[str, None] = field(default_factory=dict)
    """Folders for which there was no watch. Nothing is known about the folders in them."""
    retry_at_s: float = 0.0
    limit: str | None = None
    """Why there was none."""
    wants_scan: bool = False

    def where(self, path: str) -> Path:
        return Path(self.folder.root, path)


class TreeWatches:
    """Keeps the watches. Only the thread that follows hints may use it.

    The roots themselves are watched by the caller.

    Args:
        watcher: Where to watch.
        monotonic: The clock for retries, in seconds.
        on_covered: Called with a storage directory's number if folders came or went, once all are watched that can
            be.
    """

    def __init__(
        self, watcher: MixedFolderWatcher, monotonic: Callable[[], float], on_covered: Callable[[int], None]
    ) -> None:
        self._watcher = watcher
        self._monotonic = monotonic
        self._on_covered = on_covered
        self._trees: dict[int, _Tree] = {}
        self._places: dict[Path, tuple[int, str]] = {}

    def keep(self, folders: Mapping[int, Folder]) -> None:
        """Watches exactly the trees of these storage directories from now on. Cheap if nothing changed."""
        for number, tree in list(self._trees.items()):
            now = folders.get(number)
            if now is None or now.root != tree.folder.root:
                self.lose(number, "")
                del self._trees[number]
        for number, folder in folders.items():
            if number not in self._trees:
                self._trees[number] = _Tree(number, folder)
                self.follow(number, "")
        now_s = self._monotonic()
        for tree in self._trees.values():
            if tree.left and now_s >= tree.retry_at_s:
                tree.waiting.update(tree.left)
                tree.left.clear()
                tree.retry_at_s = now_s + RETRY_S

    def restart(self, number: int, folder: Folder) -> None:
        """Other folders are wanted now: all are found again, from the root."""
        if number in self._trees:
            self.lose(number, "")
            self._trees[number] = _Tree(number, folder, wants_scan=True)
            self.follow(number, "")

    def has(self, number: int) -> bool:
        """Whether the storage directory's tree is watched."""
        return number in self._trees

    def find(self, folder: Path) -> tuple[int, str] | None:
        """The storage directory of a watched folder below a root, and the folder's path in it."""
        return self._places.get(folder)

    def is_watched(self, number: int, path: str) -> bool:
        """Whether there is a watched folder with the path."""
        tree = self._trees.get(number)
        return tree is not None and path in tree.below

    def follow(self, number: int, path: str, *, must_scan: bool = True) -> None:
        """A folder came, or it is unknown which folders are in it: it will be watched and listed.

        With ``must_scan``, ``on_covered`` is called even if it is watched already and has the same folders.
        """
        tree = self._trees.get(number)
        if tree is not None:
            tree.waiting[path] = None
            tree.wants_scan |= must_scan

    def lose(self, number: int, path: str) -> None:
        """A folder is gone, or is another one now. It and all folders in it lose their watches."""
        tree = self._trees.get(number)
        if tree is None:
            return
        tree.wants_scan = True
        gone = [path]
        while gone:
            lost = gone.pop()
            gone += (_join(lost, name) for name in tree.below.pop(lost, ()))
            tree.waiting.pop(lost, None)
            tree.fresh.discard(lost)
            tree.left.pop(lost, None)
            if self._places.pop(tree.where(lost), None) is not None:
                self._watcher.unwatch(tree.where(lost))
        above, _, name = path.rpartition("/")
        if path and above in tree.below:
            tree.below[above].discard(name)

    def find_polled(self) -> dict[int, str]:
        """The storage directories of which not every folder is watched, each with the reason."""
        return {tree.number: tree.limit for tree in self._trees.values() if tree.left and tree.limit}

    def has_work(self) -> bool:
        """Whether :meth:`work` has something to do."""
        return any(tree.waiting for tree in self._trees.values())

    def work(self) -> None:
        """Watches one folder that is waiting, or lists it. Cost: one watch, and one ``scandir`` if it is known.

        A new folder is listed after its first hint was taken: until then, that hint absorbs what happens in it.
        """
        tree = next((tree for tree in self._trees.values() if tree.waiting), None)
        if tree is None:
            return
        path = next(iter(tree.waiting))
        del tree.waiting[path]
        try:
            if path:
                self._watcher.watch_natively(tree.where(path))
            is_new = path not in tree.below and path != ""
            names = set() if is_new else set(tree.folder.list_folders_in(path))
        except WatchLimitError as error:
            tree.limit = error.message
            tree.left[path] = None
            tree.retry_at_s = self._monotonic() + RETRY_S
        except OSError:  # gone, or closed to this user: a scan says so
            self.lose(tree.number, path)
        else:
            if is_new:
                self._take_new(tree, path)
            else:
                self._take_listed(tree, path, names)
        self._settle(tree)

    def take_first_hint(self, number: int, path: str) -> None:
        """The first hint about a folder was taken. From now on, each change in it has a hint of its own."""
        tree = self._trees.get(number)
        if tree is not None and path in tree.fresh:
            tree.fresh.discard(path)
            tree.waiting[path] = None

    def _settle(self, tree: _Tree) -> None:
        if tree.wants_scan and not tree.waiting and not tree.fresh:
            tree.wants_scan = False
            self._on_covered(tree.number)

    def _take_new(self, tree: _Tree, path: str) -> None:
        tree.wants_scan = True
        tree.fresh.add(path)
        tree.below[path] = set()
        self._places[tree.where(path)] = tree.number, path
        above, _, name = path.rpartition("/")
        tree.below.setdefault(above, set()).add(name)

    def _take_listed(self, tree: _Tree, path: str, names: set[str]) -> None:
        tree.wants_scan |= path not in tree.below
        known = tree.below.setdefault(path, set())
        for name in known - names:
            self.lose(tree.number, _join(path, name))
        tree.waiting.update(dict.fromkeys(_join(path, name) for name in sorted(names - known)))


def _join(above: str, name: str) -> str:
    return f"{above}/{name}" if above else name
