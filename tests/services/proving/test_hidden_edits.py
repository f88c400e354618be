"""Hidden edits: found in the background by the ctime alone, within the budget, and without false news."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.scans import moves, scan, state, told
from builders.storage import make_pictures, name_of, put_image
from strandline.folders.filesystems import Mount, MountKind
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving import hidden_edits
from strandline.services.proving.backlog import verify_unproven
from strandline.services.proving.hidden_edits import HiddenEdits

PICTURES = make_pictures(4)
NAMES = sorted(map(name_of, PICTURES))


@pytest.fixture
def sd(machine: Machine) -> StorageDir:
    """A storage directory with four images that were all checked."""
    added = machine.add("one", *PICTURES)
    machine.clock.pass_time(minutes=1)
    assert verify_unproven(machine.bench, added, may_read=lambda _: True)
    return added


class Round:
    """Rounds over one storage directory, and what they read."""

    def __init__(self, machine: Machine, sd: StorageDir) -> None:
        self._edits = HiddenEdits(machine.bench)
        self._sd = sd
        self.read_bytes: list[int] = []

    def go_on(self, reads: int = 1000, cancel: threading.Event | None = None) -> bool:
        """One round that may read so many files."""
        left = [None] * reads

        def may_read(size_bytes: int) -> bool:
            if not left:
                return False
            left.pop()
            self.read_bytes.append(size_bytes)
            return True

        return self._edits.go_on(self._sd, may_read=may_read, cancel=cancel)


def edit_in_place(path: Path) -> None:
    """Other bytes, and the same size, mtime, and inode."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"something else 7890\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_edit_that_no_listing_shows_is_found(machine: Machine, sd: StorageDir) -> None:
    """Without anybody asking for the image. It does not stay "checked"."""
    edit_in_place(machine.media(sd) / NAMES[1])
    assert moves(scan(machine, sd)) == {}
    rounds = Round(machine, sd)
    assert rounds.go_on()
    assert len(rounds.read_bytes) == 1
    assert state(machine, sd, NAMES[1]) is FileState.ARRIVING
    assert all(state(machine, sd, name) is FileState.PRESENT for name in NAMES if name != NAMES[1])


def test_a_change_of_modes_is_no_news(machine: Machine, sd: StorageDir) -> None:
    """Each file is read once more, and nobody hears of it: no event, no arrival, and it stays checked meanwhile."""
    events = told(machine)
    for name in NAMES:
        (machine.media(sd) / name).chmod(0o640)
    report = scan(machine, sd)
    assert (moves(report), report.arrivals) == ({}, [])
    assert all(row is not None and row.is_proven for row in (machine.row(sd, name) for name in NAMES))
    rounds = Round(machine, sd)
    assert rounds.go_on()
    assert len(rounds.read_bytes) == len(NAMES)
    assert told(machine) == events
    machine.clock.pass_time(hours=7)
    assert rounds.go_on()
    assert len(rounds.read_bytes) == len(NAMES)


def test_what_nobody_touched_is_not_read(machine: Machine, sd: StorageDir) -> None:
    """Nor what is gone."""
    (machine.media(sd) / NAMES[0]).unlink()
    rounds = Round(machine, sd)
    assert rounds.go_on()
    assert rounds.read_bytes == []


def test_the_budget_ends_a_round_and_the_next_one_goes_on(machine: Machine, sd: StorageDir) -> None:
    """What waits to be read is not looked for again. The budget hears the size of each file."""
    for name in NAMES:
        (machine.media(sd) / name).chmod(0o640)
    rounds = Round(machine, sd)
    assert not rounds.go_on(reads=0)
    assert not rounds.go_on(reads=3)
    assert rounds.go_on(reads=1)
    assert sorted(rounds.read_bytes) == sorted(map(len, PICTURES))


def test_a_round_is_a_part(machine: Machine, sd: StorageDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files have their turn, then there is a rest, and then it begins again."""
    monkeypatch.setattr(hidden_edits, "LOOKS_A_ROUND", 3)
    rounds = Round(machine, sd)
    seen = []
    for _ in range(3):
        for name in NAMES:
            (machine.media(sd) / name).chmod(0o640)
        rounds.read_bytes.clear()
        assert rounds.go_on()
        seen.append(len(rounds.read_bytes))
    assert seen == [3, 1, 0]
    machine.clock.pass_time(hours=6)
    assert rounds.go_on()
    assert len(rounds.read_bytes) == 3


def test_a_cancelled_round_reads_nothing(machine: Machine, sd: StorageDir) -> None:
    """Stopping a program does not wait for a folder."""
    cancel = threading.Event()
    cancel.set()
    (machine.media(sd) / NAMES[0]).chmod(0o640)
    rounds = Round(machine, sd)
    assert not rounds.go_on(cancel=cancel)
    assert rounds.read_bytes == []


@pytest.mark.parametrize("kind", sorted(set(MountKind) - {MountKind.LOCAL}))
def test_only_a_local_disk_keeps_ctimes(machine: Machine, sd: StorageDir, kind: MountKind) -> None:
    """Elsewhere they are not real, and reading may download the cloud."""
    mount = Mount(machine.folder, "test", kind, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: mount
    machine.clock.pass_time(minutes=1)
    (machine.media(sd) / NAMES[0]).chmod(0o640)
    rounds = Round(machine, sd)
    assert rounds.go_on()
    assert rounds.read_bytes == []


def test_a_folder_that_is_away_says_nothing(machine: Machine, sd: StorageDir) -> None:
    """Nothing is concluded, and the next round is another part."""
    machine.take_away(sd)
    rounds = Round(machine, sd)
    assert rounds.go_on()
    assert all(state(machine, sd, name) is FileState.PRESENT for name in NAMES)


def test_what_came_later_has_its_turn(machine: Machine, sd: StorageDir) -> None:
    """A file that was saved or proven after the last round is looked at in the next one."""
    rounds = Round(machine, sd)
    assert rounds.go_on()
    late = make_pictures(1, first_seed=50)[0]
    path = machine.media(sd) / put_image(Path(sd.path), late)
    machine.clock.pass_time(minutes=1)
    scan(machine, sd)
    path.chmod(0o640)
    machine.clock.pass_time(hours=6)
    assert rounds.go_on()
    assert rounds.read_bytes == [len(late)]
