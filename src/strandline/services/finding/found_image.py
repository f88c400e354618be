"""A found image: opened, vouched for, and ready to be read (SPEC §5).

A proof says which stamp the file had when its bytes were checked. If the *open file* still has that stamp, its bytes
are the proven ones, and the file is opened once and read once. Every reading is checked: all bytes together by their
hash, a piece by the stamp of the open file after it was read. If a check fails, the same bytes are looked for once
more, in every storage directory. Other bytes are never handed out.
"""

from __future__ import annotations

import base64
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from strandline.errors import UnreadableFileError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.opening import OpenedFile
from strandline.folders.proof_copies import ProofCopy, read_proof_copy
from strandline.folders.time_limits import begin
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.services.proving.prove import path_of
from strandline.services.workbench import Workbench

T = TypeVar("T")

MAX_OPEN = 64
"""Files that one store keeps open for images that nobody has closed; most processes may have about 1,000 open."""


class OpenedImage:
    """An open file that a proof vouches for. Thread-safe."""

    __slots__ = ("__weakref__", "_bench", "_file", "_lock", "_mount", "_root", "instead")

    def __init__(self, bench: Workbench, root: str, mount: Mount, file: OpenedFile) -> None:
        self._bench = bench
        self._root = root
        self._mount = mount
        self._file = file
        self._lock = threading.Lock()
        self.instead: ProofCopy | None = None
        """The same bytes, checked once more, since a look at the open file could not vouch for a piece."""

    def read_piece(self, offset: int, length: int) -> bytes | None:
        """The bytes from ``offset``; None if the file has changed since it was opened, or is closed.

        Raises:
            UnreadableFileError: The disk refused, or did not answer in time.
        """
        return self._ask(lambda: self._read_piece(offset, length))

    def read_whole(self, sha256: str) -> ProofCopy | None:
        """All bytes, hashed as they are read; None if they have another hash, or the file is closed.

        Raises:
            UnreadableFileError: The disk refused, or did not answer in time.
        """
        copy = self._ask(self._read_whole)
        return copy if copy is not None and copy.sha256 == sha256 else None

    def close(self) -> None:
        """Closes the file; harmless when repeated. Never waits, although closing may ask a share or a cloud."""
        if self._mount.kind is MountKind.LOCAL:
            self._file.close()
        else:
            begin(self._mount.place, self._file.close)

    def close_unless_busy(self) -> None:
        """Closes the file unless somebody is reading from it at this moment."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def _ask(self, call: Callable[[], T]) -> T | None:
        with self._lock:
            if self._file.fd < 0:
                return None
            try:
                return self._bench.patient(self._root, call, mount=self._mount)
            except OSError as error:
                raise as_unreadable(error, self._file.path) from error

    def _read_piece(self, offset: int, length: int) -> bytes | None:
        data = os.pread(self._file.fd, length, offset)
        wanted = min(length, self._file.stamp.size_bytes - offset)
        is_vouched = self._file.is_still_as_opened(ctimes=self._mount.keeps_ctimes)
        return data if is_vouched and len(data) == wanted else None

    def _read_whole(self) -> ProofCopy:
        limits = self._bench.limits
        return read_proof_copy(
            self._file,
            max_memory_bytes=limits.max_memory_bytes,
            limit_bytes=limits.read_max_bytes,
            scratch=self._bench.scratch,
        )


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was found, and its bytes.

    Its methods hand out the bytes that hash to ``sha256``, and no others. Use it in a ``with`` block or close it when
    you are done; if you do neither, nothing is leaked.
    """

    image_id: ImageId
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    """Of the bytes, in hex."""
    sd: StorageDir
    proven: bool
    """False for a legacy image that only decoding or its own structure in a conflict copy vouches for, and for
    bytes that are handed out as they are."""
    from_other_sd: bool
    """It is not in the storage directory that was asked for: people who share only that one cannot see it."""
    from_conflict_copy: bool
    """Only a sync client's conflict copy holds its bytes."""
    bytes_from: OpenedImage | ProofCopy = field(repr=False, compare=False)
    """The file that the bytes are read from, or the copy that was read when the image was found."""
    find_again: Callable[[], ProofCopy] = field(repr=False, compare=False)
    """Finds the same bytes once more, or raises ``ImageArrivingError``."""

    @property
    def path(self) -> Path:
        """Where the file is on this machine, absolute. Read it, and never write to it: other machines share it."""
        return path_of(self.sd, self.filename)

    def read(self) -> bytes:
        """All bytes.

        Raises:
            ImageArrivingError: The file has changed since, and no storage directory has these bytes any more.
            UnreadableFileError: The disk refused, or did not answer in time.
        """
        return self.lend_copy().read()

    def open(self) -> BinaryIO:
        """A binary file object over all bytes, at byte 0; in memory up to 64 MiB. Raises as :meth:`read`."""
        return self.lend_copy().open()

    def data_url(self) -> str:
        """``data:<media type>;base64,…``. Raises as :meth:`read`."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.read()).decode()}"

    def read_piece(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``; fewer only at the end. One read. Raises as :meth:`read`."""
        if isinstance(self.bytes_from, ProofCopy):
            return self.bytes_from.buffer[offset : offset + length]
        if self.bytes_from.instead is None:
            data = self.bytes_from.read_piece(offset, length)
            if data is not None:
                return data
            self.bytes_from.instead = self.lend_copy()  # kept: else each further piece would read everything
        return self.bytes_from.instead.buffer[offset : offset + length]

    def lend_copy(self) -> ProofCopy:
        """All bytes with their hash. Do not close it: others may read from it. Raises as :meth:`read`."""
        if isinstance(self.bytes_from, ProofCopy):
            return self.bytes_from
        return self.bytes_from.read_whole(self.sha256) or self.find_again()

    def close(self) -> None:
        """Closes the file; harmless when repeated. Bytes that are asked for later are looked for once more."""
        if isinstance(self.bytes_from, OpenedImage):
            self.bytes_from.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OpenImages:
    """The found images whose files are open, so that a program that keeps many of them does not run out of files.

    The oldest is closed when there are more than :data:`MAX_OPEN`; its bytes are looked for again if they are asked
    for. Thread-safe.
    """

    def __init__(self, max_open: int = MAX_OPEN) -> None:
        self._max_open = max_open
        self._lock = threading.Lock()
        self._open: deque[weakref.ref[OpenedImage]] = deque()

    def add(self, found: FoundImage) -> FoundImage:
        """Counts the image among the open ones, and gives it back."""
        if isinstance(found.bytes_from, OpenedImage):
            with self._lock:
                self._open.append(weakref.ref(found.bytes_from))
                oldest = self._open.popleft()() if len(self._open) > self._max_open else None
            if oldest is not None:
                oldest.close_unless_busy()
        return found


def open_image(
    bench: Workbench, sd: StorageDir, open_file: Callable[[Mount], OpenedFile | None]
) -> OpenedImage | None:
    """What ``open_file`` opens in the storage directory, within the time limits; None if it opens nothing.

    Args:
        bench: The tools.
        sd: Where the file is.
        open_file: Gets the mount that the storage directory is on; gives None for a file that is not wanted.
    """
    mount = bench.mount_at(sd.path)
    try:
        file = bench.patient(sd.path, lambda: open_file(mount), late=_close, mount=mount)
    except (OSError, UnreadableFileError):
        return None
    return None if file is None else OpenedImage(bench, sd.path, mount, file)


def _close(file: OpenedFile | None) -> None:
    if file is not None:
        file.close()
