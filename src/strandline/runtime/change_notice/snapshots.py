"""What a poll remembers about a folder: a stamp for each name, or for a large folder one digest of all.

Pure except for :func:`iter_stamps`. Comparing two snapshots gives the names that differ. A stamp is a 64-bit hash
without an inode number: network drives and FUSE invent those, differently at each listing, and then every file would
look new. Size, mode, mtime, and ctime are enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from strandline.model.values import dataclass

MAX_REMEMBERED = 50_000
"""Per folder. At about 200 bytes a name, a snapshot takes 10 MB. Two exist while they are compared."""

_64_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One listing of a folder, in bounded memory."""

    stamps: dict[str, int] | None
    """By name; None if the folder has more names than are remembered."""
    count: int
    digest: int
    """Sum of the hashes of all names and stamps, so the order of a listing does not matter."""


def iter_stamps(folder: Path) -> Iterator[tuple[str, int]]:
    """Name and stamp of each direct child. One scandir, and one lstat per child; opens no file, follows no symlink.

    Raises:
        OSError: The folder cannot be listed.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # it vanished between the listing and the lstat
            except OSError:
                yield entry.name, 0
                continue
            stamp = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            yield entry.name, hash(stamp)


def take_snapshot(stamps: Iterable[tuple[str, int]], max_remembered: int = MAX_REMEMBERED) -> Snapshot:
    """Builds a snapshot from names with their stamps. Each name comes once."""
    remembered: dict[str, int] = {}
    count = digest = 0
    for name, stamp in stamps:
        count += 1
        digest = (digest + hash((name, stamp))) & _64_BITS
        if count <= max_remembered:
            remembered[name] = stamp
    return Snapshot(remembered if count <= max_remembered else None, count, digest)


def find_changed_names(before: Snapshot, now: Snapshot) -> set[str] | None:
    """Names that appeared, vanished, or have another stamp. None if something changed but nobody knows what.

    Law: if both snapshots are within the bound, exactly the names that differ. Otherwise the empty set if nothing
    differs.
    """
    if (before.count, before.digest) == (now.count, now.digest):
        return set()
    if before.stamps is None or now.stamps is None:
        return None
    return {name for name, _ in before.stamps.items() ^ now.stamps.items()}
