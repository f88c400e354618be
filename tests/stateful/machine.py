"""One simulated machine: a real store on real files, its watcher, its clocks, and its folders.

Everything that the store does is between two looks at disk and catalog, and the laws check the difference. What
surprises: the machine's wall clock may be years off, and it moves only when the history says so.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from builders.catalogs import sql_of
from builders.clocks import FakeClock
from stateful.deeds import Deed, Facts, Key
from stateful.driven_watcher import DrivenWatcher, Notice
from stateful.laws import Laws
from stateful.replica import Replica
from strandline.catalog.database import open_catalog
from strandline.errors import StrandlineError
from strandline.model.events import Event
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.assembly import LocalStore
from strandline.runtime.home import CATALOG_FILE
from strandline.runtime.live_events import Bell
from strandline.runtime.settings import Settings
from strandline.services.workbench import Workbench

T = TypeVar("T")

ASLEEP_FROM_S = 900.0
"""During longer spans the machine sleeps: due work is done once at the end, as on a laptop overnight."""

STEPS_AWAKE = 40
"""Maximum number of times that work is due in a span without sleep."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A documented refusal."""

    error: StrandlineError


class Machine:
    """A computer with its own store. ``replicas`` are the folders on its disks, by label."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.folder = folder
        self.clock = clock
        self.replicas: dict[str, Replica] = {}
        self._stamped: dict[str, tuple[Path, int]] = {}
        self.notice = Notice.TOLD
        self.is_watching = True
        self.home = folder / "home"
        (self.home / "scratch").mkdir(parents=True)
        self.laws = Laws(self)
        self._start()

    def _start(self) -> None:
        self._rows: tuple[tuple[int, int], dict[Key, ImageFile]] | None = None
        self._known: tuple[tuple[int, int], list[StorageDir]] | None = None
        self.laws.forget_look()
        catalog = open_catalog(self.home / CATALOG_FILE, busy_timeout_s=5.0)
        self.bench = Workbench(
            catalog, self.home, now=self.clock.now, monotonic=self.clock.monotonic, sleep=self.clock.sleep
        )
        settings = Settings()
        self.store = LocalStore(self.bench, settings, Bell())
        self.watcher = DrivenWatcher(self.bench, settings, self._list_sds) if self.is_watching else None

    def stop(self) -> None:
        """Stops it properly."""
        if self.watcher is not None:
            self.watcher.close()
            self.watcher = None
        self.store.close()
        self.laws.durable_log_bytes = 0

    def restart(self) -> None:
        """The process ends and starts again."""
        self.stop()
        self._start()

    def set_watching(self, *, is_watching: bool) -> None:
        """Starts or ends the daemon. Without it only commands look at anything."""
        if is_watching is not self.is_watching:
            self.is_watching = is_watching
            self.restart()

    def cut_power(self, survives: float) -> None:
        """The process dies. Of the catalog's commits that were not durable, only a part has reached the disk.

        Args:
            survives: How much of the write-ahead log after the last durable commit survives, from 0 to 1.
        """
        known = set(self.rows())
        files = [self.home / f"{CATALOG_FILE}{ending}" for ending in ("", "-wal")]
        kept = [(path, path.read_bytes()) for path in files if path.exists()]
        durable_bytes = self.laws.durable_log_bytes
        self.stop()
        for path, data in kept:
            if path.name.endswith("-wal"):
                floor = min(durable_bytes, len(data))
                data = data[: floor + int((len(data) - floor) * survives)]
            path.write_bytes(data)
        (self.home / f"{CATALOG_FILE}-shm").unlink(missing_ok=True)
        self._start()
        self.laws.durable_log_bytes = durable_bytes
        self.laws.check_promises(known)

    # --- what the catalog knows -------------------------------------------------------------------------------

    def list_known(self) -> list[StorageDir]:
        """All storage directories in the catalog, without a look at the disk."""
        log = self._look_at_log()
        if self._known is None or self._known[0] != log:
            self._known = log, self._list_sds()
        return self._known[1]

    def find_sd(self, label: str) -> StorageDir | None:
        """The catalog's row for the folder. If disks take turns, the one that is there."""
        replica = self.replicas.get(label)
        if replica is None:
            return None
        at_path = [sd for sd in self.list_known() if sd.path == str(replica.root)]
        return max(at_path, key=lambda sd: (sd.is_reachable, sd.number), default=None)

    def rows(self) -> dict[Key, ImageFile]:
        """Every row of the catalog, by number of its storage directory and file name. Do not change the result."""
        log = self._look_at_log()
        if self._rows is None or self._rows[0] != log:
            with self.bench.catalog.read() as reader:
                ids = [
                    image_id
                    for (image_id,) in sql_of(reader).execute("SELECT DISTINCT image_id FROM image_files")
                ]
                found = reader.files.list_rows_of_images(ids)
            self._rows = log, {(row.sd, row.filename): row for rows in found.values() for row in rows}
        return self._rows[1]

    def list_events(self, *, since: int) -> list[Event]:
        """The journal's events after the number."""
        with self.bench.catalog.read() as reader:
            return reader.journal.list_events(since=since, limit=100_000)

    def find_label(self, sd: StorageDir) -> str | None:
        """The folder where the storage directory is known; None if it is known elsewhere."""
        return next((label for label, each in self.replicas.items() if str(each.root) == sd.path), None)

    def _list_sds(self) -> list[StorageDir]:
        with self.bench.catalog.read() as reader:
            return reader.sds.list_storage_dirs()

    def _look_at_log(self) -> tuple[int, int]:
        """Changes with every commit."""
        try:
            found = (self.home / f"{CATALOG_FILE}-wal").stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_size, found.st_mtime_ns

    def log_size(self) -> int:
        """Size of the catalog's write-ahead log in bytes."""
        return self._look_at_log()[0]

    # --- what it does -----------------------------------------------------------------------------------------

    def do(self, deed: Deed, action: Callable[[], T], facts: Facts | None = None) -> T | Fault:
        """Runs an operation of the store and checks it. A documented refusal is a result."""
        self.laws.look_before()
        try:
            result: T | Fault = action()
        except StrandlineError as error:
            result = Fault(error)
        has_written = self.laws.judge(deed, facts or Facts())
        self.stamp_folders(has_written=has_written)
        return result

    def take_notice(self, *, is_touched: bool = True) -> None:
        """The watcher gets its hints and does all due work.

        If nothing has changed on this machine, it is skipped, unless there are hints or due work.
        """
        if self.watcher is not None:
            self.watcher.notice = self.notice
            self.stamp_folders()
            if is_touched or self.watcher.has_work():
                self.do(Deed.WATCH, self.watcher.work)

    def pass_time(self, seconds: float) -> None:
        """Advances the time. Due work is done in time, or at the end of a long sleep."""
        end_s = self.clock.monotonic() + seconds
        for _ in range(0 if seconds >= ASLEEP_FROM_S else STEPS_AWAKE):
            due_s = None if self.watcher is None else self.watcher.next_due_s()
            if due_s is None or due_s > end_s:
                break
            self.clock.pass_time(seconds=max(0.0, due_s - self.clock.monotonic()))
            self.take_notice()
        self.clock.pass_time(seconds=max(0.0, end_s - self.clock.monotonic()))
        self.take_notice()

    def stamp_folders(self, *, has_written: bool = False) -> None:
        """Gives changed folders the machine's own time instead of the kernel's. Nobody may notice this."""
        changed = [
            replica
            for label, replica in self.replicas.items()
            if has_written or self._stamped.get(label) != (replica.root, replica.changes)
        ]
        if changed and self.watcher is not None:
            self.watcher.collect()
        for replica in changed:
            replica.stamp_folders()
        if changed and self.watcher is not None:
            self.watcher.drop_hints()
        self._stamped = {label: (each.root, each.changes) for label, each in self.replicas.items()}

    def remove(self) -> None:
        """Ends everything and deletes its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def dump_catalog(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """What must not change if nothing has: all rows of images and storage directories."""
    reader = sqlite3.connect(home / CATALOG_FILE)
    try:
        return {
            table: sorted(reader.execute(f"SELECT * FROM {table}"), key=repr)
            for table in ("image_files", "storage_dirs", "storage_dir_aliases", "journal")
        }
    finally:
        reader.close()
