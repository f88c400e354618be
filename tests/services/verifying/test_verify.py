"""Verifying: what went bad is found, and what was read not long ago is not read again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, put_half
from fault_kit.traced import trace_calls
from strandline.errors import StorageDirOfflineError
from strandline.folders.filesystems import Mount, MountKind, find_mount
from strandline.model.byte_budget import ByteBudget
from strandline.model.image_files import FileState
from strandline.model.name_ranges import EVERYTHING
from strandline.model.storage_dirs import StorageDir
from strandline.model.verification import VERIFY_AFTER, Fault, VerifyReport, summarize
from strandline.services.proving.prove import Outcome, ProofResult, prove_file
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.verifying import verify as service
from strandline.services.verifying.background import BackgroundVerification
from strandline.services.verifying.verify import read_at_most, verify_range, verify_storage_dirs
from strandline.services.workbench import Workbench

PICTURES = [make_picture("png", seed=seed) for seed in range(4)]
ONE, TWO, *_ = PICTURES
MANY = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(20, 32)]
ID, NAME = id_of(ONE), name_of(ONE)


def verify(machine: Machine, *sds: StorageDir, older_than: timedelta = VERIFY_AFTER) -> VerifyReport:
    """What a verification of these, or all, finds."""
    return verify_storage_dirs(machine.bench, sds or machine.list_storage_dirs(), older_than=older_than)


def rot(path: Path, at: int = -40) -> None:
    """One byte changes as on a failing disk: size, times, and inode stay."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def say(report: VerifyReport) -> list[tuple[str, str]]:
    """Path and fault of each finding."""
    return [(finding.path, finding.fault.value) for finding in report.findings]


def test_all_is_well(machine: Machine) -> None:
    """Each file is read once. For the next 30 days, none is."""
    machine.add("one", *PICTURES)
    first, second = verify(machine), verify(machine)
    assert (first.checked, first.ok, first.fresh, first.findings) == (4, 4, 0, ())
    assert first.size_bytes == sum(map(len, PICTURES))
    assert (second.checked, second.fresh) == (0, 4)
    machine.clock.pass_time(hours=24 * 31)
    again = verify(machine)
    assert (again.checked, again.ok) == (4, 4)
    assert verify(machine).checked == 0
    assert verify(machine, older_than=timedelta(0)).checked == 4


@pytest.mark.parametrize("at", [-40, 60])
def test_a_bit_that_flips_is_found(machine: Machine, at: int) -> None:
    """Nothing else shows it: neither a listing nor the proof by size, time, and inode."""
    one = machine.add("one", *PICTURES)
    verify(machine)
    rot(machine.media(one) / NAME, at)
    assert verify(machine).findings == ()
    machine.clock.pass_time(hours=24 * 31)
    report = verify(machine)
    assert say(report) == [(f"media/{NAME}", "damaged")]
    assert (report.checked, report.ok) == (4, 3)
    assert report.findings[0].sha256 is not None
    assert report.findings[0].sha256.startswith(ID)
    again = verify(machine)
    assert say(again) == say(report)
    assert again.findings[0].sha256 == report.findings[0].sha256, "what the bytes were is not forgotten"


def test_files_that_failed_before_are_told_each_time(machine: Machine) -> None:
    """Half a file, another image, and a file that is gone."""
    one = machine.add("one", *PICTURES)
    verify(machine)
    put_half(Path(one.path), TWO)
    machine.put(one, ONE, name_of(PICTURES[2]))
    (machine.media(one) / name_of(PICTURES[3])).unlink()
    for _ in range(3):
        machine.clock.pass_time(minutes=10)
        report = verify(machine)
    assert sorted(say(report)) == sorted(
        [
            (f"media/{name_of(TWO)}", "arriving"),
            (f"media/{name_of(PICTURES[2])}", "foreign"),
            (f"media/{name_of(PICTURES[3])}", "missing"),
        ]
    )


