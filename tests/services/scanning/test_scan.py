"""Scanning a real folder: what is registered, and what is only counted. A second scan writes nothing."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import dump, sql_of
from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.scans import bytes_of_catalog, kinds, moves, scan, state, told
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_image, set_mtime
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.errors import StorageDirNotFoundError
from strandline.model.events import ScanFinished, ScanProgress, ScanStarted
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Limits

PICTURES = make_pictures(3)
NAMES = [name_of(data) for data in PICTURES]
NEW = make_picture("jpg", seed=9)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine without storage directories, whose scans write two files per transaction."""
    with open_machine(tmp_path, limits=Limits(scan_batch_files=2)) as machine:
        yield machine


# --- first scan, second scan --------------------------------------------------------------------------------


def test_the_first_scan_registers_every_image_unproven_and_tells_nobody(machine: Machine) -> None:
    """A listing alone creates rows, and no event per file."""
    added = machine.add("Notes", *PICTURES)
    for name in NAMES:
        row = machine.row(added, name)
        assert row is not None
        assert (row.state, row.is_proven) == (FileState.PRESENT, False)
    assert told(machine) == []
    (finished,) = machine.events("scan.finished")
    assert isinstance(finished, ScanFinished)
    assert finished.added == 3


def test_what_comes_back_while_a_scan_writes_is_not_missing(machine: Machine) -> None:
    """It was away for minutes, and is there again before its row is written: nothing is told of it."""
    pictures = make_pictures(20)
    sd = machine.add("Notes", *pictures)
    paths = sorted(machine.media(sd) / name_of(data) for data in pictures)[:3]
    for path in paths:
        path.rename(machine.folder / path.name)
    assert moves(scan(machine, sd)) == {"absent": 3}
    machine.clock.pass_time(minutes=2)
    last = paths[2]

    class BringsBack(threading.Event):
        def is_set(self) -> bool:
            """A scan asks after each batch."""
            if told(machine) and not last.exists():  # the first two are written
                (machine.folder / last.name).rename(last)
            return False

    assert moves(scan_storage_dir(machine.bench, sd, cancel=BringsBack())) == {"missing": 2}
    assert last.exists()
    assert told(machine) == [("missing", path.name) for path in paths[:2]]
    assert moves(scan(machine, sd)) == {"returned": 1}


def test_a_second_scan_finds_nothing_and_writes_nothing(machine: Machine) -> None:
    """Not one byte of the catalog changes, whatever odd things are in the folder (I10)."""
    root = make_storage_dir(machine.folder / "Notes", *PICTURES)
    for name in (
        "notes.txt",
        f"{NAMES[0]}:1:2:3",
        os.fsdecode(b"\xff"),
        "new\nline",
        f".{LEGACY_ID}.png.icloud",
    ):
        (root / "media" / name).touch()
    put_image(root, b"", f"{LEGACY_ID}.gif")
    (root / "media" / f"{LEGACY_ID}.webp").symlink_to("nowhere")
    (root / "media" / f".{NAMES[0]}.icloud").write_bytes(b"bplist00")  # left behind beside the real file
    sd = machine.add_again(root)
    machine.clock.pass_time(hours=23)
    before = bytes_of_catalog(machine)
    report = scan(machine, sd)
    assert moves(report) == {}
    assert report.unchanged == 5
    assert bytes_of_catalog(machine) == before


def test_a_second_scan_of_files_that_failed_writes_nothing_either(machine: Machine) -> None:
    """Half a file is looked at again. That it is still half is no news."""
    sd = machine.add("Notes")
    half = machine.put(sd, NEW[:500], name_of(NEW)).name
    assert scan(machine, sd).arriving == 1
    before = bytes_of_catalog(machine)
    report = scan(machine, sd)
    assert (moves(report), report.arriving, state(machine, sd, half)) == ({}, 1, FileState.ARRIVING)
    assert bytes_of_catalog(machine) == before


