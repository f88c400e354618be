"""The watcher and its storage directories: added, moved, forgotten, going away, coming back, losing files."""

from __future__ import annotations

import logging
import math
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.catalogs import list_rows
from builders.identities import A, B
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_image
from builders.watching import LIMIT_S, EventReader, RunningClock, connect_bell, watching
from strandline.errors import WatchLimitError
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.time_limits import SlowPlaces
from strandline.model.events import Event
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.runtime.change_notice import choose
from strandline.runtime.live_events import iter_pages
from strandline.runtime.settings import Settings
from strandline.runtime.watching import background_scans, place_watcher
from strandline.runtime.watching.background_scans import LONGEST_WAIT_S
from strandline.runtime.watching.place_watcher import SCAN_SOON_S, TICK_S, PlaceWatcher
from strandline.runtime.watching.watcher import Watcher
from strandline.services.proving.arrivals import look_at_arrival
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import forget_storage_dir, get_by_number, move_storage_dir
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher looks ten times as often, so the tests wait a tenth as long."""
    monkeypatch.setattr(place_watcher, "TICK_S", TICK_S / 10)
    monkeypatch.setattr(place_watcher, "SCAN_SOON_S", SCAN_SOON_S / 10)
    monkeypatch.setattr(background_scans, "LONGEST_WAIT_S", LONGEST_WAIT_S / 10)


@pytest.fixture
def clock() -> RunningClock:
    """Real time that a test can move ahead."""
    return RunningClock()


@pytest.fixture
def bench(home: Path, clock: RunningClock) -> Iterator[Workbench]:
    """A workbench on an empty home."""
    with open_bench(home, clock) as bench:
        yield bench


@pytest.fixture
def root(tmp_path: Path, bench: Workbench) -> Path:
    """A storage directory with ten images, added and proven."""
    root = make_storage_dir(tmp_path / "sd", *make_pictures(10), sd_id=A)
    add_storage_dir(bench, root)
    return root


def picture(number: int) -> bytes:
    """One that the fixtures do not have."""
    return make_pictures(1, first_seed=1000 + number)[0]


def sd_at(bench: Workbench, number: int = 1) -> StorageDir:
    """The storage directory as the catalog has it."""
    return get_by_number(bench, number)


def states_of(bench: Workbench, number: int = 1) -> set[FileState]:
    """The states of its files."""
    with bench.catalog.read() as reader:
        return {row.state for row in list_rows(reader, number)}


def wait_for_all(reader: EventReader, root: Path) -> None:
    """Waits until an event has reported every image in the folder as available."""
    names = {path.name for path in (root / "media").iterdir()}
    reader.wait_until(
        lambda events: names <= {getattr(e, "filename", "") for e in events if e.type == AVAILABLE}
    )


def test_what_the_first_scan_registered_is_proven_in_the_background(bench: Workbench, root: Path) -> None:
    """Nobody has requested these images. Still, each is read once and reported."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
    assert [reader.types_of(path.name) for path in (root / "media").iterdir()] == [[AVAILABLE]] * 10


def test_a_media_folder_that_appears_later_is_watched(bench: Workbench, tmp_path: Path) -> None:
    """Made empty and then filled, or moved in with its images."""
    one = make_storage_dir(tmp_path / "one", has_media=False)
    two = make_storage_dir(tmp_path / "two", has_media=False)
    for root in (one, two):
        add_storage_dir(bench, root)
    (tmp_path / "aside").mkdir()
    with watching(bench) as reader:
        (one / "media").mkdir()
        reader.wait_for(AVAILABLE, put_image(one, picture(1)))
        reader.wait_for(AVAILABLE, put_image(one, picture(2)))
        (tmp_path / "aside" / name_of(picture(3))).write_bytes(picture(3))
        (tmp_path / "aside").rename(two / "media")
        reader.wait_for(AVAILABLE, name_of(picture(3)))


