"""Healing: a bad file gets its right bytes back, from wherever they are, and the bad ones go to the trash."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, put_half
from strandline.errors import SourceNotFoundError
from strandline.folders.port import Folder
from strandline.model.storage_dirs import StorageDir
from strandline.model.verification import VerifyReport
from strandline.services.finding.search import find_image
from strandline.services.saving.entries import read_entry
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.trashing.trash import file_of
from strandline.services.verifying import given_folders
from strandline.services.verifying.heal import heal
from strandline.services.verifying.verify import verify_storage_dirs
from strandline.services.workbench import Workbench

ONE, TWO = (make_picture("png", seed=seed) for seed in range(2))
ID, NAME = id_of(ONE), name_of(ONE)
BAD = ONE[: len(ONE) // 2]


def repair(machine: Machine, *folders: Path, dry_run: bool = False) -> VerifyReport:
    """Verifies everything, and heals."""
    report = verify_storage_dirs(machine.bench, machine.list_storage_dirs(), older_than=timedelta(0))
    findings, healing = heal(
        machine.bench, report.findings, [str(folder) for folder in folders], dry_run=dry_run
    )
    return replace(report, findings=tuple(findings), healing=healing)


def say(report: VerifyReport) -> list[tuple[str, bool]]:
    """Fault of each finding, and whether it is healed."""
    return [(finding.fault.value, finding.is_healed) for finding in report.findings]


def refusals(report: VerifyReport) -> list[str]:
    """The codes of what was refused."""
    assert report.healing is not None
    return [each.error.code for each in report.healing.refused]


def twin(machine: Machine, _: StorageDir) -> None:
    """The image is whole in another storage directory."""
    machine.add("two", ONE)


def conflict_copy(machine: Machine, sd: StorageDir) -> None:
    """A sync client kept the right bytes beside the wrong ones."""
    (machine.media(sd) / f"{ID}.sync-conflict-20260101-101010-ABCDEFG.png").write_bytes(ONE)


def trashed(machine: Machine, _: StorageDir) -> None:
    """It was deleted somewhere else."""
    two = machine.add("two", ONE)
    delete_files(machine.bench, plan_delete(machine.bench, [ID], [two]))


def named_twin(machine: Machine, _: StorageDir) -> None:
    """It is in a vault, under a name."""
    vault = machine.folder / "vault"
    vault.mkdir()
    (vault / "sea.png").write_bytes(ONE)
    (vault / "Note.md").touch()
    add_storage_dir(machine.bench, vault)


def original(machine: Machine, sd: StorageDir) -> None:
    """The file that it was saved from is still there."""
    source = machine.folder / "camera.png"
    source.write_bytes(ONE)
    (machine.media(sd) / NAME).unlink(missing_ok=True)
    save_image(machine.bench, source, sd)
    (machine.media(sd) / NAME).write_bytes(BAD)


@pytest.mark.parametrize("source", [twin, conflict_copy, trashed, named_twin, original])
def test_a_bad_file_is_healed_from_wherever_its_bytes_are(
    machine: Machine, source: Callable[[Machine, StorageDir], None]
) -> None:
    """The bad bytes are in the trash; the image is announced, and whole."""
    one = machine.add("one", TWO)
    machine.put(one, BAD, NAME)
    source(machine, one)
    assert say(repair(machine, dry_run=True)) == [("arriving", False)]
    assert (machine.media(one) / NAME).read_bytes() == BAD
    report = repair(machine)
    assert say(report) == [("arriving", True)]
    assert (machine.media(one) / NAME).read_bytes() == ONE
    assert machine.get(ID, one).read() == ONE
    kept = [entry for entry in list_trash(machine.bench) if entry.reason.value == "replaced"]
    assert [file_of(machine.bench, entry).read_bytes() for entry in kept] == [BAD]
    assert say(repair(machine)) == []


def test_a_backup_is_looked_through(machine: Machine) -> None:
    """Its files keep their names; their folders do not matter."""
    one = machine.add("one", TWO)
    machine.put(one, BAD, NAME)
    backup = machine.folder / "backup"
    (backup / "2025" / "media").mkdir(parents=True)
    (backup / "2025" / "media" / NAME).write_bytes(BAD)
    assert refusals(repair(machine, backup)) == ["entry-not-found"]
    (backup / "2025" / "media" / NAME).write_bytes(ONE)
    assert say(repair(machine, backup)) == [("arriving", True)]


def test_a_backup_may_have_names_of_its_own(machine: Machine) -> None:
    """The id says which bytes are right."""
    one = machine.add("one", TWO)
    machine.put(one, BAD, NAME)
    backup = machine.folder / "backup"
    (backup / "2025").mkdir(parents=True)
    (backup / "2025" / "coffee.png").write_bytes(ONE)
    (backup / "2025" / "other.png").write_bytes(TWO)
    assert say(repair(machine, backup)) == [("arriving", True)]


def test_a_backup_is_looked_through_for_what_a_file_was(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if its id says nothing. The catalog knows bytes and size, so no other file is read."""
    path = machine.put(machine.add("one"), ONE, f"{LEGACY_ID}.png")
    machine.clock.pass_time(minutes=10)
    assert say(repair(machine)) == []
    path.write_bytes(BAD)
    repair(machine)
    machine.clock.pass_time(hours=25)
    backup = machine.folder / "backup"
    backup.mkdir()
    for name, data in (("coffee.png", ONE), ("tea.png", ONE + b"x"), (path.name, BAD)):
        (backup / name).write_bytes(data)
    read: list[str] = []

    def read_and_note(bench: Workbench, folder: Folder, name: str, opened: ExitStack) -> Any:
        read.append(name)
        return read_entry(bench, folder, name, opened)

    monkeypatch.setattr(given_folders, "read_entry", read_and_note)
    assert say(repair(machine, backup)) == [("damaged", True)]
    assert (path.read_bytes(), read) == (ONE, ["coffee.png"])


