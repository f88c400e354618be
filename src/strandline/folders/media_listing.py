"""The images' folder, listed with one ``scandir`` per folder and one ``lstat`` per file. No file is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from strandline.folders.media_folder import MEDIA_FOLDER, listed_folder
from strandline.folders.opening import can_be_dataless, is_dataless, stamp_of
from strandline.folders.tree_walk import iter_folders
from strandline.model.ignored import IsIgnored
from strandline.model.layout import SHORT_ENDINGS, may_be_picture
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
    with listed_folder(os.path.join(root, MEDIA_FOLDER)) as folder, os.scandir(folder) as entries:
        filler = _Filler(into, keeps_inodes, on_progress)
        filler.add("", entries)
        return filler.finish(comparing=comparing)


def list_named_pictures(
    root: str | Path,
    *,
    keeps_inodes: bool,
    comparing: bool,
    on_progress: Callable[[int], None] | None = None,
    into: MediaListing | None = None,
    is_ignored: IsIgnored | None = None,
) -> MediaListing:
    """Lists all pictures below the root in the same way; the names are their paths. Other files are not looked at.

    Passed-over folders, and what is ignored, are left out. ``refused`` has the folders that could not be listed, so
    nothing may be concluded about what is in them.

    Cost: one ``scandir`` per folder, one ``lstat`` per picture.

    Raises:
        OSError: The root cannot be opened or listed to its end.
    """
    filler = _Filler(into, keeps_inodes, on_progress)
    passes_over = is_ignored or (lambda _path: False)
    for prefix, entries in iter_folders(root, filler.listing.refused, passes_over):
        pictures = [
            entry for entry in entries if entry.name[-4:] in SHORT_ENDINGS or may_be_picture(entry.name)
        ]
        if is_ignored is not None:
            pictures = [entry for entry in pictures if not is_ignored(prefix + entry.name)]
        filler.add(prefix, pictures)
    return filler.finish(comparing=comparing)


class _Filler:
    """A listing while it is made."""

    def __init__(
        self, into: MediaListing | None, keeps_inodes: bool, on_progress: Callable[[int], None] | None
    ) -> None:
        self.listing = MediaListing([]) if into is None else into
        self._lines: list[str] = []
        self.listing.lines = self._lines
        self._keeps_inodes = keeps_inodes
        self._on_progress = on_progress
        self._has_marks = can_be_dataless()  # once: for each file, it would cost a hundredth of the listing
        self._user = os.geteuid() if hasattr(os, "geteuid") else None

    def add(self, prefix: str, entries: Iterable[os.DirEntry[str]]) -> None:
        """Adds the entries of one folder. ``prefix`` comes before their names."""
        listing, lines, keeps_inodes = self.listing, self._lines, self._keeps_inodes
        has_marks, user, on_progress = self._has_marks, self._user, self._on_progress
        total_bytes = 0
        for entry in entries:
            try:
                seen = entry.stat(follow_symlinks=False)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):
                    listing.odd.append(OddEntry(prefix + entry.name, OddKind.UNREADABLE))
                continue
            mode, size_bytes = seen.st_mode, seen.st_size
            if has_marks or mode & 0o170444 != 0o100444:  # usually, it is a file that everybody may read
                if mode & 0o170000 != 0o100000 or (has_marks and is_dataless(seen)):
                    listing.odd.append(_odd_entry(prefix + entry.name, seen, keeps_inodes))
                    continue
                if mode & 0o444 != 0o444 and not (seen.st_uid == user and mode & 0o400):
                    listing.closed.append(prefix + entry.name)
            total_bytes += size_bytes
            inode = seen.st_ino if keeps_inodes else 0
            lines.append(f"{prefix}{entry.name}:{size_bytes}:{seen.st_mtime_ns}:{inode}")
            if on_progress is not None and len(lines) % PROGRESS_EVERY == 0:
                on_progress(len(lines))
        listing.total_bytes += total_bytes

    def finish(self, *, comparing: bool) -> MediaListing:
        """The complete listing."""
        if comparing:
            self.listing.lines = set(
                self._lines
            )  # at once: a set that grows file by file takes a tenth longer
        return self.listing


def _odd_entry(name: str, seen: os.stat_result, keeps_inodes: bool) -> OddEntry:
    if stat.S_ISREG(seen.st_mode):
        return OddEntry(name, OddKind.DATALESS, stamp_of(seen, keeps_inodes=keeps_inodes))
    if stat.S_ISLNK(seen.st_mode):
        return OddEntry(name, OddKind.SYMLINK)
    return OddEntry(name, OddKind.FOLDER if stat.S_ISDIR(seen.st_mode) else OddKind.SPECIAL)