def test_another_process_adds_moves_and_forgets(
    bench: Workbench, root: Path, home: Path, tmp_path: Path
) -> None:
    """The list of storage directories is read every second, within the allowed 2 s. Nothing has to be restarted."""
    assert 2 * TICK_S <= 2
    with watching(bench) as reader, open_bench(home) as other:
        wait_for_all(reader, root)

        added = add_storage_dir(other, make_storage_dir(tmp_path / "added")).sd
        reader.wait_for(AVAILABLE, put_image(tmp_path / "added", picture(1)))

        (tmp_path / "added").rename(tmp_path / "moved")
        move_storage_dir(other, added, tmp_path / "moved")
        reader.wait_for(AVAILABLE, put_image(tmp_path / "moved", picture(2)))

        forget_storage_dir(other, added)
        forgotten = put_image(tmp_path / "moved", picture(3))
        reader.wait_for(AVAILABLE, put_image(root, picture(4)))
        assert reader.types_of(forgotten) == []


def test_forgetting_while_files_arrive_is_quiet(
    bench: Workbench, root: Path, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody did it on purpose: no warning, whatever the watcher was doing."""
    with watching(bench) as reader, open_bench(home) as other:
        wait_for_all(reader, root)
        for number in range(5):
            fleeting = make_storage_dir(tmp_path / f"fleeting {number}")
            sd = add_storage_dir(other, fleeting).sd
            reader.wait_for(AVAILABLE, put_image(fleeting, picture(number)))
            for data in make_pictures(20, first_seed=2000 + 100 * number):
                put_image(fleeting, data)
            forget_storage_dir(other, sd)
        reader.wait_for(AVAILABLE, put_image(root, picture(10)))
    assert caplog.messages == []


def test_an_identity_that_arrives_last_is_taken_up(bench: Workbench, tmp_path: Path) -> None:
    """Images first, SD_ID later, and only half of it at first (hazards H9, H10)."""
    root = make_storage_dir(tmp_path / "sd", picture(1))
    identity = (root / "SD_ID").read_text()
    (root / "SD_ID").unlink()
    assert add_storage_dir(bench, root).sd.state is StorageDirState.INCOMPLETE
    with watching(bench) as reader:
        (root / "SD_ID").write_text(identity[:20])
        early = put_image(root, picture(2))
        (root / "SD_ID").write_text(identity)
        assert reader.wait_for("sd.online").sd_id == identity.strip()
        wait_for_all(reader, root)
    assert reader.types_of(early) == [AVAILABLE]


def test_an_identity_that_vanishes_and_returns(bench: Workbench, root: Path) -> None:
    """It is offline meanwhile: arrivals wait for the identity, and nothing is concluded."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        identity = (root / "SD_ID").read_text()
        (root / "SD_ID").unlink()
        reader.wait_for("sd.offline")
        name = put_image(root, picture(1))
        (root / "SD_ID").write_text(identity)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, name)
    assert states_of(bench) == {FileState.PRESENT}


def test_a_folder_that_is_moved_away_and_back(bench: Workbench, root: Path, clock: RunningClock) -> None:
    """It is offline with everything known about it frozen, for however long, and then online as before."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("elsewhere"))
        reader.wait_for("sd.offline")
        clock.pass_time(minutes=10)
        root.with_name("elsewhere").rename(root)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, put_image(root, picture(1)))
    assert states_of(bench) == {FileState.PRESENT}
    assert {event.type for event in reader.read} & {"image.missing", "sd.suspect"} == set()


def test_an_empty_mount_point_is_no_empty_storage_directory(
    bench: Workbench, root: Path, clock: RunningClock
) -> None:
    """As after an unmount: the folder exists and is empty (hazard H17)."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("disk"))
        root.mkdir()
        reader.wait_for("sd.offline")
        clock.pass_time(minutes=10)
        root.rmdir()
        root.with_name("disk").rename(root)
        reader.wait_for("sd.online")
    assert states_of(bench) == {FileState.PRESENT}


def test_another_storage_directory_at_the_path_is_not_taken_for_it(
    bench: Workbench, root: Path, tmp_path: Path
) -> None:
    """Another disk at the same mount point: its images are never registered under the old identity (H14)."""
    other = make_storage_dir(tmp_path / "other", *make_pictures(3, first_seed=500), sd_id=B)
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("disk"))
        other.rename(root)
        offline = reader.wait_for("sd.offline")
        put_image(root, picture(1))
        root.rename(other)
        root.with_name("disk").rename(root)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, put_image(root, picture(2)))
    assert offline.sd_id == A
    strangers = {path.name for path in (other / "media").iterdir()}
    assert not strangers & {getattr(event, "filename", "") for event in reader.read}


