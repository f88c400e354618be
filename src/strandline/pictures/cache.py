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
import struct
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from strandline.pictures.decoding import Thumbnail

FORMAT_VERSION = 1
"""Part of every name. Increase it if thumbnails are made differently: old entries are then ignored, and expire."""

MAX_BYTES = 2 * 1024**3
"""Room for the thumbnails of 100,000 pictures."""

TOUCH_AGE_S = 24 * 3600
"""An entry's mtime says when it was last used. It is renewed at most once a day; the oldest entries are evicted
first.
"""

LEFTOVER_AGE_S = 3600
"""A temporary file this old belongs to a process that died."""

_SHARDS = 256
_CHECKSUM = struct.Struct(">I")
_HEAD = struct.Struct(">HHB")
_MEDIA_TYPES = ("image/webp", "image/jpeg")
"""The index is stored in each entry, so only append."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Entry(NamedTuple):
    mtime: float
    path: Path
    size_bytes: int


class ThumbnailCache:
    """Thumbnails in a folder of this machine's own; never in a storage directory.

    Thread-safe, and safe to share between processes. No method raises for anything that is wrong with the disk or
    with an entry: if the cache cannot be read, it is empty; if it cannot be written, nothing is stored.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_shard_bytes = max_bytes // _SHARDS

    def find(self, sha256: str, size: int) -> Thumbnail | None:
        """The cached thumbnail, or None if it must be made.

        Args:
            sha256: Hash of the picture's bytes, 64 lower-case hex digits.
            size: The requested size, not the resulting one.
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
        """Stores a thumbnail. Evicts the oldest entries beside it if there is no more room.

        Args:
            sha256: Hash of exactly the bytes that the thumbnail was made from.
            size: The requested size.
            thumbnail: Not stored if it is larger than a 256th of the cache.
        """
        entry = _pack(thumbnail)
        if len(entry) > self._max_shard_bytes:
            return
        path = self._path_of(sha256, size)
        temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
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
            raise ValueError(f"{sha256[:80]!r} is not a SHA-256 in hex")
        return self._folder / sha256[:2] / f"{sha256}-{size}-v{FORMAT_VERSION}"

    def _make_room(self, shard: Path) -> None:
        """Evicts the least recently used entries of one folder until the rest fit."""
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
    """The checksum comes first; it covers everything after it."""
    media_type = _MEDIA_TYPES.index(thumbnail.media_type)
    body = _HEAD.pack(thumbnail.width, thumbnail.height, media_type) + thumbnail.data
    return _CHECKSUM.pack(zlib.crc32(body)) + body


def _unpack(entry: bytes) -> Thumbnail | None:
    body = entry[_CHECKSUM.size :]
    if len(body) < _HEAD.size or _CHECKSUM.pack(zlib.crc32(body)) != entry[: _CHECKSUM.size]:
        return None
    width, height, media_type = _HEAD.unpack_from(body)
    return Thumbnail(body[_HEAD.size :], _MEDIA_TYPES[media_type], width, height)
