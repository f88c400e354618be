"""Writing an object: one PUT that is whole and durable once it is answered, and that replaces nothing by mistake."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from strandline.errors import InvalidPathError
from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.client import number_of
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.port import SaveMode
from strandline.folders.saving import WrittenFile
from strandline.model.buckets import is_plain_key
from strandline.model.image_files import FileStamp
from strandline.model.media_types import find_media_type_by_extension


def write_object(
    calls: BucketCalls,
    path: str,
    data: bytes,
    mode: SaveMode,
    allowed: Callable[[], bool],
    mtime_ns: int | None,
) -> WrittenFile:
    """Writes an image under this path.

    In mode REPLACE, ``allowed`` is asked after the version was looked at that may be replaced, and before it is.

    Raises:
        FileExistsError: The name is taken; in mode REPLACE, by another version than the one that was looked at, or
            ``allowed`` returned False.
        InvalidPathError: No object can have that name.
    """
    check_plain(calls, path)
    about = _describe(path, mtime_ns)
    if mode is SaveMode.NEW:
        return _written(data, calls.writes.create(path, data, about))
    try:
        there = calls.client.head(path)
    except FileNotFoundError:
        there = None
    if not allowed():
        raise _taken(path)
    if there is None:
        return _written(data, calls.writes.create(path, data, about))
    try:
        return _written(data, calls.writes.replace(path, data, there.e_tag, about))
    except ReplacedError as error:
        raise _taken(path) from error


def check_plain(calls: BucketCalls, path: str) -> None:
    """Refuses a name that not all programs can give an object.

    Raises:
        InvalidPathError: It is one.
    """
    if not is_plain_key(calls.client.address.key_of(path)) or path.startswith("/"):
        raise InvalidPathError(f"{path!r} is not a plain name for an object", path=path)


def _written(data: bytes, e_tag: str) -> WrittenFile:
    return WrittenFile(None, FileStamp(len(data), 0, number_of(e_tag)))


def _taken(path: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)


def _describe(path: str, mtime_ns: int | None) -> dict[str, str]:
    """What a server and other programs want to know: the type, and the time of the picture, as rclone keeps it."""
    media_type = find_media_type_by_extension(path.rpartition(".")[2])
    about = {} if media_type is None else {"Content-Type": media_type.name}
    if mtime_ns is not None:
        about["mtime"] = f"{mtime_ns // 10**9}.{mtime_ns % 10**9:09}"
    return about
