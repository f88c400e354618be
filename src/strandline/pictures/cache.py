"""The thumbnail cache: small copies of pictures, stored under the hash of the bytes that they were made from.

An entry can never be stale, because other bytes have another hash. A half-arrived picture never gets an entry: the
caller passes the SHA-256 of exactly the bytes that were decoded. Losing an entry costs some milliseconds, so nothing
is synced to disk. Instead each entry has a checksum, and an entry that does not match is ignored.

There is no index and no counter. Entries are spread over 256 folders by their hash, and each folder is kept below a
256th of the limit when something is added to it. So two processes do not need to know about each other.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import struct
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from strandline.pictures.decoding import Thumbnail

FORMAT_VERSION = 1
"""Part of every name: after a change of how thumbnails are made, the old ones are passed over, and age away."""

MAX_BYTES = 2 * 1024**3
"""Room for the thumbnails of 100,000 pictures."""

TOUCH_AGE_S = 24 * 3600
"""An entry's age is its mtime, which a use renews at most once a day: it is what decides when there is no room."""

LEFTOVER_AGE_S = 3600
"""A temporary file this old belongs to a process that died."""

_SHARDS = 256
_CHECKSUM = struct.Struct(">I")
_HEAD = struct.Struct(">HHB")
_MEDIA_TYPES = ("image/webp", "image/jpeg")
"""By the number that stands in an entry: only add to the end."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Entry(NamedTuple):
    mtime: float
    path: Path
    size_bytes: int


class ThumbnailCache:
    """Thumbnails in a folder of this machine's own; never in a storage directory.

    Thread-safe, and safe to share between processes. No method raises for anything that is wrong with the disk or
    with an entry: a cache that cannot be read holds nothing, one that cannot be written keeps nothing.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_shard_bytes = max_bytes // _SHARDS

    def find(self, sha256: str, size: int) -> Thumbnail | None:
        """The thumbnail of that size of the picture whose bytes have that hash; None where it must be made.

        Args:
            sha256: Of the picture's bytes, 64 lower-case hex digits.
            size: As it was asked for, not as it came out.
        """
        path = self._path_of(sha256, size)
        try:
            entry = path.read_bytes()
            thumbnail = _unpack(entry)
            if thumbnail is not None and time.time() - path.stat().st_mtime > TOUCH_AGE_S:
                os.utime(path)
        except OSError:
            return None
        return thumbnail

    def put(self, sha256: str, size: int, thumbnail: Thumbnail) -> None:
        """Keeps a thumbnail, and drops the oldest beside it where there is no more room.

        Args:
            sha256: Of the very bytes that the thumbnail was made from.
            size: As it was asked for.
            thumbnail: One that is larger than a 256th of the cache is not kept.
        """
        entry = _pack(thumbnail)
        if len(entry) > self._max_shard_bytes:
            return
        path = self._path_of(sha256, size)
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(entry)
            temporary.replace(path)
            self._make_room(path.parent)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _path_of(self, sha256: str, size: int) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256[:80]!r} is no SHA-256 in hex")
        return self._folder / sha256[:2] / f"{sha256}-{size}-v{FORMAT_VERSION}"

    def _make_room(self, shard: Path) -> None:
        """Drops the entries of one folder that were not used for the longest time, until the rest fit."""
        entries = sorted(_list_entries(shard), reverse=True)
        left_bytes = self._max_shard_bytes
        for entry in entries:
            left_bytes -= entry.size_bytes
            is_leftover = entry.path.suffix == ".tmp" and time.time() - entry.mtime > LEFTOVER_AGE_S
            if left_bytes < 0 or is_leftover:
                with contextlib.suppress(OSError):
                    entry.path.unlink()


def _list_entries(shard: Path) -> list[_Entry]:
    entries = []
    with os.scandir(shard) as listing:
        for item in listing:
            with contextlib.suppress(FileNotFoundError):  # another process made room, too
                status = item.stat(follow_symlinks=False)
                entries.append(_Entry(status.st_mtime, Path(item.path), status.st_size))
    return entries


def _pack(thumbnail: Thumbnail) -> bytes:
    """The checksum first, over all that follows it."""
    media_type = _MEDIA_TYPES.index(thumbnail.media_type)
    body = _HEAD.pack(thumbnail.width, thumbnail.height, media_type) + thumbnail.data
    return _CHECKSUM.pack(zlib.crc32(body)) + body


def _unpack(entry: bytes) -> Thumbnail | None:
    body = entry[_CHECKSUM.size :]
    if len(body) < _HEAD.size or _CHECKSUM.pack(zlib.crc32(body)) != entry[: _CHECKSUM.size]:
        return None
    width, height, media_type = _HEAD.unpack_from(body)
    return Thumbnail(body[_HEAD.size :], _MEDIA_TYPES[media_type], width, height)