def test_what_a_later_scan_finds_is_an_arrival_and_proven_at_once(machine: Machine) -> None:
    """It is announced exactly once, and not by later scans."""
    sd = machine.add("Notes", *PICTURES)
    name = machine.put(sd, NEW).name
    report = scan(machine, sd)
    assert moves(report) == {"added": 1}
    row = machine.row(sd, name)
    assert row is not None
    assert row.is_proven
    scan(machine, sd)
    assert told(machine) == [("available", name)]


def test_a_changed_file_is_proven_again_and_tells_nothing_where_its_bytes_are_the_same(
    machine: Machine,
) -> None:
    """A touched file, or one delivered again, costs one hash and no event (H37)."""
    sd = machine.add("Notes", *PICTURES)
    machine.get(id_of(PICTURES[0]))
    events = told(machine)
    set_mtime(machine.media(sd) / NAMES[0], 100)
    assert moves(scan(machine, sd)) == {"changed": 1}
    row = machine.row(sd, NAMES[0])
    assert row is not None
    assert row.is_proven
    assert told(machine) == events == [("available", NAMES[0])]


def test_other_bytes_under_a_legacy_id_are_told_as_a_change(machine: Machine) -> None:
    """Only if the hash differs."""
    sd = machine.add("Notes")
    name = machine.put(sd, PICTURES[0], f"{LEGACY_ID}.png").name
    scan(machine, sd)
    machine.clock.pass_time(minutes=1)
    machine.put(sd, PICTURES[1], name)
    set_mtime(machine.media(sd) / name, 5)
    scan(machine, sd)
    assert told(machine) == [("available", name), ("changed", name)]


def test_good_bytes_that_turn_bad_are_arriving_and_told(machine: Machine) -> None:
    """It is available again when good bytes arrive."""
    sd = machine.add("Notes")
    name = machine.put(sd, NEW).name
    scan(machine, sd)
    machine.put(sd, NEW[:500], name)
    assert scan(machine, sd).arriving == 1
    machine.put(sd, NEW, name)
    assert scan(machine, sd).arriving == 0
    assert [event for event, _ in told(machine)] == ["available", "arriving", "available"]


def test_damage_is_a_finding_of_the_scan_whose_look_decides(machine: Machine) -> None:
    """After 24 hours without a change, not before. Each later scan names the file."""
    sd = machine.add("Notes")
    name = machine.put(sd, NEW[:500], name_of(NEW)).name
    assert kinds(scan(machine, sd)) == []
    machine.clock.pass_time(hours=24)
    for _ in range(2):
        report = scan(machine, sd)
        assert [(finding.kind, finding.filename) for finding in report.findings] == [("damaged", name)]
    assert [event for event, _ in told(machine)] == ["arriving", "damaged"]


def test_an_empty_file_is_arriving_and_no_news(machine: Machine) -> None:
    """Zero bytes under an image's name (H34): known, not shown, not announced."""
    root = make_storage_dir(machine.folder / "Notes")
    name = put_image(root, b"", name_of(NEW))
    sd = machine.add_again(root)
    assert (state(machine, sd, name), scan(machine, sd).arriving) == (FileState.ARRIVING, 1)
    assert told(machine) == []
    machine.put(sd, NEW)
    scan(machine, sd)
    assert told(machine) == [("available", name)]


def test_a_file_that_stays_empty_for_a_day_is_damaged(machine: Machine) -> None:
    """Even if only scans ever saw it: when it is given up does not depend on who saw it first (I9)."""
    root = make_storage_dir(machine.folder / "Notes")
    name = put_image(root, b"", name_of(NEW))
    sd = machine.add_again(root)
    machine.clock.pass_time(hours=23)
    scan(machine, sd)
    assert state(machine, sd, name) is FileState.ARRIVING
    machine.clock.pass_time(hours=2)
    scan(machine, sd)
    assert state(machine, sd, name) is FileState.DAMAGED
    assert told(machine) == [("damaged", name)]


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [False, True], ids=["first scan", "later scan"])
def test_conflict_copies_temporaries_and_strays_are_counted_and_never_registered(
    machine: Machine, known: bool
) -> None:
    """Patterns explain names; only the grammar decides."""
    root = make_storage_dir(machine.folder / "Notes", *(PICTURES if known else []))
    sd = machine.add_again(root)
    stem = NAMES[0].removesuffix(".png")
    for name in (
        f"{stem} (conflicted copy 2026-01-01).png",
        f"{stem}.sync-conflict-20260101-120000-ABCDEFG.png",
        f".syncthing.{NAMES[1]}.tmp",
        "notes.txt",
        ".DS_Store",
        f"{stem}.tiff",
        ".notes.txt.icloud",
    ):
        (root / "media" / name).write_bytes(PICTURES[0])
    report = scan(machine, sd)
    assert (report.conflict_copies, report.temporaries, report.strays) == (2, 1, 3)
    assert report.placeholders_unparsed == 1
    assert moves(report) == {}


