"""Thumbnails that all machines share, in a bucket: found there, given to the others, and drawn in advance.

A server never fails because of that place. A worker, which does nothing else there, says what is wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from strandline.errors import (
    DecoderUnavailableError,
    DecodingInterruptedError,
    DiskError,
    ImageTooLargeError,
    PictureTooLargeError,
    StrandlineError,
    UndecodablePictureError,
    UnsuitableFolderError,
)
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.proof_copies import ProofCopy
from strandline.logs import get_logger
from strandline.model.buckets import is_apart, is_bucket_address, overlap, parse_bucket_address
from strandline.model.defaults import TILE_SIZE
from strandline.model.image_files import ImageFile
from strandline.model.name_ranges import NameRange
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.pictures.decoding import Thumbnail, make_thumbnail
from strandline.pictures.shared_copies import (
    MAX_SHARED_BYTES,
    SHARED_SIZES,
    can_share,
    find_copy_in,
    shared_name_of,
)
from strandline.services.storage_dirs.presence import check_reachable
from strandline.services.workbench import Workbench

log = get_logger(__name__)

ROWS_AT_ONCE = 64
"""Looked for together."""

DRAWN_AT_ONCE = 4
"""Two are decoded, and the next two are read meanwhile. Each is in memory."""


class SharedThumbnails:
    """Those that all machines share, in a bucket, beside the storage directories. Thread-safe.

    :meth:`find` and :meth:`put` never raise: whatever is wrong there, a thumbnail is made here, and that is all.
    """

    def __init__(self, bench: Workbench, address: str) -> None:
        self._bench = bench
        self._address = parse_bucket_address(address)
        self._objects = bench.open_small_objects(address)
        self._warned = False

    def find(self, sha256: str, size: int) -> Thumbnail | None:
        """What another machine made of the picture whose bytes have this hash, checked as far as one can tell. One
        GET.
        """
        if size not in SHARED_SIZES:
            return None
        try:
            data = self._objects.find(shared_name_of(sha256, size), at_most=MAX_SHARED_BYTES)
        except OSError as error:
            self._warn(str(error.strerror or error))
            return None
        return None if data is None else find_copy_in(data, size)

    def put(self, sha256: str, size: int, made: Thumbnail) -> None:
        """Gives others what was made here. One PUT, and a statement."""
        if not can_share(made, size):
            return
        if (inside := self._find_overlap()) is not None:
            self._warn(f"it would be in {inside}, which it must be apart from")
            return
        try:
            self._objects.put_once(shared_name_of(sha256, size), made.data, made.media_type)
        except OSError as error:
            self._warn(str(error.strerror or error))

    def check_apart(self) -> None:
        """Checks that the place is in no storage directory. Cost: a statement.

        Raises:
            UnsuitableFolderError: It is in one, or in a trash.
        """
        if (inside := self._find_overlap()) is not None:
            raise UnsuitableFolderError(
                f"thumbnails cannot be shared at {self._address.text}, because that is in {inside}; change "
                "pictures.shared_thumbnails on every machine",
                path=self._address.text,
            )

    def has(self, sha256: str, size: int) -> bool:
        """Whether there is one. One HEAD.

        Raises:
            DiskError: The place does not answer well.
        """
        try:
            return self._objects.has(shared_name_of(sha256, size))
        except OSError as error:
            raise as_disk_error(error, "look for thumbnails at", self._address.text) from error

    def give(self, sha256: str, size: int, made: Thumbnail) -> bool:
        """Gives others what was made here, in a place that was checked. False if it is too large for others. One PUT.

        Raises:
            DiskError: The place does not answer well.
        """
        if not can_share(made, size):
            return False
        try:
            self._objects.put_once(shared_name_of(sha256, size), made.data, made.media_type)
        except OSError as error:
            raise as_disk_error(error, "put thumbnails at", self._address.text) from error
        return True

    def _find_overlap(self) -> str | None:
        """What the place is not apart from: a storage directory, or the trash of its bucket."""
        if not is_apart(self._address, self._bench.limits.s3.trash_prefix):
            return "the trash of the bucket"
        with self._bench.catalog.whole.read() as reader:
            roots = [sd.path for sd in reader.sds.list_storage_dirs() if is_bucket_address(sd.path)]
        return next((root for root in roots if overlap(parse_bucket_address(root), self._address)), None)

    def _warn(self, reason: str) -> None:
        """Once, and not for each picture."""
        if not self._warned:
            self._warned = True
            log.warning("thumbnails are not shared at %s: %s", self._address.text, reason)


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """The images of a range of which there is no thumbnail now."""

    never: int
    """That nobody can draw."""
    now: Sequence[str]
    """Why the others could not be read or drawn now, which says nothing about them."""


def draw_range(
    bench: Workbench,
    shared: SharedThumbnails,
    sd: StorageDir,
    names: NameRange,
    *,
    since: datetime | None,
    go_on: Callable[[int], bool],
) -> NotDrawn | None:
    """Draws the shared thumbnail of each proven image in the range that has none. Safe to repeat, also in several
    processes at once.

    Cost: a HEAD for each image; for those without a thumbnail also a GET, a drawing, and a PUT. Memory: four images.

    Args:
        bench: The tools.
        shared: Where they are shared.
        sd: The storage directory.
        names: The paths.
        since: Leave out what was proven before.
        go_on: Called with the number of images that are done since the last call. False ends it.

    Returns:
        What was not drawn, or None if ``go_on`` ended it.

    Raises:
        UnsuitableFolderError: They are shared in a place that is not apart.
        DiskError: The place does not answer well.
        MissingExtraError: No decoder is installed here.
        StorageDirOfflineError: Images could not be read because the storage directory cannot be reached.
    """
    shared.check_apart()
    never, now = 0, list[str]()
    at_once = max(bench.folder(sd).reads_at_once, 1)
    with (
        ThreadPoolExecutor(at_once, "strandline-look") as looking,
        ThreadPoolExecutor(DRAWN_AT_ONCE, "strandline-draw") as drawing,
        _Drawing(bench, shared, sd) as each,
    ):
        for rows in _iter_pages(bench, sd, names, since):
            by_hash = {row.proof.sha256: row for row in rows if row.proof is not None}
            there = looking.map(lambda sha256: shared.has(sha256, TILE_SIZE), by_hash)
            lacking = [row for row, is_there in zip(by_hash.values(), there, strict=True) if not is_there]
            if not go_on(len(rows) - len(lacking)):
                return None
            for found in drawing.map(each.draw, lacking):
                never += found.never
                now += found.now
                if not go_on(1):
                    return None
    if now:
        check_reachable(bench, sd)
    return NotDrawn(never, now)


def _iter_pages(
    bench: Workbench, sd: StorageDir, names: NameRange, since: datetime | None
) -> Iterator[list[ImageFile]]:
    after = names.after
    while True:
        with bench.catalog.read() as reader:
            rows = reader.ranges.list_proven(sd.number, after, names.through, limit=ROWS_AT_ONCE, since=since)
        if not rows:
            return
        yield rows
        after = rows[-1].path


class _Drawing:
    """Draws one image after the other, until its block ends. Thread-safe."""

    def __init__(self, bench: Workbench, shared: SharedThumbnails, sd: StorageDir) -> None:
        self._bench = bench
        self._shared = shared
        self._folder = bench.folder(sd)
        self._is_over = threading.Event()

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()

    def draw(self, row: ImageFile) -> NotDrawn:
        """Reads it, draws it, and gives it to all. An image that has gone, or has other bytes than its proof, is
        passed by: a scan or a verification says so.
        """
        if self._is_over.is_set():
            return NotDrawn(0, ())
        try:
            copy = self._folder.read_image(self._folder.layout.name_of(row.path)).copy
        except FileNotFoundError:
            return NotDrawn(0, ())
        except (TimeoutError, ImageTooLargeError, DiskError) as error:
            return NotDrawn(0, (_say(error),))
        try:
            return self._draw(row, copy)
        finally:
            copy.close()

    def _draw(self, row: ImageFile, copy: ProofCopy) -> NotDrawn:
        if row.proof is None or copy.sha256 != row.proof.sha256:
            return NotDrawn(0, ())
        limits = self._bench.limits
        try:
            made = make_thumbnail(
                copy.buffer, row.media_type, size=TILE_SIZE,
                max_pixels=limits.max_pixels, timeout_s=limits.decode_timeout_s,
            )  # fmt: skip
        except (UndecodablePictureError, PictureTooLargeError) as error:
            log.info("there is no thumbnail of %s: %s", row.path, error.message)
            return NotDrawn(1, ())
        except (DecoderUnavailableError, DecodingInterruptedError) as error:
            return NotDrawn(0, (error.message,))
        return NotDrawn(int(not self._shared.give(copy.sha256, TILE_SIZE, made)), ())


def _say(error: Exception) -> str:
    return error.message if isinstance(error, StrandlineError) else f"its bucket gave {error}"
