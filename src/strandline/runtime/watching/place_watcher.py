"""Watches the storage directories of one place: all local disks, or one network drive.

It has two threads. One takes hints and looks at the named files immediately. The other scans
(:mod:`~.background_scans`), so an arrival never waits for a scan. The first thread reads every file:
hints before backlog, backlog before second looks. Watches are renewed on every tick, because that is the only way to
learn that a parent folder was moved or a disk was mounted over the path.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from strandline.errors import StorageDirNotFoundError, StrandlineError
from strandline.folders.port import Folder
from strandline.logs import get_logger
from strandline.model.identity.sightings import find_identity_name
from strandline.model.ignored import IGNORE_FILE
from strandline.model.layout_choice import LAYOUT_FILE
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.notes.note_names import is_note_name
from strandline.runtime.change_notice import (
    FolderGone,
    Hint,
    ListFolder,
    ListReason,
    LookAtNames,
    choose_folder_watcher,
)
from strandline.runtime.scan_jobs import ScanJobs
from strandline.runtime.settings import Settings
from strandline.runtime.watching.background_scans import RETRY_S, BackgroundScans
from strandline.runtime.watching.relooks import FileKey, Relooks
from strandline.runtime.watching.tree_watches import TreeWatches
from strandline.services.proving.arrivals import LOOK_AGAIN, Arrival, look_at_arrivals
from strandline.services.scanning.ignored import read_ignored
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

log = get_logger(__name__)

TICK_S = 1.0
"""Between two checks of the list of storage directories and their roots: half of the 2 s that SPEC §6 allows."""

SCAN_SOON_S = 2.0
"""Delay if a file is gone or only a scan can judge what came. By then a replacement is complete (hazard H6)."""

SLICE_S = 0.01
"""How long to work on backlog and second looks between two reads of hints. A new arrival waits that long, plus the
time for arrivals that were reported before it: a hint with many names is handled as a whole.
"""

FILES_AT_ONCE = 8
"""Backlog files between two checks of the clock and the SD's identity. The checks cost a quarter of a file."""

SAVED_TOGETHER_S = 0.5
"""What this program saves within this time gets its second looks together, so that they share the same checks."""

STOP_LIMIT_S = 5.0
"""After this time, a thread that hangs on a dead disk is abandoned: nothing can end it."""