def test_odd_entries_under_wanted_names_are_findings(machine: Machine) -> None:
    """A link is never followed, a FIFO never opened, and a folder never entered (I26)."""
    root = make_storage_dir(machine.folder / "Notes", PICTURES[0])
    media = root / "media"
    (media / NAMES[1]).symlink_to(media / NAMES[0])
    os.mkfifo(media / NAMES[2])
    (media / name_of(NEW)).mkdir()
    sd = machine.add_again(root)
    for _ in range(2):
        report = scan(machine, sd)
        assert {finding.filename: finding.kind for finding in report.findings} == {
            NAMES[1]: "symlink", NAMES[2]: "not-a-file", name_of(NEW): "not-a-file",
        }  # fmt: skip
        assert moves(report) == {}


def test_letter_cases_side_by_side_are_two_files_of_one_image(machine: Machine) -> None:
    """Each has its own row (H26)."""
    sd = machine.add("Notes", PICTURES[0])
    upper = machine.put(sd, PICTURES[0], NAMES[0].upper()).name
    assert moves(scan(machine, sd)) == {"added": 1}
    one, two = machine.row(sd, NAMES[0]), machine.row(sd, upper)
    assert one is not None
    assert two is not None
    assert one.image_id == two.image_id


@pytest.mark.parametrize("mtime_s", [-(2**31), 2**33])
def test_no_mtime_stops_a_scan(machine: Machine, mtime_s: int) -> None:
    """Other machines' clocks are wrong in every way, also before 1970 (H28)."""
    root = make_storage_dir(machine.folder / "Notes", *PICTURES)
    os.utime(root / "media" / NAMES[0], ns=(mtime_s * 10**9, mtime_s * 10**9))
    sd = machine.add_again(root)
    assert state(machine, sd, NAMES[0]) is FileState.PRESENT
    assert moves(scan(machine, sd)) == {}


