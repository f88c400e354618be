"""Verifying in the background: newest first, within a budget, and never if it would download from a cloud."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.scans import bytes_of_catalog, scan, state, told
from builders.storage import make_pictures, make_storage_dir, name_of, put_half, set_mtime
from strandline.catalog.image_files.reader import ImageFileReader
from strandline.folders.filesystems import Mount, MountKind
from strandline.model.image_files import FileState, ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.backlog import verify_unproven

PICTURES = make_pictures(4)
NAMES = [name_of(data) for data in PICTURES]


@pytest.fixture
def sd(machine: Machine) -> StorageDir:
    """A storage directory with four images from its first scan. The last one is the oldest."""
    root = make_storage_dir(machine.folder / "Notes", *PICTURES)
    for number, name in enumerate(NAMES):
        set_mtime(root / "media" / name, 100 * number, before=1_000_000_000)
    return machine.add_again(root)


def verify(machine: Machine, sd: StorageDir, reads: int = 1000) -> bool:
    """One round that may read this many files. Returns whether nothing is left to do."""
    left = [None] * reads

    def may_read(size_bytes: int) -> bool:
        assert size_bytes > 0
        return left.pop() is None if left else False

    return verify_unproven(machine.bench, sd, may_read=may_read)


def test_what_the_first_scan_registered_is_proven_newest_first(machine: Machine, sd: StorageDir) -> None:
    """Each image is announced then, once."""
    assert verify(machine, sd)
    assert told(machine) == [("available", name) for name in NAMES]
    assert verify(machine, sd)
    assert len(told(machine)) == 4


def test_the_budget_ends_a_round_and_the_next_one_goes_on(machine: Machine, sd: StorageDir) -> None:
    """The budget is checked before each file, with its size."""
    assert not verify(machine, sd, reads=3)
    assert told(machine) == [("available", name) for name in NAMES[:3]]
    assert verify(machine, sd, reads=1)
    assert told(machine) == [("available", name) for name in NAMES]


def test_a_lapsed_proof_is_made_again_and_is_no_news(machine: Machine, sd: StorageDir) -> None:
    """A file that was touched while nothing could be proven does not stay unproven forever."""
    verify(machine, sd)
    set_mtime(machine.media(sd) / NAMES[0], 5)
    machine.scan(sd)
    events = told(machine)
    row = machine.row(sd, NAMES[0])
    assert row is not None
    assert not row.is_proven
    assert verify(machine, sd)
    row = machine.row(sd, NAMES[0])
    assert row is not None
    assert row.is_proven
    assert told(machine) == events


def test_bad_files_become_what_they_are(machine: Machine) -> None:
    """Half an image is arriving. Nothing is read twice in one round."""
    root = make_storage_dir(machine.folder / "Notes")
    half = put_half(root, PICTURES[0])
    foreign = name_of(PICTURES[1])
    (root / "media" / foreign).write_bytes(PICTURES[2])
    sd = machine.add_again(root)
    machine.clock.pass_time(minutes=1)
    assert verify(machine, sd, reads=2)
    assert (state(machine, sd, half), state(machine, sd, foreign)) == (FileState.ARRIVING, FileState.FOREIGN)


def test_a_file_that_is_gone_or_cannot_be_read_does_not_stop_the_others(
    machine: Machine, sd: StorageDir
) -> None:
    """It is skipped in this round. Only a scan draws conclusions."""
    (machine.media(sd) / NAMES[0]).unlink()
    (machine.media(sd) / NAMES[1]).unlink()
    os.mkfifo(machine.media(sd) / NAMES[1])
    assert verify(machine, sd, reads=4)
    assert told(machine) == [("available", name) for name in NAMES[2:]]
    assert state(machine, sd, NAMES[0]) is FileState.PRESENT


def test_more_files_than_are_fetched_at_once_are_all_proven(
    machine: Machine, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the first ones cannot be proven."""
    monkeypatch.setattr("strandline.services.proving.backlog.FILES_AT_ONCE", 1)
    (machine.media(sd) / NAMES[0]).unlink()
    assert verify(machine, sd)
    assert [name for _, name in told(machine)] == NAMES[1:]


