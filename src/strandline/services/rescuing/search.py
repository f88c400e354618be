"""Searching: all files below a few folders are looked at, and those are read that may have what is wanted."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field

from strandline.errors import DiskError, ImageTooLargeError
from strandline.folders.port import Folder
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.storage_dirs import LayoutKind
from strandline.model.values import dataclass
from strandline.model.wanted import Pattern, UnreadFile, WantedFile
from strandline.services.verifying.verify import count_threads
from strandline.services.workbench import Workbench

MOST_FILES = 1_000_000
"""Files that are looked at: some 200 MB of memory if all of them may be pictures."""

MOST_UNREAD = 1000
"""Files that are told that could not be read."""

AT_ONCE = 64
"""Files that are read together."""

OnSearched = Callable[[str, int, int], None]
"""Called with the folder, its files that were read, and all that are to be read; 0 while that is unknown."""


@dataclass(slots=True)
class Search:
    """One search. It ends as soon as everything is found."""

    bench: Workbench
    wanted: Sequence[WantedFile]
    on_searched: OnSearched = lambda *_: None
    cancel: threading.Event | None = None
    files: int = 0
    checked: int = 0
    is_complete: bool = True
    unread: list[UnreadFile] = field(default_factory=list)
    found: defaultdict[ImageId, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """By content id: the files with such bytes, each with its SHA-256."""
    ids: set[ImageId] = field(init=False)

    def __post_init__(self) -> None:
        ids = (each.image.content_id for each in self.wanted)
        self.ids = {each for each in ids if each is not None}

    def look_through(self, folders: Iterable[str]) -> None:
        """Looks through the folders, which are there. Follows no link in them.

        Cost: one ``lstat`` per file. First, files with a wanted size or name are read; then, if the size of something
        wanted is unknown, all other pictures.
        """
        pattern = Pattern(self.wanted)
        ranked: tuple[list[tuple[Folder, str]], list[tuple[Folder, str]]] = ([], [])
        for root in folders:
            folder = self._open(root)
            if folder is not None:
                self._list(folder, pattern, ranked)
        total = len(ranked[0]) + len(ranked[1])
        with ThreadPoolExecutor(count_threads(), thread_name_prefix="rescue") as threads:
            for files in ranked:
                for start in range(0, len(files), AT_ONCE):
                    if self._is_over():
                        return
                    some = files[start : start + AT_ONCE]
                    for result in threads.map(self._read, some):
                        self._keep(result)
                    self.checked += len(some)
                    self.on_searched(some[-1][0].root, self.checked, total)

    def _open(self, root: str) -> Folder | None:
        path = os.path.abspath(root)
        try:
            real = self.bench.folder_at(path).find_real_root()
        except OSError as error:
            self._note(_explain(path, error))
            return None
        return self.bench.folder_at(real, LayoutKind.NAMED)

    def _list(
        self,
        folder: Folder,
        pattern: Pattern,
        ranked: tuple[list[tuple[Folder, str]], list[tuple[Folder, str]]],
    ) -> None:
        refused: list[str] = []
        online_only = 0
        try:
            for piece in folder.iter_files(refused):
                for file in piece:
                    rank = pattern.rank(file.path, file.size_bytes)
                    if rank is not None and not file.is_here:
                        online_only += 1
                    elif rank is not None:
                        ranked[rank].append((folder, file.path))
                self.files += len(piece)
                self.on_searched(folder.root, 0, 0)
                if self.files >= MOST_FILES or self._is_cancelled():
                    self.is_complete = False
                    break
        except OSError as error:
            self._note(_explain(folder.root, error))
        for path in refused:
            where = os.path.join(folder.root, path)
            self._note(UnreadFile(where, f"cannot list {where}"))
        if online_only:
            told = f"{online_only:,} files in {folder.root} are only in the cloud; download them first"
            self._note(UnreadFile(folder.root, told))

    def _read(self, file: tuple[Folder, str]) -> tuple[str, str] | UnreadFile | None:
        """Path and SHA-256 of the file, or why it was not read. None if it is gone, or is being written."""
        folder, path = file
        where = os.path.join(folder.root, path)
        try:
            hashed = folder.hash_image(path, limit_bytes=self.bench.limits.read_max_bytes)
        except (FileNotFoundError, ImageTooLargeError):
            return None
        except DiskError as error:
            return UnreadFile(where, error.message)
        except OSError as error:
            return _explain(where, error)
        return None if hashed.changed_while_read else (where, hashed.sha256)

    def _keep(self, result: tuple[str, str] | UnreadFile | None) -> None:
        if isinstance(result, UnreadFile):
            self._note(result)
        elif result is not None:
            where, sha256 = result
            content_id = content_id_of(sha256)
            if content_id in self.ids:
                self.found[content_id].append((where, sha256))

    def _note(self, unread: UnreadFile) -> None:
        if len(self.unread) < MOST_UNREAD:
            self.unread.append(unread)

    def _is_cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def _is_over(self) -> bool:
        if self._is_cancelled():
            self.is_complete = False
            return True
        return self.ids <= self.found.keys()


def _explain(path: str, error: OSError) -> UnreadFile:
    return UnreadFile(path, f"cannot read {path}: {error.strerror or error}")
