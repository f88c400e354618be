"""Exporting images to a folder, or as a stream of a ZIP archive, with a contact sheet and a manifest.

Each image is read once and proven while it is. What cannot be read is left out, with the reason, and stops nothing. A
folder is continued by the same call: what an earlier run wrote is read, and stays if it is the same.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from strandline.errors import (
    CatalogAwayError,
    CatalogError,
    CatalogLockedError,
    ImageNotFoundError,
    InvalidInputError,
    PlaceTakenError,
    RefusedError,
    StrandlineError,
)
from strandline.folders.export_folder import ExportFolder, check_free, write_new_file
from strandline.model.contact_sheet import format_sheet
from strandline.model.defaults import TILE_SIZE
from strandline.model.exports import (
    IMAGES,
    MANIFEST,
    SHEET,
    THUMBNAILS,
    ExportedImage,
    ExportReport,
    LeftOut,
    Names,
    correct_name,
    format_manifest,
    parse_manifest,
    plan_images,
    plan_unknown,
)
from strandline.model.image_files import ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.reports import ImageInfo
from strandline.model.zip_format import ZipWriter
from strandline.pictures.decoding import Thumbnail
from strandline.services.finding.describe import find_image_info, iter_images
from strandline.services.finding.explain import get_image
from strandline.services.finding.found_image import FoundImage
from strandline.services.steps import Steps
from strandline.services.storage_dirs.manage import list_storage_dirs
from strandline.services.storage_dirs.paths import check_target
from strandline.services.thumbnails import Thumbnails
from strandline.services.workbench import Workbench

PIECE_BYTES = 1 << 20

OnProgress = Callable[[int, int], object]
"""Called with the number of images that are done, and of all."""

_CONCERNS_ALL = (CatalogError, CatalogAwayError, CatalogLockedError)


class _Read(NamedTuple):
    """A planned image and its bytes."""

    image: ExportedImage
    found: FoundImage
    thumbnail: Thumbnail | None


def plan_export(
    bench: Workbench, image_ids: Iterable[ImageId], chosen: ImageFilter | None
) -> list[ExportedImage]:
    """The images with these ids, or all that the filter means, in their order. Reads only the catalog."""
    names = Names()
    if chosen is not None:
        return plan_images(iter_images(bench, chosen, None), names)
    known: dict[ImageId, ImageInfo | None] = {
        image_id: find_image_info(bench, image_id) for image_id in dict.fromkeys(image_ids)
    }
    planned = {each.image_id: each for each in plan_images(filter(None, known.values()), names)}
    return [planned.get(image_id) or plan_unknown(image_id, names) for image_id in known]


def export_to_folder(
    bench: Workbench,
    thumbnails: Thumbnails,
    plan: Sequence[ExportedImage],
    root: Path,
    on_progress: OnProgress,
    cancel: threading.Event | None = None,
) -> ExportReport:
    """Writes the images into the folder, which is made. Durable when it returns. Idempotent. ``cancel`` stops before
    the next image.

    Raises:
        RefusedError: It has something else in it, or is in a storage directory.
        DiskError: The disk refused. What was written stays, and the same call continues.
    """
    folder = ExportFolder(_check_target(bench, root), bench.scratch)
    earlier = _read_earlier(folder)
    folder.ensure_folders(())
    if earlier is None:  # first, so that a folder with anything else in it is known to be an export
        folder.write_page(MANIFEST, format_manifest([], [], complete=False))
    folder.ensure_folders((IMAGES, THUMBNAILS))
    kept = {each.image_id: each for each in earlier or [] if folder.has(IMAGES, each.name)}
    names = Names(each.name for each in (*plan, *kept.values()))
    done: list[ExportedImage] = []
    refused: list[LeftOut] = []
    already_there = 0
    steps = Steps(plan, cancel)
    for number, planned in enumerate(steps):
        on_progress(number, len(plan))
        known = kept.get(planned.image_id)
        image = planned if known is None else replace(planned, name=known.name, media_type=known.media_type)
        outcome = _read(bench, thumbnails, image, names)
        if isinstance(outcome, LeftOut):
            refused.append(outcome)
            continue
        with outcome.found:
            written, was_there = _write(folder, outcome, names, bench.now())
        done.append(written)
        already_there += was_there
    wanted = {each.image_id for each in done}
    shown = [*(each for each in kept.values() if each.image_id not in wanted), *done]
    folder.write_page(SHEET, format_sheet(shown, refused))
    folder.write_page(MANIFEST, format_manifest(shown, refused, complete=steps.complete))
    return ExportReport(tuple(plan), tuple(done), tuple(refused), already_there, steps.complete)


def export_to_zip(
    bench: Workbench,
    thumbnails: Thumbnails,
    plan: Sequence[ExportedImage],
    path: Path,
    on_progress: OnProgress,
) -> ExportReport:
    """Writes the images into a new ZIP archive, whole or not at all. Durable when it returns.

    Raises:
        PlaceTakenError: Something has the name; nothing is replaced.
        RefusedError: It would be in a storage directory.
        ImageNotFoundError: None of the images can be read.
        DiskError: The disk refused.
    """
    target = _check_target(bench, path)
    done: list[ExportedImage] = []
    refused: list[LeftOut] = []

    def iter_pieces() -> Iterator[bytes]:
        yield from _iter_zip(bench, thumbnails, plan, done, refused, on_progress)
        if not done and refused:
            raise refused[0].error

    write_new_file(target, iter_pieces())
    return ExportReport(tuple(plan), tuple(done), tuple(refused))


def iter_zip(bench: Workbench, thumbnails: Thumbnails, plan: Sequence[ExportedImage]) -> Iterator[bytes]:
    """The bytes of a ZIP archive with the images, at most a mebibyte at a time. Reads each image when its turn comes.

    Law: the same images give the same bytes.
    """
    return _iter_zip(bench, thumbnails, plan, [], [], lambda _done, _total: None)


def _iter_zip(
    bench: Workbench,
    thumbnails: Thumbnails,
    plan: Sequence[ExportedImage],
    done: list[ExportedImage],
    refused: list[LeftOut],
    on_progress: OnProgress,
) -> Iterator[bytes]:
    archive, names = ZipWriter(), Names(each.name for each in plan)
    for number, planned in enumerate(plan):
        on_progress(number, len(plan))
        outcome = _read(bench, thumbnails, planned, names)
        if isinstance(outcome, LeftOut):
            refused.append(outcome)
            continue
        image, found, small = outcome
        with found:
            try:
                buffer = found.lend_copy().buffer
            except StrandlineError as error:
                refused.append(LeftOut(image, error))
                continue
            with memoryview(buffer) as data:
                yield archive.begin_file(
                    f"{IMAGES}/{image.name}", size_bytes=len(data), crc32=zlib.crc32(data),
                    modified_at=_time_of(image),
                )  # fmt: skip
                for start in range(0, len(data), PIECE_BYTES):
                    yield bytes(data[start : start + PIECE_BYTES])
        if small is not None:
            yield from _pack(archive, f"{THUMBNAILS}/{image.thumbnail}", small.data, _time_of(image))
        done.append(image)
    yield from _pack(archive, SHEET, format_sheet(done, refused), None)
    yield from _pack(archive, MANIFEST, format_manifest(done, refused), None)
    yield archive.finish()


def _pack(archive: ZipWriter, name: str, data: bytes, at: datetime | None) -> Iterator[bytes]:
    yield archive.begin_file(name, size_bytes=len(data), crc32=zlib.crc32(data), modified_at=at)
    yield data


def _read(bench: Workbench, thumbnails: Thumbnails, planned: ExportedImage, names: Names) -> _Read | LeftOut:
    """The image, found and proven, with what its bytes say; or why it is left out."""
    try:
        found = get_image(bench, planned.image_id)
    except _CONCERNS_ALL:
        raise
    except StrandlineError as error:
        return LeftOut(planned, error)
    small = None
    with suppress(StrandlineError):  # not every type can be drawn on every machine
        small = thumbnails.get(found, TILE_SIZE)
    image = replace(
        correct_name(planned, found.media_type, names),
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        sd_id=found.sd.sd_id,
        sd_name=found.sd.name,
        path=found.relative_path,
        thumbnail=None if small is None else f"{planned.image_id}.{_extension_of(small)}",
    )
    return _Read(image, found, small)


def _extension_of(small: Thumbnail) -> str:
    return "webp" if small.media_type == "image/webp" else "jpg"


def _write(folder: ExportFolder, read: _Read, names: Names, now: datetime) -> tuple[ExportedImage, bool]:
    """Writes the image unless it is there. Returns it under the name that it has, and whether it was there."""
    image, found, small = read
    at = _time_of(image)
    mtime_ns = None if at is None else int(at.timestamp() * 1_000_000) * 1000
    if small is not None and not folder.has(THUMBNAILS, str(image.thumbnail)):
        folder.write_new(THUMBNAILS, str(image.thumbnail), small.data)
    while True:
        there = folder.find_sha256(IMAGES, image.name)
        if there == image.sha256:
            return image, True
        if there is None:
            with found.open() as source:
                if folder.write_new(IMAGES, image.name, source, mtime_ns):
                    return image, False
        image = replace(image, name=names.choose(image.name, image.media_type, at or now))


def _time_of(image: ExportedImage) -> datetime | None:
    return image.modified_at or image.taken_at


def _check_target(bench: Workbench, path: Path) -> Path:
    """The path without links.

    Raises:
        RefusedError: It is in a storage directory, or that is in it: the copies would be synced as new images.
    """
    target = Path(os.path.realpath(path))
    for sd in list_storage_dirs(bench):
        if target.is_relative_to(sd.path) or Path(sd.path).is_relative_to(target):
            raise RefusedError(
                f"{target} is inside of the storage directory {sd.name!r}, or around it, so what is exported would "
                "be synced; choose a folder elsewhere",
                path=str(target),
            )
    return target


def _read_earlier(folder: ExportFolder) -> list[ExportedImage] | None:
    """What an earlier export wrote into the folder; None if the folder is empty.

    Raises:
        PlaceTakenError: Something else is in it.
    """
    if folder.is_empty():
        return None
    manifest = folder.find_page(MANIFEST)
    try:
        if manifest is None:
            raise InvalidInputError(f"it has no {MANIFEST}")
        return parse_manifest(manifest)
    except InvalidInputError as error:
        raise PlaceTakenError(
            f"{folder.root} is not empty and no earlier export: {error.message}; choose an empty folder",
            path=str(folder.root),
        ) from error


def export_images(
    bench: Workbench,
    thumbnails: Thumbnails,
    plan: Sequence[ExportedImage],
    target: Path,
    *,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> ExportReport:
    """To an archive if the target's name ends in ``.zip``, otherwise to a folder. Raises as those, and
    ``InvalidPathError``.
    """
    check_any(plan)
    check_target(str(target))
    if dry_run:
        path = _check_target(bench, target)
        if is_archive(target):
            check_free(path)
        else:
            _read_earlier(ExportFolder(path, bench.scratch))
        return ExportReport(tuple(plan))
    tell = on_progress or (lambda _done, _total: None)
    if is_archive(target):
        return export_to_zip(bench, thumbnails, plan, target, tell)
    return export_to_folder(bench, thumbnails, plan, target, tell, cancel)


def is_archive(target: Path) -> bool:
    """Whether the name is that of a ZIP archive. A folder may have it, too."""
    return target.suffix.lower() == ".zip" and not os.path.isdir(target)


def check_any(plan: Sequence[ExportedImage]) -> None:
    """Raises ``ImageNotFoundError`` if there is nothing to export."""
    if not plan:
        raise ImageNotFoundError("no image matches, so there is nothing to export")
