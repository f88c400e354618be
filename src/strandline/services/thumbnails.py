"""Thumbnails: made only from proven bytes, and stored under the hash of exactly those bytes."""

from __future__ import annotations

from strandline.errors import InvalidInputError
from strandline.pictures.cache import ThumbnailCache
from strandline.pictures.decoding import MAX_SIZE, Thumbnail, make_thumbnail
from strandline.services.finding.found_image import FoundImage
from strandline.services.workbench import Workbench


def find_thumbnail(cache: ThumbnailCache, found: FoundImage, size: int) -> Thumbnail | None:
    """The thumbnail of a found image if it is in the cache. Cost: one small read. Never uses a decoder."""
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInputError(
            f"a thumbnail has between 1 and {MAX_SIZE} pixels a side, not {size}", size=size
        )
    return cache.find(found.sha256, size) if found.proven else None


def get_thumbnail(bench: Workbench, cache: ThumbnailCache, found: FoundImage, size: int) -> Thumbnail:
    """The thumbnail of a found image, from the cache or newly made and cached.

    An image without a proof by hash or structure is never cached.

    Raises:
        InvalidInputError: ``size`` is out of bounds.
        UndecodablePictureError, PictureTooLargeError: It cannot be made.
    """
    cached = find_thumbnail(cache, found, size)
    if cached is not None:
        return cached
    made = make_thumbnail(
        found.lend_copy().buffer,
        found.media_type,
        size=size,
        max_pixels=bench.limits.max_pixels,
        timeout_s=bench.limits.decode_timeout_s,
    )
    if found.proven:
        cache.put(found.sha256, size, made)
    return made