class PlaceWatcher:
    """Watches the SDs that ``list_sds`` returns, until it is stopped. Start it once.

    Args:
        jobs: Where to report the progress of its scans.
        list_sds: The SDs of this place as the catalog has them. Both threads call it, once a second.
    """

    def __init__(
        self,
        bench: Workbench,
        settings: Settings,
        jobs: ScanJobs,
        list_sds: Callable[[], list[StorageDir]],
    ) -> None:
        self._bench = bench
        self._list_sds = list_sds
        self._folders = choose_folder_watcher(
            lambda folder: bench.folder_at(str(folder)).tells_changes,
            poll_interval_s=settings.watch.poll_interval_s,
        )
        self._stop = threading.Event()
        self._scans = BackgroundScans(bench, settings, jobs, self._stop, self._take_found, list_sds)
        self._backlog: deque[FileKey] = deque()
        self._in_backlog: set[FileKey] = set()
        self._found_arriving: deque[FileKey] = deque()
        # Only the thread that follows hints may use what is below.
        self._relooks = Relooks()
        self._sds: dict[int, StorageDir] = {}
        self._roots: dict[Path, int] = {}
        self._media: dict[Path, int] = {}
        self._watched: set[Path] = set()
        self._trees = TreeWatches(self._folders, bench.monotonic, lambda number: self._scans.plan(number, 0))
        self._fallbacks: dict[Path, str] = {}
        self._threads = [
            threading.Thread(target=self._guard, args=(self._follow,), name="strandline-look", daemon=True),
            threading.Thread(
                target=self._guard, args=(self._scans.run,), name="strandline-scan", daemon=True
            ),
        ]

    def start(self) -> None:
        """Starts watching, then scanning, so no change is lost in between. Returns at once, whatever a drive does."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends both threads and waits for them. A running scan is cancelled. Idempotent."""
        self._stop.set()
        self._folders.wake()
        self._scans.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_LIMIT_S)
        self._folders.close()

    def fallbacks(self) -> dict[Path, str]:
        """Folders that are polled because the system allows no more watches, each with its message. The root of a
        folder of named pictures stands for the folders in it.
        """
        return self._fallbacks

    def _guard(self, loop: Callable[[], None]) -> None:
        """Keeps a thread running after an error: reports it and continues, so arrivals are still noticed."""
        while not self._stop.is_set():
            try:
                loop()
            except StrandlineError as error:
                log.warning("the watcher continues after: %s", error)
            except Exception:
                if not self._stop.is_set():
                    log.exception("internal error in the watcher; it continues")
            for number in list(self._sds):  # what it was working on is lost, but a scan finds it again
                self._scans.plan(number, RETRY_S)
            self._stop.wait(TICK_S)

    # --- the thread that follows hints ----------------------------------------------------------------------

    def _follow(self) -> None:
        next_tick_s = 0.0
        while not self._stop.is_set():
            if self._bench.monotonic() >= next_tick_s:
                self._tick()
                next_tick_s = self._bench.monotonic() + TICK_S
            for hint in self._folders.wait(self._idle_s(next_tick_s)):
                self._take_in(hint)
            self._work_off()

    def _idle_s(self, next_tick_s: float) -> float:
        """How long there is nothing to do except wait for hints."""
        if self._backlog or self._trees.has_work():
            return 0.0
        due_s = self._relooks.next_due_s()
        until_s = next_tick_s if due_s is None else min(due_s, next_tick_s)
        return max(0.0, until_s - self._bench.monotonic())

    def _tick(self) -> None:
        """Handles SDs that were added, moved, or forgotten, and renews all watches."""
        before, known = self._sds, {sd.number: sd for sd in self._list_sds()}
        roots_before, self._sds = self._roots, known
        on_disk = [sd for sd in known.values() if sd.is_on_disk]  # others are scanned from time to time
        self._roots = {Path(sd.path): sd.number for sd in sorted(on_disk, key=_is_there)}
        folders = {number: self._bench.folder(known[number]) for number in self._roots.values()}
        self._media = {
            Path(folder.where("")): number
            for number, folder in folders.items()
            if folder.layout.images_folder
        }
        self._follow_trees({number: folders[number] for number in folders.keys() - self._media.values()})
        for folder in self._watched - self._roots.keys() - self._media.keys():
            self._folders.unwatch(folder)
            self._watched.discard(folder)
        for folder, number in [*self._roots.items(), *self._media.items()]:
            self._ensure_watched(folder, number)
        for number, sd in known.items():
            if _wants_scan(before.get(number), sd, is_watched=Path(sd.path) in self._watched):
                self._scans.plan(number, 0)
            elif _is_whole_again(before.get(number), sd):
                self._scans.plan_check(number)
        for root, number in self._roots.items():
            if roots_before.get(root, number) != number:  # another SD at this path was watched until now
                self._scans.plan(number, 0)
        self._tell_fallbacks()

    def _follow_trees(self, trees: dict[int, Folder]) -> None:
        told = {
            number: folder if self._trees.has(number) else read_ignored(self._bench, self._sds[number])
            for number, folder in trees.items()
            if folder.tells_changes
        }
        self._trees.keep(told)
        self._scans.poll(trees.keys() - told.keys() | self._trees.find_polled().keys())

    def _ensure_watched(self, folder: Path, number: int) -> None:
        try:
            self._folders.watch(folder)
        except OSError:  # it is not there now: the next tick tries again
            if folder in self._watched:
                self._watched.discard(folder)
                self._scans.plan(number, SCAN_SOON_S)
        else:
            self._watched.add(folder)

    def _tell_fallbacks(self) -> None:
        polled = {Path(self._sds[number].path): why for number, why in self._trees.find_polled().items()}
        before, self._fallbacks = self._fallbacks, self._folders.fallbacks() | polled
        for folder in self._fallbacks.keys() - before.keys():
            log.warning("%s is polled: %s", folder, self._fallbacks[folder])

    def _take_in(self, hint: Hint) -> None:
        media_of, root_of = self._media.get(hint.folder), self._roots.get(hint.folder)
        if media_of is not None:
            self._follow_media(media_of, hint)
        if root_of is not None:
            self._follow_root(root_of, hint)
        elif (place := self._trees.find(hint.folder)) is not None:
            self._follow_tree(*place, hint)

    def _follow_media(self, number: int, hint: Hint) -> None:
        if isinstance(hint, LookAtNames):
            self._look(number, hint.names)
        elif isinstance(hint, FolderGone):
            self._watched.discard(hint.folder)
            self._scans.plan(number, SCAN_SOON_S)
            self._ensure_watched(hint.folder, number)
        else:
            self._scans.plan(number, 0)

    def _follow_root(self, number: int, hint: Hint) -> None:
        media = self._bench.folder(self._sds[number]).layout.images_folder
        if not media:
            self._follow_tree(number, "", hint)
            if isinstance(hint, ListFolder) and self._trees.has(number):
                return  # the scan follows once all folders are watched
        if not media and isinstance(hint, LookAtNames) and IGNORE_FILE in hint.names:
            self._trees.restart(number, read_ignored(self._bench, self._sds[number]))
        if isinstance(hint, LookAtNames) and not any(
            name in (media, LAYOUT_FILE) or find_identity_name(name) is not None for name in hint.names
        ):
            return
        for sd in self._sds.values():
            if sd.is_on_disk and Path(sd.path) == hint.folder:  # there are two if disks share a mount point
                self._scans.plan(sd.number, 0)
        if isinstance(hint, FolderGone):
            self._watched.discard(hint.folder)
            self._ensure_watched(hint.folder, number)
        if media:
            self._ensure_watched(hint.folder / media, number)

    def _follow_tree(self, number: int, path: str, hint: Hint) -> None:
        """A hint about a folder of named pictures. The root has an empty path."""
        if isinstance(hint, LookAtNames):
            paths = [f"{path}/{name}" if path else name for name in sorted(hint.names)]
            folders = [each for each in paths if self._trees.is_watched(number, each)]
            for folder in folders:
                self._trees.follow(number, folder, must_scan=False)
            self._look(number, [each for each in paths if each not in folders])
        elif isinstance(hint, FolderGone):
            self._trees.lose(number, path)
            if path:  # another one may be there already; the root comes back with a hint
                self._trees.follow(number, path)
        elif hint.reason is ListReason.FOLDER_CHANGED:
            self._trees.follow(number, path, must_scan=False)
            self._scans.plan(number, SCAN_SOON_S)
        elif not path or hint.reason is not ListReason.WATCH_ADDED:
            self._trees.follow(number, path)
        if path and not isinstance(hint, LookAtNames):
            self._trees.take_first_hint(number, path)

    # --- looking at files -----------------------------------------------------------------------------------

    def _take_found(self, number: int, arrivals: Sequence[str], arriving: Sequence[str]) -> None:
        """Takes what a scan found, on the scanning thread. Files that an earlier scan found are not added twice."""
        for key in (FileKey(number, name) for name in arrivals):
            if key not in self._in_backlog:
                self._in_backlog.add(key)
                self._backlog.append(key)
        self._found_arriving.extend(FileKey(number, name) for name in arriving)
        if arrivals:
            self._folders.wake()

    def _work_off(self) -> None:
        """Works on new folders, backlog, and due second looks, for one slice of time."""
        now_s = self._bench.monotonic()
        while self._found_arriving:
            self._relooks.ensure(self._found_arriving.popleft(), now_s)
        until_s = now_s + SLICE_S
        while self._trees.has_work() and self._bench.monotonic() < until_s:
            self._trees.work()
        while self._bench.monotonic() < until_s and (keys := self._take_work()):
            for number in {key.sd for key in keys}:
                self._look(number, [key.filename for key in keys if key.sd == number])

    def _take_work(self) -> list[FileKey]:
        """The next few files, as many as one check of their SD pays for."""
        if self._backlog:
            keys = [self._backlog.popleft() for _ in range(min(FILES_AT_ONCE, len(self._backlog)))]
            self._in_backlog.difference_update(keys)
            return keys
        return self._relooks.take_due(self._bench.monotonic(), FILES_AT_ONCE)

    def _look(self, number: int, names: Iterable[str]) -> None:
        """Looks at files of an SD if it is online and still the same. Otherwise a scan finds them when it is back.

        Saves of this program register what they write, so their hints cost nothing now, and one look later.
        """
        if not (names := self._leave_to_saves(number, names)):
            return
        with self._bench.catalog.read() as reader:
            known = reader.sds.find_storage_dir(number)
        if known is None or not known.is_reachable:
            return
        try:
            sd = refresh(self._bench, known)
            if sd.state is StorageDirState.SUSPECT:  # perhaps enough missing files are back
                self._scans.plan(number, SCAN_SOON_S)
            is_check_planned = False
            for name, arrival in look_at_arrivals(self._bench, sd, names if sd.is_reachable else ()):
                self._plan_next(FileKey(number, name), arrival)
                is_news = arrival in (Arrival.PROVEN, Arrival.KNOWN) or is_note_name(name)
                if is_news and not is_check_planned:
                    self._scans.plan_check(number)  # a note may have missed it
                    is_check_planned = True
                if self._stop.is_set():
                    return
        except StorageDirNotFoundError:
            return  # forgotten meanwhile
        except StrandlineError as error:
            log.warning("arrivals in %r could not be recorded: %s", known.name, error)
            self._scans.plan(number, RETRY_S)

    def _leave_to_saves(self, number: int, names: Iterable[str]) -> list[str]:
        """Those of the names that this program is not saving. The others get a second look, many at a time."""
        now_s = self._bench.monotonic()
        together_s = now_s - now_s % SAVED_TOGETHER_S + SAVED_TOGETHER_S
        others = []
        for name in names:
            if (number, name) in self._bench.being_saved:
                self._relooks.add(FileKey(number, name), together_s, changed=True)
            else:
                others.append(name)
        return others

    def _plan_next(self, key: FileKey, arrival: Arrival) -> None:
        now_s = self._bench.monotonic()
        if arrival in LOOK_AGAIN:
            self._relooks.add(key, now_s, changed=arrival is not Arrival.FAILED_AGAIN)
        else:
            self._relooks.drop(key)
        if arrival is Arrival.FOLDER and self._trees.has(key.sd):
            self._trees.follow(key.sd, key.filename)
        elif arrival in (Arrival.SCAN_SOON, Arrival.FOLDER):
            self._scans.plan(key.sd, SCAN_SOON_S)


def _is_there(sd: StorageDir) -> bool:
    """Sorts a mounted SD before an absent one with the same path."""
    return sd.is_reachable


def _wants_scan(before: StorageDir | None, sd: StorageDir, *, is_watched: bool) -> bool:
    """Whether the catalog alone says that the SD needs a scan. A newly watched folder requests its scan by a hint."""
    if before is None or before.path != sd.path:
        return not is_watched
    return sd.is_reachable and not before.is_reachable


def _is_whole_again(before: StorageDir | None, sd: StorageDir) -> bool:
    """Whether something can be concluded about its notes now that could not be before: a person has confirmed it."""
    online = StorageDirState.ONLINE
    return before is not None and before.state is not online and sd.state is online
