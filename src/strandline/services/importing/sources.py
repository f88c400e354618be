"""Sources of an import: folders, archives, files, addresses, and data become pictures that can be saved, one by one.

What a source is, its bytes decide: an archive may come from a folder, from stdin, or from an address. Nothing is
unpacked to a disk under a name that an archive gives, so no entry can get anywhere.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from strandline.errors import InvalidPathError, SourceNotFoundError, StrandlineError
from strandline.folders.archives import Archive, open_archive
from strandline.folders.picture_folders import is_folder, iter_pictures, read_start
from strandline.folders.proof_copies import ProofCopy
from strandline.model.addresses import is_web_address, parse_web_address
from strandline.model.archives import Entry, check_archive, find_fault, judge_entry
from strandline.model.data_urls import is_data_url, parse_data_url, shorten_data_url
from strandline.model.exports import (
    MANIFEST,
    MANIFEST_START_BYTES,
    THUMBNAILS,
    is_manifest_start,
    is_thumbnail_name,
)
from strandline.model.layout import Layout
from strandline.model.left_out import LeftOut, Reason, Unlisted, gather_neighbors, is_archive, judge_start
from strandline.model.media_types import SNIFF_BYTES
from strandline.model.values import dataclass
from strandline.services.importing.downloads import Fetching, download
from strandline.services.saving.intake import Source, TakenSource, begin_copy, take_source
from strandline.services.saving.save_several import MOST_BYTES
from strandline.services.storage_dirs.paths import is_accepted
from strandline.services.workbench import Workbench

PIECE_BYTES = 1024 * 1024

ImportSource = str | os.PathLike[str] | bytes | BinaryIO
"""A path, an address, a ``data:`` URL, bytes, or a readable binary stream."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture that can be read now."""

    shown: str
    read: Callable[[], TakenSource]
    """Raises what :func:`~strandline.services.saving.intake.take_source` raises."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that cannot be read."""

    shown: str
    error: StrandlineError


Item = Found | Failed | LeftOut


def iter_items(bench: Workbench, source: ImportSource, layout: Layout, *, passed: int = 0) -> Iterator[Item]:
    """The pictures of one source, and what is left out of it, in an order that stays the same. Lazy.

    ``layout`` is that of the target. Of the first ``passed`` items, only the names mean something: a step of an
    import does not look again at what the steps before have done.
    """
    shown = _show(source)
    try:
        if isinstance(source, str) and is_web_address(source):
            yield from _iter_address(bench, source, layout, passed)
        elif isinstance(source, str) and is_data_url(source):
            yield Found(shown, partial(_take, bench, parse_data_url(source), shown))
        elif isinstance(source, str | os.PathLike):
            yield from _iter_path(bench, shown, layout, passed)
        else:
            yield from _iter_bytes(bench, take_source(bench, source, None), shown, layout, passed)
    except StrandlineError as error:
        yield Failed(shown, error)


def _show(source: ImportSource) -> str:
    if isinstance(source, str) and is_web_address(source):
        with suppress(StrandlineError):
            return parse_web_address(source).shown
    if isinstance(source, str | os.PathLike):
        text = os.fspath(source)
        return shorten_data_url(text) if is_data_url(text) else text
    return "the data" if isinstance(source, bytes | bytearray | memoryview) else "-"


def _iter_path(bench: Workbench, path: str, layout: Layout, passed: int) -> Iterator[Item]:
    if not path:
        raise InvalidPathError("the path is empty; give a folder, a file, or an address")
    if not is_accepted(path):
        raise InvalidPathError(f"{path!r} cannot be a path; give a folder, a file, or an address", path=path)
    if is_folder(path):
        yield from _iter_folder(bench, path, layout, passed)
    elif is_archive(read_start(path, SNIFF_BYTES)):
        with open_archive(path) as archive:
            yield from _iter_archive(bench, archive, layout, passed)
    else:
        yield Found(path, partial(take_source, bench, path, None))


def _iter_folder(bench: Workbench, folder: str, layout: Layout, passed: int) -> Iterator[Item]:
    is_empty = True
    for found in iter_pictures(folder, layout, passed=passed):
        is_empty = is_empty and isinstance(found, LeftOut)
        if isinstance(found, LeftOut):
            yield found
        elif isinstance(found, Unlisted):
            yield Failed(found.path, found.error)
        else:
            yield Found(found, partial(take_source, bench, found, None))
    if is_empty:
        message = f"{folder} has no pictures that can be imported"
        yield Failed(folder, SourceNotFoundError(message, path=folder))


