"""Saving: bytes become an image in a storage directory, once, and never half (SPEC §7).

The order is the promise (SPEC §13): temporary, bytes, fsync, link, fsync of the folder, then the row and its event in
one durable writer. Saving the same bytes again writes nothing. ``attempt`` is what happens for each image, and
``save_named`` what differs if pictures have names.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from strandline.errors import (
    ImageIdMismatchError,
    RefusedError,
    UnsupportedImageError,
)
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.layout import LAYOUTS
from strandline.model.media_types import SNIFF_BYTES, MediaType, is_raw_photograph
from strandline.model.reports import Saved
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.proving.prove import ATTEMPTS
from strandline.services.saving.attempt import Attempt
from strandline.services.saving.intake import Source, TakenSource, is_in_hand, take_source
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    import os

    from strandline.services.saving.placing import Placing

_BY_ID = "PNG, JPEG, GIF, WebP, SVG, HEIC, HEIF, AVIF"
_SUPPORTED = {LayoutKind.IDS: _BY_ID, LayoutKind.NAMED: f"{_BY_ID}, BMP, TIFF, ICO, JPEG XL"}


def save_image(
    bench: Workbench,
    source: Source,
    sd: StorageDir,
    *,
    name: str | None = None,
    image_id: ImageId | None = None,
    modified_at: datetime | None = None,
    note: str | os.PathLike[str] | None = None,
    keeps_name: bool = False,
) -> Saved:
    """Saves one image durably and registers it. Once this returns, a power cut cannot lose it.

    Idempotent: the same bytes in the same SD give the same id and file name, and write nothing.

    Args:
        source: Bytes, a path, or a readable binary stream.
        sd: The target. An image that is in another SD is saved here as well.
        name: The original name, remembered for people. By default, a path's own name.
        image_id: The caller's own id. A content id must match the bytes.
        modified_at: When the bytes' own file was last written to; by default, a path's own mtime.
        note: The note that the picture is for, in a folder of named pictures: its path from the root, or absolute.
        keeps_name: In a folder of named pictures, the name stays as it is if every system takes it.

    Raises:
        EmptyImageError, UnsupportedImageError, ImageTooLargeError, ImageIdMismatchError: The input is invalid.
        SourceNotFoundError, InvalidPathError, UnreadableFileError: The path names no readable file.
        WrongBytesError: A legacy id, or a folder of named pictures, for bytes that are no whole image. Nothing could
            ever prove them.
        EntryNotFoundError: There is no such note.
        DifferentBytesError: The legacy id already names other, whole bytes here.
        ReadOnlyStorageDirError, CopiedStorageDirError: The SD must not be written to.
        StorageDirOfflineError, StorageDirIncompleteError: It cannot be done now.
        DiskFullError, DiskError: The disk refused, or did not answer in time. The image is not in the catalog.
    """
    sd = check_writable(bench, sd)
    taken = replace(take_source(bench, source, name, modified_at), keeps_name=keeps_name)
    return save_taken(bench, taken, sd, image_id=image_id, note=note, is_checked=is_in_hand(source))


def save_taken(
    bench: Workbench,
    taken: TakenSource,
    sd: StorageDir,
    *,
    image_id: ImageId | None = None,
    note: str | os.PathLike[str] | None = None,
    is_checked: bool = True,
) -> Saved:
    """Saves a source that was read already. ``is_checked``: the SD could be written to just now. Raises as
    :func:`save_image`.
    """
    media_type = sniff(taken, sd)
    wanted = _decide_id(taken, image_id, sd)
    for _ in range(ATTEMPTS):
        if not is_checked:  # reading the source may have taken minutes
            sd = check_writable(bench, sd)
        is_checked = False
        saved = begin_attempt(bench, sd, taken, media_type, wanted, begin_placing(bench, sd, note)).run()
        if saved is not None:
            return saved
    raise RefusedError(
        f"other programs keep changing the files of image {wanted} in {sd.name!r}; try again", image_id=wanted
    )


def sniff(taken: TakenSource, sd: StorageDir) -> MediaType:
    """The type that the bytes show. Raises ``UnsupportedImageError`` if it is none that images have there."""
    media_type = LAYOUTS[sd.layout].sniff(bytes(taken.buffer[:SNIFF_BYTES]))
    if media_type is None or is_raw_photograph(media_type, taken.original_name):
        raise UnsupportedImageError(
            f"{taken.subject} is not an image of a supported type ({_SUPPORTED[sd.layout]})",
            source=taken.source,
        )
    return media_type


def begin_placing(bench: Workbench, sd: StorageDir, note: str | os.PathLike[str] | None) -> Placing | None:
    """The place of new pictures if they have names. None if the SD keeps its images by id.

    Raises:
        InvalidInputError, EntryNotFoundError: The note is none there, or makes no difference.
    """
    from strandline.services.saving.placing import Placing, check_has_no_note  # here: most folders have ids

    if sd.layout is LayoutKind.NAMED:
        return Placing(bench, sd, note)
    check_has_no_note(sd, note)
    return None


def begin_attempt(
    bench: Workbench,
    sd: StorageDir,
    taken: TakenSource,
    media_type: MediaType,
    image_id: ImageId,
    placing: Placing | None,
) -> Attempt:
    """An attempt to save the image, by the layout of its SD."""
    folder = bench.folder(sd)
    if placing is None:
        return Attempt(bench, sd, folder, taken, media_type, image_id)
    from strandline.services.saving.save_named import NamedAttempt

    return NamedAttempt(bench, sd, folder, taken, media_type, image_id, placing)


def _decide_id(taken: TakenSource, given: ImageId | None, sd: StorageDir) -> ImageId:
    own = content_id_of(taken.copy.sha256)
    if given is not None and not is_content_id(given) and sd.layout is LayoutKind.NAMED:
        raise ImageIdMismatchError(
            f"{sd.name!r} is a folder with named pictures, whose ids are those of their bytes ({own}); leave the id "
            "out",
            image_id=given,
            content_id=own,
        )
    if given is None:
        return own
    if is_content_id(given) and given != own:
        raise ImageIdMismatchError(
            f"the bytes have the content id {own}, not {given}; leave the id out",
            image_id=given,
            content_id=own,
        )
    return given
