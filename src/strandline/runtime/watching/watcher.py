"""The watcher: keeps the catalog in step with every online storage directory, and announces what arrives (SPEC §6).

It gives each storage directory to the :class:`~.place_watcher.PlaceWatcher` of its place: one for all local disks,
and one for each network drive. If a drive goes dead, a thread that looks at it may hang permanently, but nothing else
hangs with it.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.scan_jobs import ScanJobs
from strandline.runtime.settings import Settings
from strandline.runtime.watching.place_watcher import STOP_LIMIT_S, TICK_S, PlaceWatcher
from strandline.services.workbench import Workbench

log = get_logger(__name__)

LOCAL = "local disks"

SCAN_BATCH_FILES = 500
"""Files per transaction of a background scan: some 15 ms, for which an arrival may have to wait."""

SWITCH_INTERVAL_S = 0.0005
"""How long one Python thread may keep the others from running. An arrival yields the interpreter about 15 times. With
the default of 5 ms it would wait 75 ms while a scan computes.
"""


class _QuickSwitching:
    """Python switches threads sooner while anything is watched. Afterwards the host program's own interval is
    restored.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers = 0
        self._interval_s = 0.0

    def begin(self) -> None:
        with self._lock:
            if not self._watchers:
                self._interval_s = sys.getswitchinterval()
                sys.setswitchinterval(min(SWITCH_INTERVAL_S, self._interval_s))
            self._watchers += 1

    def end(self) -> None:
        with self._lock:
            self._watchers -= 1
            if not self._watchers:
                sys.setswitchinterval(self._interval_s)


_QUICK_SWITCHING = _QuickSwitching()


class Watcher:
    """Watches all storage directories of one workbench until it is stopped. Start it once.

    Args:
        jobs: Where its scans can be followed and cancelled.
    """

    def __init__(self, bench: Workbench, settings: Settings, jobs: ScanJobs | None = None) -> None:
        self._stop = threading.Event()
        self._bench = fit_for_background(bench, self._stop)
        self._settings = settings
        self._jobs = jobs or ScanJobs(bench)
        self._places: dict[Hashable, PlaceWatcher] = {}
        self._retiring: list[threading.Thread] = []
        self._is_quick = False
        self._thread = threading.Thread(target=self._keep_up, name="strandline-watch", daemon=True)

    def start(self) -> None:
        """Starts watching, then scanning, so no change is lost in between.

        Raises:
            StrandlineError: The catalog cannot be read.
        """
        self._take_up_places()
        self._thread.start()
        _QUICK_SWITCHING.begin()
        self._is_quick = True

    def stop(self) -> None:
        """Ends all threads and waits for them. Running scans are cancelled. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for place in self._places.values():
            place.stop()
        for thread in self._retiring:
            thread.join(2 * STOP_LIMIT_S)
        if self._is_quick:
            self._is_quick = False
            _QUICK_SWITCHING.end()

    def fallbacks(self) -> dict[Path, str]:
        """Folders that are polled because the system allows no more watches, each with its message."""
        return {
            folder: why for place in list(self._places.values()) for folder, why in place.fallbacks().items()
        }

    def _keep_up(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._take_up_places()
            except StrandlineError as error:
                log.warning("the watcher continues after: %s", error)

    def _take_up_places(self) -> None:
        """Starts a watcher for each place that has its first SD, and ends those of places that have none left."""
        there = {LOCAL, *map(self._place_of, self._list_sds())}
        for place in self._places.keys() - there:
            # In a thread of its own: it may hang if a dead share was mounted there.
            retiring = threading.Thread(
                target=self._places.pop(place).stop, name="strandline-end", daemon=True
            )
            retiring.start()
            self._retiring = [thread for thread in self._retiring if thread.is_alive()] + [retiring]
        for place in there - self._places.keys():
            watcher = PlaceWatcher(self._bench, self._settings, self._jobs, partial(self._list_sds_at, place))
            watcher.start()
            self._places[place] = watcher

    def _list_sds(self) -> list[StorageDir]:
        with self._bench.catalog.read() as reader:
            return reader.sds.list_storage_dirs()

    def _list_sds_at(self, place: Hashable) -> list[StorageDir]:
        return [sd for sd in self._list_sds() if self._place_of(sd) == place]

    def _place_of(self, sd: StorageDir) -> Hashable:
        folder = self._bench.folder(sd)
        return LOCAL if folder.is_local else folder.place


def fit_for_background(bench: Workbench, stop: threading.Event) -> Workbench:
    """The same workbench for threads that must end soon after the event is set, and must not delay others."""

    def sleep(seconds: float) -> None:
        stop.wait(seconds)

    fitted = copy.copy(bench)
    fitted.sleep = sleep
    batch_files = min(SCAN_BATCH_FILES, bench.limits.scan_batch_files)
    fitted.limits = replace(bench.limits, scan_batch_files=batch_files)
    return fitted