def _iter_address(bench: Workbench, text: str, layout: Layout, passed: int) -> Iterator[Item]:
    address = parse_web_address(text)
    limits = bench.limits
    fetching = Fetching(
        limits.download_timeout_s, limits.save_max_bytes, limits.allows_private_addresses, bench.monotonic
    )
    writer = begin_copy(bench, max_memory_bytes=MOST_BYTES)
    found = download(address, writer.write, fetching)
    taken = take_source(bench, writer.finish(), found.name, found.modified_at)
    yield from _iter_bytes(bench, taken, address.shown, layout, passed)


def _iter_bytes(
    bench: Workbench, taken: TakenSource, shown: str, layout: Layout, passed: int
) -> Iterator[Item]:
    """What bytes are that somebody handed over: a ``data:`` URL as text, an archive, or a picture."""
    start = bytes(taken.buffer[:SNIFF_BYTES])
    if is_archive(start):
        with Archive(taken.copy.open(), shown) as archive:
            yield from _iter_archive(bench, archive, layout, passed)
    elif is_data_url(start.lstrip().decode("ascii", "replace")):
        data = parse_data_url(taken.copy.read().decode("ascii", "replace").strip())
        yield Found(shown, partial(_take, bench, data, shown))
    else:
        yield Found(shown, lambda: replace(taken, label=shown))


def _iter_archive(bench: Workbench, archive: Archive, layout: Layout, passed: int) -> Iterator[Item]:
    limits = bench.limits
    check_archive(archive.shown, archive.size_bytes, archive.entries, most_bytes=limits.archive_max_bytes)
    files = [entry for entry in archive.entries if not entry.is_folder and entry.parts]
    of_exports = _find_thumbnail_folders(archive, files)
    is_empty = True
    for position, (entry, beside) in enumerate(_with_neighbors(files)):
        shown = f"{archive.shown}/{'/'.join(entry.parts)}"
        if (reason := judge_entry(entry, beside)) is not None:
            yield LeftOut(shown, reason)
            continue
        if tuple(entry.parts[:-1]) in of_exports and is_thumbnail_name(entry.own_name):
            yield LeftOut(shown, Reason.THUMBNAIL)
            continue
        if position < passed:
            is_empty = False
            yield Found(shown, partial(_unpack, bench, archive, entry, shown))
            continue
        try:
            if (error := find_fault(shown, entry, most_bytes=limits.save_max_bytes)) is not None:
                raise error
            start = next(archive.iter_bytes(entry, SNIFF_BYTES), b"")
            if (reason := judge_start(entry.own_name, start, layout)) is not None:
                yield LeftOut(shown, reason)
                continue
        except StrandlineError as error:
            is_empty = False
            yield Failed(shown, error)
            continue
        is_empty = False
        yield Found(shown, partial(_unpack, bench, archive, entry, shown))
    if is_empty:
        message = f"{archive.shown} has no pictures that can be imported"
        yield Failed(archive.shown, SourceNotFoundError(message, path=archive.shown))


def _find_thumbnail_folders(archive: Archive, files: Sequence[Entry]) -> set[tuple[str, ...]]:
    """The folders of the archive in which exports of ours have their small copies."""
    folders = {tuple(entry.parts[:-1]) for entry in files}
    found = set()
    for entry in files:
        thumbnails = (*entry.parts[:-1], THUMBNAILS)
        if entry.own_name == MANIFEST and thumbnails in folders:
            with suppress(StrandlineError):
                if is_manifest_start(next(archive.iter_bytes(entry, MANIFEST_START_BYTES), b"")):
                    found.add(thumbnails)
    return found


def _with_neighbors(entries: Iterable[Entry]) -> Iterator[tuple[Entry, set[str]]]:
    """Each entry, and what is in the same folder."""
    by_folder: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_folder[tuple(entry.parts[:-1])].append(entry)
    for together in by_folder.values():
        beside = gather_neighbors(entry.own_name for entry in together)
        for entry in together:
            yield entry, beside


def _unpack(bench: Workbench, archive: Archive, entry: Entry, shown: str) -> TakenSource:
    writer = begin_copy(bench, max_memory_bytes=MOST_BYTES)
    try:
        for piece in archive.iter_bytes(entry, PIECE_BYTES):
            writer.write(piece)
    except BaseException:
        writer.close()
        raise
    return _take(bench, writer.finish(), shown, entry.own_name, archive.find_time(entry))


def _take(
    bench: Workbench,
    source: Source | ProofCopy,
    shown: str,
    name: str | None = None,
    modified_at: datetime | None = None,
) -> TakenSource:
    return replace(take_source(bench, source, name, modified_at), label=shown)
