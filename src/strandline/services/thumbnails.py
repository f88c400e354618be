"""Thumbnails: made only from proven bytes, and stored under the hash of exactly those bytes, here and for others.

A picture that cannot be drawn is not tried again for a while, so one hostile picture cannot keep the decoders busy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from strandline.errors import InvalidInputError, PictureTooLargeError, UndecodablePictureError
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass
from strandline.pictures.cache import ThumbnailCache
from strandline.pictures.decoding import MAX_SIZE, Thumbnail, make_thumbnail
from strandline.services.finding.found_image import FoundImage
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.services.shared_thumbnails import SharedThumbnails

REFUSED_FOR_S = 300.0
"""After this time, a picture that failed only because the machine was busy is tried again."""

AWAY_OR_HERE = (FileState.PRESENT, FileState.ONLINE_ONLY)
"""Files whose proof is that of their bytes, wherever these are now."""

MAX_REFUSED = 1000
"""Bounds the memory. A forgotten picture is tried again."""

RefusedError = UndecodablePictureError | PictureTooLargeError


class Thumbnails:
    """The thumbnails of one store. Thread-safe."""

    def __init__(self, bench: Workbench, cache: ThumbnailCache) -> None:
        self._bench = bench
        self.cache = cache
        self._shared = _open_shared(bench)
        self._refusals = _Refusals(bench.monotonic)

    def find(self, found: FoundImage, size: int) -> Thumbnail | None:
        """The thumbnail of a found image if it is in the cache. Cost: one small read. Never uses a decoder.

        Raises:
            InvalidInputError: ``size`` is out of bounds.
            UndecodablePictureError, PictureTooLargeError: It could not be made a short while ago.
        """
        if not 1 <= size <= MAX_SIZE:
            raise InvalidInputError(
                f"a thumbnail has between 1 and {MAX_SIZE} pixels a side, not {size}",
                parameter="size",
                value=size,
            )
        cached = self.cache.find(found.sha256, size) if found.proven else None
        if cached is None:
            self._refusals.check(found.sha256, size)
        return cached

    def get(self, found: FoundImage, size: int) -> Thumbnail:
        """The thumbnail of a found image, from the cache, from another machine, or newly made and cached.

        An image without a proof by hash or structure is never cached.

        Raises:
            InvalidInputError: ``size`` is out of bounds.
            UndecodablePictureError, PictureTooLargeError: It cannot be made.
        """
        cached = self.find(found, size)
        if cached is not None:
            return cached
        shared = self._shared if found.proven else None
        if shared is not None and (there := shared.find(found.sha256, size)) is not None:
            self.cache.put(found.sha256, size, there)
            return there
        limits = self._bench.limits
        try:
            made = make_thumbnail(
                found.lend_copy().buffer,
                found.media_type,
                size=size,
                max_pixels=limits.max_pixels,
                timeout_s=limits.decode_timeout_s,
            )
        except (UndecodablePictureError, PictureTooLargeError) as error:
            self._refusals.add(found.sha256, size, error)
            raise
        if found.proven:
            self.cache.put(found.sha256, size, made)
        if shared is not None:
            shared.put(found.sha256, size, made)
        return made

    def find_by_hash(self, sha256: str, size: int) -> Thumbnail | None:
        """The thumbnail of the bytes with this hash if it is in the cache. Never uses a decoder."""
        return self.cache.find(sha256, size)

    def recall(self, image_id: ImageId, size: int) -> Thumbnail | None:
        """A small copy of an image whose bytes are away now, from when they were here: if it is in the cache.

        Cost: one statement, and a small read for each proof. Never uses a decoder.
        """
        with self._bench.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(image_id)
        proofs = dict.fromkeys(row.proof.sha256 for row in rows if row.proof and row.state in AWAY_OR_HERE)
        return next((small for sha256 in proofs if (small := self.cache.find(sha256, size))), None)

    def draw(self, data: bytes, media_type: str, size: int) -> Thumbnail:
        """A small copy of bytes that prove nothing, such as another image under an image's name. Never cached.

        Raises:
            UndecodablePictureError, PictureTooLargeError: It cannot be made.
        """
        import hashlib  # here: most commands draw nothing

        sha256, limits = hashlib.sha256(data).hexdigest(), self._bench.limits
        self._refusals.check(sha256, size)
        try:
            return make_thumbnail(
                data, media_type, size=size, max_pixels=limits.max_pixels, timeout_s=limits.decode_timeout_s
            )
        except (UndecodablePictureError, PictureTooLargeError) as error:
            self._refusals.add(sha256, size, error)
            raise


def _open_shared(bench: Workbench) -> SharedThumbnails | None:
    if not bench.limits.shared_thumbnails:
        return None
    from strandline.services.shared_thumbnails import SharedThumbnails  # here: few share any

    return SharedThumbnails(bench, bench.limits.shared_thumbnails)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a picture could not be drawn."""

    error: RefusedError
    size: int
    until_s: float


class _Refusals:
    """Remembers pictures that could not be drawn, by the hash of their bytes. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._refusals: dict[str, _Refusal] = {}

    def check(self, sha256: str, size: int) -> None:
        """Raises the earlier error again. If only the time was too short, a smaller copy may be tried."""
        with self._lock:
            known = self._refusals.get(sha256)
        if known is None or self._monotonic() >= known.until_s:
            return
        if isinstance(known.error, UndecodablePictureError) or size >= known.size:
            raise type(known.error)(known.error.message, **known.error.facts)

    def add(self, sha256: str, size: int, error: RefusedError) -> None:
        """It could not be drawn now."""
        with self._lock:
            self._refusals.pop(sha256, None)
            while len(self._refusals) >= MAX_REFUSED:
                del self._refusals[next(iter(self._refusals))]
            self._refusals[sha256] = _Refusal(error, size, self._monotonic() + REFUSED_FOR_S)
