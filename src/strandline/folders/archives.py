"""ZIP archives that a person wants saved: their entries, and the bytes of one entry. Writes nothing, anywhere."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO

from strandline.errors import RefusedError, WrongBytesError
from strandline.folders.disk_errors import as_unreadable
from strandline.model.archives import MOST_LIST_BYTES, Entry
from strandline.model.plain_words import say_bytes
from strandline.model.zip_format import LIMIT_32

_TAIL_BYTES = 22 + 65_535
"""The record at the end of an archive, and the longest comment after it."""

_END, _LOCATOR_64, _END_64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"

_UNIX = 3
_UNIX_TIMES = 0x5455
"""The extra field in which most programs write times in UTC."""


class Archive:
    """An archive that is open for reading. Use it in ``with``.

    Attributes:
        shown: Its name, for people.
        size_bytes: Its size.
        entries: All entries, in the order of its list.
    """

    def __init__(self, file: BinaryIO, shown: str) -> None:
        """Reads the list of entries. ``file`` is closed with the archive.

        Raises:
            RefusedError: The list is larger than that of any honest archive.
            WrongBytesError: It is no archive, a part of one, or broken.
            UnreadableFileError: The disk refused.
        """
        self.shown = shown
        try:
            self.size_bytes = file.seek(0, os.SEEK_END)
            self._check_list(file)
            with self._explaining():
                self._zip = zipfile.ZipFile(file)
        except BaseException:
            file.close()
            raise
        self._file = file
        infos = self._zip.infolist()
        self.entries = [_as_entry(info) for info in infos]
        self._infos = dict(zip(self.entries, infos, strict=True))

    def iter_bytes(self, entry: Entry, piece_bytes: int) -> Iterator[bytes]:
        """The unpacked bytes, in pieces. No more than its list says, and checked against the checksum.

        Raises:
            WrongBytesError: The entry is broken.
            RefusedError: It is encrypted, or packed in a way that Python does not know.
        """
        with self._explaining(entry.name), self._zip.open(self._infos[entry]) as stream:
            while piece := stream.read(piece_bytes):
                yield piece

    def find_time(self, entry: Entry) -> datetime | None:
        """When the file was last written to before it was packed. None if the archive does not say."""
        info = self._infos[entry]
        if (seconds := _find_unix_time(info.extra)) is not None:
            return datetime.fromtimestamp(seconds, UTC)
        try:
            return datetime(*info.date_time).astimezone(UTC)  # the format has no zone: the local one
        except (ValueError, OverflowError, OSError):
            return None

    def _check_list(self, file: BinaryIO) -> None:
        """Looks at how large the list of entries is before all of it is read into memory."""
        with self._explaining():
            file.seek(max(0, self.size_bytes - _TAIL_BYTES))
            list_bytes = _find_list_bytes(file, file.read(_TAIL_BYTES))
            file.seek(0)
        if list_bytes > MOST_LIST_BYTES:
            raise RefusedError(
                f"{self.shown} has a list of entries of {say_bytes(list_bytes)}; unpack it, and import the folder"
            )

    @contextmanager
    def _explaining(self, name: str | None = None) -> Iterator[None]:
        subject = self.shown if name is None else f"{self.shown}/{name}"
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError) as error:
            raise WrongBytesError(
                f"{subject} is broken ({error}); if the archive is still being downloaded, try again when that is "
                "done",
                source=subject,
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise RefusedError(
                f"{subject} cannot be unpacked here ({error}); unpack the archive, and import the folder"
            ) from error
        except OSError as error:
            raise as_unreadable(error, subject) from error

    def close(self) -> None:
        """Closes the file. Idempotent."""
        self._zip.close()
        self._file.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_archive(path: str) -> Archive:
    """Opens the archive with this path. Raises as :class:`Archive`; ``UnreadableFileError`` if it is not there."""
    try:
        file = open(path, "rb")  # noqa: SIM115  # the archive closes it
    except OSError as error:
        raise as_unreadable(error, path) from error
    return Archive(file, path)


def _as_entry(info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    return Entry(info.filename, info.compress_size, info.file_size, info.flag_bits, mode)


def _find_list_bytes(file: BinaryIO, tail: bytes) -> int:
    """The size of the list, as the record at the end says. 0 if there is no such record."""
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return 0
    size_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at < 20 or tail[at - 20 : at - 16] != _LOCATOR_64:
        return size_bytes
    file.seek(int.from_bytes(tail[at - 12 : at - 4], "little"))
    record = file.read(56)
    if len(record) < 56 or not record.startswith(_END_64):
        return size_bytes
    return max(size_bytes if size_bytes != LIMIT_32 else 0, int.from_bytes(record[40:48], "little"))


def _find_unix_time(extra: bytes) -> int | None:
    at = 0
    while at + 4 <= len(extra):
        kind, size_bytes = struct.unpack_from("<HH", extra, at)
        if kind == _UNIX_TIMES and size_bytes >= 5 and at + 9 <= len(extra) and extra[at + 4] & 1:
            (seconds,) = struct.unpack_from("<i", extra, at + 5)
            return int(seconds)
        at += 4 + size_bytes
    return None
