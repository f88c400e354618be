"""Sources of a save: bytes, a path, or a stream become one copy that is hashed once and never read twice."""

from __future__ import annotations

import errno
import io
import mmap
import os
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

from strandline.errors import (
    EmptyImageError,
    ImageTooLargeError,
    InvalidInputError,
    InvalidPathError,
    SourceNotFoundError,
)
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.proof_copies import CopyWriter, ProofCopy, copy_bytes, copy_stream
from strandline.model.addresses import is_web_address
from strandline.model.image_ids import ImageId
from strandline.model.remedies import say_command
from strandline.model.values import dataclass
from strandline.services.workbench import Workbench

MAX_NAME_LENGTH = 4096
"""The longest path on Linux. An original name is for people, not for storing a book."""

_ADDRESS = re.compile(r"^(https?|ftps?|file):/+", re.IGNORECASE)
"""With one slash, too: that is what a ``Path`` leaves."""

STREAM, BYTES = "stream", "bytes"
"""Origins of an image that has no path."""

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | ProofCopy
"""Bytes, a path (``str`` or ``PathLike``), a readable binary stream, or a finished copy from :func:`begin_copy`."""


@dataclass(frozen=True, slots=True)
class TakenSource:
    """A source's bytes and its name."""

    copy: ProofCopy
    original_name: str | None
    label: str
    """Its origin, for people: a path, an address, ``stream``, or ``bytes``."""
    mtime_ns: int = 0
    """When its file was last written to; 0 if it has none."""
    keeps_name: bool = False
    """Among named pictures, the original name stays as it is if that is possible: it is that of a file."""

    @property
    def source(self) -> str:
        """For reports: the path, the name that bytes were given, or else the label."""
        return self.label if self.is_path else self.original_name or self.label

    @property
    def is_path(self) -> bool:
        """Whether the bytes come from a path."""
        return self.label not in (STREAM, BYTES)

    @property
    def origin(self) -> str:
        """For the catalog: the absolute path, by which the file can be found again, or else the label."""
        is_file = self.is_path and not is_web_address(self.label)
        return os.path.abspath(self.label) if is_file else self.label

    @property
    def subject(self) -> str:
        """What a message is about: the path, the name that it was given, or the data."""
        return self.label if self.is_path else self.original_name or "the data"

    @property
    def buffer(self) -> bytes | mmap.mmap:
        """The bytes, without a copy."""
        return self.copy.buffer


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to save together with others, and what its bytes do not say."""

    source: bytes | str | os.PathLike[str] | ProofCopy
    """The bytes, a path, or a finished copy."""
    name: str | None = None
    """The original name. By default, a path's own name."""
    modified_at: datetime | None = None
    """When the bytes' own file was last written to. By default, a path's own mtime."""


def begin_copy(bench: Workbench, *, max_memory_bytes: int) -> CopyWriter:
    """An empty copy for bytes that arrive piece by piece. :func:`take_source` accepts its ``finish()``.

    In memory up to ``max_memory_bytes`` (but no more than for any other copy), then in an unnamed temporary file.
    """
    most = min(max_memory_bytes, bench.limits.max_memory_bytes)
    return CopyWriter(max_memory_bytes=most, scratch=bench.scratch)


def take_source(
    bench: Workbench, source: Source, name: str | None, modified_at: datetime | None = None
) -> TakenSource:
    """Reads the source once and hashes it; in memory up to 64 MiB, otherwise in an unnamed temporary file.

    A copy that was hashed while it arrived is not copied again. ``modified_at`` is when the file that the bytes come
    from was last written to. By default, a path's and a copied file's own mtime.

    Raises:
        EmptyImageError: It has no bytes.
        ImageTooLargeError: It exceeds the setting ``save.max_bytes``.
        SourceNotFoundError, InvalidPathError: The path names no file. An address is no path.
        UnreadableFileError: The file or the stream could not be read.
        TypeError: It is neither bytes, nor a path, nor a binary stream.
    """
    if isinstance(source, ProofCopy):
        taken = TakenSource(_check_size(bench, source), _as_text(name), STREAM, source.stamp.mtime_ns)
    elif isinstance(source, bytes | bytearray | memoryview):
        taken = TakenSource(_check_size(bench, copy_bytes(bytes(source))), _as_text(name), BYTES)
    elif isinstance(source, str | os.PathLike):
        taken = _take_path(bench, Path(source), name)
    else:
        _check_binary_stream(source)
        taken = TakenSource(_copy(bench, source, "the stream"), _as_text(name), STREAM)
    if taken.copy.size_bytes == 0:
        raise EmptyImageError(f"{taken.subject} is empty; there is nothing to save", source=taken.source)
    return taken if modified_at is None else replace(taken, mtime_ns=as_mtime_ns(modified_at))