def test_a_backup_that_is_too_large_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right bytes may be in what was not looked at."""
    machine.put(machine.add("one", TWO), BAD, NAME)
    backup = machine.folder / "backup"
    backup.mkdir()
    for number in range(3):
        (backup / f"{number}.png").write_bytes(TWO)
    monkeypatch.setattr(given_folders, "MOST_FILES", 2)
    report = repair(machine, backup)
    assert report.healing is not None
    [message] = [each.message for each in report.healing.refused]
    assert f"only 2 files of {backup} were looked at" in message


@pytest.mark.parametrize("name", [f"{ID}.Png", f"{ID}.jpg"])
@pytest.mark.parametrize(("bad", "fault"), [(BAD, "arriving"), (TWO, "foreign")])
def test_a_bad_file_under_another_name_is_healed_there(
    machine: Machine, name: str, bad: bytes, fault: str
) -> None:
    """In other letters, or with another extension: that file is right then, and no second one is made."""
    one, _ = machine.add("one"), machine.add("two", ONE)
    path = machine.put(one, bad, name)
    for _ in range(2):
        machine.scan(one)
        find_image(machine.bench, ID, one)
        machine.clock.pass_time(minutes=10)
    assert say(repair(machine)) == [(fault, True)]
    assert path.read_bytes() == ONE
    assert sorted(os.listdir(machine.media(one))) == sorted([name, *([name_of(TWO)] if bad == TWO else [])])
    assert say(repair(machine)) == []


def test_a_foreign_image_is_saved_first(machine: Machine) -> None:
    """It is somebody's work. Nothing of it is lost."""
    one, _ = machine.add("one", ONE), machine.add("two", ONE)
    machine.get(ID, one)
    (machine.media(one) / NAME).write_bytes(TWO)
    machine.scan(one)
    find_image(machine.bench, ID, one)
    machine.clock.pass_time(minutes=10)
    report = repair(machine)
    assert say(report) == [("foreign", True)]
    assert sorted(os.listdir(machine.media(one))) == sorted([NAME, name_of(TWO)])
    assert report.healing is not None
    kept = [(each.image_id, each.path) for each in report.healing.kept]
    assert kept == [(id_of(TWO), f"media/{name_of(TWO)}")]
    assert machine.get(id_of(TWO)).read() == TWO


