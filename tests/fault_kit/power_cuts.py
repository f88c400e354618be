"""What a disk contains after a power cut: only what was made durable, in the two ways in which a disk may forget.

A killed process leaves everything that it wrote; a machine that loses power does not. :class:`Disk` learns of each
change in its folders before it happens, records what an fsync has promised, and resets the folders to that. What
surprises: bytes and names are lost independently. A file's name can survive without its bytes (a rename before the
fsync), and its bytes without the name (a folder that was never synced).
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from fault_kit.seccomp import Asked
from fault_kit.system_calls import SYNCING, WRITING, Call

SHARED_MEMORY = "-shm"
"""SQLite's index of its log. It is never synced: the first to open the database makes a new one."""


class Cut(StrEnum):
    """What the disk forgets."""

    BYTES = "bytes"
    """Bytes that were not synced are lost. Every name stays."""
    ALL = "all"
    """Bytes that were not synced are lost, and so are names in folders that were not."""


class Disk:
    """The folders, and which of their contents are durable."""

    def __init__(self, folders: list[str]) -> None:
        self._stashes = {folder: Path(tempfile.mkdtemp(dir=Path(folder).parent)) for folder in folders}
        """Beside each folder, because no link leads to another disk."""
        self._kept = 0
        self._bytes: dict[tuple[int, int], bytes] = {}
        """The durable bytes of a file that was written to."""
        self._names: dict[str, dict[str, Path | None]] = {}
        """The durable names of each folder, each with a link to its file; None for a folder."""
        for folder in folders:
            for path, _, _ in os.walk(folder):
                self._sync_names(path)

    def note(self, call: Call, asked: Asked) -> None:
        """The call is about to be made."""
        if call.name in ("mkdir", "mkdirat"):
            self._names.setdefault(call.path, {})
        if call.name not in SYNCING | WRITING:
            return
        opened = f"/proc/{asked.task}/fd/{asked.arguments[0]}"
        seen = os.stat(opened)
        if stat.S_ISDIR(seen.st_mode):
            self._sync_names(call.path)
        elif not call.path.endswith(SHARED_MEMORY):
            place = (seen.st_dev, seen.st_ino)
            if call.name in SYNCING:
                self._bytes[place] = Path(opened).read_bytes()
            elif place not in self._bytes:
                # Empty if this run made it: what existed at the start is durable.
                is_old = any(place == _place(link) for link in self._links())
                self._bytes[place] = Path(opened).read_bytes() if is_old else b""

    def cut(self, cut: Cut) -> None:
        """Resets the folders to what is durable."""
        if cut is Cut.ALL:
            for folder, names in sorted(self._names.items()):
                if os.path.isdir(folder):
                    self._restore_names(Path(folder), names)
        for folder in self._names:
            for path in Path(folder).glob("*") if os.path.isdir(folder) else ():
                if path.is_file() and not path.is_symlink():
                    durable = self._bytes.get(_place(path))
                    if durable is not None and path.read_bytes() != durable:
                        path.write_bytes(durable)
        for stash in self._stashes.values():
            shutil.rmtree(stash)

    def _links(self) -> list[Path]:
        return [link for names in self._names.values() for link in names.values() if link]

    def _sync_names(self, folder: str) -> None:
        names: dict[str, Path | None] = {}
        stash = next(
            place for root, place in self._stashes.items() if folder == root or folder.startswith(root + "/")
        )
        for entry in os.scandir(folder):
            names[entry.name] = None
            if not entry.is_dir(follow_symlinks=False):
                self._kept += 1
                names[entry.name] = stash / str(self._kept)
                os.link(entry.path, stash / str(self._kept), follow_symlinks=False)
        self._names[folder] = names

    def _restore_names(self, folder: Path, names: dict[str, Path | None]) -> None:
        for path in folder.iterdir():
            if path.name not in names and not path.name.endswith(SHARED_MEMORY):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, link in names.items():
            path = folder / name
            if link is None:
                path.mkdir(exist_ok=True)
            elif not path.is_symlink() and _place(path) != _place(link):
                path.unlink(missing_ok=True)
                os.link(link, path, follow_symlinks=False)


def _place(path: Path) -> tuple[int, int]:
    with suppress(FileNotFoundError):
        seen = path.stat()
        return seen.st_dev, seen.st_ino
    return 0, 0