def test_a_checked_file_that_was_closed_since_is_a_finding(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who may no longer read it is told, at each scan, although nothing else about the file has changed."""
    sd = machine.add("Notes")
    path = machine.put(sd, PICTURES[0])
    scan(machine, sd)
    path.chmod(0o200)
    monkeypatch.setattr(os, "access", lambda name, mode, **_: mode == os.F_OK or name != path.name)
    for _ in range(2):
        (finding,) = scan(machine, sd).findings
        assert (finding.kind, finding.filename, finding.image_id) == ("unreadable", path.name, path.stem)
        assert "Permission denied" in finding.message
    monkeypatch.undo()
    assert scan(machine, sd).findings == []


def test_a_file_that_cannot_be_read_is_a_finding(machine: Machine) -> None:
    """If reading it fails (H19), it stays registered and unproven, and the next scan or reader tries again."""
    sd = machine.add("Notes")
    machine.put(sd, PICTURES[0])
    scan(machine, sd)
    name = machine.put(sd, make_picture("png", size=(100, 100))).name
    no_long_reads = Refusal("read", errno.EIO, argument=2, mask=0xFFFFF000)  # SD_ID can be read
    report = call_refused([no_long_reads], lambda: scan(machine, sd))
    assert [(finding.kind, finding.filename) for finding in report.findings] == [("unreadable", name)]
    row = machine.row(sd, name)
    assert row is not None
    assert (row.state, row.is_proven) == (FileState.PRESENT, False)


# --- progress, cancelling, limits ---------------------------------------------------------------------------


def test_progress_rises_to_the_total_and_is_announced_live(machine: Machine) -> None:
    """To the caller and to live listeners. The journal does not store it."""
    live: list[object] = []
    machine.bench.announce = live.append
    root = make_storage_dir(machine.folder / "Notes", *make_pictures(5))
    (root / "media" / "notes.txt").touch()
    sd = machine.add_again(root)
    for _ in range(2):
        seen: list[tuple[int, int]] = []
        live.clear()
        scan(machine, sd, lambda _sd, done, total, seen=seen: seen.append((done, total)))  # type: ignore[misc]
        assert seen == sorted(set(seen))
        assert seen[-1] == (6, 6)
        progress = [event for event in live if isinstance(event, ScanProgress)]
        assert [(event.done, event.total) for event in progress] == seen
        assert isinstance(live[0], ScanStarted)
        assert isinstance(live[-1], ScanFinished)
    assert not machine.events("scan.progress")


def test_a_cancelled_scan_ends_between_batches_and_the_next_one_goes_on(machine: Machine) -> None:
    """What was written stays, and nothing is concluded about files that the scan did not reach."""
    root = make_storage_dir(machine.folder / "Notes", *make_pictures(7))
    sd = add_unscanned(machine, root)
    cancel = threading.Event()
    report = scan_storage_dir(machine.bench, sd, cancel=cancel, on_progress=lambda *_: cancel.set())
    assert (report.cancelled, report.added) == (True, 2)
    report = scan(machine, sd)
    assert (report.cancelled, moves(report), report.unchanged) == (False, {"added": 5}, 2)
    assert told(machine) == [], "it still is the first scan: what it registers is no arrival"
    machine.put(sd, NEW)
    scan(machine, sd)
    assert told(machine) == [("available", name_of(NEW))]


def add_unscanned(machine: Machine, root: Path) -> StorageDir:
    """A storage directory whose first scan was cancelled before it started."""
    media = root / "media"
    media.rename(root / "later")
    sd = machine.add_again(root)
    (root / "later").rename(media)
    with machine.bench.catalog.write() as writer:
        sql_of(writer).execute("UPDATE storage_dirs SET first_scan_done = 0")
    return sd


def test_a_scan_that_was_cancelled_before_it_began_writes_nothing(machine: Machine) -> None:
    """Stopping a program does not wait for a folder."""
    sd = machine.add("Notes", *PICTURES)
    machine.put(sd, NEW)
    before = bytes_of_catalog(machine)
    cancel = threading.Event()
    cancel.set()
    assert scan_storage_dir(machine.bench, sd, cancel=cancel).cancelled
    assert bytes_of_catalog(machine) == before


def test_a_forgotten_storage_directory_is_not_scanned(machine: Machine) -> None:
    """If it was forgotten before or during the scan: one clear error, and no row is left."""
    sd = machine.add("Notes", *PICTURES)

    def forget(*_: object) -> None:
        with machine.bench.catalog.write() as writer:
            writer.sds.delete_storage_dir(sd.number)

    for data in make_pictures(5, first_seed=20):
        machine.put(sd, data)
    with pytest.raises(StorageDirNotFoundError):
        scan(machine, sd, forget)
    with pytest.raises(StorageDirNotFoundError):
        scan(machine, sd)
    assert dump(machine.bench.catalog)["image_files"] == []


def test_a_catalog_that_was_deleted_is_rebuilt_by_adding_again(machine: Machine, tmp_path: Path) -> None:
    """The same folders give the same rows: nothing that a scan finds exists only in the catalog."""
    root = make_storage_dir(machine.folder / "Notes", *PICTURES)
    put_image(root, b"", f"{LEGACY_ID}.gif")
    (root / "media" / f".{LEGACY_ID}.png.icloud").touch()
    machine.add_again(root)
    (tmp_path / "rebuilt").mkdir()
    with open_machine(tmp_path / "rebuilt") as other:
        other.clock.set_wall_clock(machine.clock.now())
        other.add_again(root)
        for table in ("image_files", "storage_dirs"):
            assert dump(other.bench.catalog)[table] == dump(machine.bench.catalog)[table]