def flip(path: Path, at: int = -40) -> bytes:
    """Three bytes of the picture's data are others. Its structure, size, and mtime stay as they are."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    for each in (at, at - 3, at - 7):
        data[each] ^= 0x11
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return bytes(data)


@pytest.mark.parametrize("extension", ["jpg", "JPG"])
def test_what_the_disk_changed_is_no_picture_of_anybodys(machine: Machine, extension: str) -> None:
    """It goes to the trash only: no second picture appears, whatever the file's spelling."""
    photo = make_picture("jpg", size=(640, 480))
    one, _ = machine.add("one"), machine.add("two", photo)
    path = machine.put(one, photo, f"{id_of(photo)}.{extension}")
    machine.scan(one)
    assert machine.get(id_of(photo), one).read() == photo
    machine.clock.pass_time(minutes=10)
    wreck = flip(path)
    repair(machine, dry_run=True)
    machine.clock.pass_time(minutes=10)
    report = repair(machine)
    assert (say(report), [each.kept_as for each in report.findings]) == ([("foreign", True)], [None])
    assert (report.healing is not None, path.read_bytes()) == (True, photo)
    assert os.listdir(machine.media(one)) == [path.name]
    assert [file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)] == [wreck]


def test_what_cannot_be_drawn_is_no_picture_of_anybodys(machine: Machine) -> None:
    """Although somebody wrote to the file."""
    one, _ = machine.add("one", ONE), machine.add("two", ONE)
    machine.get(ID, one)
    machine.clock.pass_time(minutes=10)
    (machine.media(one) / NAME).write_bytes(_undrawable())
    for _ in range(2):
        machine.scan(one)
        find_image(machine.bench, ID, one)
        machine.clock.pass_time(minutes=10)
    assert say(repair(machine)) == [("foreign", True)]
    assert os.listdir(machine.media(one)) == [NAME]


def _undrawable() -> bytes:
    """A PNG with right checksums, whose rows end early."""
    rows = zlib.compress(b"\0" * 10)
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_a_missing_file_is_told_and_stays_missing(machine: Machine) -> None:
    """Somebody may have deleted it."""
    one, _ = machine.add("one", ONE, TWO), machine.add("two", ONE)
    (machine.media(one) / NAME).unlink()
    for _ in range(3):
        machine.clock.pass_time(minutes=2)
        machine.scan(one)
    assert say(repair(machine)) == [("missing", False)]
    assert not (machine.media(one) / NAME).exists()


def test_a_file_that_is_being_written_is_waited_for(machine: Machine) -> None:
    """Two quiet seconds, at most thirty."""
    one, _ = machine.add("one", TWO), machine.add("two", ONE)
    path = machine.put(one, BAD, NAME)
    report = verify_storage_dirs(machine.bench, [one], older_than=timedelta(0))
    grow = machine.bench.sleep

    def write_and_sleep(seconds: float) -> None:
        path.write_bytes(path.read_bytes() + b"x")
        grow(seconds)

    machine.bench.sleep = write_and_sleep
    _, healing = heal(machine.bench, report.findings)
    assert [each.error.code for each in healing.refused] == ["file-changed"]
    machine.bench.sleep = grow
    _, healing = heal(machine.bench, report.findings)
    assert (len(healing.done), path.read_bytes()) == (1, ONE)


