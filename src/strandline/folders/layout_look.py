"""What a folder shows of its layout (names, and what ``SD_LAYOUT`` says), and what it is recognized by without a
file.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from strandline.errors import UnreadableFileError
from strandline.folders.media_folder import MEDIA_FOLDER, iter_names
from strandline.folders.opening import open_regular, read_some
from strandline.model.identity.anchors import ANCHOR_NAMES, AnchorLook, Anchors
from strandline.model.layout_choice import (
    LAYOUT_FILE,
    MAX_LAYOUT_BYTES,
    LayoutLook,
    look_at_names,
    parse_layout,
)
from strandline.model.storage_dirs import LayoutKind


def look_at_layout(root: str) -> LayoutLook:
    """One listing of the root, one of the media folder up to the first name with an id, one read. Never raises.

    What cannot be listed now makes the look one from which only certain things follow (``is_known``).
    """
    is_known = True

    def iter_until_refused(names: Iterator[str]) -> Iterator[str]:
        nonlocal is_known
        try:
            yield from names
        except OSError:
            is_known = False

    media_folder = os.path.join(root, MEDIA_FOLDER)
    is_folder = os.path.isdir(media_folder) and not os.path.islink(media_folder)
    media = iter_until_refused(iter_names(root)) if is_folder else None
    look = look_at_names(iter_until_refused(_iter_root(root)), media, says=read_layout(root))
    return LayoutLook(look.says, look.identity_name, look.id_name, look.other_name, is_known)


def look_at_anchors(root: str) -> AnchorLook:
    """What the folder is recognized by. One ``stat`` for the root and one for its file system, one ``lstat`` per
    name.

    Raises:
        OSError: It is not there, no folder, or does not say.
    """
    seen = os.lstat(root)
    if not stat.S_ISDIR(seen.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)
    names = frozenset(name for name in ANCHOR_NAMES if os.path.lexists(os.path.join(root, name)))
    place = f"{_file_system_of(root, seen)}:{seen.st_ino}"
    return AnchorLook(Anchors(place, names), is_mount_point=os.path.ismount(root))


def _file_system_of(root: str, seen: os.stat_result) -> int:
    """A number that stays with the disk if it has one (ext4, btrfs); otherwise that of the device."""
    identity = os.statvfs(root).f_fsid if hasattr(os, "statvfs") else 0
    return identity or seen.st_dev


def _iter_root(root: str) -> Iterator[str]:
    with os.scandir(root) as entries:
        for entry in entries:
            yield entry.name


def read_layout(root: str) -> LayoutKind | None:
    """What ``SD_LAYOUT`` says. None if it says nothing, or cannot be read now."""
    try:
        with open_regular(os.path.join(root, LAYOUT_FILE)) as opened:
            return parse_layout(read_some(opened, MAX_LAYOUT_BYTES + 1))
    except (OSError, UnreadableFileError):
        return None
