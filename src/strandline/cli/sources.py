"""What can be saved: files, folders of pictures, stdin, and ``data:`` URLs, each as a source.

In a folder, the first bytes decide what is a picture that the target keeps. Hidden files, symbolic links, and
leftovers of sync clients are skipped. A ``media`` folder next to an ``SD_ID`` is skipped as well: its images are
stored already, and those under legacy ids would be saved again under new ids.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from strandline.cli.left_out import LeftOut, Reason
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
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.media_types import (
    NAMED_MEDIA_TYPES,
    RAW_EXTENSIONS,
    SNIFF_BYTES,
    find_media_type_by_extension,
    is_raw_photograph,
    sniff_media_type,
)
from strandline.model.sync_names import NameKind, explain_name
from strandline.model.values import dataclass

_NEVER_PICTURES = {
    NameKind.LITTER: Reason.LITTER,
    NameKind.PLACEHOLDER: Reason.ONLINE_ONLY,
    NameKind.TEMPORARY: Reason.TEMPORARY,
}

_OTHER_PICTURES = (b"8BPS", b"\0\0\0\x0cjP  ", b"qoif")
"""The first bytes of Photoshop, JPEG 2000, and QOI."""

_OTHER_EXTENSIONS = RAW_EXTENSIONS | {
    "psd", "jp2", "qoi", "tga", "xcf", "pcx", "pbm", "pgm", "ppm", "exr", "hdr",
    *(extension for each in NAMED_MEDIA_TYPES if not each.has_id_names for extension in each.extensions),
}  # fmt: skip
"""Of pictures that cannot be kept, or not by id. Like a name, they only decide which line tells of the file."""

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


def iter_sources(
    arguments: Sequence[str], *, recursive: bool, layout: Layout = ID_LAYOUT
) -> Iterator[Source | Unusable | LeftOut]:
    """The sources that the arguments of ``save`` name, in that order. Files of a folder are sorted by name.

    What is in a folder and not saved comes with the reason. ``layout`` is that of the target.
    """
    for argument in arguments:
        if not argument:
            yield Unusable(argument, InvalidPathError("the path is empty; give a file, or - for stdin"))
        elif argument == "-":
            yield _make_stdin_source(argument)
        elif argument[:5].lower() == "data:":
            yield _make_data_url_source(argument)
        elif _is_folder(argument):
            yield from _iter_folder(argument, layout, recursive=recursive)
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


def _iter_folder(argument: str, layout: Layout, *, recursive: bool) -> Iterator[Source | Unusable | LeftOut]:
    if not recursive:
        message = f"{argument} is a folder; add -r to save the pictures in it"
        yield Unusable(argument, InvalidPathError(message, path=argument))
        return
    unreadable: list[Unusable] = []
    stored: list[str] = []

    def note(folder: str, error: OSError) -> None:
        unreadable.append(Unusable(folder, as_disk_error(error, "list", folder)))

    is_empty = True
    for entry in _iter_entries(Path(argument), note):
        if isinstance(entry, LeftOut):
            stored += [entry.path] if entry.reason is Reason.MEDIA_FOLDER else []
            yield entry
        elif (reason := _why_left_out(entry, layout)) is not None:
            yield LeftOut(entry.path, reason)
        else:
            is_empty = False
            yield Source(entry.path, Path(entry.path))
    yield from unreadable
    if is_empty and not unreadable:
        yield Unusable(argument, SourceNotFoundError(_say_nothing_found(argument, stored), path=argument))


def _say_nothing_found(folder: str, stored: list[str]) -> str:
    if not stored:
        return f"{folder} has no pictures that can be saved"
    return (
        f"{folder} has no pictures outside {stored[0]}, the media folder of a storage directory, whose images are "
        f"there already; to save its other files as well, give {stored[0]}"
    )


def _iter_entries(folder: Path, note: Callable[[str, OSError], None]) -> Iterator[os.DirEntry[str] | LeftOut]:
    """Every file below the folder whose name could be a user's picture, and what is left out. Follows no links."""
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
            reason = _judge_name(entry.name)
            if entry.name == IDENTITY_FILE:
                continue  # our own: nobody misses it among the pictures
            if reason is not None:
                yield LeftOut(entry.path, reason)
            elif entry.is_symlink():
                yield LeftOut(entry.path, Reason.LINK)
            elif entry.is_file(follow_symlinks=False):
                yield entry
            elif not entry.is_dir(follow_symlinks=False):
                yield LeftOut(entry.path, Reason.SPECIAL_FILE)
            elif has_identity and entry.name == "media":
                yield LeftOut(entry.path, Reason.MEDIA_FOLDER)
            else:
                subfolders.append(entry.path)
        folders += reversed(subfolders)


def _judge_name(name: str) -> Reason | None:
    """Why nobody would save something of this name. None if its content decides."""
    kind = explain_name(name, lambda _: False).kind
    return _NEVER_PICTURES.get(kind) or (Reason.HIDDEN if name.startswith(".") else None)


def _why_left_out(entry: os.DirEntry[str], layout: Layout) -> Reason | None:
    """Judges by the first bytes, or by the extension if reading fails or would download (saving then says why)."""
    by_name = find_media_type_by_extension(_extension_of(entry.name))
    has_extension = by_name is not None and (by_name.has_id_names or not layout.names_are_ids)
    try:
        if is_dataless(entry.stat(follow_symlinks=False)):
            return None if has_extension else Reason.UNSUPPORTED
        with open_regular(entry.path) as opened:
            start = os.read(opened.fd, SNIFF_BYTES)
    except (OSError, StrandlineError):
        return None if has_extension else Reason.UNREADABLE
    kept = layout.sniff(start)
    if kept is not None and not is_raw_photograph(kept, entry.name):
        return None
    if has_extension and not start:
        return Reason.EMPTY
    is_picture = (
        sniff_media_type(start) is not None
        or start.startswith(_OTHER_PICTURES)
        or _extension_of(entry.name).lower() in _OTHER_EXTENSIONS
    )
    return Reason.UNSUPPORTED_PICTURE if is_picture else Reason.UNSUPPORTED


def _extension_of(name: str) -> str:
    return name.rpartition(".")[2]
