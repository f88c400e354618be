"""The media folder, listed with one ``scandir`` and one ``lstat`` a file. Opens no file and follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from strandline.folders.media_folder import listed_folder
from strandline.folders.opening import can_be_dataless, is_dataless, stamp_of
from strandline.model.listing import MediaListing, OddEntry, OddKind

PROGRESS_EVERY = 10_000
"""Files between two calls of ``on_progress``: about 40 ms of listing."""


def list_media_folder(
    root: str | Path,
    *,
    keeps_inodes: bool,
    comparing: bool,
    on_progress: Callable[[int], None] | None = None,
    into: MediaListing | None = None,
) -> MediaListing:
    """Lists ``<root>/media`` completely. With ``comparing``, the lines are a set.

    ``into`` is filled and returned, so another thread can see the progress.

    Cost: one ``scandir``, one ``lstat`` per file; reads no bytes. Files that vanish meanwhile are omitted.

    Raises:
        OSError: The folder cannot be opened, or not listed to its end (``FileNotFoundError``: it does not exist;
            ``NotADirectoryError`` or ``ELOOP``: it is a file or a link). Draw no conclusions then.
    """
    with listed_folder(root) as folder:
        listing = MediaListing([]) if into is None else into
        return _list(folder, listing, keeps_inodes, comparing, on_progress)


def _list(
    folder: int | str,
    listing: MediaListing,
    keeps_inodes: bool,
    comparing: bool,
    on_progress: Callable[[int], None] | None,
) -> MediaListing:
    lines: list[str] = []
    listing.lines = lines
    total_bytes = 0
    has_marks = can_be_dataless()  # once: for each file, it would cost a hundredth of the listing
    user = os.geteuid() if hasattr(os, "geteuid") else None
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                seen = entry.stat(follow_symlinks=False)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):
                    listing.odd.append(OddEntry(entry.name, OddKind.UNREADABLE))
                continue
            if seen.st_mode & 0o170000 != 0o100000 or (has_marks and is_dataless(seen)):
                listing.odd.append(_odd_entry(entry.name, seen, keeps_inodes))
                continue
            if seen.st_mode & 0o444 != 0o444 and not (seen.st_uid == user and seen.st_mode & 0o400):
                listing.closed.append(entry.name)
            total_bytes += seen.st_size
            inode = seen.st_ino if keeps_inodes else 0
            lines.append(f"{entry.name}:{seen.st_size}:{seen.st_mtime_ns}:{inode}")
            if on_progress is not None and len(lines) % PROGRESS_EVERY == 0:
                on_progress(len(lines))
    if comparing:
        listing.lines = set(lines)  # at once: a set that grows file by file takes a tenth longer
    listing.total_bytes = total_bytes
    return listing


def _odd_entry(name: str, seen: os.stat_result, keeps_inodes: bool) -> OddEntry:
    if stat.S_ISREG(seen.st_mode):
        return OddEntry(name, OddKind.DATALESS, stamp_of(seen, keeps_inodes=keeps_inodes))
    if stat.S_ISLNK(seen.st_mode):
        return OddEntry(name, OddKind.SYMLINK)
    return OddEntry(name, OddKind.FOLDER if stat.S_ISDIR(seen.st_mode) else OddKind.SPECIAL)
