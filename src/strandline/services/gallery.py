"""The gallery's listing: any page of a hundred thousand images, by month and position or by cursor.

A virtual list needs to know its length before it shows anything, and may jump anywhere. So one walk counts the months
and notes every five-hundredth position. A page then costs a short walk from the nearest noted position. If the
walk is long, a change does not make the next request wait for a new one. The answer comes from the last walk and says
that it is not fresh, while the next walk runs.

If the catalog counts the months itself, a page is looked for from the beginning of its month. Inside a long month,
positions are noted when somebody goes there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from strandline.catalog import images
from strandline.catalog.image_months import find_start
from strandline.errors import StrandlineError
from strandline.model.image_files import ImageCursor, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.months import Months
from strandline.model.reports import ImageFileReport, ImagePage
from strandline.model.values import dataclass
from strandline.services.finding.describe import describe_images
from strandline.services.storage_dirs.manage import StorageDirRef, as_storage_dir
from strandline.services.workbench import Workbench

EVERY = 500
"""Images between two recorded places: a walk over this many costs a millisecond. A million images need 2,000
places.
"""

QUICK_S = 0.02
"""A walk that takes at most this long is repeated at once after a change."""

QUICK_IMAGES = 500
"""So is a walk over at most this many, however busy the machine was during the last one: it costs a millisecond."""

MAX_STEPS = 2000
"""Files and folders that are passed while the folders in one are listed: some 5 ms."""

REST_S = 1.0
"""Minimum pause between two long walks. It is also at least five times their cost, so walks never take all the
time.
"""

MAX_KEPT = 16
"""Filters whose walk is remembered, and months: some 100 KB each for a million images."""


@dataclass(slots=True)
class _Walk:
    """The last walk for one filter, and when it may be repeated."""

    found: Months
    catalog_version: int
    cost_s: float
    ended_s: float
    is_under_way: bool = False


class _Marks(NamedTuple):
    """Positions inside one month of one listing, from a walk over it."""

    cursors: list[ImageCursor]
    images: int
    """Of the month, when it was walked. While there are as many, the positions are good enough: a page begins at most
    a few images beside the one that was asked for, and no page that follows it repeats or skips any.
    """
    rests_until_s: float
    """As long it is not repeated, whatever changes."""


class Neighbors(NamedTuple):
    """The images beside one in a listing, by their ids."""

    before: ImageId | None
    after: ImageId | None


class Gallery:
    """The listings of one store. Thread-safe. Close it before the catalog."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        self._one_waits = threading.Lock()
        self._walks: dict[ImageFilter, _Walk] = {}
        self._marks: dict[tuple[ImageFilter, str], _Marks] = {}

    def begin(self) -> None:
        """Starts the walk over all images in the background, so the first request waits less."""
        self._behind(self.get_months, ImageFilter())

    def get_months(self, chosen: ImageFilter, *, patience_s: float | None = None) -> Months:
        """The months of the matching images. Waits for a walk only the first time, or if the last one took at most
        ``patience_s`` (:data:`QUICK_S`). Otherwise, after a change, they are those from before it, and say that
        they are not fresh.

        If several threads ask for the first time, one walks and the others wait for it.
        """
        found = self._find_months(chosen, patience_s)
        if found is None:
            with self._one_waits:
                found = self._find_months(chosen, patience_s) or self._walk(chosen)
        return found

    def _find_months(self, chosen: ImageFilter, patience_s: float | None) -> Months | None:
        """The months of the last walk, if they may still be used."""
        version = self._bench.catalog.read_version()
        with self._lock:
            walk = self._walks.get(chosen)
            if walk is None:
                return None
            if walk.catalog_version == version:
                return walk.found
            if (
                walk.cost_s <= (QUICK_S if patience_s is None else patience_s)
                or walk.found.total <= QUICK_IMAGES
            ):
                return None
            self._walk_behind(chosen, walk)
            return replace(walk.found, is_fresh=False)

    def list_month(self, chosen: ImageFilter, month: str, *, offset: int, limit: int) -> ImagePage:
        """The page that starts this many images into the month and continues into older ones. Empty if there is no
        such image.
        """
        found = self.get_months(chosen)
        position = found.find_position(month, offset)
        if position is None:
            return ImagePage((), found.total, None)
        start: ImageCursor | None = None
        marks: Sequence[ImageCursor] = found.cursors or ()
        if found.cursors is None:
            start, position = find_start(month, reverse=chosen.reverse), offset
            marks = self._mark(chosen, month, dict(found.months)[month]) if offset >= EVERY else ()
        at = min(position // EVERY, len(marks))
        after = marks[at - 1] if at else start
        return self._list(chosen, found.total, after=after, skip=position - at * EVERY, limit=limit)

    def list_after(self, chosen: ImageFilter, *, after: str | None, limit: int) -> ImagePage:
        """The page after a cursor, or the first one.

        Raises:
            InvalidCursorError: ``after`` is no valid cursor.
        """
        start = None if after is None else images.parse_cursor(after, chosen)
        return self._list(chosen, self.get_months(chosen).total, after=start, skip=0, limit=limit)

    def find_neighbors(self, chosen: ImageFilter, image_id: ImageId) -> Neighbors:
        """The images before and after this one in the listing. None at an end, and both if it is not in it."""
        with self._bench.catalog.snapshot() as reader:
            place = reader.images.find_place(chosen, image_id)
            if place is None:
                return Neighbors(None, None)
            before, after = (
                reader.images.list_image_ids(each, after=place, limit=1)[0]
                for each in (replace(chosen, reverse=not chosen.reverse), chosen)
            )
        return Neighbors(next(iter(before), None), next(iter(after), None))

    def list_files_without_id(self, chosen: ImageFilter, *, limit: int) -> list[ImageFileReport]:
        """Up to ``limit`` matching files of named pictures that are in no page, because nobody has read them as a
        whole: they are still arriving, or damaged. By storage directory and path. Cost: proportional to them.
        """
        with self._bench.catalog.snapshot() as reader:
            sds = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
            found = reader.images.list_files_without_id(chosen, limit=limit)
        return [ImageFileReport(row, sds[row.sd]) for row in found]

    def list_subfolders(self, sd: StorageDirRef, folder: str | None) -> list[str]:
        """The names of the folders in this folder of the storage directory (None: all of it) that have images, by
        name. In a folder of thousands of files and folders, those among the first 2,000.
        """
        number = as_storage_dir(self._bench, sd).number
        with self._bench.catalog.read() as reader:
            return reader.images.list_subfolders(number, folder, steps=MAX_STEPS)

    def _list(
        self, chosen: ImageFilter, total: int, *, after: ImageCursor | None, skip: int, limit: int
    ) -> ImagePage:
        with self._bench.catalog.snapshot() as reader:
            ids, last = reader.images.list_image_ids(chosen, after=after, limit=skip + limit)
            found = tuple(describe_images(reader, ids[skip:], chosen))
        return ImagePage(found, total, None if last is None else images.format_cursor(last, chosen))

    def _mark(self, chosen: ImageFilter, month: str, images: int) -> Sequence[ImageCursor]:
        """The positions of the month. A walk over it, unless it has as many images as during the last one, or that
        one was long and recent.
        """
        with self._one_waits:
            began_s = self._bench.monotonic()
            marks = self._marks.pop((chosen, month), None)
            if marks is None or (marks.images != images and began_s >= marks.rests_until_s):
                with self._bench.catalog.snapshot() as reader:
                    cursors = reader.images.list_marks(chosen, month, every=EVERY)
                ended_s = self._bench.monotonic()
                cost_s = ended_s - began_s
                marks = _Marks(cursors, images, ended_s + (5 * cost_s if cost_s > QUICK_S else 0.0))
            self._marks[chosen, month] = marks
            while len(self._marks) > MAX_KEPT:
                del self._marks[next(iter(self._marks))]
        return marks.cursors

    def _walk_behind(self, chosen: ImageFilter, walk: _Walk) -> None:
        now_s = self._bench.monotonic()
        if not walk.is_under_way and now_s - walk.ended_s >= max(REST_S, 5 * walk.cost_s):
            walk.is_under_way = True

            def walk_again(chosen: ImageFilter) -> Months:
                try:
                    return self._walk(chosen)
                finally:
                    walk.is_under_way = False  # if it failed, the next request tries again

            self._behind(walk_again, chosen)

    def _behind(self, call: Callable[[ImageFilter], Months], chosen: ImageFilter) -> None:
        def run() -> None:
            with suppress(StrandlineError):  # closed meanwhile; otherwise the next request reports the error
                call(chosen)

        threading.Thread(target=run, name="strandline-gallery", daemon=True).start()

    def _walk(self, chosen: ImageFilter) -> Months:
        version = self._bench.catalog.read_version()
        began_s = self._bench.monotonic()
        with self._bench.catalog.snapshot() as reader:
            places = reader.images.list_places(chosen, every=EVERY)
        ended_s = self._bench.monotonic()
        found = Months(places.months, places.cursors, f"{self._bench.catalog.epoch}-{version}", places.files)
        with self._lock:
            self._walks.pop(chosen, None)
            self._walks[chosen] = _Walk(found, version, ended_s - began_s, ended_s)
            while len(self._walks) > MAX_KEPT:
                del self._walks[next(iter(self._walks))]
        return found