class TestByHistory:
    """A legacy or named file: only bytes that were its own."""

    @pytest.fixture(params=["legacy", "named"])
    def path(self, request: pytest.FixtureRequest, machine: Machine) -> Path:
        """A file that was good, and whose good bytes are also elsewhere."""
        machine.add("two", ONE)
        if request.param == "legacy":
            path = machine.put(machine.add("one"), ONE, f"{LEGACY_ID}.png")
        else:
            path = machine.folder / "vault" / "sea.png"
            path.parent.mkdir()
            path.write_bytes(ONE)
            (path.parent / "Note.md").touch()
            add_storage_dir(machine.bench, path.parent)
        machine.clock.pass_time(minutes=10)
        assert say(repair(machine)) == []
        return path

    def test_altered_bytes_are_healed(self, machine: Machine, path: Path) -> None:
        """The disk changed them; nobody wrote."""
        machine.clock.pass_time(hours=25)
        before = path.stat()
        data = bytearray(ONE)
        data[-40] ^= 0xFF
        path.write_bytes(bytes(data))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert len([one for _, one in say(repair(machine)) if one]) == 1
        assert path.read_bytes() == ONE
        assert say(repair(machine)) == []

    def test_a_half_file_is_healed_by_what_it_was(self, machine: Machine, path: Path) -> None:
        """The memory knows. Until a day later, the half may be a new version on its way, which nothing replaces."""
        path.write_bytes(BAD)
        report = repair(machine)
        assert (say(report), refusals(report)) == ([("arriving", False)], ["image-arriving"])
        assert path.read_bytes() == BAD
        machine.clock.pass_time(hours=25)
        assert say(repair(machine)) == [("damaged", True)]
        assert path.read_bytes() == ONE

    def test_an_edited_picture_is_not_touched(self, machine: Machine, path: Path) -> None:
        """Another whole picture, written by somebody, is no damage."""
        path.write_bytes(TWO)
        assert say(repair(machine)) == []
        assert path.read_bytes() == TWO

    def test_bytes_that_changed_since_stay(self, machine: Machine, path: Path) -> None:
        """Somebody writes between the finding and the healing."""
        path.write_bytes(BAD)
        repair(machine)
        machine.clock.pass_time(hours=25)
        report = verify_storage_dirs(machine.bench, machine.list_storage_dirs(), older_than=timedelta(0))
        path.write_bytes(TWO)
        _, healing = heal(machine.bench, report.findings)
        assert [each.error.code for each in healing.refused] == ["file-changed"]
        assert path.read_bytes() == TWO

    def test_nothing_stands_for_unknown_bytes(self, machine: Machine) -> None:
        """It was never good here."""
        one = machine.add("three", TWO)
        path = machine.put(one, BAD, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.png")
        repair(machine)
        machine.clock.pass_time(hours=25)
        assert refusals(repair(machine)) == ["entry-not-found"]
        assert path.read_bytes() == BAD


def test_a_folder_that_is_not_there_is_an_error(machine: Machine) -> None:
    """Before anything is done."""
    machine.put(machine.add("one", TWO), BAD, NAME)
    with pytest.raises(SourceNotFoundError, match=r"there is no folder .*backup"):
        repair(machine, machine.folder / "backup")


def test_a_read_only_folder_is_not_healed(machine: Machine) -> None:
    """It is told, with the reason."""
    root = Path(machine.add("one", TWO).path)
    with machine.bench.catalog.write() as writer:
        writer.sds.delete_storage_dir(1)
    machine.add_again(root, read_only=True)
    machine.add("two", ONE)
    put_half(root, ONE)
    assert refusals(repair(machine)) == ["sd-read-only"]
    assert hashlib.sha256((root / "media" / NAME).read_bytes()).hexdigest()[:32] != ID


def test_all_files_become_quiet_together(machine: Machine) -> None:
    """Two seconds for all of them, and not for each."""
    pictures = [make_picture("png", seed=seed, size=(20, 20)) for seed in range(20, 26)]
    sd = machine.add("one", *pictures)
    machine.add("two", *pictures)
    for data in pictures:
        (machine.media(sd) / name_of(data)).write_bytes(data[:-20])
    machine.clock.pass_time(minutes=10)
    begun_s = machine.bench.monotonic()
    assert say(repair(machine)) == [("arriving", True)] * len(pictures)
    assert machine.bench.monotonic() - begun_s < 5
