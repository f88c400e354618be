"""The index of a git work tree: which bytes git has for each path. Pure.

Git names a file's bytes by the SHA-1 of a short header and the bytes. So a file with the name that the index gives is
exactly what was added to git, on whichever machine. Layout: ``gitformat-index(5)``, versions 2 to 4.

Filters (line ends, Git LFS) make git's bytes others than the file's. Then the names differ, and
nothing is known. A repository with SHA-256 has an index of another layout, which its checksum gives away.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from strandline.model.layout import may_be_picture

GIT_INDEX = ".git/index"

MAX_INDEX_BYTES = 64 * 1024 * 1024
"""Of half a million files with long paths."""

_HEADER = struct.Struct(">4sII")
_ENTRY = struct.Struct(">40x20sH")
_SHA1_BYTES = 20
_EXTENDED = 0x4000
_EXTENDED_BYTES = 2
_ALIGNED = 8
_UNCHECKED = bytes(_SHA1_BYTES)
"""What git writes instead of a checksum if ``index.skipHash`` is set."""


def parse_git_index(data: bytes) -> dict[str, bytes]:
    """By path from the root: the SHA-1 of the bytes that git has for each picture, 20 bytes long.

    Empty if the bytes are no whole index of a known version. Of a path in a merge conflict, the last version counts.
    Never raises, whatever the bytes; linear in their number.
    """
    body, checksum = data[:-_SHA1_BYTES], data[-_SHA1_BYTES:]
    if checksum not in (_UNCHECKED, hashlib.sha1(body, usedforsecurity=False).digest()):
        return {}
    try:
        return {
            path: sha1
            for name, sha1 in _iter_entries(body)
            if may_be_picture(path := name.decode(errors="surrogateescape"))
        }
    except (struct.error, ValueError):
        return {}


def name_blob(data: bytes | memoryview) -> bytes:
    """The SHA-1 by which git knows these bytes, 20 bytes long."""
    sha1 = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    sha1.update(data)
    return sha1.digest()


def _iter_entries(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Path and SHA-1 of every entry. Raises ``struct.error`` or ``ValueError`` if the bytes end before the last."""
    mark, version, count = _HEADER.unpack_from(body)
    if mark != b"DIRC" or version not in (2, 3, 4):
        return
    at, name = _HEADER.size, b""
    for _ in range(count):
        sha1, flags = _ENTRY.unpack_from(body, at)
        start = at + _ENTRY.size + (_EXTENDED_BYTES if flags & _EXTENDED else 0)
        if version == 4:
            dropped, start = _take_number(body, start)
            end = body.index(b"\0", start)
            name = name[: max(len(name) - dropped, 0)] + body[start:end]
            at = end + 1
        else:
            end = body.index(b"\0", start)
            name = body[start:end]
            at += (end - at) // _ALIGNED * _ALIGNED + _ALIGNED
        yield name, sha1


def _take_number(body: bytes, at: int) -> tuple[int, int]:
    """A number of version 4, which says how much of the last name is dropped; and the offset after it."""
    number = -1
    while True:
        if at >= len(body) or number > MAX_INDEX_BYTES:
            raise ValueError("the number does not end")
        byte = body[at]
        at += 1
        number = number + 1 << 7 | byte & 0x7F
        if not byte & 0x80:
            return number, at
