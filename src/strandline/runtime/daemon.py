"""The daemon: the one process that watches a home's storage directories, for as long as it runs.

It is not a server. It holds the watcher's lock, the watcher, and the scans that people start; the server is one floor
above. A second daemon on the same home is refused, because two would do all work twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strandline.errors import DaemonRunningError
from strandline.model.values import dataclass
from strandline.pictures.decoding import stop_decoders
from strandline.runtime.assembly import LocalStore
from strandline.runtime.heap import limit_pools
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.watching.session import lock_file_of
from strandline.runtime.watching.watcher import Watcher


@dataclass(frozen=True, slots=True)
class Daemon:
    """The running parts."""

    store: LocalStore
    watcher: Watcher


def check_alone(home: Path, *, shared: bool) -> None:
    """Refuses to go on if another process watches this home with its own catalog, or with the shared one.
    ``run_daemon`` may still be refused a moment later.

    Raises:
        DaemonRunningError: One does.
    """
    _lock(home, shared=shared).release()


def is_watched(home: Path, *, shared: bool) -> bool:
    """Whether a process watches this home with the shared catalog, or with its own one."""
    try:
        check_alone(home, shared=shared)
    except DaemonRunningError:
        return True
    return False


def _lock(home: Path, *, shared: bool) -> ProcessLock:
    lock = ProcessLock(lock_file_of(home, shared=shared))
    if not lock.try_acquire():
        raise DaemonRunningError(
            f"another process, `strandline serve` or `strandline watch`, already watches {home}; "
            "stop that one, or use another --home",
            home=str(home),
        )
    return lock


@contextmanager
def run_daemon(store: LocalStore) -> Iterator[Daemon]:
    """Watches while the block runs. Returns at once: the first scans run in the background.

    A home that uses a shared catalog can have two: one of that catalog, and one of its own.

    At the end everything has stopped, except for threads that hang on a dead disk. They are abandoned.

    Raises:
        DaemonRunningError: Another process watches this home.
    """
    lock = _lock(store.home, shared=store.is_shared)
    limit_pools()
    watcher = Watcher(store.bench, store.settings, store.scans)
    try:
        watcher.start()
        yield Daemon(store, watcher)
    finally:
        store.scans.stop()
        watcher.stop()
        stop_decoders()
        lock.release()