def test_a_cancelled_round_reads_no_more(machine: Machine, sd: StorageDir) -> None:
    """Stopping a program does not wait for a folder."""
    cancel = threading.Event()

    def may_read(_size_bytes: int) -> bool:
        cancel.set()
        return True

    assert not verify_unproven(machine.bench, sd, may_read=may_read, cancel=cancel)
    assert len(told(machine)) == 1


@pytest.mark.parametrize("kind", sorted(set(MountKind) - {MountKind.LOCAL}))
def test_nothing_is_read_by_itself_but_on_a_local_disk(
    machine: Machine, sd: StorageDir, kind: MountKind
) -> None:
    """It would download the cloud or load the network. There, files are proven when they are read."""
    mount = Mount(machine.folder, "test", kind, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: mount
    machine.clock.pass_time(minutes=1)
    before = bytes_of_catalog(machine)
    assert verify(machine, sd, reads=0)
    assert bytes_of_catalog(machine) == before


def test_online_only_files_are_never_fetched(machine: Machine) -> None:
    """A placeholder has no bytes to verify (I16)."""
    root = make_storage_dir(machine.folder / "Notes")
    (root / "media" / f".{LEGACY_ID}.png.icloud").touch()
    sd = machine.add_again(root)
    assert verify(machine, sd, reads=0)


def test_a_legacy_file_is_proven_by_its_structure(machine: Machine) -> None:
    """Only its wholeness can be checked."""
    root = make_storage_dir(machine.folder / "Notes")
    name = f"{LEGACY_ID}.jpg"
    (root / "media" / name).write_bytes(make_picture("jpg"))
    sd = machine.add_again(root)
    assert verify(machine, sd)
    assert told(machine) == [("available", name)]
    assert scan(machine, sd).unchanged == 1


def test_what_cannot_be_read_costs_each_round_a_row_a_file(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of fetched rows grows with the files, not with their square. Refused files are not retried."""
    monkeypatch.setattr("strandline.services.proving.backlog.FILES_AT_ONCE", 10)
    fetched: list[int] = []
    list_page = ImageFileReader.list_unproven

    def counting(*arguments: Any, **options: Any) -> list[ImageFile]:
        rows = list_page(*arguments, **options)
        fetched.append(len(rows))
        return rows

    monkeypatch.setattr(ImageFileReader, "list_unproven", counting)
    sd = machine.add("Notes")
    for files in (50, 150):
        for number in range(files):
            name = f"12345678-9abc-4def-8123-{number:012}.png"
            machine.media(sd).joinpath(name).write_bytes(b"x")
        machine.scan(sd)
        for path in machine.media(sd).iterdir():
            path.unlink()
            os.mkfifo(path)
        fetched.clear()
        reads: list[int] = []
        assert verify_unproven(machine.bench, sd, may_read=lambda size, reads=reads: not reads.append(size))  # type: ignore[misc]
        assert sum(fetched) == files
        assert len(fetched) == files // 10 + 1
        reads.clear()
        assert verify_unproven(machine.bench, sd, may_read=lambda size, reads=reads: not reads.append(size))  # type: ignore[misc]
        assert reads == []
        machine.clock.pass_time(minutes=1)
        assert verify_unproven(machine.bench, sd, may_read=lambda size, reads=reads: not reads.append(size))  # type: ignore[misc]
        assert len(reads) == files
        for path in machine.media(sd).iterdir():
            path.unlink()


def test_a_file_that_cannot_be_read_is_logged_once(
    machine: Machine, sd: StorageDir, caplog: pytest.LogCaptureFixture
) -> None:
    """With its reason. It is tried again and again, and the log says so only the first time."""
    name = NAMES[0]
    path = machine.media(sd) / name
    path.unlink()
    path.mkdir()
    for _ in range(3):
        verify_unproven(machine.bench, sd, may_read=lambda _: True)
        machine.clock.pass_time(hours=1)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert f"{name} in {sd.name!r} cannot be checked: " in told[0]
