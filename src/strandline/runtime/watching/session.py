"""A watching session: the watcher runs while somebody iterates over events, each once and in the journal's order.

Events are read only from the journal; the bell only says when to look. So those of other processes are included, and
a slow reader misses none. One process per catalog of a home has the watcher's lock. All other sessions follow its
journal and take over when it ends.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.model.events import Event, JournalReset
from strandline.runtime import live_events
from strandline.runtime.live_events import FOLLOW_S, Bell, merge_by_time, read_page
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.settings import Settings
from strandline.runtime.watching.place_watcher import STOP_LIMIT_S
from strandline.runtime.watching.watcher import Watcher, fit_for_background
from strandline.services.event_stream import EventStream
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

log = get_logger(__name__)

LOCK_FILE = "watcher.lock"
SHARED_LOCK_FILE = "watcher-shared.lock"
"""Of a home with a shared catalog: it may watch the folders of its own catalog, too."""


def lock_file_of(home: Path, *, shared: bool) -> Path:
    """The file that the process locks that watches the storage directories of one of the home's catalogs."""
    return home / (SHARED_LOCK_FILE if shared else LOCK_FILE)


def watch_events(
    bench: Workbench,
    settings: Settings,
    bell: Bell,
    *,
    once: bool,
    since: int | None,
    stop: threading.Event | None = None,
) -> EventStream:
    """Runs the watcher while the stream is open. It gives the events after ``since`` as they are committed.

    With ``since`` None, it starts with what the start-up scan finds. If the journal does not have all events after
    ``since``, a :class:`JournalReset` comes before the oldest one that it has. With ``once``, the stream ends when
    every storage directory has been scanned and every unproven file has been proven. Otherwise it goes on until it is
    closed, or within :data:`FOLLOW_S` after ``stop`` was set.

    Raises:
        StrandlineError: The catalog cannot be read when the stream starts. With ``once``, the iterator raises the
            error that ended the scans.
    """

    def begin() -> _Session:
        start, is_reset = _find_start(bench, since)
        session = _Session(bench, settings, bell, once=once, last=start, is_reset=is_reset)
        try:
            session.start()
        except BaseException:
            session.stop()
            raise
        return session

    return EventStream(begin, stop)


def _find_start(bench: Workbench, since: int | None) -> tuple[int, bool]:
    """The number after which to begin, and whether it is not the requested one: a number that this journal never used
    came from an earlier catalog.
    """
    with bench.catalog.read() as reader:
        newest = reader.journal.get_bounds()[1]
    if since is None:
        return newest, False
    if since > newest:
        log.warning("this catalog has no event %d: it was rebuilt; starting with its first event", since)
        return 0, True
    return since, False


def _has_lost(bench: Workbench, since: int, next_event: Event) -> bool:
    """Whether the journal dropped events that the reader had not seen. Numbers alone do not say so: they jump."""
    if not since or next_event.seq == since + 1:
        return False
    with bench.catalog.read() as reader:
        oldest, _ = reader.journal.get_bounds()
    if oldest - 1 <= since:
        return False
    log.warning("events before number %d are no longer kept", next_event.seq)
    return True


class _Session:
    """What runs while a stream is open (:class:`strandline.services.event_stream.Source`)."""

    def __init__(
        self, bench: Workbench, settings: Settings, bell: Bell, *, once: bool, last: int, is_reset: bool
    ) -> None:
        self._stop = threading.Event()
        self._bench = fit_for_background(bench, self._stop)
        self._settings = settings
        self._listener = bell.listen()
        bench.catalog.listen()
        self._lock = ProcessLock(lock_file_of(bench.home, shared=bench.catalog.is_shared))
        self._watcher: Watcher | None = None
        self._is_complete = threading.Event()
        self._fault: BaseException | None = None
        work, name = (self._catch_up, "strandline-once") if once else (self._take_over, "strandline-follow")
        self._once = once
        self._thread = threading.Thread(target=work, name=name, daemon=True)
        self._last = last
        self._is_reset = is_reset
        self._is_behind = False
        self._live_only: deque[Event] = deque(maxlen=live_events.MAX_LIVE_ONLY)
        self._has_ended = False

    def start(self) -> None:
        if self._once or not self._try_to_watch():
            self._thread.start()

    def read(self) -> Sequence[Event] | None:
        """What has been announced and committed since the last call. What happened earlier comes first, so live-only
        events wait while older pages of the journal are still to come.
        """
        if self._has_ended:
            if self._fault is not None:
                raise self._fault
            return None
        is_complete = self._is_complete.is_set()  # read before the journal
        self._live_only.extend(self._listener.wait(0 if is_complete or self._is_behind else FOLLOW_S))
        page = read_page(self._bench, self._last)
        self._is_behind = len(page) == live_events.PAGE
        self._has_ended = is_complete and not self._is_behind
        if page:
            self._is_reset |= _has_lost(self._bench, self._last, page[0])
            self._last = page[-1].seq or self._last
        resets = [JournalReset(at=self._bench.now(), sd_id=None)] if self._is_reset else []
        self._is_reset = False
        if self._is_behind:
            return [*resets, *page]
        events = merge_by_time(page, self._live_only)
        self._live_only.clear()
        return [*resets, *events]

    def stop(self) -> None:
        self._stop.set()
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT_S)
        if self._watcher is not None:
            self._watcher.stop()
        self._lock.release()

    def _try_to_watch(self) -> bool:
        """Becomes this home's watcher if there is none."""
        if not self._lock.try_acquire():
            return False
        watcher = Watcher(self._bench, self._settings)
        try:
            watcher.start()
        except BaseException:
            watcher.stop()
            raise
        self._watcher = watcher
        return True

    def _take_over(self) -> None:
        """Follows the process that watches; when that ends, takes its place."""
        while not self._stop.wait(FOLLOW_S):
            try:
                if self._try_to_watch():
                    return
            except StrandlineError as error:
                log.warning("cannot take over watching: %s", error)
                self._lock.release()

    def _catch_up(self) -> None:
        try:
            catch_up(self._bench, cancel=self._stop)
        except BaseException as error:  # noqa: BLE001  (it is the reader's: raised there)
            self._fault = error
        finally:
            self._is_complete.set()
            self._listener.wake()


def catch_up(bench: Workbench, *, cancel: threading.Event) -> None:
    """What ``watch --once`` does: scans every storage directory and proves every file that was never proven."""
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    for sd in sds:
        report = scan_storage_dir(bench, refresh(bench, sd), cancel=cancel)
        if report.sd.is_reachable:
            verify_unproven(bench, report.sd, may_read=lambda _size: True, cancel=cancel)
