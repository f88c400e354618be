"""What can be saved: files, folders of pictures, stdin, and ``data:`` URLs, each as a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from strandline.folders.picture_folders import iter_pictures
from strandline.model.data_urls import is_data_url, parse_data_url, shorten_data_url
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.left_out import LeftOut, Reason, Unlisted
from strandline.model.values import dataclass

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
        elif is_data_url(argument):
            yield _make_data_url_source(argument)
        elif _is_folder(argument):
            yield from _iter_folder(argument, layout, recursive=recursive)
        else:
            yield Source(argument, Path(argument))


def _make_stdin_source(shown: str) -> Source | Unusable:
    try:
        return Source(shown, get_stdin())
    except SourceNotFoundError as error:
        return Unusable(shown, error)


def _make_data_url_source(url: str) -> Source | Unusable:
    shown = shorten_data_url(url)
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
    stored: list[str] = []
    is_empty = True
    for found in iter_pictures(argument, layout):
        if isinstance(found, LeftOut):
            stored += [found.path] if found.reason is Reason.MEDIA_FOLDER else []
            yield found
            continue
        is_empty = False
        yield Unusable(found.path, found.error) if isinstance(found, Unlisted) else Source(found, Path(found))
    if is_empty:
        yield Unusable(argument, SourceNotFoundError(_say_nothing_found(argument, stored), path=argument))


def _say_nothing_found(folder: str, stored: list[str]) -> str:
    if not stored:
        return f"{folder} has no pictures that can be saved"
    return (
        f"{folder} has no pictures outside {stored[0]}, the media folder of a storage directory, whose images are "
        f"there already; to save its other files as well, give {stored[0]}"
    )
