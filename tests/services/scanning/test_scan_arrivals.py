"""Files that arrive, are evicted, and come back, between and during scans; each reported exactly once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest

from builders.catalogs import dump
from builders.dialects import DIALECTS, conflict_name
from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.scans import bytes_of_catalog, moves, scan, state, told
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_image
from strandline.folders.filesystems import Mount, MountKind
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.finding.look_up import look_up
from strandline.services.proving.arrivals import look_at_arrival
from strandline.services.proving.prove import prove_file
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Limits

NEW = make_picture("jpg", seed=9)
NAME = name_of(NEW)


# --- placeholders -----------------------------------------------------------------------------------------------

PLACEHOLDERS = [f".{NAME}.icloud", f"{NAME}.nextcloud", f"{NAME}.owncloud", f"{NAME}.rsls"]


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_is_an_image_file_that_is_not_here(machine: Machine, placeholder: str) -> None:
    """It is registered under the wanted name without a size, and known to the next scan (H21)."""
    root = make_storage_dir(machine.folder / "Notes")
    put_image(root, b"bplist00", placeholder)
    sd = machine.add_again(root)
    row = machine.row(sd, NAME)
    assert row is not None
    assert (row.state, row.stamp, row.image_id) == (FileState.ONLINE_ONLY, None, id_of(NEW))
    report = scan(machine, sd)
    assert (moves(report), report.unchanged) == ({}, 1)
    assert report.placeholders_unparsed == 0


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize("proven", [True, False])
def test_evicted_and_back_is_the_same_file(machine: Machine, placeholder: str, proven: bool) -> None:
    """Present, placeholder, present: the id stays, nothing is missing, and an unchanged stamp needs no new hash
    (I17).
    """
    sd = machine.add("Notes", NEW, *make_pictures(10))
    if proven:
        machine.get(id_of(NEW))
    before = dump(machine.bench.catalog)["image_files"]
    events = told(machine)
    path = machine.media(sd) / NAME
    aside = path.rename(machine.folder / "aside")
    (machine.media(sd) / placeholder).write_bytes(b"")
    assert moves(scan(machine, sd)) == {"changed": 1}
    assert state(machine, sd, NAME) is FileState.ONLINE_ONLY
    machine.clock.pass_time(days=40)
    assert moves(scan(machine, sd)) == {}
    aside.rename(path)
    (machine.media(sd) / placeholder).unlink()
    assert moves(scan_storage_dir(machine.bench, sd, prove_arrivals=False)) == {"changed": 1}
    if proven:
        assert dump(machine.bench.catalog)["image_files"] == before
        assert told(machine) == events
    assert state(machine, sd, NAME) is FileState.PRESENT


def test_a_placeholder_beside_the_real_file_says_nothing(machine: Machine) -> None:
    """A client left it behind. The file is here, in the first scan and in every later one."""
    root = make_storage_dir(machine.folder / "Notes", NEW)
    put_image(root, b"", PLACEHOLDERS[0])
    sd = machine.add_again(root)
    assert state(machine, sd, NAME) is FileState.PRESENT
    machine.get(id_of(NEW))
    put_image(root, b"", PLACEHOLDERS[1])
    before = bytes_of_catalog(machine)
    assert moves(scan(machine, sd)) == {}
    assert bytes_of_catalog(machine) == before


def test_an_online_only_file_whose_bytes_come_is_announced(machine: Machine) -> None:
    """Its bytes were never here before."""
    root = make_storage_dir(machine.folder / "Notes")
    put_image(root, b"", PLACEHOLDERS[0])
    sd = machine.add_again(root)
    (root / "media" / PLACEHOLDERS[0]).unlink()
    machine.put(sd, NEW)
    scan(machine, sd)
    assert told(machine) == [("available", NAME)]


def test_a_placeholder_that_goes_is_an_image_that_goes(machine: Machine) -> None:
    """It counts for the brake, and is missing after a minute, like any file."""
    root = make_storage_dir(machine.folder / "Notes")
    put_image(root, b"", PLACEHOLDERS[0])
    sd = machine.add_again(root)
    (root / "media" / PLACEHOLDERS[0]).unlink()
    assert moves(scan(machine, sd)) == {"absent": 1}
    machine.clock.pass_time(minutes=1)
    assert moves(scan(machine, sd)) == {"missing": 1}


def test_everything_evicted_at_once_is_not_a_mass_loss(machine: Machine) -> None:
    """ "Free up space" turns a whole folder into placeholders: online-only, never suspect (H18, H20)."""
    pictures = make_pictures(20)
    sd = machine.add("Notes", *pictures)
    for data in pictures:
        (machine.media(sd) / name_of(data)).rename(machine.media(sd) / f".{name_of(data)}.icloud")
    report = scan(machine, sd)
    assert (moves(report), report.sd.state) == ({"changed": 20}, StorageDirState.ONLINE)


# --- in any order -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", list(permutations(["the old one goes", "the new one comes", "a delete of the new one is told"]))
)
def test_deletes_and_arrivals_come_to_the_same_in_any_order(machine: Machine, order: tuple[str, ...]) -> None:
    """Even if a delete is reported before its file has arrived: only the final state counts (H30)."""
    sd = machine.add("Notes", *make_pictures(20))
    old = next(machine.media(sd).iterdir())
    happen: dict[str, Callable[[], object]] = {
        "the old one goes": old.unlink,
        "the new one comes": lambda: machine.put(sd, NEW),
        "a delete of the new one is told": lambda: look_at_arrival(machine.bench, sd, NAME),
    }
    for what in order:
        happen[what]()
        scan(machine, sd)
        machine.clock.pass_time(seconds=61)
    scan(machine, sd)
    assert (state(machine, sd, old.name), state(machine, sd, NAME)) == (FileState.MISSING, FileState.PRESENT)
    assert sorted(told(machine)) == [("available", NAME), ("missing", old.name)]


def test_conflict_copies_that_go_are_no_loss(machine: Machine) -> None:
    """Clients keep ten per file, or delete them. None ever counted as an image, so any number may vanish (H39)."""
    root = make_storage_dir(machine.folder / "Notes", NEW)
    copies = [put_image(root, make_picture("jpg"), conflict_name(NAME, dialect)) for dialect in DIALECTS]
    sd = machine.add_again(root)
    before = bytes_of_catalog(machine)
    for name in copies:
        (root / "media" / name).unlink()
    report = scan(machine, sd)
    assert (moves(report), report.findings, report.sd.state) == ({}, [], StorageDirState.ONLINE)
    assert bytes_of_catalog(machine) == before


# --- while the listing is made ----------------------------------------------------------------------------------


def during_listing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]
) -> Callable[[StorageDir, int, int], None]:
    """A progress hook that acts once, after the listing has seen everything that existed before."""
    count = len(list(machine.folder.glob("*/media/*")))
    monkeypatch.setattr("strandline.folders.media_listing.PROGRESS_EVERY", count)
    done: list[object] = []

    def hook(_sd: StorageDir, _done: int, total: int) -> None:
        if total == 0 and not done:
            done.append(action() or True)

    return hook


def test_images_saved_while_a_scan_lists_are_not_absent(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds even if they are more than the brake allows: their rows are younger than the listing."""
    sd = machine.add("Notes", NEW)
    pictures = make_pictures(8)

    def save_all() -> None:
        for data in pictures:
            save_image(machine.bench, data, sd)

    report = scan(machine, sd, during_listing(machine, monkeypatch, save_all))
    assert (moves(report), report.sd.state) == ({}, StorageDirState.ONLINE)
    for data in pictures:
        row = machine.row(sd, name_of(data))
        assert row is not None
        assert row.is_proven
    assert [event for event, _ in told(machine)] == ["available"] * 8


