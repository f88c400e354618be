"""The folder, or the archive, that a person wants images exported to or written into. It is no storage directory.

Nothing that is there is replaced, except for the two pages that an earlier export of ours wrote.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from strandline.errors import PlaceTakenError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import make_folders, open_folder
from strandline.folders.renaming import rename_without_replacing
from strandline.folders.saving import SaveMode, write_whole
from strandline.folders.temporaries import TEMPORARY_NAME
from strandline.model.new_names import number_name

_CHUNK_BYTES = 1 << 20

_MANIFEST_BYTES = 1 << 30
"""A manifest that is larger is none of ours: a million images have half of that."""


class ExportFolder:
    """A folder with files in folders in it."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self._scratch = scratch

    def is_empty(self) -> bool:
        """Whether it has nothing in it but what a killed export left, or does not exist."""
        with disk_errors("look at", self.root, FileNotFoundError):
            try:
                with os.scandir(self.root) as entries:
                    return all(TEMPORARY_NAME.fullmatch(entry.name) for entry in entries)
            except FileNotFoundError:
                return True

    def ensure_folders(self, names: Iterable[str]) -> None:
        """Makes it, and the folders in it, durably."""
        with disk_errors("make", self.root):
            make_folders(self.root)
            for name in names:
                make_folders(self.root / name)

    def find_page(self, name: str) -> bytes | None:
        """The bytes of one of its pages, or None if it has none."""
        with disk_errors("read", self.root / name, FileNotFoundError):
            try:
                with (self.root / name).open("rb") as file:
                    return file.read(_MANIFEST_BYTES)
            except FileNotFoundError:
                return None

    def find_sha256(self, folder: str, name: str) -> str | None:
        """The hash of a file, or None if nothing has the name. Reads all of it. A link or folder has none: ``""``."""
        path = self.root / folder / name
        with disk_errors("read", path):
            if not os.path.lexists(path):
                return None
            if path.is_symlink() or not path.is_file():
                return ""
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
        return digest.hexdigest()

    def has(self, folder: str, name: str) -> bool:
        """Whether anything has the name."""
        return os.path.lexists(self.root / folder / name)

    def write_new(
        self, folder: str, name: str, source: bytes | BinaryIO, mtime_ns: int | None = None
    ) -> bool:
        """Writes a file whole and durably. False if the name is taken: nothing is replaced."""
        try:
            write_whole(self.root / folder, name, source, scratch=self._scratch, mtime_ns=mtime_ns)
        except FileExistsError:
            return False
        return True

    def write_page(self, name: str, data: bytes) -> None:
        """Writes a page of the export, also over the one of an earlier run."""
        write_whole(self.root, name, data, scratch=self._scratch, mode=SaveMode.REPLACE)


class TargetFolder:
    """A person's folder that gets files beside what is in it. A name that is taken gets a number."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self._next: dict[str, int] = {}  # thousands of files may have one name

    def add(self, filename: str, source: BinaryIO) -> Path:
        """Writes the file whole and durably, and returns its path. Replaces nothing. If one of its names has exactly
        these bytes, that is the file, and nothing is written.

        Raises:
            DiskError: The disk refused.
        """
        start = source.tell()
        for number in count(self._next.get(filename, 0)):
            if number:
                self._next[filename] = number + 1
            path = self._root / number_name(filename, number)
            source.seek(start)
            with disk_errors("write", path):
                is_free = not os.path.lexists(path)
                if not is_free and _has_bytes(path, source):
                    return path
            source.seek(start)
            if is_free and self._write(path, source):
                return path
        raise AssertionError("there is always another number")

    def _write(self, path: Path, source: BinaryIO) -> bool:
        try:
            write_whole(
                self._root, path.name, source, scratch=self._scratch,
                lone_rename_allowed=lambda: not os.path.lexists(path),
            )  # fmt: skip
        except FileExistsError:
            return False
        return True


def _has_bytes(path: Path, source: BinaryIO) -> bool:
    """Whether it is a regular file with exactly the bytes that follow in the source."""
    start = source.tell()
    size_bytes = source.seek(0, os.SEEK_END) - start
    source.seek(start)
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
        return False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if source.read(len(chunk)) != chunk:
                return False
    return True


def write_new_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes a new file, whole or not at all, without knowing its size before. Durable when it returns.

    Until then the bytes are in a hidden file beside it, which is left there only if the process is killed.

    Raises:
        PlaceTakenError: Something has the name; nothing is replaced.
        DiskError: The disk refused.
    """
    check_free(path)
    with disk_errors("write", path, FileExistsError):
        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=".strandline-", suffix=".part")
        try:
            with os.fdopen(fd, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fchmod(fd, 0o644) if hasattr(os, "fchmod") else None
                os.fsync(fd)
            with open_folder(path.parent) as folder:
                name = os.path.basename(temporary)
                if not rename_without_replacing(name, path.name, source_fd=folder.fd, target_fd=folder.fd):
                    os.link(temporary, path)
                folder.sync()
        except FileExistsError as error:
            raise _taken(path) from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)


def check_free(path: Path) -> None:
    """Raises ``PlaceTakenError`` if something has the name."""
    if os.path.lexists(path):
        raise _taken(path)


def _taken(path: Path) -> PlaceTakenError:
    return PlaceTakenError(
        f"{path} exists already, and nothing is replaced; choose another name, or move it away",
        path=str(path),
    )
