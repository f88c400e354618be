"""What one look at a file, a row, or a folder shows, for the laws."""

from __future__ import annotations

import os
import re
import stat

from stateful.replica import FAT_TICK_NS, MEDIA, Replica, Seen
from strandline.model.image_files import FileStamp, ImageFile, Proof

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_of(row: ImageFile, at: Seen) -> bool:
    """Whether the row was written for the file as it is now."""
    stamp = row.stamp
    return stamp is not None and (stamp.size_bytes, stamp.mtime_ns, stamp.inode) == (
        at.size_bytes, at.mtime_ns, at.inode,
    )  # fmt: skip


def has_stamp(path: str, stamp: FileStamp) -> bool:
    """Whether the file still looks like this."""
    try:
        at = os.lstat(path)
    except OSError:
        return False
    return (at.st_size, at.st_mtime_ns, at.st_ino) == (stamp.size_bytes, stamp.mtime_ns, stamp.inode)


def is_ambiguous(seen: Seen) -> bool:
    """Its mtime is rounded, so two contents may look the same (hazard H29)."""
    return seen.mtime_ns % FAT_TICK_NS == 0


def is_too_soon(proof: Proof, at: Seen) -> bool:
    """Made while the file could still change under a rounded mtime. It is not reliable, and is repeated after 2 s."""
    distance_ns = abs(proof.proven_at.timestamp() * 1e9 - at.mtime_ns)
    return is_ambiguous(at) and distance_ns < FAT_TICK_NS


def is_there(filename: str, there: set[str]) -> bool:
    """Whether the entries contain the file or a placeholder for it, in any letter case."""
    name = filename.lower()
    names = (name, f".{name}.icloud", f"{name}.nextcloud", f"{name}.rsls")
    return any(f"{MEDIA}/{each}" in there for each in names)


def read_values(replica: Replica, entries: dict[str, Seen]) -> frozenset[bytes]:
    """The identities in the root, in bytes or in names."""
    found: set[bytes] = set()
    for key, seen in entries.items():
        folded = key.lower()
        if "/" not in key and ("sd_id" in folded or folded == ".sd-id") and stat.S_ISREG(seen.mode):
            found.update(_UUID.findall((replica.read(key) or b"").lower()))
            if folded.startswith("sd_id.was-"):
                found.update(_UUID.findall(folded.encode()))
    return frozenset(found)