def test_a_file_that_becomes_whole_while_a_scan_lists_is_announced_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was empty when listed, then the watcher proved it: the listing must not set it back to arriving."""
    sd = machine.add("Notes", *make_pictures(3))
    machine.put(sd, b"", NAME)
    scan(machine, sd)

    def arrive() -> None:
        machine.put(sd, NEW)
        prove_file(machine.bench, sd, NAME)

    machine.put(sd, b"", NAME)
    hook = during_listing(machine, monkeypatch, arrive)
    assert moves(scan(machine, sd, hook)) == {}
    scan(machine, sd)
    assert told(machine) == [("arriving", NAME), ("available", NAME)]


def test_a_file_that_goes_while_a_scan_lists_is_left_to_the_next_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had changed when it was listed, and is gone when it is looked at: no conclusion, no error."""
    sd = machine.add("Notes", NEW, *make_pictures(3))
    machine.put(sd, NEW[:500], NAME)
    path = machine.media(sd) / NAME
    assert moves(scan(machine, sd, during_listing(machine, monkeypatch, path.unlink))) == {}
    assert moves(scan(machine, sd)) == {"absent": 1}


def test_an_absent_file_that_returns_while_a_scan_lists_is_not_missing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its minute is over and the listing lacks it, but the second look finds it. The next scan restores it."""
    sd = machine.add("Notes", NEW, *make_pictures(10))
    machine.get(id_of(NEW))
    path = machine.media(sd) / NAME
    aside = path.rename(machine.folder / "aside")
    assert moves(scan(machine, sd)) == {"absent": 1}
    machine.clock.pass_time(minutes=2)
    assert moves(scan(machine, sd, during_listing(machine, monkeypatch, lambda: aside.rename(path)))) == {}
    assert moves(scan(machine, sd)) == {"returned": 1}
    assert told(machine) == [("available", NAME)]


def test_a_new_file_that_goes_while_a_scan_lists_is_no_error(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was registered from the listing and is gone at the proof. The next scans find it absent."""
    sd = machine.add("Notes", *make_pictures(3))
    path = machine.put(sd, NEW)
    report = scan(machine, sd, during_listing(machine, monkeypatch, path.unlink))
    assert (moves(report), report.findings) == ({"added": 1}, [])
    assert moves(scan(machine, sd)) == {"absent": 1}
    assert told(machine) == []


