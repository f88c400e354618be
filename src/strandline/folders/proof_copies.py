"""A file's bytes, read once into a copy that nobody else can change: proven, walked, and handed out from there.

The file itself may be written to at any moment, so a second reading after the proof would hand out unchecked bytes. A
proof copy closes that gap (SPEC §5): up to 64 MiB in memory, larger ones in an unnamed temporary file that is mapped.
A file that grows or shrinks while it is read is not an error; the copy says so.
"""

from __future__ import annotations

import io
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.opening import OpenedFile, read_some, rewind, too_large
from strandline.model.defaults import MAX_IMAGE_BYTES, MAX_MEMORY_BYTES
from strandline.model.image_files import FileStamp
from strandline.model.values import dataclass

if TYPE_CHECKING:
    import hashlib

    from strandline.model.media_types import MediaType
    from strandline.model.structure import Structure

_CHUNK_BYTES = 1024 * 1024

_WALKED_MEANWHILE_BYTES = 512 * 1024
"""From this size on, a walk takes longer than to start a thread for it."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """The result of a read if only its hash is needed."""

    sha256: str
    size_bytes: int
    changed_while_read: bool
    """Bytes and hash may be half old, half new."""


class ProofCopy:
    """The bytes of a file, read once. Nobody else can change them.

    Files from :meth:`open` stay readable after :meth:`close`: the bytes are freed with their last reader.
    """

    __slots__ = ("_buffer", "_walked", "changed_while_read", "ctime_ns", "sha256", "size_bytes", "stamp")

    def __init__(
        self, buffer: bytes | mmap.mmap, sha256: str, stamp: FileStamp, *, changed: bool, ctime_ns: int = 0
    ) -> None:
        self._buffer: bytes | mmap.mmap | None = buffer
        self._walked: dict[str, Structure] = {}
        self.size_bytes = len(buffer)
        self.sha256 = sha256
        """SHA-256 of exactly the bytes in :attr:`buffer`, 64 lower-case hex digits."""
        self.stamp = stamp
        """The file's stamp when it was opened."""
        self.ctime_ns = ctime_ns
        """The file's ctime when it was opened."""
        self.changed_while_read = changed
        """The file was written to during the read. These bytes may be half old, half new, and prove nothing."""

    @property
    def buffer(self) -> bytes | mmap.mmap:
        """The bytes for a walk: sliceable, with ``len`` and ``find``. Makes no copy."""
        if self._buffer is None:
            raise ValueError("the proof copy is closed")
        return self._buffer

    def find_structure(self, media_type: MediaType) -> Structure:
        """The structure of the bytes as a picture of the type. Walked once: the first who asks pays."""
        from strandline.model.structure import walk_structure  # here: most commands walk nothing

        known = self._walked.get(media_type.name)
        if known is None:
            known = self._walked[media_type.name] = walk_structure(self.buffer, media_type)
        return known

    @contextmanager
    def walked_meanwhile(self, media_type: MediaType) -> Iterator[None]:
        """Walks the structure of a large copy in a thread of its own, while the caller waits for a disk."""
        if self.size_bytes < _WALKED_MEANWHILE_BYTES:
            yield
            return
        walker = threading.Thread(target=self.find_structure, args=(media_type,), name="walk")
        walker.start()
        try:
            yield
        finally:
            walker.join()

    def open(self) -> BinaryIO:
        """A binary file object at byte 0, independent of all others."""
        buffer = self.buffer
        return io.BytesIO(buffer) if isinstance(buffer, bytes) else io.BufferedReader(_MappedReader(buffer))

    def read(self) -> bytes:
        """All bytes in memory, however many there are."""
        return self.buffer[:]

    def close(self) -> None:
        """Frees the bytes. Idempotent."""
        self._buffer = None

    def __enter__(self) -> ProofCopy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Reading:
    """The bytes under a name, read once."""

    copy: ProofCopy
    is_replaced: bool
    """By now, the name belongs to another file, or to none."""


def _sha256(data: bytes | mmap.mmap = b"") -> hashlib._Hash:
    import hashlib  # here: most commands hash nothing, and it loads a large library

    return hashlib.sha256(data)


def read_proof_copy(
    opened: OpenedFile,
    *,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
    limit_bytes: int = MAX_IMAGE_BYTES,
    scratch: Path | None = None,
) -> ProofCopy:
    """Reads the descriptor once, and hashes what was read.

    Reads at most one byte more than the size at opening: that is enough to see that a file has grown.

    Args:
        opened: From :func:`open_regular`. It stays open.
        max_memory_bytes: Larger files go into an unnamed temporary file.
        limit_bytes: Larger files are refused before anything is read.
        scratch: The folder of that temporary file; by default the system's.

    Raises:
        ImageTooLargeError: The file is larger than ``limit_bytes``.
        UnreadableFileError: The disk refused a read.
        DiskError: ``scratch`` refused the copy (:class:`~strandline.errors.DiskFullError` if it is full).
    """
    if opened.stamp.size_bytes > limit_bytes:
        raise too_large(opened, limit_bytes)
    rewind(opened)
    buffer: bytes | mmap.mmap
    if opened.stamp.size_bytes <= max_memory_bytes:
        buffer = b"".join(_iter_chunks(opened, max_memory_bytes + 1))
        sha256 = _sha256(buffer).hexdigest()
    else:
        with CopyWriter(max_memory_bytes=max_memory_bytes, scratch=scratch) as writer:
            for chunk in _iter_chunks(opened, _CHUNK_BYTES):
                writer.write(chunk)
            buffer, sha256 = writer.take()
    changed = len(buffer) != opened.stamp.size_bytes or not opened.is_still_as_opened()
    return ProofCopy(buffer, sha256, opened.stamp, changed=changed, ctime_ns=opened.ctime_ns)


