"""An image's file in a local folder, open for reading."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from strandline.folders.disk_errors import as_unreadable
from strandline.folders.opening import OpenedFile
from strandline.folders.proof_copies import ProofCopy, read_proof_copy
from strandline.folders.time_limits import expect_destructors
from strandline.folders.timed_calls import TimedCalls
from strandline.model.image_files import FileStamp

T = TypeVar("T")


class LocalOpenImage:
    """An :class:`~strandline.folders.port.OpenImage` with a descriptor and the limits of its mount."""

    __slots__ = ("__weakref__", "_calls", "_file", "_is_closed", "_lock")

    def __init__(self, calls: TimedCalls, file: OpenedFile) -> None:
        self._calls = calls
        self._file = file
        self._lock = threading.Lock()
        self._is_closed = False
        if not calls.is_local:
            expect_destructors()

    @property
    def stamp(self) -> FileStamp:
        """At opening."""
        return self._file.stamp

    @property
    def ctime_ns(self) -> int | None:
        """At opening; None if the mount keeps none."""
        return self._file.ctime_ns if self._calls.mount.keeps_ctimes else None

    def find_address(self, media_type: str, at: datetime) -> None:  # noqa: ARG002
        """A folder has none."""
        return

    def read_piece(self, offset: int, size_bytes: int) -> bytes | None:
        """One ``pread``, one ``fstat``."""
        return self._ask(lambda: self._read_piece(offset, size_bytes))

    def read_whole(self) -> ProofCopy | None:
        """One read, one hash."""
        means = self._calls.means
        return self._ask(
            lambda: read_proof_copy(
                self._file,
                max_memory_bytes=means.max_memory_bytes,
                limit_bytes=means.read_max_bytes,
                scratch=means.scratch,
            )
        )

    def close(self) -> None:
        """In another thread, unless it is on a local disk."""
        self._is_closed = True  # at once, not only when that thread runs
        self._calls.begin(self._file.close)

    def __del__(self) -> None:
        if not self._is_closed:  # nobody closed it, and this may be the thread of an event loop
            self._calls.begin_elsewhere(self._file.close)

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
            except OSError as error:
                raise as_unreadable(error, self._file.path) from error

    def _read_piece(self, offset: int, size_bytes: int) -> bytes | None:
        data = os.pread(self._file.fd, size_bytes, offset)
        wanted = min(size_bytes, self._file.stamp.size_bytes - offset)
        is_vouched = self._file.is_still_as_opened(ctimes=self._calls.mount.keeps_ctimes)
        return data if is_vouched and len(data) == wanted else None