# --- where nothing is read unless requested ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MountKind)
def test_arrivals_on_a_cloud_mount_are_announced_and_not_read(machine: Machine, kind: MountKind) -> None:
    """FUSE and WebDAV: ``image.arriving``, once, unread. A local disk, SMB, and NFS: proven at once (SPEC §6)."""
    mount = Mount(machine.folder, "test", kind, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: mount
    sd = machine.add("Notes", *make_pictures(3))
    assert told(machine) == []
    machine.put(sd, NEW)
    for _ in range(2):
        scan(machine, sd)
    row = machine.row(sd, NAME)
    assert row is not None
    is_read = kind in (MountKind.LOCAL, MountKind.NETWORK)
    assert row.is_proven is is_read
    assert told(machine) == [("available" if is_read else "arriving", NAME)]


# --- what nobody came to read -------------------------------------------------------------------------------------


def lose(machine: Machine, sd: StorageDir) -> None:
    """The program that registered it ended before it was read."""
    machine.scan(sd)


def cancel(machine: Machine, sd: StorageDir) -> None:
    """The scan was cancelled after it registered the file."""
    stop = threading.Event()

    def stop_when_registered(_sd: StorageDir, done: int, total: int) -> None:
        if done and done == total:
            stop.set()

    scan_storage_dir(machine.bench, sd, on_progress=stop_when_registered, cancel=stop)


def look(machine: Machine, _sd: StorageDir) -> None:
    """A lookup registered it unread."""
    assert look_up(machine.bench, id_of(NEW)).exists


@pytest.mark.parametrize("kind", [MountKind.LOCAL, MountKind.NETWORK])
@pytest.mark.parametrize("happens", [lose, cancel, look])
def test_an_arrival_that_was_registered_and_not_read_is_proven_by_the_next_scan(
    machine: Machine, kind: MountKind, happens: Callable[[Machine, StorageDir], None]
) -> None:
    """It is announced once. Files from the first scan are still left to the verifier or the first reader."""
    mount = Mount(machine.folder, "test", kind, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: mount
    old = make_pictures(3)
    sd = machine.add("Notes", *old)
    machine.put(sd, NEW)
    happens(machine, sd)
    row = machine.row(sd, NAME)
    assert row is not None
    assert not row.is_proven
    assert told(machine) == []
    machine.clock.pass_time(minutes=1)
    assert scan(machine, sd).unchanged == 4
    assert told(machine) == [("available", NAME)]
    assert [row.is_proven for data in old if (row := machine.row(sd, name_of(data)))] == [False] * 3
    before = bytes_of_catalog(machine)
    assert scan(machine, sd).arrivals == []
    assert bytes_of_catalog(machine) == before


def test_a_first_scan_that_was_cut_short_makes_no_arrivals(machine: Machine) -> None:
    """The next scan lists the rest. A cancelled scan must not cause a million reads at once."""
    machine.bench.limits = Limits(scan_batch_files=2)
    root, stop = make_storage_dir(machine.folder / "Notes", *make_pictures(6)), threading.Event()
    sd = add_storage_dir(machine.bench, root, scan=False).sd
    scan_storage_dir(machine.bench, sd, on_progress=lambda *_: stop.set(), cancel=stop)
    added = scan(machine, sd).added
    assert 0 < added < 6
    assert (scan(machine, sd).arrivals, told(machine)) == ([], [])


# --- several scans at once ----------------------------------------------------------------------------------------


def test_two_threads_scan_one_storage_directory(machine: Machine) -> None:
    """Each of their findings is counted and reported once."""
    sd = machine.add("Notes", *make_pictures(5))
    arrivals = make_pictures(30, first_seed=100)
    for data in arrivals:
        machine.put(sd, data)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: scan(machine, sd), range(2)))
    assert sum(report.added for report in reports) == 30
    assert sorted(told(machine)) == sorted(("available", name_of(data)) for data in arrivals)


SCAN = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from builders.machine import open_machine
    from builders.scans import scan
    with open_machine(Path(sys.argv[1])) as machine:
        with machine.bench.catalog.read() as reader:
            (sd,) = reader.sds.list_storage_dirs()
        print("ready", flush=True)
        sys.stdin.readline()
        print(scan(machine, sd).added)
"""


@pytest.mark.slow
def test_two_processes_scan_one_storage_directory(machine: Machine, tmp_path: Path) -> None:
    """Each arrival is registered by one of them, and announced exactly once."""
    sd = machine.add("Notes", *make_pictures(5))
    arrivals = make_pictures(100, first_seed=100)
    for data in arrivals:
        machine.put(sd, data)
    machine.put(sd, NEW[:500], f"{LEGACY_ID}.jpg")
    program = [sys.executable, "-c", textwrap.dedent(SCAN), str(tmp_path), str(Path(__file__).parents[2])]
    processes = [
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert sum(int(process.communicate()[0]) for process in processes) == 101
    expected = [("arriving", f"{LEGACY_ID}.jpg")] + [("available", name_of(data)) for data in arrivals]
    assert sorted(told(machine)) == sorted(expected)
    assert machine.bench.catalog.check_integrity() == []