def remember_name(bench: Workbench, image_id: ImageId, taken: TakenSource) -> None:
    """Adds the source's name to those of an image that is there already, unless it is known."""
    name, origin = taken.original_name, taken.origin
    if name is None:
        return
    with bench.catalog.read() as reader:
        if reader.origins.has_origin(image_id, name, origin):
            return
    with bench.catalog.write() as writer:
        writer.origins.add_origin(image_id, name, origin, bench.now())


def is_in_hand(source: Source) -> bool:
    """Whether the source can be read without waiting: its bytes are in memory, or were copied already."""
    return isinstance(source, bytes | bytearray | memoryview | ProofCopy)


def _take_path(bench: Workbench, path: Path, name: str | None) -> TakenSource:
    label = _as_text(str(path)) or ""
    try:
        with path.open("rb", buffering=0) as stream:
            found = os.fstat(stream.fileno())
            copy = _copy(bench, cast(BinaryIO, stream), label)
            mtime_ns = (
                found.st_mtime_ns if stat.S_ISREG(found.st_mode) else 0
            )  # a pipe's is that of its last bytes
            return TakenSource(copy, _as_text(name or _own_name(path)), label, mtime_ns)
    except FileNotFoundError as error:
        if _ADDRESS.match(label):
            label = _ADDRESS.sub(r"\1://", label)
            instead = f"run {say_command('import', label)}" if is_web_address(label) else "download it"
            message = f"{label} is an address, and a save fetches none; {instead}, or give the path of a file"
        elif os.path.islink(path):
            message = f"{label} is a link to a file that is not there; check where it leads"
        else:
            message = f"there is no file {label}; check the path"
        raise SourceNotFoundError(message, source=label) from error
    except IsADirectoryError as error:
        raise InvalidPathError(f"{label} is a folder; give the path of a file in it", source=label) from error
    except ValueError as error:
        raise InvalidPathError(f"{label!r} is not a usable path: {error}", source=label) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidPathError(f"{label!r} is too long for a path", source=label) from error
        raise as_unreadable(error, label) from error


def as_mtime_ns(at: datetime) -> int:
    """The time as file systems count it.

    Raises:
        InvalidInputError: It has no time zone.
    """
    if at.tzinfo is None:
        raise InvalidInputError("modified_at needs a time zone; use datetime.now(UTC), for example")
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _own_name(path: Path) -> str | None:
    """The file's name. What a shell calls ``/dev/fd/63`` has none that means anything."""
    return None if path.parts[:2] in (("/", "dev"), ("/", "proc")) else path.name


def _check_binary_stream(source: object) -> None:
    if isinstance(source, io.TextIOBase) or not hasattr(source, "read"):
        raise TypeError(f"give bytes, a path, or a readable binary stream, not {type(source).__name__}")


def _as_text(name: str | None) -> str | None:
    """A name that can be stored and shown. Bytes that are not UTF-8 (lone surrogates) become question marks."""
    return None if name is None else name.encode("utf-8", "replace").decode()[:MAX_NAME_LENGTH]


def _copy(bench: Workbench, stream: BinaryIO, label: str) -> ProofCopy:
    """Copies up to one byte more than the limit, so an endless stream is refused, not stored."""
    limits = bench.limits
    copy = copy_stream(
        stream,
        label,
        max_memory_bytes=limits.max_memory_bytes,
        limit_bytes=limits.save_max_bytes + 1,
        scratch=bench.scratch,
    )
    return _check_size(bench, copy)


def _check_size(bench: Workbench, copy: ProofCopy) -> ProofCopy:
    limit = bench.limits.save_max_bytes
    if copy.size_bytes > limit:
        raise ImageTooLargeError(
            f"the image has more than {limit:,} bytes; raise the setting save.max_bytes to save it",
            limit_bytes=limit,
        )
    return copy
