"""Describing: what the catalog knows about one image, or about a page of images. Reads no bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from strandline.catalog import images
from strandline.catalog.port import Reader
from strandline.errors import AmbiguousImageIdError, InvalidImageIdError
from strandline.model.conflict_copies import find_shown
from strandline.model.image_files import FileState, ImageCursor, ImageFile, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.reports import ImageFileReport, ImageInfo, ImagePage
from strandline.model.states import HERE
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.sync_names import put_copies_last
from strandline.services.finding.candidates import sort_rows
from strandline.services.workbench import Workbench

PAGE = 500
"""Images that are read at once: some 20 ms, and half a megabyte in memory."""

MAX_CANDIDATES = 20
"""Of an ambiguous beginning. More would not help anybody to choose."""

EVERYWHERE = ImageFilter()
"""All image files."""

SHOWN_CANDIDATES = 5
"""In the message, which is one line."""


def find_image_info(
    bench: Workbench, image_id: ImageId, within: ImageFilter = EVERYWHERE
) -> ImageInfo | None:
    """What the catalog knows about the image, or None if it has no file of it. Cost: four statements.

    Files that are ``within`` the filter's storage directory and folder come first.
    """
    with bench.catalog.snapshot() as reader:
        return next(iter(describe_images(reader, [image_id], within)), None)


def complete_image_id(bench: Workbench, digits: str) -> ImageId:
    """The only known image id that begins with these digits, by the catalog alone.

    Raises:
        AmbiguousImageIdError: There are several.
        InvalidImageIdError: There is none. The image may be on a disk all the same, so this is not "not found".
    """
    with bench.catalog.read() as reader:
        ids = reader.files.list_ids_beginning_with(digits, limit=MAX_CANDIDATES) if digits.isascii() else []
    match ids:
        case [only]:
            return only
        case []:
            raise InvalidImageIdError(
                f"no known image has an id that begins with {digits}; give the whole id to search the disks, too",
                value=digits,
            )
    shown = ", ".join(ids[:SHOWN_CANDIDATES]) + (" …" if len(ids) > SHOWN_CANDIDATES else "")
    raise AmbiguousImageIdError(
        f"several images have ids that begin with {digits}: {shown}; give more digits",
        value=digits,
        candidates=ids,
    )


def list_images(bench: Workbench, chosen: ImageFilter, *, after: str | None, limit: int) -> ImagePage:
    """A page of the matching images in their order, each once.

    Raises:
        InvalidCursorError: ``after`` is no valid cursor of this listing.
    """
    start = None if after is None else images.parse_cursor(after, chosen)
    with bench.catalog.snapshot() as reader:
        ids, last = reader.images.list_image_ids(chosen, after=start, limit=limit)
        found = describe_images(reader, ids, chosen)
        total = reader.images.count_images(chosen)
    return ImagePage(tuple(found), total, None if last is None else images.format_cursor(last, chosen))


def iter_images(bench: Workbench, chosen: ImageFilter, after: str | None = None) -> Iterator[ImageInfo]:
    """All matching images in their order, or those after the cursor, read page by page. Nothing is counted.

    An image that is there all the time and keeps its place is given once, whatever changes meanwhile.
    """
    start = None if after is None else images.parse_cursor(after, chosen)
    return _iter_after(bench, chosen, start)


def _iter_after(bench: Workbench, chosen: ImageFilter, start: ImageCursor | None) -> Iterator[ImageInfo]:
    while True:
        with bench.catalog.snapshot() as reader:
            ids, start = reader.images.list_image_ids(chosen, after=start, limit=PAGE)
            found = describe_images(reader, ids, chosen)
        yield from found
        if start is None:
            return


def describe_images(
    reader: Reader, image_ids: Sequence[ImageId], within: ImageFilter = EVERYWHERE
) -> list[ImageInfo]:
    """The same for many images, from an open connection, in their order. Cost: three statements,
    and one more if some of them have no good file.

    In the listing of a folder, an image is called, and is, as its file there, wherever else a better one is.
    """
    rows = reader.files.list_rows_of_images(image_ids)
    names = reader.origins.list_names_of_images(image_ids)
    sds = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
    from_copies = _find_shown_by_copies(reader, rows, sds)
    found = []
    for image_id in image_ids:
        if image_id in rows:
            files = tuple(
                ImageFileReport(row, sds[row.sd])
                for row in sorted(
                    sort_rows(rows[image_id], sds),
                    key=lambda row: (not _is_within(row, within), _best_first(row)),
                )
            )
            called = _put_own_names_first(files, names.get(image_id, ()))
            best = files[0]
            is_asked_for = (within.sd, within.folder) != (None, None) and _is_within(best.file, within)
            if is_asked_for and best.sd.layout is LayoutKind.NAMED:
                called = tuple(dict.fromkeys((best.filename, *called)))
            found.append(ImageInfo(image_id, files, called, image_id in from_copies))
    return found


def _is_within(row: ImageFile, chosen: ImageFilter) -> bool:
    """Whether the file is in the storage directory and folder that the filter names, if it names any."""
    is_in_sd = chosen.sd is None or row.sd == chosen.sd
    return is_in_sd and (chosen.folder is None or row.path.startswith(f"{chosen.folder}/"))


def _put_own_names_first(files: Sequence[ImageFileReport], names: Sequence[str]) -> tuple[str, ...]:
    """The image's names, and before them those that its files have now, if people gave them: that of the best file
    first, and a name that no file has any more after all that some have. In both parts, names of copies are last.
    """
    own = [
        each.file.filename
        for each in files
        if each.sd.layout is LayoutKind.NAMED and each.state in HERE and each.absent_since is None
    ]
    return tuple(dict.fromkeys((*put_copies_last(own), *put_copies_last(names))))


def _find_shown_by_copies(
    reader: Reader, rows: Mapping[ImageId, Sequence[ImageFile]], sds: Mapping[int, StorageDir]
) -> set[ImageId]:
    """The images without a good file that a conflict copy shows, in a storage directory that can be read now."""
    lacking = [image_id for image_id, files in rows.items() if not any(map(_may_be_good, files))]
    if not lacking:
        return set()
    return find_shown(copy for copy in reader.copies.list_copies_of(lacking) if sds[copy.sd].is_reachable)


def _may_be_good(row: ImageFile) -> bool:
    return row.state is FileState.ONLINE_ONLY or (row.state is FileState.PRESENT and row.absent_since is None)


def _best_first(row: ImageFile) -> tuple[bool, bool, bool]:
    """Proven before present before anything else that is here. If equal, by the order of adding."""
    return (not row.is_proven, row.state is not FileState.PRESENT, row.state not in HERE)
