"""What can be saved: files, folders of pictures, stdin, and ``data:`` URLs, each as a source.

In a folder, the first bytes decide what is a picture. Hidden files, symbolic links, and leftovers of sync clients
are skipped. A ``media`` folder next to an ``SD_ID`` is skipped as well: its images are stored already, and those
under legacy ids would be saved again under new ids.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from strandline.cli.session import get_stdin
from strandline.errors import (
    InvalidDataUrlError,
    InvalidPathError,
    SourceNotFoundError,
    StrandlineError,
)
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.opening import is_dataless, open_regular
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.media_types import SNIFF_BYTES, find_media_type_by_extension, sniff_media_type
from strandline.model.sync_names import NameKind, explain_name
from strandline.model.values import dataclass

_NEVER_PICTURES = (NameKind.LITTER, NameKind.PLACEHOLDER, NameKind.TEMPORARY)

Data = Path | bytes | BinaryIO


@dataclass(frozen=True, slots=True)
class Source:
    """Something to save."""

    shown: str
    """The name under which the user knows it."""
    data: Data


@dataclass(frozen=True, slots=True)
class Unusable:
    """An argument that cannot be saved."""

    shown: str
    error: StrandlineError


def iter_sources(arguments: Sequence[str], *, recursive: bool) -> Iterator[Source | Unusable]:
    """The sources that the arguments of ``save`` name, in that order. Files of a folder are sorted by name."""
    for argument in arguments:
        if argument == "-":
            yield _make_stdin_source(argument)
        elif argument[:5].lower() == "data:":
            yield _make_data_url_source(argument)
        elif _is_folder(argument):
            yield from _iter_folder(argument, recursive=recursive)
        else:
            yield Source(argument, Path(argument))


def parse_data_url(url: str) -> bytes:
    """The bytes of a ``data:`` URL, base64 or percent-encoded.

    Raises:
        InvalidDataUrlError: It has no comma, or its base64 is invalid.
    """
    import base64  # here, like the next import: few people save data: URLs
    from urllib.parse import unquote_to_bytes

    head, comma, body = url.partition(",")
    if not comma:
        raise InvalidDataUrlError("the data: URL has no comma before its data; copy it again, whole")
    data = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return data
    try:
        compact = b"".join(data.split()).rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except ValueError as error:
        raise InvalidDataUrlError(
            f"the data: URL's base64 is broken ({error}); copy it again, whole"
        ) from error


def _make_stdin_source(shown: str) -> Source | Unusable:
    try:
        return Source(shown, get_stdin())
    except SourceNotFoundError as error:
        return Unusable(shown, error)


def _make_data_url_source(url: str) -> Source | Unusable:
    shown = url if len(url) <= 60 else url[:57] + "..."
    try:
        return Source(shown, parse_data_url(url))
    except InvalidDataUrlError as error:
        return Unusable(shown, error)


def _is_folder(argument: str) -> bool:
    with suppress(OSError, ValueError):
        return Path(argument).is_dir()
    return False


def _iter_folder(argument: str, *, recursive: bool) -> Iterator[Source | Unusable]:
    if not recursive:
        message = f"{argument} is a folder; add -r to save the pictures in it"
        yield Unusable(argument, InvalidPathError(message, path=argument))
        return
    unreadable: list[Unusable] = []

    def note(folder: str, error: OSError) -> None:
        unreadable.append(Unusable(folder, as_disk_error(error, "list", folder)))

    is_empty = True
    for entry in _iter_files(Path(argument), note):
        if _is_picture(entry):
            is_empty = False
            yield Source(entry.path, Path(entry.path))
    yield from unreadable
    if is_empty and not unreadable:
        message = f"{argument} has no pictures that can be saved"
        yield Unusable(argument, SourceNotFoundError(message, path=argument))


def _iter_files(folder: Path, note: Callable[[str, OSError], None]) -> Iterator[os.DirEntry[str]]:
    """Every file below the folder whose name could be a user's picture. Follows no links."""
    folders = [str(folder)]
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            note(current, error)
            continue
        has_identity = any(entry.name == IDENTITY_FILE for entry in entries)
        subfolders = []
        for entry in entries:
            if _is_ours_to_skip(entry.name):
                continue
            if entry.is_file(follow_symlinks=False):
                yield entry
            elif entry.is_dir(follow_symlinks=False) and not (has_identity and entry.name == "media"):
                subfolders.append(entry.path)
        folders += reversed(subfolders)


def _is_ours_to_skip(name: str) -> bool:
    return name.startswith(".") or explain_name(name, lambda _: False).kind in _NEVER_PICTURES


def _is_picture(entry: os.DirEntry[str]) -> bool:
    """Judges by the first bytes, or by the extension if reading fails or would download (saving then says why)."""
    has_extension = find_media_type_by_extension(_extension_of(entry.name)) is not None
    try:
        if is_dataless(entry.stat(follow_symlinks=False)):
            return has_extension
        with open_regular(entry.path) as opened:
            return sniff_media_type(os.read(opened.fd, SNIFF_BYTES)) is not None
    except (OSError, StrandlineError):
        return has_extension


def _extension_of(name: str) -> str:
    return name.rpartition(".")[2]