def test_a_file_that_stays_away_is_missing_after_two_scans(
    bench: Workbench, root: Path, clock: RunningClock
) -> None:
    """Not before 60 s have passed, and only once. It is available again when it returns (hazards H6, H7)."""
    victim = next((root / "media").iterdir())
    aside = shutil.copy(victim, root.with_name("aside"))
    with watching(bench) as reader:
        wait_for_all(reader, root)
        victim.unlink()
        reader.wait_until(lambda events: any(getattr(event, "absent", 0) for event in events))
        assert reader.types_of(victim.name) == [AVAILABLE]
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for("image.missing", victim.name)
        Path(aside).rename(victim)
        reader.wait_for(AVAILABLE, victim.name, count=2)
    assert reader.types_of(victim.name) == [AVAILABLE, "image.missing", AVAILABLE]


def test_many_files_gone_at_once_are_not_believed(bench: Workbench, root: Path, clock: RunningClock) -> None:
    """The storage directory is suspect until they are back, and no file becomes missing (hazard H18)."""
    gone = sorted((root / "media").iterdir())[:8]
    aside = root.with_name("aside")
    aside.mkdir()
    with watching(bench) as reader:
        wait_for_all(reader, root)
        for path in gone:
            path.rename(aside / path.name)
        reader.wait_for("sd.suspect")
        clock.pass_time(minutes=6)
        reader.wait_for(AVAILABLE, put_image(root, picture(1)))
        for path in gone:
            (aside / path.name).rename(path)
        reader.wait_for("sd.online")
    assert "image.missing" not in {event.type for event in reader.read}
    assert states_of(bench) == {FileState.PRESENT}


