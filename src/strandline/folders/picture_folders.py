"""Folders that a person wants saved: the pictures in them, wherever they are, and what is left out.

These folders are outside every storage directory, or at least outside its media folder. The first bytes decide what
is a picture that the target keeps. Links are never followed. A ``media`` folder next to an ``SD_ID`` is left out: its
images are stored already, and those under legacy ids would be saved again under new ids.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from strandline.errors import StrandlineError
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.opening import is_dataless, open_regular
from strandline.model.exports import (
    MANIFEST,
    MANIFEST_START_BYTES,
    THUMBNAILS,
    is_manifest_start,
    is_thumbnail_name,
)
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.layout import Layout
from strandline.model.left_out import (
    LeftOut,
    Reason,
    Unlisted,
    gather_neighbors,
    has_picture_name,
    is_sidecar,
    judge_name,
    judge_start,
)
from strandline.model.media_types import SNIFF_BYTES


def iter_pictures(folder: str, layout: Layout, *, passed: int = 0) -> Iterator[str | LeftOut | Unlisted]:
    """The paths of all pictures below a folder, sorted by name, folder by folder; and what is left out, with the
    reason.

    Lazy. ``layout`` is that of the target. A folder that cannot be listed comes last. The first ``passed`` files are
    not looked at: they come as paths, and keep the place of the others.

    Cost: one ``scandir`` per folder; one ``open`` and a read of some bytes per file that is not passed, and per
    manifest of an export.
    """
    unlisted: list[Unlisted] = []
    for position, entry in enumerate(_iter_entries(folder, unlisted)):
        if isinstance(entry, LeftOut):
            yield entry
        elif position >= passed and (reason := _why_left_out(entry, layout)) is not None:
            yield LeftOut(entry.path, reason)
        else:
            yield entry.path
    yield from unlisted


def _iter_entries(top: str, unlisted: list[Unlisted]) -> Iterator[os.DirEntry[str] | LeftOut]:
    """Every file below the folder whose name could be a user's picture, and what is left out."""
    folders = [top]
    of_exports: set[str] = set()
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            unlisted.append(Unlisted(current, as_disk_error(error, "list", current)))
            continue
        beside = gather_neighbors(entry.name for entry in entries)
        has_identity = any(entry.name == IDENTITY_FILE for entry in entries)
        if any(entry.name == THUMBNAILS for entry in entries) and any(map(_is_manifest, entries)):
            of_exports.add(os.path.join(current, THUMBNAILS))
        subfolders = []
        for entry in entries:
            if entry.name == IDENTITY_FILE:
                continue  # our own: nobody misses it among the pictures
            reason = judge_name(entry.name) or _judge_kind(entry)
            if reason is None and entry.is_dir(follow_symlinks=False):
                if has_identity and entry.name == "media":
                    reason = Reason.MEDIA_FOLDER
                else:
                    subfolders.append(entry.path)
                    continue
            elif reason is None and current in of_exports and is_thumbnail_name(entry.name):
                reason = Reason.THUMBNAIL
            elif reason is None and is_sidecar(entry.name, beside):
                reason = Reason.SIDECAR
            yield entry if reason is None else LeftOut(entry.path, reason)
        folders += reversed(subfolders)


def _is_manifest(entry: os.DirEntry[str]) -> bool:
    """Whether the file is the manifest of an export of ours. One that is in the cloud stays there, and is none."""
    if entry.name != MANIFEST:
        return False
    try:
        if is_dataless(entry.stat(follow_symlinks=False)):
            return False
        with open_regular(entry.path) as opened:
            return is_manifest_start(os.read(opened.fd, MANIFEST_START_BYTES))
    except (OSError, StrandlineError):
        return False


def _judge_kind(entry: os.DirEntry[str]) -> Reason | None:
    if entry.is_symlink():
        return Reason.LINK
    is_usual = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
    return None if is_usual else Reason.SPECIAL_FILE


def _why_left_out(entry: os.DirEntry[str], layout: Layout) -> Reason | None:
    """Judges by the first bytes, or by the extension if reading fails or would download (saving then says why)."""
    try:
        if is_dataless(entry.stat(follow_symlinks=False)):
            return None if has_picture_name(entry.name, layout) else Reason.UNSUPPORTED
        with open_regular(entry.path) as opened:
            start = os.read(opened.fd, SNIFF_BYTES)
    except (OSError, StrandlineError):
        return None if has_picture_name(entry.name, layout) else Reason.UNREADABLE
    return judge_start(entry.name, start, layout)


def is_folder(path: str) -> bool:
    """Whether the path leads to a folder. A link to one counts: a person gave it."""
    try:
        return os.path.isdir(path)
    except ValueError:  # a NUL in it
        return False


def read_start(path: str, size_bytes: int) -> bytes:
    """The first bytes of a file; none if it cannot be read, or is not a regular file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(size_bytes) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except (OSError, ValueError):
        return b""
