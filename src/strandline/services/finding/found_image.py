"""A found image: opened, vouched for, and ready to be read (SPEC §5).

A proof says which stamp the file had when its bytes were checked. If the *open file* still has that stamp, its bytes
are the proven ones, and the file is opened once and read once. Every reading is checked: all bytes together by their
hash, a piece by the stamp of the open file after it was read. If a check fails, the same bytes are looked for once
more, in every storage directory. Other bytes are never handed out.
"""

from __future__ import annotations

import base64
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from strandline.errors import InvalidInputError, NotInBucketsError
from strandline.folders.port import OpenImage
from strandline.folders.proof_copies import ProofCopy
from strandline.model.given import is_within
from strandline.model.image_ids import ImageId
from strandline.model.remedies import say_command
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

MAX_OPEN = 64
"""Files that one store keeps open for images that were not closed. Most processes may have about 1,000 open."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """A found image and its bytes.

    Its methods return only bytes that hash to ``sha256``. Use it in a ``with`` block or close it when you are done.
    If you do neither, nothing leaks.
    """

    image_id: ImageId
    relative_path: str
    """Of its file in the storage directory, with ``/``."""
    media_type: str
    size_bytes: int
    sha256: str
    """Hash of the bytes, in hex."""
    sd: StorageDir
    proven: bool
    """False for a legacy image that only a decoder, or the structure of a conflict copy, confirms, and for bytes
    that are returned as they are.
    """
    from_other_sd: bool
    """It is not in the requested storage directory, so people who share only that one cannot see it."""
    from_conflict_copy: bool
    """Only a sync client's conflict copy has its bytes."""
    whole: bool | None
    """False if the bytes are those of its id, but not a whole picture: it was saved or written so. None if nobody has
    looked.
    """
    bytes_from: OpenImage | ProofCopy = field(repr=False, compare=False)
    """The open file, or the copy that was read when the image was found."""
    find_again: Callable[[], ProofCopy] = field(repr=False, compare=False)
    """Finds the same bytes again, or raises ``ImageArrivingError``."""
    _instead: list[ProofCopy] = field(default_factory=list, repr=False, compare=False)
    """The same bytes, found again after the open file could no longer prove a piece."""

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.relative_path.rpartition("/")[2]

    @property
    def location(self) -> str:
        """Where the file is: its path on this machine, or its address in a bucket."""
        return f"{self.sd.path}/{self.relative_path}" if not self.sd.is_on_disk else str(self.path)

    @property
    def path(self) -> Path:
        """The absolute path of the file on this machine. Read it, but never write to it: other machines share it.

        Raises:
            NotInBucketsError: It is in a bucket. :attr:`location` is its address there.
        """
        if not self.sd.is_on_disk:
            raise NotInBucketsError(
                f"{self.location} has no path on this machine, because it is in a bucket; its bytes can be had with "
                f"{say_command('get', '-o', self.filename, self.image_id)}",
                location=self.location,
            )
        return Path(self.sd.path, self.relative_path)

    def read(self) -> bytes:
        """All bytes, in memory.

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
        """At most ``length`` bytes from ``offset``; fewer only at the end. One read. Raises as :meth:`read`, and
        ``InvalidInputError`` if one of them is negative or no whole number.
        """
        for name, given in (("offset", offset), ("length", length)):
            if not is_within(given, 0):
                raise InvalidInputError(
                    f"the {name} of a piece is a number of bytes, not {given}", parameter=name, value=given
                )
        if isinstance(self.bytes_from, ProofCopy):
            return self.bytes_from.buffer[offset : offset + length]
        if not self._instead:
            data = self.bytes_from.read_piece(offset, length)
            if data is not None:
                return data
            self._instead.append(self.lend_copy())  # kept: otherwise each further piece would read everything
        return self._instead[0].buffer[offset : offset + length]

    def find_address(self, at: datetime) -> str | None:
        """Where anybody can have exactly these bytes for a moment from ``at`` on: a signed address of a version in a
        bucket. None if there is none, or if the bytes were only now read and proven.
        """
        if isinstance(self.bytes_from, ProofCopy) or self._instead:
            return None
        return self.bytes_from.find_address(self.media_type, at)

    def lend_copy(self) -> ProofCopy:
        """All bytes with their hash. Do not close the copy: others may read from it. Raises as :meth:`read`."""
        if isinstance(self.bytes_from, ProofCopy):
            return self.bytes_from
        copy = self.bytes_from.read_whole()
        return copy if copy is not None and copy.sha256 == self.sha256 else self.find_again()

    def close(self) -> None:
        """Closes the file. Idempotent. If bytes are requested later, they are found again."""
        if not isinstance(self.bytes_from, ProofCopy):
            self.bytes_from.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OpenImages:
    """The found images with open files, so that a program with many of them does not run out of descriptors.

    If there are more than :data:`MAX_OPEN`, the oldest is closed. Its bytes are found again when requested.
    Thread-safe.
    """

    def __init__(self, max_open: int = MAX_OPEN) -> None:
        self._max_open = max_open
        self._lock = threading.Lock()
        self._open: deque[weakref.ref[OpenImage]] = deque()

    def add(self, found: FoundImage) -> FoundImage:
        """Adds the image to the open ones, and returns it."""
        if not isinstance(found.bytes_from, ProofCopy):
            with self._lock:
                self._open.append(weakref.ref(found.bytes_from))
                oldest = self._open.popleft()() if len(self._open) > self._max_open else None
            if oldest is not None:
                oldest.close_unless_busy()
        return found
