"""Reading an object: into a copy with its hash, or piece by piece. All bytes are of one version.

Up to 8 MiB are one GET. A larger object is read in pieces of that size, each of which must be of the same version
(``If-Match``), so that one request never takes longer than its time limit, and memory stays bounded.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from strandline.errors import ImageTooLargeError
from strandline.folders.buckets.client import BucketClient, Version
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.proof_copies import CopyWriter, Hashed, ProofCopy

if TYPE_CHECKING:
    from datetime import datetime

    from strandline.folders.buckets.calls import BucketCalls
    from strandline.model.image_files import FileStamp

T = TypeVar("T")

PIECE_BYTES = 8 * 1024 * 1024
"""A second at 64 Mbit/s: far below the time limit of a request, and far above its fixed cost."""


def read_copy(
    calls: BucketCalls, path: str, *, e_tag: str | None = None, on_progress: Callable[[int], None]
) -> ProofCopy:
    """All bytes of the version that has the path, or of the one with this ETag.

    If it is replaced while it is read in pieces, the copy says so.

    Raises:
        FileNotFoundError: There is none.
        ReplacedError: The path belongs to another version.
        ImageTooLargeError: It exceeds the limit.
    """
    means = calls.means
    version, data = calls.client.get(path, at_most=PIECE_BYTES, e_tag=e_tag)
    _check_size(calls, version, means.read_max_bytes)
    if data is not None:
        changed = len(data) != version.size_bytes
        return ProofCopy(data, hashlib.sha256(data).hexdigest(), version.stamp, changed=changed)
    with CopyWriter(max_memory_bytes=means.max_memory_bytes, scratch=means.scratch) as writer:
        for piece in _iter_pieces(calls.client, version):
            writer.write(piece)
            on_progress(writer.size_bytes)
        buffer, sha256 = writer.take()
    return ProofCopy(buffer, sha256, version.stamp, changed=len(buffer) != version.size_bytes)


def hash_object(
    calls: BucketCalls, path: str, *, limit_bytes: int, on_progress: Callable[[int], None]
) -> Hashed:
    """The hash of the version that has the path. Memory: one piece. Raises as :func:`read_copy`."""
    version, data = calls.client.get(path, at_most=min(PIECE_BYTES, limit_bytes))
    _check_size(calls, version, limit_bytes)
    digest, size_bytes = hashlib.sha256(), 0
    for piece in _iter_pieces(calls.client, version) if data is None else (data,):
        digest.update(piece)
        size_bytes += len(piece)
        on_progress(size_bytes)
    return Hashed(digest.hexdigest(), size_bytes, changed_while_read=size_bytes != version.size_bytes)


def _iter_pieces(client: BucketClient, version: Version) -> Iterator[bytes]:
    """The bytes of this version. Ends early if it is replaced or deleted."""
    start = 0
    while start < version.size_bytes:
        size_bytes = min(PIECE_BYTES, version.size_bytes - start)
        try:
            piece = client.get_piece(version.path, start, size_bytes, e_tag=version.e_tag)
        except (ReplacedError, FileNotFoundError):
            return
        yield piece
        if len(piece) != size_bytes:
            return
        start += size_bytes


def _check_size(calls: BucketCalls, version: Version, limit_bytes: int) -> None:
    if version.size_bytes > limit_bytes:
        where = calls.where(version.path)
        raise ImageTooLargeError(
            f"{where} has more than {limit_bytes:,} bytes, the limit; make it smaller or raise the limit",
            path=where,
            limit_bytes=limit_bytes,
        )


class BucketImage:
    """An :class:`~strandline.folders.port.OpenImage`: one version of an object. Nothing stays open for it."""

    __slots__ = ("__weakref__", "_calls", "_is_closed", "_lock", "_version")

    def __init__(self, calls: BucketCalls, version: Version) -> None:
        self._calls = calls
        self._version = version
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def stamp(self) -> FileStamp:
        """Of the version."""
        return self._version.stamp

    @property
    def ctime_ns(self) -> None:
        """A bucket keeps none."""
        return

    def find_address(self, media_type: str, at: datetime) -> str | None:
        """A signed one, for a moment, if the bucket keeps versions."""
        return self._calls.client.find_address(self._version, media_type, at)

    def read_piece(self, offset: int, size_bytes: int) -> bytes | None:
        """One GET with a range and ``If-Match``."""
        wanted = min(size_bytes, self._version.size_bytes - offset)
        if wanted <= 0:
            return None if self._is_closed else b""
        version = self._version

        def read() -> bytes | None:
            data = self._calls.client.get_piece(version.path, offset, wanted, e_tag=version.e_tag)
            return data if len(data) == wanted else None

        return self._ask(read)

    def read_whole(self) -> ProofCopy | None:
        """One GET per 8 MiB, each with ``If-Match``."""
        return self._ask(
            lambda: read_copy(
                self._calls, self._version.path, e_tag=self._version.e_tag, on_progress=lambda _: None
            )
        )

    def close(self) -> None:
        """Only remembers it."""
        self._is_closed = True

    def close_unless_busy(self) -> None:
        """Checks the lock."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def _ask(self, call: Callable[[], T]) -> T | None:
        with self._lock:
            if self._is_closed:
                return None
            try:
                return self._calls.patient(call)
            except (ReplacedError, FileNotFoundError):
                return None
            except OSError as error:
                raise as_unreadable(error, self._calls.where(self._version.path)) from error
