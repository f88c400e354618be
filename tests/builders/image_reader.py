"""A reader that constantly requests images, and accepts only the right bytes or an honest "not here".

Before the block begins, it requests all of them once. After the block, it continues until it has got each in its
final state. What surprises: the error's code decides, because all reasons why an image cannot be shown, even
"damaged" and "out of reach", are an :class:`~strandline.errors.ImageNotFoundError`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from builders.watching import LIMIT_S
from strandline.errors import StrandlineError
from strandline.store import Store

NOT_HERE = frozenset({"image-not-found", "image-arriving"})
"""The answers that are honest for an image on its way."""

PAUSE_S = 0.005
"""Pause between two rounds, short compared with a client's time for a file. Without it, readers would take the
client's cores.
"""

OUT_OF_REACH = "image-unreachable"
"""Also honest while the folder, or its ``SD_ID``, is away for a moment."""


class ImageReader:
    """Asks in its own thread.

    Args:
        store: The store to ask.
        versions: The images by file name: as they are, and as they become. All have the same names.
        may_be_told: The error codes that are honest here.
    """

    def __init__(
        self, store: Store, versions: Sequence[dict[str, bytes]], may_be_told: frozenset[str]
    ) -> None:
        self._store = store
        self._versions = versions
        self._may_be_told = may_be_told
        self._has_begun, self._is_over = threading.Event(), threading.Event()
        self._gives_up = False
        self._thread = threading.Thread(target=self._run, name="image-reader", daemon=True)
        self.fault: BaseException | None = None
        self.answers: Counter[str] = Counter()
        """How often it got an image, and how often it got which code instead."""

    def begin(self) -> None:
        """Returns once it has asked for all of them."""
        self._thread.start()
        assert self._has_begun.wait(LIMIT_S), "a reader hangs"

    def end(self, *, gives_up: bool = False) -> None:
        """Ends it once it has got all images again, or at once if it ``gives_up``.

        Raises:
            BaseException: The fault that it found.
        """
        self._gives_up = gives_up
        self._is_over.set()
        self._thread.join(2 * LIMIT_S)
        if self.fault is not None:
            raise self.fault
        assert not self._thread.is_alive(), f"a reader hangs after {self.answers}"

    def _run(self) -> None:
        try:
            while not self._is_over.wait(PAUSE_S):
                for name in self._versions[0]:
                    self._ask_for(name, self._versions)
                self._has_begun.set()
            until_s, missing = monotonic() + LIMIT_S, list(self._versions[-1])
            while missing and not self._gives_up:
                assert monotonic() < until_s, f"not handed out in the end: {missing}; answers: {self.answers}"
                missing = [name for name in missing if not self._ask_for(name, self._versions[-1:])]
        except BaseException as error:  # noqa: BLE001  (raised in the test's thread)
            self.fault = error
            self._has_begun.set()

    def _ask_for(self, name: str, versions: Sequence[dict[str, bytes]]) -> bool:
        """Whether it got the image."""
        try:
            data = self._store.get(name.partition(".")[0]).read()
        except StrandlineError as error:
            if error.code not in self._may_be_told:
                raise
            self.answers[error.code] += 1
            return False
        assert data in [pictures[name] for pictures in versions], f"wrong bytes were handed out for {name}"
        self.answers["right"] += 1
        return True


@contextmanager
def reading_images(
    store: Store, versions: Sequence[dict[str, bytes]], may_be_told: frozenset[str]
) -> Iterator[ImageReader]:
    """Reads while the block runs. If both the block and the reader fail, both are reported."""
    reader = ImageReader(store, versions, may_be_told)
    reader.begin()
    try:
        yield reader
    except BaseException:
        reader.end(gives_up=True)  # the block's own error is its context
        raise
    reader.end()
