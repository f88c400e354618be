"""Taking a file out of its folder into a folder of the home, whole and durably, or copying it there.

A file that is moved on one disk is *renamed*, so whatever has the name at that moment is kept. If it
is not the file that was judged, it goes back. Between two disks nothing can do that: the file is copied, looked at
once more, and then removed, so a program that replaces it within these microseconds loses to the removal, as it would
to a save.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import OpenedFolder, open_folder
from strandline.folders.opening import OpenedFile, is_unchanged, open_regular, rewind
from strandline.folders.proof_copies import hash_file, read_proof_copy
from strandline.folders.renaming import patiently, rename_without_replacing
from strandline.folders.saving import write_whole
from strandline.model.image_files import FileStamp
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class AsideCopy:
    """A file in another folder, durably, and what it was."""

    stamp: FileStamp
    """The original's stamp when it was opened."""
    sha256: str
    """Hash of its bytes."""
    size_bytes: int
    changed_meanwhile: bool
    """The original was written to meanwhile, or its name went to another file: look again. What was to be moved is
    where it was.
    """


def copy_aside(
    folder: Path,
    name: str,
    target: Path,
    aside: str,
    *,
    scratch: Path,
    keeps_inodes: bool = True,
    opening: Callable[[Path], AbstractContextManager[OpenedFolder]] = open_folder,
) -> AsideCopy:
    """Copies a file durably under a new name, before it is replaced. Reads it once.

    Raises:
        FileNotFoundError: There is nothing to copy.
        FileExistsError: The name is taken in the target folder.
        UnreadableFileError: It is no regular file, or cannot be read.
        DiskError: The target folder refused it. Nothing was copied.
    """
    with (
        opening(folder) as source,
        open_regular(source.at(name), dir_fd=source.fd, keeps_inodes=keeps_inodes) as opened,
    ):
        return _copy(opened, source, name, target, aside, scratch)


def move_aside(
    folder: Path,
    name: str,
    target: Path,
    aside: str,
    judge: Callable[[AsideCopy], None],
    *,
    scratch: Path,
    keeps_inodes: bool = True,
    opening: Callable[[Path], AbstractContextManager[OpenedFolder]] = open_folder,
) -> AsideCopy:
    """Moves a file durably to a new name in another folder. Reads it once on one disk, twice between two.

    ``judge`` is called with what is about to be moved; if it raises, nothing is.

    Raises:
        FileNotFoundError: There is nothing to move.
        FileExistsError: The name is taken in the target folder.
        UnreadableFileError: It is no regular file, or cannot be read.
        DiskError: A folder refused. The file is where it was, and there may be a copy of it in the target folder.
    """
    with (
        disk_errors("move", folder / name, FileNotFoundError, FileExistsError),
        opening(folder) as source,
        open_regular(source.at(name), dir_fd=source.fd, keeps_inodes=keeps_inodes) as opened,
        open_folder(target) as aside_folder,
    ):
        hashed = hash_file(opened, limit_bytes=sys.maxsize, on_progress=lambda _: None)
        changed = hashed.changed_while_read or not is_unchanged(opened, source.at(name), dir_fd=source.fd)
        copy = AsideCopy(opened.stamp, hashed.sha256, hashed.size_bytes, changed_meanwhile=changed)
        if changed:
            return copy
        judge(copy)
        moved = _rename(opened, source, name, aside_folder, aside)
        if moved is None:
            moved = _copy_and_remove(opened, source, name, aside_folder, aside, copy, scratch)
        if moved:
            aside_folder.sync()
            source.sync()
        return replace(copy, changed_meanwhile=not moved)


def _copy(
    opened: OpenedFile, source: OpenedFolder, name: str, target: Path, aside: str, scratch: Path
) -> AsideCopy:
    with (
        read_proof_copy(opened, limit_bytes=sys.maxsize, scratch=target) as copy,
        copy.open() as data,
    ):
        write_whole(target, aside, data, scratch=scratch)
        changed = copy.changed_while_read or not is_unchanged(opened, source.at(name), dir_fd=source.fd)
        return AsideCopy(copy.stamp, copy.sha256, copy.size_bytes, changed_meanwhile=changed)


def _rename(
    opened: OpenedFile, source: OpenedFolder, name: str, target: OpenedFolder, aside: str
) -> bool | None:
    """Renames the file if it still is the opened one. None if the two folders cannot do that."""
    if source.device() != target.device():
        return None
    if sys.platform == "win32":
        opened.close()  # an open file cannot be renamed there
    try:
        is_done = rename_without_replacing(
            source.at(name), target.at(aside), source_fd=source.fd, target_fd=target.fd
        )
    except OSError as error:
        if error.errno != errno.EXDEV:  # two mounts of one device
            raise
        return None
    if not is_done:
        return None
    if opened.is_named_by(target.at(aside), dir_fd=target.fd):
        return True
    # Another file got the name a moment ago. If its place is taken as well, it stays in the target folder.
    with suppress(FileExistsError):
        rename_without_replacing(target.at(aside), source.at(name), source_fd=target.fd, target_fd=source.fd)
    return False


def _copy_and_remove(
    opened: OpenedFile,
    source: OpenedFolder,
    name: str,
    target: OpenedFolder,
    aside: str,
    judged: AsideCopy,
    scratch: Path,
) -> bool:
    rewind(opened)
    copy = _copy(opened, source, name, target.path, aside, scratch)
    if copy.changed_meanwhile or copy.sha256 != judged.sha256:
        return False
    if sys.platform == "win32":
        opened.close()
    with source.alone():
        if not opened.is_named_by(source.at(name), dir_fd=source.fd):
            return False
        patiently(lambda: os.unlink(source.at(name), dir_fd=source.fd))
    return True
