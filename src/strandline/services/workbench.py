"""The workbench that every service gets: the catalog, the home, the clocks, and the limits.

Time comes in as two functions, so that tests can let a day pass. The catalog records ``now``; ``monotonic`` spaces
looks inside this process. Nothing here is global: two stores in one process share nothing except the disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from strandline.folders.filesystems import Mount, MountKind, find_mount
from strandline.folders.local import LocalFolder
from strandline.folders.odd_names import OddNameIndex
from strandline.folders.time_limits import SlowPlaces
from strandline.folders.timed_calls import Means, TimedCalls
from strandline.model import defaults
from strandline.model.buckets import BucketOptions, is_bucket_address, parse_bucket_address
from strandline.model.layout import LAYOUTS, Layout, NamedLayout
from strandline.model.storage_dirs import LayoutKind
from strandline.model.values import dataclass
from strandline.services.proving.interruptions import REFUSALS_REMEMBERED, Interruptions

if TYPE_CHECKING:
    from strandline.catalog.port import Catalog
    from strandline.folders.buckets.calls import BucketCalls
    from strandline.folders.buckets.client import BucketClient
    from strandline.folders.buckets.small_objects import SmallObjects
    from strandline.folders.port import Entry, Folder
    from strandline.model.events import Event
    from strandline.model.ignored import IsIgnored
    from strandline.model.storage_dirs import StorageDir
    from strandline.model.store_status import FileMeasures

MOUNT_FRESH_S = 3.0
"""How late a new mount is noticed. Asking costs 10 µs, nine times in a lookup with three SDs."""

MOUNTS_REMEMBERED = 1000
"""Paths come from outside and must not fill the memory."""

WORTH_S = 1.0
"""An answer that takes less is asked for each time."""

TIMES = 10
"""For how many times as long as it took an answer is told again: to ask may take a tenth of the time."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that settings give to the services."""

    scan_batch_files: int = defaults.SCAN_BATCH_FILES
    max_memory_bytes: int = defaults.MAX_MEMORY_BYTES
    save_max_bytes: int = defaults.MAX_IMAGE_BYTES
    read_max_bytes: int = defaults.MAX_IMAGE_BYTES
    """At least what could be saved: the setting may have been higher when an image was saved."""
    fetch_timeout_s: float = defaults.FETCH_TIMEOUT_S
    max_pixels: int = defaults.MAX_PIXELS
    decode_timeout_s: float = defaults.DECODE_TIMEOUT_S
    markdown: str = defaults.MARKDOWN
    archive_max_bytes: int = defaults.MAX_ARCHIVE_BYTES
    download_timeout_s: float = defaults.DOWNLOAD_TIMEOUT_S
    allows_private_addresses: bool = False
    trash_max_bytes: int = defaults.TRASH_MAX_BYTES
    trash_grace_days: int = defaults.TRASH_GRACE_DAYS
    s3: BucketOptions = field(default_factory=BucketOptions)
    shared_thumbnails: str = ""
    """The place in a bucket where machines share them. Empty: nowhere."""


def utc_now() -> datetime:
    """The wall clock, aware and in UTC."""
    return datetime.now(UTC)


def _ignore(_event: Event) -> None:
    return None


def _note_nothing(_seconds: float) -> None:
    return None


def _find_nothing(_number: int) -> None:
    return None


def _has_none() -> bool:
    return False


class Stillness:
    """Remembers since when things look the same, by a monotonic clock. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._since: dict[Hashable, tuple[object, float]] = {}

    def seconds(self, key: Hashable, looks: object) -> float:
        """For how long the thing has looked like this at every call. 0 at the first call and after a change."""
        now = self._monotonic()
        with self._lock:
            known = self._since.get(key)
            if known is None or known[0] != looks:
                known = self._since[key] = (looks, now)
        return now - known[1]


class Remembered(Generic[_Answer]):
    """The last answer to one question. Thread-safe: while one asks again, the others get the last answer."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._asking = threading.Lock()
        self._last: tuple[_Answer, float] | None = None
        """The answer, and until when it is told again."""

    def get(self, ask: Callable[[], _Answer]) -> _Answer:
        """The last answer, or that of ``ask``."""
        last = self._last
        if last is not None and self._monotonic() < last[1]:
            return last[0]
        if not self._asking.acquire(blocking=last is None):
            assert last is not None, "it waits otherwise"
            return last[0]
        try:
            if last is None and self._last is not None:
                return self._last[0]  # somebody has just asked
            begun = self._monotonic()
            answer = ask()
            ended = self._monotonic()
            took_s = ended - begun
            self._last = (answer, ended + TIMES * took_s) if took_s >= WORTH_S else None
            return answer
        finally:
            self._asking.release()


