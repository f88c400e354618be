"""A bucket as a tree: its objects listed, by names alone, as images, as paths, and as entries for people.

A bucket has no folders. Where a key has a ``/``, other programs show one, and so does this module. Objects without
bytes that stand for a folder (``photos/``) are left out.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.client import Version
from strandline.folders.disk_errors import PlaceError
from strandline.folders.port import WHOLE_TREE
from strandline.folders.tree import Entry, FoundFile
from strandline.model.layout import Layout, may_be_picture
from strandline.model.listing import MediaListing, OddEntry, OddKind
from strandline.model.name_ranges import NameRange
from strandline.model.passed_over import is_in_passed_over


def fill_listing(
    calls: BucketCalls,
    layout: Layout,
    listing: MediaListing,
    on_progress: Callable[[int], None] | None,
) -> None:
    """Adds every image to the listing. One LIST for 1,000 objects.

    Raises:
        OSError: It cannot be listed to its end.
    """
    lines: list[str] = []
    listing.lines = lines
    for name, version in iter_images(calls, layout):
        if version is None:
            listing.odd.append(OddEntry(name, OddKind.FOLDER))
            continue
        listing.total_bytes += version.size_bytes
        lines.append(f"{name}:{version.stamp.as_text()}")
        if on_progress is not None and len(lines) % 10_000 == 0:
            on_progress(len(lines))


def iter_images(
    calls: BucketCalls, layout: Layout, *, after: str | None = None
) -> Iterator[tuple[str, Version | None]]:
    """The name and version of everything where images are kept. Without a version, it is a folder that is not
    entered. ``after`` as for :meth:`BucketClient.iter_versions`.
    """
    folder = layout.images_folder
    begin = len(folder) + 1 if folder else 0
    folders: set[str] = set()
    for versions in calls.client.iter_versions(folder, after=after):
        for version in versions:
            name = version.path[begin:]
            if not folder:
                if may_be_picture(name) and not is_in_passed_over(name) and not layout.is_ignored(name):
                    yield name, version
            elif "/" not in name:
                yield name, version
            elif (below := name.partition("/")[0]) not in folders:
                folders.add(below)
                yield below, None


def fill_range(
    calls: BucketCalls, layout: Layout, listing: MediaListing, names: NameRange, limit: int
) -> None:
    """Adds the images of a range of names to the listing, in order, up to ``limit`` of them.

    Raises:
        OSError: It cannot be listed to its end, or is not in order.
    """
    lines: list[str] = []
    listing.lines = lines
    before = names.after
    for name, version in iter_images(calls, layout, after=names.after or None):
        if version is None:
            if names.has(name):
                listing.odd.append(OddEntry(name, OddKind.FOLDER))
            continue
        if name <= before:
            raise PlaceError(
                errno.ENOTSUP,
                f"its server does not list in order: {name!r} comes after {before!r}",
                "scan it on one machine with `strandline scan`",
            )
        if not names.has(name):
            return
        if len(lines) == limit:
            listing.last = before
            return
        before = name
        listing.total_bytes += version.size_bytes
        lines.append(f"{name}:{version.stamp.as_text()}")


def iter_paths(calls: BucketCalls, folders: Sequence[str]) -> Iterator[str]:
    """The paths in the root (empty), in ``media``, or both; or in the whole tree. In no order."""
    if WHOLE_TREE in folders:
        for above, name in iter_tree(calls, is_in_passed_over):
            yield f"{above}/{name}" if above else name
        return
    for folder in dict.fromkeys(folders):
        names, versions = calls.client.list_level(folder)
        yield from (f"{folder}/{name}" if folder else name for name in names)
        yield from (version.path for version in versions if version.path not in names)


def iter_tree(calls: BucketCalls, leaves_out: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Folder and name of each object, and of each folder that keys show, lazily. Memory: the folders."""
    seen: set[str] = set()
    for versions in calls.client.iter_versions(""):
        for version in versions:
            path = version.path
            if leaves_out(path):
                continue
            above, _, name = path.rpartition("/")
            while above and above not in seen:
                seen.add(above)
                yield above.rpartition("/")[0], above.rpartition("/")[2]
                above = above.rpartition("/")[0]
            yield path.rpartition("/")[0], name


def is_below_hidden(path: str) -> bool:
    """Whether it is in a folder whose name begins with a dot."""
    return any(part.startswith(".") for part in path.split("/")[:-1])


def iter_files(calls: BucketCalls) -> Iterator[list[FoundFile]]:
    """Every object, also hidden ones, in pieces of up to 1,000."""
    for versions in calls.client.iter_versions(""):
        yield [FoundFile(version.path, version.size_bytes, True) for version in versions]


def find_entry(calls: BucketCalls, path: str) -> Entry | None:
    """What has this path. None if nothing has. One HEAD, and one LIST if it is no object."""
    with suppress(FileNotFoundError):
        return _entry(calls.client.head(path))
    if calls.client.has_any(path):
        return Entry(path, "folder", 0, 0.0, 0, "", is_here=True)
    return None


def describe(calls: BucketCalls, path: str) -> Entry:
    """The entry with this path. One HEAD for each part of it, if that is a file.

    Raises:
        FileNotFoundError: A part of it does not exist; ``filename`` is the path up to it.
        NotADirectoryError: A part of it is a file; ``filename`` is the path up to it.
    """
    if (found := find_entry(calls, path)) is not None:
        return found
    parts = path.split("/")
    for number in range(1, len(parts) + 1):
        above = "/".join(parts[:number])
        entry = find_entry(calls, above)
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), above)
        if entry.kind == "file":
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _entry(version: Version) -> Entry:
    return Entry(
        version.path,
        "file",
        version.size_bytes,
        version.modified_at.timestamp(),
        version.stamp.inode,
        "",
        is_here=True,
    )