def test_what_no_event_told_the_periodic_scan_finds(
    bench: Workbench, root: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are hints: even if every one is lost, the image is announced (hazard H8, I23)."""
    monkeypatch.setattr(PlaceWatcher, "_follow_media", lambda *_: None)
    with watching(bench) as reader:
        wait_for_all(reader, root)
        name = put_image(root, picture(1))
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for(AVAILABLE, name)


def test_an_empty_file_that_a_scan_met_first_is_told_as_arriving(
    bench: Workbench, root: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing alone shows that it has not arrived. The look at its bytes is then no news."""
    monkeypatch.setattr(PlaceWatcher, "_follow_media", lambda *_: None)
    name = name_of(picture(1))
    with watching(bench) as reader:
        wait_for_all(reader, root)
        (root / "media" / name).touch()
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for("image.arriving", name)
        put_image(root, picture(1))
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for(AVAILABLE, name)
    assert reader.types_of(name) == ["image.arriving", AVAILABLE]


@contextmanager
def watcher(bench: Workbench, settings: Settings | None = None) -> Iterator[tuple[Watcher, EventReader]]:
    """A watcher without a session, and a reader of what it commits."""
    listener = connect_bell(bench).listen()
    done = threading.Event()
    with bench.catalog.read() as reader_of_catalog:
        newest = reader_of_catalog.journal.get_bounds()[1]

    def iter_events() -> Iterator[Event]:
        since = newest
        while not done.is_set():
            yield from listener.wait(0.05)
            for page in iter_pages(bench, since, done):
                since = page[-1].seq or since
                yield from page

    watcher = Watcher(bench, settings or Settings())
    watcher.start()
    reader = EventReader(iter_events())
    try:
        yield watcher, reader
    finally:
        watcher.stop()
        done.set()
        reader.join()


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
        with watcher(bench, settings) as (running, reader):
            reader.wait_for(AVAILABLE, put_image(root, picture(1)))
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
        with watcher(bench, settings) as (_, reader):
            for number in range(3):
                aside = tmp_path / name_of(picture(number))
                aside.write_bytes(picture(number))
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
    with watcher(bench, settings) as (running, reader):
        wait_for_all(reader, root)
        reader.wait_for(AVAILABLE, put_image(root, picture(1)))
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
        with watcher(bench) as (_, reader):
            assert dead.is_asked.wait(LIMIT_S)
            reader.wait_for(AVAILABLE, put_image(local, picture(1)))
            asked = time.monotonic()
        took = time.monotonic() - asked
        dead.is_over.set()
        assert took < LIMIT_S / 2
        for thread in threading.enumerate():
            if thread.name in ("strandline-look", "strandline-scan"):
                thread.join(LIMIT_S)


def test_a_fault_is_told_and_survived(
    bench: Workbench, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in one look does not end the watching. A scan finds the lost files again."""
    monkeypatch.setattr(place_watcher, "RETRY_S", 0.1)
    look, faults = look_at_arrival, iter([RuntimeError("a defect")])

    def look_badly_once(bench: Workbench, sd: StorageDir, name: str) -> object:
        for fault in faults:
            raise fault
        return look(bench, sd, name)

    with watching(bench) as reader:
        wait_for_all(reader, root)
        monkeypatch.setattr(place_watcher, "look_at_arrival", look_badly_once)
        reader.wait_for(AVAILABLE, put_image(root, picture(1)))
    assert "internal error in the watcher; it continues" in caplog.messages


def test_the_catalog_may_fail_for_a_while(
    bench: Workbench, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process holds the catalog beyond the timeout, there is a warning, and the image comes a little
    later.
    """
    monkeypatch.setattr(place_watcher, "RETRY_S", 0.1)
    caplog.set_level(logging.WARNING)
    with (
        open_bench(bench.home, RunningClock(), busy_timeout_s=0.05) as impatient,
        watching(impatient) as reader,
    ):
        wait_for_all(reader, root)
        with bench.catalog.write():
            name = put_image(root, picture(1))
            reader_warned = threading.Event()
            while not any("could not be recorded" in message for message in caplog.messages):
                assert not reader_warned.wait(0.02)
        reader.wait_for(AVAILABLE, name)


def test_stopping_ends_every_thread(bench: Workbench, root: Path) -> None:
    """This includes waiting threads. Stopping twice is harmless."""
    before = {thread.ident for thread in threading.enumerate()}
    with watcher(bench) as (running, reader):
        wait_for_all(reader, root)
        running.stop()
    assert {thread.name for thread in threading.enumerate() if thread.ident not in before} == set()


def test_scan_soon_is_late_enough_for_a_replacement() -> None:
    """Syncthing's gap was 4 ms, and renamed folders took a quarter of a second (hazards H6, H32)."""
    assert SCAN_SOON_S >= 1


def test_a_leftover_lets_no_slow_drive_delay_local_scans(
    home: Path, tmp_path: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place cleans its own storage directories, so one that hangs delays no local image."""
    monkeypatch.setattr(place_watcher, "STOP_LIMIT_S", 0.1)
    local, remote = (
        make_storage_dir(tmp_path / "local", picture(1)),
        make_storage_dir(tmp_path / "cloud" / "sd"),
    )
    with open_bench(home, clock) as bench:
        for root in (remote, local):
            add_storage_dir(bench, root)
        (bench.scratch / f".~{'a' * 32}.tmp").touch()
        bench._mounts.update(mounted(remote, MountKind.FUSE))
        bench.slow_places = dead = DeadDrive(bench.mount_at(str(remote)).place)
        asked = time.monotonic()
        with watcher(bench) as (_, reader):
            reader.wait_for(AVAILABLE, name_of(picture(1)))
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
        with watcher(bench, settings) as (_, reader):
            assert dead.is_asked.wait(LIMIT_S)
            mount(2)
            reader.wait_for(AVAILABLE, put_image(root, picture(1)))
        took = time.monotonic() - asked
        dead.is_over.set()
        assert took < LIMIT_S / 2


def test_the_host_programs_switch_interval_comes_back(bench: Workbench) -> None:
    """Threads switch sooner while any watcher runs. Afterwards the old interval is back."""
    before = sys.getswitchinterval()
    with watcher(bench) as (one, _):
        assert sys.getswitchinterval() < before
        with watcher(bench) as (two, _):
            pass
        assert sys.getswitchinterval() < before
        two.stop()
    assert sys.getswitchinterval() == before
    one.stop()
    assert sys.getswitchinterval() == before
