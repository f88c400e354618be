"""Hot images: originals that were handed out a moment ago, found again without asking the catalog or a thread.

A page that is reloaded, a slide show and a wiki with one logo ask for the same few files again and again. For a
second after a whole lookup its answer is believed as to *where* the image lies, as long as nobody has committed
anything to the catalog. What surprises: it is never believed as to the bytes. The file is opened anew each time,
and it must be the proven one. Only an image that is sent as it is can be hot: what must be made of an image first is
never made on the event loop.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from strandline.catalog.commits import CommitObserver
from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.services.finding.hand_out import HandOut
from strandline.services.workbench import Workbench
from strandline.web.images.plan import Wish, variant_of

BELIEVED_S = 1.0
"""For so long a storage directory may have been replaced by another one unnoticed; the file itself cannot."""

MAX_BYTES = 256 * 1024
"""Of an image: reading it, from memory by then, must take no longer than a crossing to a thread."""

MAX_KEPT = 1024


class _Hot(NamedTuple):
    found: HandOut
    version: int
    until_s: float


class HotImages:
    """What was handed out last. Thread-safe. Close it before the catalog."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        self._hot: dict[tuple[ImageId, str | None], _Hot] = {}
        self._commits = CommitObserver(bench.catalog)

    def read_version(self) -> int:
        """The catalog's, as :meth:`~strandline.catalog.commits.CommitObserver.read_version`."""
        return self._commits.read_version()

    def find(self, image_id: ImageId, wish: Wish) -> HandOut | None:
        """The image, open, if its original is wanted, is hot, and its file still is the proven one.

        Runs on the event loop.
        """
        hot = self._hot.get((image_id, wish.sd))
        if hot is None or hot.until_s < self._bench.monotonic() or variant_of(hot.found, wish):
            return None
        try:
            is_current = hot.version == self.read_version()
        except StrandlineError:
            return None  # the whole lookup is told what is wrong with the catalog, and tells it
        return hot.found.open_again() if is_current else None

    def remember(self, image_id: ImageId, wish: Wish, found: HandOut, version: int) -> None:
        """Keeps where it lies, if its original is wanted, and opening and reading that is sure to be quick.

        ``version`` is what :meth:`read_version` gave before the image was looked up.
        """
        if not found.is_quick or found.size_bytes > MAX_BYTES or variant_of(found, wish):
            return
        with self._lock:
            self._hot.pop((image_id, wish.sd), None)
            self._hot[image_id, wish.sd] = _Hot(found, version, self._bench.monotonic() + BELIEVED_S)
            while len(self._hot) > MAX_KEPT:
                del self._hot[next(iter(self._hot))]

    def close(self) -> None:
        """Gives its connection back."""
        self._commits.close()