@pytest.mark.parametrize("kind", ["legacy", "named"])
def test_bytes_that_change_untold_are_told_until_somebody_writes(machine: Machine, kind: str) -> None:
    """No name says what they were. The memory does, however often they are verified."""
    if kind == "legacy":
        one = machine.add("one")
        path = machine.put(one, ONE, f"{LEGACY_ID}.png")
    else:
        path = machine.folder / "vault" / "sea.png"
        path.parent.mkdir()
        path.write_bytes(ONE)
        (path.parent / "Note.md").touch()
        one = add_storage_dir(machine.bench, path.parent).sd
    machine.clock.pass_time(minutes=10)
    assert verify(machine).findings == ()
    machine.clock.pass_time(hours=24 * 31)
    before = path.stat()
    path.write_bytes(_same_size(ONE))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        report = verify(machine)
        assert [(finding.fault, finding.sha256) for finding in report.findings] == [
            (Fault.ALTERED, _sha256(ONE))
        ]
    path.write_bytes(TWO)
    assert verify(machine, one).findings == ()


def test_what_cannot_be_read_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing about the image."""
    one = machine.add("one", *PICTURES)
    path = machine.media(one) / NAME
    path.unlink()
    path.symlink_to("/etc/hostname")
    report = verify(machine)
    assert [finding.fault for finding in report.findings] in ([], [Fault.UNREADABLE])
    assert report.ok == 3
    row = machine.row(one, NAME)
    assert row is not None
    assert row.state is FileState.PRESENT
    monkeypatch.undo()


def test_what_is_away_is_not_verified(machine: Machine) -> None:
    """And nobody says that it is."""
    one = machine.add("one", *PICTURES)
    machine.take_away(one)
    report = verify(machine)
    assert (report.checked, report.findings) == (0, ())
    assert [(gap.files, gap.reason[:13]) for gap in report.not_verified] == [(None, "it is offline")]


def go_away(machine: Machine, sd: StorageDir) -> None:
    """The disk goes, and its mount point is there."""
    machine.take_away(sd)
    Path(sd.path).mkdir()


def lose_files(machine: Machine, sd: StorageDir) -> None:
    """The images are on a disk of their own, which goes."""
    for path in machine.media(sd).iterdir():
        path.unlink()


@pytest.mark.parametrize(("happens", "state"), [(go_away, "offline"), (lose_files, "suspect")])
def test_what_goes_away_meanwhile_is_not_verified(
    machine: Machine,
    happens: Callable[[Machine, StorageDir], None],
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody says that all is well, or that files are gone."""
    one = machine.add("one", *MANY)
    monkeypatch.setattr(service, "FILES_AT_ONCE", 2)

    def on_verified(_sd: StorageDir, files: int, *_: int) -> None:
        if files == 2:
            happens(machine, one)

    report = verify_storage_dirs(machine.bench, [one], older_than=VERIFY_AFTER, on_verified=on_verified)
    assert (report.checked, report.ok, report.fresh, report.findings) == (2, 2, 0, ())
    assert [(gap.files, gap.reason.split(":")[0]) for gap in report.not_verified] == [
        (None, f"it is {state}")
    ]
    assert "not all" in summarize(report, VERIFY_AFTER, go_on="")


def test_a_part_of_what_went_away_is_not_verified(machine: Machine) -> None:
    """It raises, so the part is tried again later."""
    one = machine.add("one", *PICTURES)
    go_away(machine, one)
    with pytest.raises(StorageDirOfflineError):
        verify_range(
            machine.bench,
            one,
            EVERYTHING,
            older_than=VERIFY_AFTER,
            go_on=lambda _: True,
            cancel=threading.Event(),
        )


