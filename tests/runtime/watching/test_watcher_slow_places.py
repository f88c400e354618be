"""The watcher and places of other kinds: a network drive, a mounted cloud, a drive that never answers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_image
from builders.watching import LIMIT_S, RunningClock, make_arrival, run_watcher, wait_for_all
from strandline.errors import WatchLimitError
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.time_limits import SlowPlaces
from strandline.runtime.change_notice import choose
from strandline.runtime.settings import Settings
from strandline.runtime.watching import place_watcher
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"

pytestmark = pytest.mark.usefixtures("impatient")


def mounted(root: Path, kind: MountKind) -> dict[str, tuple[Mount, float]]:
    """Makes the workbench believe that the parent of the root is a mount of that kind."""
    mount = Mount(root.parent, kind.value, kind, keeps_inodes=True, read_only=False)
    return {str(path): (mount, math.inf) for path in (root, root / "media")}


def test_a_network_drive_is_polled(home: Path, tmp_path: Path, clock: RunningClock) -> None:
    """It sends no events. What other machines write is still found, and proven at once."""
    root = make_storage_dir(tmp_path / "share" / "sd")
    settings = Settings.load(home, {}, {"watch.poll_interval_s": 0.1})
    with open_bench(home, clock) as bench:
        bench._mounts.update(mounted(root, MountKind.NETWORK))
        add_storage_dir(bench, root)
        with run_watcher(bench, settings) as (running, reader):
            reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
            assert f"poll {root / 'media'}" in {thread.name for thread in threading.enumerate()}
            assert running.fallbacks() == {}


def test_a_cloud_mount_is_watched_and_never_read(home: Path, tmp_path: Path, clock: RunningClock) -> None:
    """Reading there would download, so a new file is reported as arriving and stays unproven until it is
    requested.
    """
    root = make_storage_dir(tmp_path / "cloud" / "sd", *make_pictures(2))
    settings = Settings.load(home, {}, {"watch.poll_interval_s": 0.1})
    with open_bench(home, clock) as bench:
        bench._mounts.update(mounted(root, MountKind.FUSE))
        add_storage_dir(bench, root)
        with run_watcher(bench, settings) as (_, reader):
            for number in range(3):
                aside = tmp_path / name_of(make_arrival(number))
                aside.write_bytes(make_arrival(number))
                aside.rename(root / "media" / aside.name)
                reader.wait_for("image.arriving", aside.name)
        with bench.catalog.read() as known:
            assert len(known.files.list_unproven(1, limit=10)) == 5
    assert AVAILABLE not in {event.type for event in reader.read}


def test_without_room_for_watches_folders_are_polled_and_it_is_said(
    bench: Workbench, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system's limit is no error: watching is slower, and doctor names the folder."""

    def refuse() -> None:
        raise WatchLimitError("The system allows no more file watches")

    monkeypatch.setattr(choose, "open_native_watcher", refuse)
    settings = Settings.load(bench.home, {}, {"watch.poll_interval_s": 0.1})
    with run_watcher(bench, settings) as (running, reader):
        wait_for_all(reader, root)
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
        assert running.fallbacks().keys() == {root, root / "media"}
    assert f"{root} is polled: The system allows no more file watches" in caplog.messages


class DeadDrive(SlowPlaces):
    """One place that never answers, not even with an error."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self.is_asked = threading.Event()
        self.is_over = threading.Event()

    def within(self, place: object, call: Callable[[], object], **_: object) -> object:  # type: ignore[override]
        """Hangs for that place."""
        if place != self.place:
            return call()
        self.is_asked.set()
        self.is_over.wait(LIMIT_S)
        raise TimeoutError


def test_a_dead_drive_hangs_nothing_but_itself(
    home: Path, tmp_path: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a thread hangs on a share, local images arrive, and stopping does not wait for it (H17)."""
    monkeypatch.setattr(place_watcher, "STOP_LIMIT_S", 0.1)
    local, remote = make_storage_dir(tmp_path / "local"), make_storage_dir(tmp_path / "share" / "sd")
    with open_bench(home, clock) as bench:
        for root in (local, remote):
            add_storage_dir(bench, root)
        bench._mounts.update(mounted(remote, MountKind.NETWORK))
        bench.slow_places = dead = DeadDrive(bench.mount_at(str(remote)).place)
        with run_watcher(bench) as (_, reader):
            assert dead.is_asked.wait(LIMIT_S)
            reader.wait_for(AVAILABLE, put_image(local, make_arrival(1)))
            asked = time.monotonic()
        took = time.monotonic() - asked
        dead.is_over.set()
        assert took < LIMIT_S / 2
        for thread in threading.enumerate():
            if thread.name in ("strandline-look", "strandline-scan"):
                thread.join(LIMIT_S)


def test_a_leftover_lets_no_slow_drive_delay_local_scans(
    home: Path, tmp_path: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place cleans its own storage directories, so one that hangs delays no local image."""
    monkeypatch.setattr(place_watcher, "STOP_LIMIT_S", 0.1)
    local, remote = (
        make_storage_dir(tmp_path / "local", make_arrival(1)),
        make_storage_dir(tmp_path / "cloud" / "sd"),
    )
    with open_bench(home, clock) as bench:
        for root in (remote, local):
            add_storage_dir(bench, root)
        (bench.scratch / f".~{'a' * 32}.tmp").touch()
        bench._mounts.update(mounted(remote, MountKind.FUSE))
        bench.slow_places = dead = DeadDrive(bench.mount_at(str(remote)).place)
        asked = time.monotonic()
        with run_watcher(bench) as (_, reader):
            reader.wait_for(AVAILABLE, name_of(make_arrival(1)))
        took = time.monotonic() - asked
        dead.is_over.set()
        assert took < LIMIT_S / 2


def test_a_drive_that_was_mounted_again_is_watched_again(
    home: Path, tmp_path: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ``umount -l`` the old watcher hangs for good. A new mount at the same path is another place."""
    monkeypatch.setattr(place_watcher, "STOP_LIMIT_S", 0.1)
    root = make_storage_dir(tmp_path / "share" / "sd")
    settings = Settings.load(home, {}, {"watch.poll_interval_s": 0.1})

    with open_bench(home, clock) as bench:

        def mount(number: int) -> str:
            mount = Mount(root.parent, "nfs4", MountKind.NETWORK, True, False, number)
            bench._mounts.update({str(path): (mount, math.inf) for path in (root, root / "media")})
            return mount.place

        add_storage_dir(bench, root)
        bench.slow_places = dead = DeadDrive(mount(1))
        asked = time.monotonic()
        with run_watcher(bench, settings) as (_, reader):
            assert dead.is_asked.wait(LIMIT_S)
            mount(2)
            reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
        took = time.monotonic() - asked
        dead.is_over.set()
        assert took < LIMIT_S / 2