def hash_file(opened: OpenedFile, *, limit_bytes: int, on_progress: Callable[[int], None]) -> Hashed:
    """Reads the descriptor once and keeps only the hash. ``on_progress`` gets the size of each piece.

    Raises:
        ImageTooLargeError: The file is larger than ``limit_bytes``.
        UnreadableFileError: The disk refused a read.
    """
    if opened.stamp.size_bytes > limit_bytes:
        raise too_large(opened, limit_bytes)
    digest, size_bytes = _sha256(), 0
    for chunk in _iter_chunks(opened, _CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
        on_progress(len(chunk))
    changed = size_bytes != opened.stamp.size_bytes or not opened.is_still_as_opened()
    return Hashed(digest.hexdigest(), size_bytes, changed_while_read=changed)


def copy_bytes(data: bytes) -> ProofCopy:
    """Hashes bytes that are already in memory."""
    return ProofCopy(data, _sha256(data).hexdigest(), FileStamp(len(data), 0, 0), changed=False)


def copy_stream(
    stream: BinaryIO, label: str, *, max_memory_bytes: int, limit_bytes: int, scratch: Path | None = None
) -> ProofCopy:
    """Reads a stream once, up to ``limit_bytes``, and hashes it. ``label`` is its name in errors.

    Raises:
        UnreadableFileError: The stream refused.
        DiskError: ``scratch`` refused the copy (:class:`~strandline.errors.DiskFullError` if it is full).
    """

    def read(size_bytes: int) -> bytes:
        try:
            return stream.read(size_bytes)
        except OSError as error:
            raise as_unreadable(error, label) from error

    with CopyWriter(max_memory_bytes=max_memory_bytes, scratch=scratch) as writer:
        wanted_bytes = max_memory_bytes  # most streams return everything at once
        while (left_bytes := limit_bytes - writer.size_bytes) > 0:
            chunk = read(min(wanted_bytes, left_bytes))
            if not chunk:
                break
            writer.write(chunk)
            wanted_bytes = min(_CHUNK_BYTES, max_memory_bytes)
        buffer, sha256 = writer.take()
    return ProofCopy(buffer, sha256, FileStamp(len(buffer), 0, 0), changed=False)


class CopyWriter:
    """A proof copy that is filled piece by piece and hashed as it grows. Thread-safe. Close it.

    Up to ``max_memory_bytes`` in memory, more in an unnamed temporary file in ``scratch``.
    """

    def __init__(self, *, max_memory_bytes: int = MAX_MEMORY_BYTES, scratch: Path | None = None) -> None:
        self._max_memory_bytes = max_memory_bytes
        self._scratch = scratch
        self._lock = threading.Lock()
        self._digest = _sha256()
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None
        self._finished: ProofCopy | None = None
        self.size_bytes = 0
        """Number of bytes written."""

    def write(self, piece: bytes) -> None:
        """Appends the piece.

        Raises:
            DiskError: ``scratch`` refused it (:class:`~strandline.errors.DiskFullError` if it is full).
        """
        with self._lock:
            self._digest.update(piece)
            self.size_bytes += len(piece)
            if self.size_bytes <= self._max_memory_bytes:
                self._parts.append(piece)
            else:
                self._write_out(*self._parts, piece)
                self._parts.clear()

    def take(self) -> tuple[bytes | mmap.mmap, str]:
        """The bytes and their SHA-256. After this, nothing can be written."""
        with self._lock:
            sha256 = self._digest.hexdigest()
            if self._file is None:
                return b"".join(self._parts), sha256
            with self._file as unnamed:
                return mmap.mmap(unnamed.fileno(), 0, access=mmap.ACCESS_READ), sha256

    def finish(self) -> ProofCopy:
        """The copy, which is freed when the writer is closed. Idempotent: returns the same copy."""
        if self._finished is None:
            buffer, sha256 = self.take()
            self._finished = ProofCopy(buffer, sha256, FileStamp(len(buffer), 0, 0), changed=False)
        return self._finished

    def close(self) -> None:
        """Frees everything that was written. Idempotent."""
        with self._lock:
            self._parts.clear()
            if self._file is not None:
                self._file.close()
            if self._finished is not None:
                self._finished.close()

    def __enter__(self) -> CopyWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_out(self, *pieces: bytes) -> None:
        import tempfile  # here: it costs 5 ms, and hardly any image is that large

        place = self._scratch or Path(tempfile.gettempdir())
        with disk_errors("write a temporary copy in", place):
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=place, buffering=0)  # noqa: SIM115 - close() closes it
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[self._file.write(rest) :]


def _iter_chunks(opened: OpenedFile, chunk_bytes: int) -> Iterator[bytes]:
    """The file in pieces, up to one byte more than its size at opening."""
    left_bytes = opened.stamp.size_bytes + 1
    while left_bytes and (chunk := read_some(opened, min(left_bytes, chunk_bytes))):
        left_bytes -= len(chunk)
        yield chunk


class _MappedReader(io.RawIOBase):
    """A separate read position on mapped bytes, which it keeps alive."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        piece = self._mapped[self._position : self._position + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._mapped)}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._position = start + offset
        return self._position