def test_a_file_that_a_sync_client_takes_away_is_no_alarm(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it count as verified: the next scan notes it. A file that is being written is told."""
    one = machine.add("one", *MANY)
    gone, written = (machine.media(one) / name_of(data) for data in MANY[:2])

    def may_read(_: int) -> bool:
        gone.unlink(missing_ok=True)
        return True

    def prove(bench: Workbench, sd: StorageDir, name: str) -> ProofResult:
        return ProofResult(Outcome.CHANGING) if name == written.name else prove_file(bench, sd, name)

    monkeypatch.setattr(service, "prove_file", prove)
    report = verify_storage_dirs(machine.bench, [one], older_than=VERIFY_AFTER, may_read=may_read)
    assert (report.checked, report.fresh, report.findings) == (len(MANY) - 2, 0, ())
    assert [(gap.files, gap.reason) for gap in report.not_verified] == [(1, "they were being written")]


def test_a_cloud_is_not_read_unasked(machine: Machine) -> None:
    """Reading would download it. A person who names the folder asks for it."""
    one = machine.add("one", *PICTURES)
    cloud = Mount(Path(one.path), "fuse.rclone", MountKind.FUSE, keeps_inodes=False, read_only=False)
    machine.bench.find_mount = lambda path: cloud if path.startswith(one.path) else find_mount(path)
    machine.bench._mounts.clear()
    report = verify(machine)
    assert (report.checked, [gap.files for gap in report.not_verified]) == (0, [4])
    asked = verify_storage_dirs(machine.bench, [one], older_than=VERIFY_AFTER, may_fetch=True)
    assert (asked.checked, asked.ok) == (4, 4)


def test_it_goes_on_where_it_ended(machine: Machine) -> None:
    """Its budget was spent, or a person ended it."""
    machine.add("one", *PICTURES)
    left = [2]

    def may_read(_: int) -> bool:
        left[0] -= 1
        return left[0] >= 0

    report = verify_storage_dirs(
        machine.bench, machine.list_storage_dirs(), older_than=VERIFY_AFTER, may_read=may_read
    )
    assert (report.checked, report.is_complete) == (2, False)
    stop = threading.Event()
    stop.set()
    assert not verify_storage_dirs(
        machine.bench, machine.list_storage_dirs(), older_than=VERIFY_AFTER, cancel=stop
    ).is_complete
    assert (verify(machine).checked, verify(machine).fresh) == (2, 4)


def test_a_budget_is_waited_for(machine: Machine) -> None:
    """An hour's worth may be read at once, and then only so much."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        machine.clock.pass_time(minutes=20)

    machine.bench.sleep = sleep
    may_read = read_at_most(machine.bench, 1000, None)
    assert may_read(1000)
    assert may_read(500)
    assert 1 <= len(waited) <= 3
    stop = threading.Event()
    stop.set()
    assert not read_at_most(machine.bench, 1, stop)(10) or ByteBudget(1, 0).try_spend(10, 0)
    assert read_at_most(machine.bench, None, None)(10**12)


def test_in_the_background_it_reads_what_is_due(machine: Machine) -> None:
    """Within its budget, and then it rests. What it finds is an event."""
    one = machine.add("one", *PICTURES)
    verify(machine)
    background = BackgroundVerification(machine.bench, VERIFY_AFTER)
    asked: list[int] = []

    def may_read(size_bytes: int) -> bool:
        asked.append(size_bytes)
        return len(asked) != 2

    assert background.go_on(one, may_read=may_read)
    machine.clock.pass_time(hours=24 * 31)
    rot(machine.media(one) / NAME)
    assert not background.go_on(one, may_read=may_read)
    assert background.go_on(one, may_read=may_read)
    assert background.go_on(one, may_read=may_read)
    assert len(asked) == 2 + 3
    assert [event.to_json()["image_id"] for event in machine.events("image.damaged")] == [ID]
    assert BackgroundVerification(machine.bench, timedelta(0)).go_on(one, may_read=may_read)


VERIFYING = """
import sys
from datetime import timedelta
from strandline import open_store
with open_store(sys.argv[1]) as store:
    store.verify(older_than=timedelta(0))
    begin()
    store.verify(older_than=timedelta(0))
    end()
"""


def test_each_file_is_opened_once(tmp_path: Path) -> None:
    """What is as it was is only hashed."""
    from builders.machine import open_machine

    with open_machine(tmp_path) as machine:
        machine.add("one", *PICTURES)
    lines = trace_calls(VERIFYING, tmp_path / "home", calls="openat")
    begun = [line for line in lines if "resumed>" not in line]  # a call of a thread may be on two lines
    opened = [name for name in map(name_of, PICTURES) for line in begun if name in line]
    assert sorted(opened) == sorted(map(name_of, PICTURES))


def _same_size(data: bytes) -> bytes:
    """Another whole picture with as many bytes."""
    other = next(
        each
        for seed in range(100, 400)
        if len(each := make_picture("png", seed=seed)) <= len(data) and each != data
    )
    return other + bytes(len(data) - len(other))


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