@dataclass(slots=True)
class Workbench:
    """One store's tools. Thread-safe if its fields are not assigned after the assembly."""

    catalog: Catalog
    home: Path
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    find_scan_by_workers: Callable[[int], datetime | None] = _find_nothing
    """When workers last scanned the SD with this number to the end, for all machines that share the catalog."""
    has_workers: Callable[[], bool] = _has_none
    """Whether such workers are there now, so that nobody else need scan by itself."""
    note_arrival: Callable[[float], None] = _note_nothing
    """Takes how many seconds after it was listed an arrival was proven. For a shared catalog only."""
    announce: Callable[[Event], None] = _ignore
    """Takes live-only events (``scan.started``, ``scan.progress``)."""
    slow_places: SlowPlaces = field(default_factory=SlowPlaces)
    find_mount: Callable[[str], Mount] = find_mount
    """The file system of a path. It must not access the path."""
    scan_locks: dict[int, threading.Lock] = field(default_factory=dict)
    """By an SD's number; held while that SD is scanned."""
    tidied: dict[int, datetime] = field(default_factory=dict)
    """By an SD's number: when this program last cleaned up the SD after killed saves."""
    scanned: dict[int, datetime] = field(default_factory=dict)
    """By an SD's number: when this program last scanned it to the end."""
    being_saved: set[tuple[int, str]] = field(default_factory=set)
    """SD's number and file name of what this program is saving now. The save itself registers it."""
    reached: set[int] = field(default_factory=set)
    """Numbers of the SDs that this program has reached since it last told that one cannot be."""
    scratch: Path = field(init=False)
    """The folder for this home's temporary files."""
    ignored: dict[str, IsIgnored | None] = field(default_factory=dict)
    """By an SD's path: what is left alone in it, as it was read last."""
    git_indexes: dict[str, tuple[Entry, dict[str, bytes]]] = field(default_factory=dict)
    """By an SD's path: its git index as it was seen last, and the names that git has for its pictures."""
    stillness: Stillness = field(init=False)
    odd_names: OddNameIndex = field(init=False)
    measured: Remembered[dict[int, FileMeasures]] = field(init=False)
    """What a walk over all rows finds, by an SD's number."""
    interruptions: Interruptions = field(init=False)
    """Pictures whose decoders were interrupted."""
    refusals: Interruptions = field(init=False)
    """Files that the verifier could not read."""
    _mounts: dict[str, tuple[Mount, float]] = field(default_factory=dict)
    _buckets: dict[str, BucketClient] = field(default_factory=dict)
    """By an address: connections are kept."""

    def __post_init__(self) -> None:
        # Notes about temporaries in folders are in the scratch of the catalog that knows these folders.
        self.scratch = self.home / (defaults.SHARED_SCRATCH if self.catalog.is_shared else defaults.SCRATCH)
        self.stillness = Stillness(self.monotonic)
        self.measured = Remembered(self.monotonic)
        self.interruptions = Interruptions(self.monotonic)
        self.refusals = Interruptions(self.monotonic, REFUSALS_REMEMBERED)
        self.odd_names = OddNameIndex(
            now_s=lambda: self.now().timestamp(),
            monotonic=self.monotonic,
            tells_changes=self._tells_changes,
        )

    def folder(self, sd: StorageDir) -> Folder:
        """The storage directory's place with its current mount. Cheap; accesses no disk."""
        ignored = self.ignored.get(sd.path) if sd.layout is LayoutKind.NAMED else None
        return self._folder(sd.path, LAYOUTS[sd.layout] if ignored is None else NamedLayout(ignored))

    def folder_at(self, root: str, layout: LayoutKind = LayoutKind.IDS) -> Folder:
        """The same for a path that may become a storage directory."""
        return self._folder(root, LAYOUTS[layout])

    def _folder(self, root: str, layout: Layout) -> Folder:
        """Only this method chooses a kind of place."""
        if is_bucket_address(root):
            return self._bucket(root, layout)
        limits = self.limits
        means = Means(
            self.slow_places,
            self.odd_names,
            self.scratch,
            limits.fetch_timeout_s,
            limits.max_memory_bytes,
            limits.read_max_bytes,
        )
        return LocalFolder(TimedCalls(root, self.mount_at(root), means), layout)

    def _bucket(self, root: str, layout: Layout) -> Folder:
        from strandline.folders.buckets.folder import BucketFolder  # here: few people have a bucket

        return BucketFolder(self._calls_to(root), layout)

    def open_small_objects(self, address: str) -> SmallObjects:
        """Objects in a bucket that no storage directory has. Asks nothing."""
        from strandline.folders.buckets.small_objects import SmallObjects

        return SmallObjects(replace(self._calls_to(address), rests_alone=True))

    def _calls_to(self, root: str) -> BucketCalls:
        from strandline.folders.buckets.calls import BucketCalls, BucketMeans
        from strandline.folders.buckets.client import BucketClient
        from strandline.services.bucket_memory import BucketMemory

        limits = self.limits
        client = self._buckets.get(root)
        if client is None:
            client = BucketClient(parse_bucket_address(root), limits.s3)
            client = self._buckets.setdefault(root, client)
        means = BucketMeans(
            self.slow_places,
            self.scratch,
            self.home / "buckets",
            limits.fetch_timeout_s,
            limits.max_memory_bytes,
            limits.read_max_bytes,
            self.catalog.whole.hold if self.catalog.is_shared else None,
            BucketMemory(self.catalog.whole) if self.catalog.is_shared else None,
        )
        return BucketCalls(client, means)

    @property
    def trash_folder(self) -> Path:
        """The folder for trashed bytes and their descriptions."""
        return self.home / "trash"

    def mount_at(self, path: str) -> Mount:
        """The file system of the path, cached for a few seconds. Accesses no disk."""
        known = self._mounts.get(path)
        if known is None or known[1] < self.monotonic():
            if len(self._mounts) >= MOUNTS_REMEMBERED:
                self._mounts.clear()
            known = self._mounts[path] = (self.find_mount(path), self.monotonic() + MOUNT_FRESH_S)
        return known[0]

    def _tells_changes(self, path: str) -> bool:
        """Whether a folder's mtime moves with each of its names. FAT and similar, which keep no inodes, sometimes
        forget it.
        """
        mount = self.mount_at(path)
        return mount.kind is MountKind.LOCAL and mount.keeps_inodes
