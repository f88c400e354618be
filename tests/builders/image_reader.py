"""A reader that asks a store for images all the time, and takes nothing but the right bytes or an honest "not here".

It asks for all of them once before the block begins, and when the block has ended until it has had each as it is
then. What surprises: the error's code decides, for all ways in which an image cannot be handed out are an
:class:`~strandline.errors.ImageNotFoundError`, also "damaged" and "out of reach".
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
"""What may be said of an image that is on its way."""

PAUSE_S = 0.005
"""Between two rounds: a moment beside what a client takes for a file. Without it, readers take the client's cores."""

OUT_OF_REACH = "image-unreachable"
"""What may also be said where the folder is away for a moment, or its ``SD_ID`` is."""


class ImageReader:
    """Asks on a thread of its own.

    Args:
        store: Is asked.
        versions: The images by file name: as they are, and as they become. All have the same names.
        may_be_told: The codes of the errors that are honest here.
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
        """How often it was handed an image, and how often it was told which code instead."""

    def begin(self) -> None:
        """Returns when all were asked for once."""
        self._thread.start()
        assert self._has_begun.wait(LIMIT_S), "a reader hangs"

    def end(self, *, gives_up: bool = False) -> None:
        """Ends it when it has been handed all images once more, or at once where it ``gives_up``.

        Raises:
            BaseException: What it found wrong.
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
        """Whether it was handed out."""
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
    """Reads for the length of the block. Where block and reader both fail, both are told."""
    reader = ImageReader(store, versions, may_be_told)
    reader.begin()
    try:
        yield reader
    except BaseException:
        reader.end(gives_up=True)  # what it raises has the block's own fault as its context
        raise
    reader.end()
