"""The watcher: keeps the catalog in step with every online storage directory, and announces what arrives (SPEC §6).

Two threads. One takes hints and looks at the named files at once; the other scans and verifies, so that an
arrival never waits for a scan. Hints are only hints: the periodic scan is the truth, and makes up for every event
that was lost. What surprises: watches are renewed on every tick, because that is the only way to learn that a
parent folder was moved or a disk was mounted over the path.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from strandline.catalog import image_files, storage_dirs
from strandline.errors import StrandlineError
from strandline.folders.filesystems import MountKind
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.model.identity_sightings import find_identity_name
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.relooks import FileKey, Relooks
from strandline.runtime.settings import Settings
from strandline.runtime.watching import (
    FolderGone,
    Hint,
    ListFolder,
    LookAtNames,
    MixedFolderWatcher,
    choose_folder_watcher,
)
from strandline.services.arrive import Arrival, look_at_arrival
from strandline.services.online import reconsider, refresh
from strandline.services.scan import scan_storage_dir
from strandline.services.verify import verify_unproven
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)

TICK_S = 1.0
"""Between two looks at the list of storage directories and at their roots: half of the 2 s that SPEC §6 allows."""

SCAN_SOON_S = 2.0
"""A file is gone, or something came that only a scan can judge: by then a replacement has ended (hazard H6)."""

ABSENCE_SETTLES_S = 61.0
"""A second after an absent file may become missing."""

RELOOKS_AT_ONCE = 200
"""Second looks between two reads of hints: some 100 ms, so that arrivals never wait longer."""


class Watcher:
    """Watches all storage directories of one workbench until it is stopped. Start it once."""

    def __init__(self, bench: Workbench, settings: Settings) -> None:
        self._bench = bench
        self._settings = settings
        self._folders: MixedFolderWatcher = choose_folder_watcher(
            lambda folder: bench.mount_at(str(folder)).kind is MountKind.LOCAL,
            poll_interval_s=settings.watch.poll_interval_s,
        )
        self._stop = threading.Event()
        self._work = threading.Condition()
        self._scans_due: dict[int, float] = {}
        self._relooks = Relooks()
        self._found_arriving: deque[FileKey] = deque()
        self._sds: dict[int, StorageDir] = {}
        self._watched: dict[Path, int] = {}
        self._read_bytes = 0.0
        self._budget_from_s = bench.monotonic()
        self.started_up = threading.Event()
        """Set when every storage directory has been scanned once since the start."""
        self._scanned: set[int] = set()
        self._threads = [
            threading.Thread(target=self._guard(self._follow_hints), name="strandline-watch", daemon=True),
            threading.Thread(target=self._guard(self._scan_and_verify), name="strandline-scan", daemon=True),
        ]

    def start(self) -> None:
        """Begins watching, then scanning: nothing falls between."""
        self._tick()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends both threads and waits for them; a scan that is under way is cancelled. Idempotent."""
        self._stop.set()
        self._folders.wake()
        with self._work:
            self._work.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._folders.close()

    def fallbacks(self) -> dict[Path, str]:
        """Folders that are polled because the system allows no more watches, with its message."""
        return self._folders.fallbacks()

    def _guard(self, loop: Callable[[], None]) -> Callable[[], None]:
        """A thread that meets a fault of ours says so and goes on: files must not stop arriving for it."""

        def run() -> None:
            while not self._stop.is_set():
                try:
                    loop()
                except Exception:
                    log.exception("the watcher met a fault and goes on")
                    self._stop.wait(TICK_S)

        return run

    def _follow_hints(self) -> None:
        next_tick_s = self._bench.monotonic() + TICK_S
        while not self._stop.is_set():
            now_s = self._bench.monotonic()
            due_s = self._relooks.next_due_s()
            until_s = next_tick_s if due_s is None else min(due_s, next_tick_s)
            for hint in self._folders.wait(max(0.0, until_s - now_s)):
                self._follow(hint)
            while self._found_arriving:
                self._relooks.ensure(self._found_arriving.popleft(), self._bench.monotonic())
            for key in self._relooks.take_due(self._bench.monotonic(), RELOOKS_AT_ONCE):
                self._look(key, changed=False)
            if self._bench.monotonic() >= next_tick_s:
                self._tick()
                next_tick_s = self._bench.monotonic() + TICK_S

    def _follow(self, hint: Hint) -> None:
        number = self._watched.get(hint.folder)
        if number is None or number not in self._sds:
            return
        is_media = hint.folder.name == MEDIA_FOLDER and str(hint.folder.parent) == self._sds[number].path
        match hint:
            case LookAtNames(names=names) if is_media:
                for name in names:
                    self._look(FileKey(number, name), changed=True)
            case LookAtNames(names=names):
                self._follow_root(number, names)
            case ListFolder() if is_media:
                self._plan_scan(number, 0.0)
            case ListFolder():
                self._reconsider(number)
            case FolderGone():
                self._watched.pop(hint.folder, None)
                self._reconsider(number)
                self._plan_scan(number, SCAN_SOON_S)

    def _follow_root(self, number: int, names: frozenset[str]) -> None:
        if any(find_identity_name(name) is not None for name in names):
            self._reconsider(number)
        if MEDIA_FOLDER in names:
            self._watch(number)
            self._plan_scan(number, 0.0)

    def _look(self, key: FileKey, *, changed: bool) -> None:
        sd = self._sds.get(key.sd)
        if sd is None or not sd.is_reachable:
            return
        try:
            arrival = look_at_arrival(self._bench, sd, key.filename)
        except StrandlineError as error:
            log.warning("%s in %r could not be looked at: %s", key.filename, sd.name, error)
            arrival = Arrival.FAILED
        if arrival is Arrival.SCAN_SOON:
            self._plan_scan(key.sd, SCAN_SOON_S)
        if arrival in (Arrival.FAILED, Arrival.PROVEN_TOO_SOON):
            self._relooks.add(key, self._bench.monotonic(), changed=changed)
        else:
            self._relooks.drop(key)

    def _reconsider(self, number: int) -> None:
        """The root's identity files changed: looks at them, without waiting for them to be quiet in this thread."""
        with self._work:
            self._scans_due[number] = min(self._scans_due.get(number, float("inf")), self._bench.monotonic())
            self._work.notify_all()

    def _tick(self) -> None:
        """Takes up storage directories that were added, moved or forgotten, and renews all watches."""
        with self._bench.catalog.read() as conn:
            known = {sd.number: sd for sd in storage_dirs.list_storage_dirs(conn)}
        for number, sd in known.items():
            before = self._sds.get(number)
            if before is None or before.path != sd.path or before.state is not sd.state:
                self._plan_scan(number, 0.0)
        self._sds = known
        for folder, number in list(self._watched.items()):
            if number not in known or not folder.is_relative_to(known[number].path):
                self._folders.unwatch(folder)
                self._watched.pop(folder, None)
        for number in known:
            self._watch(number)

    def _watch(self, number: int) -> None:
        root = Path(self._sds[number].path)
        for folder in (root, root / MEDIA_FOLDER):
            try:
                self._folders.watch(folder)
                self._watched[folder] = number
            except OSError:
                if self._watched.pop(folder, None) is not None:
                    self._plan_scan(number, SCAN_SOON_S)
            except StrandlineError as error:
                log.warning("%s is not watched: %s", folder, error)

    def _plan_scan(self, number: int, in_s: float) -> None:
        with self._work:
            due_s = self._bench.monotonic() + in_s
            self._scans_due[number] = min(self._scans_due.get(number, due_s), due_s)
            self._work.notify_all()

    def _scan_and_verify(self) -> None:
        while not self._stop.is_set():
            number = self._take_due_scan()
            if number is not None:
                self._scan(number)
            elif not self._verify_some():
                self._wait_for_work()

    def _take_due_scan(self) -> int | None:
        now_s = self._bench.monotonic()
        with self._work:
            due = [number for number, due_s in self._scans_due.items() if due_s <= now_s]
            if not due:
                return None
            del self._scans_due[due[0]]
            return due[0]

    def _wait_for_work(self) -> None:
        with self._work:
            if self._stop.is_set():
                return
            next_s = min(self._scans_due.values(), default=float("inf"))
            self._work.wait(max(0.0, min(next_s - self._bench.monotonic(), TICK_S)))

    def _scan(self, number: int) -> None:
        with self._bench.catalog.read() as conn:
            sd = storage_dirs.find_storage_dir(conn, number)
        if sd is not None:
            try:
                report = scan_storage_dir(self._bench, reconsider(self._bench, sd), cancel=self._stop)
            except StrandlineError as error:
                log.warning("%r could not be scanned: %s", sd.name, error)
            else:
                if report.absent:
                    self._plan_scan(number, ABSENCE_SETTLES_S)
                self._plan_relooks(number)
        self._plan_scan(number, self._settings.scan.periodic_s)
        self._scanned.add(number)
        with self._work:
            if self._scanned >= self._sds.keys():
                self.started_up.set()

    def _plan_relooks(self, number: int) -> None:
        """Files that were still arriving when the scan met them are looked at again by the other thread."""
        with self._bench.catalog.read() as conn:
            rows = image_files.list_rows_in_state(conn, number, FileState.ARRIVING)
        self._found_arriving.extend(FileKey(number, row.filename) for row in rows)

    def _verify_some(self) -> bool:
        """Proves some of what was registered from a listing; True where it read anything."""
        read_before = self._read_bytes
        for sd in list(self._sds.values()):
            if sd.is_reachable:
                verify_unproven(self._bench, sd, may_read=self._may_read, cancel=self._stop)
        return self._read_bytes > read_before

    def _may_read(self, size_bytes: int) -> bool:
        """The byte budget an hour, refilled steadily; also gives way as soon as a scan is due."""
        now_s = self._bench.monotonic()
        budget = self._settings.watch.verify_bytes_per_hour
        self._read_bytes = max(0.0, self._read_bytes - budget * (now_s - self._budget_from_s) / 3600)
        self._budget_from_s = now_s
        with self._work:
            scan_is_due = any(due_s <= now_s for due_s in self._scans_due.values())
        if scan_is_due or (self._read_bytes and self._read_bytes + size_bytes > budget):
            return False
        self._read_bytes += size_bytes
        return budget > 0


def catch_up(bench: Workbench, *, cancel: threading.Event) -> None:
    """What ``watch --once`` does: scans every storage directory, and proves all that was never proven."""
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    for sd in sds:
        report = scan_storage_dir(bench, refresh(bench, sd), cancel=cancel)
        if report.sd.is_reachable:
            verify_unproven(bench, report.sd, may_read=lambda _size: True, cancel=cancel)
