"""A file's bytes, read once into a copy that nobody else can change: proven, walked, and handed out from there.

The file itself may be written to at any moment, so proving it and then reading it again would hand out bytes that
nobody checked. A proof copy closes that gap (SPEC §5): up to 64 MiB in memory, larger ones in an unnamed temporary
file that is mapped. What surprises: a file that grows or shrinks while it is read is no error; the copy says so.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.opening import MAX_IMAGE_BYTES, OpenedFile, read_some, rewind, too_large
from strandline.model.image_files import FileStamp

MAX_MEMORY_BYTES = 64 * 1024 * 1024
"""Up to here a proof copy lies in memory (SPEC §5); larger ones in an unnamed temporary file."""

_CHUNK_BYTES = 1024 * 1024


class ProofCopy:
    """The bytes of a file as they were read, once; nobody else can change them.

    What :meth:`open` gave out stays readable after :meth:`close`: the bytes go when their last reader does.
    """

    __slots__ = ("_buffer", "changed_while_read", "ctime_ns", "sha256", "size_bytes", "stamp")

    def __init__(
        self, buffer: bytes | mmap.mmap, sha256: str, stamp: FileStamp, *, changed: bool, ctime_ns: int = 0
    ) -> None:
        self._buffer: bytes | mmap.mmap | None = buffer
        self.size_bytes = len(buffer)
        self.sha256 = sha256
        """SHA-256 of exactly the bytes in :attr:`buffer`, 64 lower-case hex digits."""
        self.stamp = stamp
        """The file's stamp when it was opened."""
        self.ctime_ns = ctime_ns
        """The file's ctime when it was opened."""
        self.changed_while_read = changed
        """The file was written to meanwhile: these bytes may be half old, half new, and prove nothing."""

    @property
    def buffer(self) -> bytes | mmap.mmap:
        """The bytes, for walking: sliceable, with ``len`` and ``find``; no copy is made."""
        if self._buffer is None:
            raise ValueError("the proof copy is closed")
        return self._buffer

    def open(self) -> BinaryIO:
        """A binary file object at byte 0, independent of all others that were opened."""
        buffer = self.buffer
        return io.BytesIO(buffer) if isinstance(buffer, bytes) else io.BufferedReader(_MappedReader(buffer))

    def read(self) -> bytes:
        """All bytes in memory, however many there are."""
        return self.buffer[:]

    def close(self) -> None:
        """Lets go of the bytes; harmless when repeated."""
        self._buffer = None

    def __enter__(self) -> ProofCopy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_proof_copy(
    opened: OpenedFile,
    *,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
    limit_bytes: int = MAX_IMAGE_BYTES,
    scratch: Path | None = None,
) -> ProofCopy:
    """Reads the descriptor once, and hashes what was read.

    At most one byte more than the size at opening is read: a file that has grown is known to have by then.

    Args:
        opened: From :func:`open_regular`; stays open.
        max_memory_bytes: Larger files go into an unnamed temporary file.
        limit_bytes: Larger files are refused before anything is read.
        scratch: Where that temporary file lies; the system's place by default.

    Raises:
        ImageTooLargeError: The file is larger than ``limit_bytes``.
        UnreadableFileError: The disk refused a read.
        DiskError: ``scratch`` refused the copy (:class:`~strandline.errors.DiskFullError` where it is full).
    """
    if opened.stamp.size_bytes > limit_bytes:
        raise too_large(opened, limit_bytes)
    rewind(opened)
    buffer: bytes | mmap.mmap
    if opened.stamp.size_bytes <= max_memory_bytes:
        buffer = b"".join(_iter_chunks(opened, max_memory_bytes + 1))
        sha256 = hashlib.sha256(buffer).hexdigest()
    else:
        buffer, sha256 = _copy_to_unnamed(_iter_chunks(opened, _CHUNK_BYTES), scratch)
    changed = len(buffer) != opened.stamp.size_bytes or not opened.is_still_as_opened()
    return ProofCopy(buffer, sha256, opened.stamp, changed=changed, ctime_ns=opened.ctime_ns)


def copy_bytes(data: bytes) -> ProofCopy:
    """Bytes that are in memory already, hashed."""
    return ProofCopy(data, hashlib.sha256(data).hexdigest(), FileStamp(len(data), 0, 0), changed=False)


def copy_stream(
    stream: BinaryIO, label: str, *, max_memory_bytes: int, limit_bytes: int, scratch: Path | None = None
) -> ProofCopy:
    """Reads a stream once, up to ``limit_bytes``, and hashes what was read. ``label`` names it in errors.

    Raises:
        UnreadableFileError: The stream refused.
        DiskError: ``scratch`` refused the copy (:class:`~strandline.errors.DiskFullError` where it is full).
    """

    def read(size_bytes: int) -> bytes:
        try:
            return stream.read(size_bytes)
        except OSError as error:
            raise as_unreadable(error, label) from error

    start = read(min(max_memory_bytes, limit_bytes))
    if len(start) < max_memory_bytes:
        rest = iter(lambda: read(min(_CHUNK_BYTES, max_memory_bytes)), b"")
        parts, size_bytes = [start], len(start)
        for chunk in rest:  # a pipe gives less than was asked for, long before its end
            parts.append(chunk)
            size_bytes += len(chunk)
            if size_bytes >= min(max_memory_bytes, limit_bytes):
                break
        else:
            return copy_bytes(b"".join(parts))
        start = b"".join(parts)
    buffer, sha256 = _copy_to_unnamed(_iter_stream(start, read, limit_bytes), scratch)
    return ProofCopy(buffer, sha256, FileStamp(len(buffer), 0, 0), changed=False)


def _iter_stream(start: bytes, read: Callable[[int], bytes], limit_bytes: int) -> Iterator[bytes]:
    yield start
    left_bytes = limit_bytes - len(start)
    while left_bytes > 0 and (chunk := read(min(_CHUNK_BYTES, left_bytes))):
        left_bytes -= len(chunk)
        yield chunk


def _copy_to_unnamed(chunks: Iterable[bytes], scratch: Path | None) -> tuple[mmap.mmap | bytes, str]:
    import tempfile  # here: it costs 5 ms, and hardly any image is that large

    digest = hashlib.sha256()
    place = scratch or Path(tempfile.gettempdir())
    with disk_errors("write a temporary copy in", place), tempfile.TemporaryFile(dir=place) as unnamed:
        for chunk in chunks:
            digest.update(chunk)
            unnamed.write(chunk)
        unnamed.flush()
        is_empty = unnamed.tell() == 0  # it shrank to nothing; an empty file cannot be mapped
        buffer = b"" if is_empty else mmap.mmap(unnamed.fileno(), 0, access=mmap.ACCESS_READ)
    return buffer, digest.hexdigest()


def _iter_chunks(opened: OpenedFile, chunk_bytes: int) -> Iterator[bytes]:
    """The file in pieces, up to one byte beyond the size that it had when it was opened."""
    left_bytes = opened.stamp.size_bytes + 1
    while left_bytes and (chunk := read_some(opened, min(left_bytes, chunk_bytes))):
        left_bytes -= len(chunk)
        yield chunk


class _MappedReader(io.RawIOBase):
    """A read position of its own over mapped bytes, which it keeps alive."""

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
