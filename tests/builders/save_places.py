"""A media folder and a scratch folder to save in, by each way and with each kernel that supports it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from fault_kit.refusing_kernel import LIKE_FUSE, LIKE_VFAT, NO_LINKS, Refusal, call_refused
from strandline.folders.port import SaveMode
from strandline.folders.saving import ALL_WAYS, WrittenFile, write_whole
from strandline.folders.temporaries import Way

NAME = "0123456789abcdef0123456789abcdef.png"


@dataclass(frozen=True)
class Place:
    """A media folder, a scratch folder, and how files are saved there: by which way, with which kernel."""

    root: Path
    ways: tuple[Way, ...] = ALL_WAYS
    kernel: tuple[Refusal, ...] = ()

    @property
    def media(self) -> Path:
        return self.root / "media"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    def save(
        self,
        source: bytes | BinaryIO,
        name: str = NAME,
        *,
        mode: SaveMode = SaveMode.NEW,
        allowed: Callable[[], bool] | None = lambda: True,
    ) -> WrittenFile:
        def write() -> WrittenFile:
            return write_whole(
                self.media,
                name,
                source,
                scratch=self.scratch,
                mode=mode,
                lone_rename_allowed=allowed,
                ways=self.ways,
            )

        return call_refused(self.kernel, write) if self.kernel else write()

    def refusing(self, *refusals: Refusal) -> Place:
        """The same place with a kernel that also refuses this."""
        return replace(self, kernel=(*self.kernel, *refusals))

    def names(self) -> set[str]:
        """All names in both folders."""
        return {path.name for folder in (self.media, self.scratch) for path in folder.iterdir()}


def new_place(root: Path) -> Place:
    place = Place(root)
    place.media.mkdir()
    place.scratch.mkdir()
    return place


IN_MEMORY = "/dev/shm"
"""A file system of another kind than the disk's, available on every Linux."""

CASES: dict[str, tuple[tuple[Way, ...], tuple[Refusal, ...]]] = {
    "unnamed": ((Way.UNNAMED,), ()),
    "scratch": ((Way.SCRATCH,), ()),
    "hidden": ((Way.HIDDEN,), ()),
    "scratch, like vfat": ((Way.SCRATCH,), LIKE_VFAT),
    "hidden, like vfat": ((Way.HIDDEN,), LIKE_VFAT),
    "scratch, like FUSE": ((Way.SCRATCH,), LIKE_FUSE),
    "hidden, like FUSE": ((Way.HIDDEN,), LIKE_FUSE),
    "all, without links": (ALL_WAYS, NO_LINKS),
}
"""Each way with each kernel that supports it."""


class ArrivingMeanwhile(io.BytesIO):
    """Bytes; when they are read to the end, a sync client brings a file of the same name."""

    def __init__(self, path: Path) -> None:
        super().__init__(b"ours")
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data and not self._path.exists():
            self._path.write_bytes(b"arrived meanwhile")
        return data


@contextmanager
def repeating(check: Callable[[], None]) -> Iterator[None]:
    """Checks repeatedly in another thread until the block ends, and at least once after it."""
    is_over = threading.Event()

    def repeat() -> int:
        rounds = 0
        while not is_over.is_set():
            check()
            rounds += 1
        check()
        return rounds

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(repeat)
        try:
            yield
        finally:
            is_over.set()
        assert result.result() > 0
