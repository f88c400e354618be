"""Describing: what the catalog knows of one image, or of a page of images. Reads no bytes."""

from __future__ import annotations

import sqlite3

from strandline.catalog import image_files, images, origins, storage_dirs
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.reports import ImageFileReport, ImageInfo, ImagePage
from strandline.model.states import HERE
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Workbench


def find_image_info(bench: Workbench, image_id: ImageId) -> ImageInfo | None:
    """What the catalog knows of the image, or None where it has no file of it. Cost: four statements."""
    with bench.catalog.snapshot() as conn:
        return describe_image(conn, image_id, _storage_dirs_by_number(conn))


def list_images(
    bench: Workbench,
    *,
    sd: StorageDir | None,
    state: FileState | None,
    after: str | None,
    limit: int,
) -> ImagePage:
    """A page of the images that match, newest first, each once.

    Raises:
        InvalidCursorError: ``after`` is no cursor of ours.
    """
    chosen = images.ImageFilter(None if sd is None else sd.number, state)
    start = None if after is None else images.parse_cursor(after)
    with bench.catalog.snapshot() as conn:
        ids, last = images.list_image_ids(conn, chosen, after=start, limit=limit)
        sds = _storage_dirs_by_number(conn)
        found = [info for image_id in ids if (info := describe_image(conn, image_id, sds)) is not None]
        total = images.count_images(conn, chosen)
    return ImagePage(tuple(found), total, None if last is None else images.format_cursor(last))


def describe_image(
    conn: sqlite3.Connection, image_id: ImageId, sds: dict[int, StorageDir]
) -> ImageInfo | None:
    """The same from an open connection, for pages of images; ``sds`` by number."""
    rows = image_files.list_rows_of_image(conn, image_id)
    if not rows:
        return None
    files = tuple(ImageFileReport(row, sds[row.sd]) for row in sorted(rows, key=_best_first))
    return ImageInfo(image_id, files, tuple(origins.list_original_names(conn, image_id)))


def _best_first(row: ImageFile) -> tuple[bool, bool, bool]:
    """Proven before present before anything else that is here; the order of adding decides between equals."""
    return (not row.is_proven, row.state is not FileState.PRESENT, row.state not in HERE)


def _storage_dirs_by_number(conn: sqlite3.Connection) -> dict[int, StorageDir]:
    return {sd.number: sd for sd in storage_dirs.list_storage_dirs(conn)}
