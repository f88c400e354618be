"""Absence needs evidence: what is missing, when that is believed, and when nothing may be concluded (SPEC §4, §6)."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.catalogs import dump, sql_of
from builders.machine import Machine
from builders.pictures import make_picture
from builders.scans import kinds, moves, scan, state, told
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_image
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.model.events import StorageDirSuspect
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.storage_dirs.confirm import confirm_storage_dir

NEW = make_picture("jpg", seed=9)


def add(machine: Machine, count: int) -> tuple[StorageDir, list[Path]]:
    """A storage directory with this many images, and their paths."""
    pictures = make_pictures(count)
    sd = machine.add("Notes", *pictures)
    return sd, [machine.media(sd) / name_of(data) for data in pictures]


def remove(*paths: Path) -> None:
    """Deletes the files."""
    for path in paths:
        path.unlink()


def states(machine: Machine, sd: StorageDir, paths: list[Path]) -> set[FileState | None]:
    """The states of the files in the catalog."""
    return {state(machine, sd, path.name) for path in paths}


# --- absent, missing, returned ------------------------------------------------------------------------------


def test_a_file_is_missing_after_two_healthy_scans_a_minute_apart(machine: Machine) -> None:
    """The first scan without it records its absence. A gap in a replacement is no loss (H4, H6)."""
    sd, paths = add(machine, 20)
    remove(paths[0])
    assert moves(scan(machine, sd)) == {"absent": 1}
    machine.clock.pass_time(seconds=59)
    assert moves(scan(machine, sd)) == {}
    assert state(machine, sd, paths[0].name) is FileState.PRESENT
    machine.clock.pass_time(seconds=1)
    assert moves(scan(machine, sd)) == {"missing": 1}
    assert moves(scan(machine, sd)) == {}
    assert told(machine) == [("missing", paths[0].name)]


def test_what_is_not_back_when_the_folder_is_has_a_minute(machine: Machine) -> None:
    """A client that was signed out brings everything back file by file. The last files are not missing (H18)."""
    sd, paths = add(machine, 20)
    aside = [path.rename(machine.folder / path.name) for path in paths[:10]]
    assert kinds(scan(machine, sd)) == ["suspect"]
    machine.clock.pass_time(seconds=3600)
    for path in aside[1:]:
        path.rename(machine.media(sd) / path.name)
    assert moves(scan(machine, sd)) == {"returned": 9}
    machine.clock.pass_time(seconds=59)
    assert moves(scan(machine, sd)) == {}
    machine.clock.pass_time(seconds=1)
    assert moves(scan(machine, sd)) == {"missing": 1}
    assert [name for kind, name in told(machine) if kind == "missing"] == [paths[0].name]


def test_a_file_that_comes_back_in_time_was_never_gone(machine: Machine) -> None:
    """The same row, no event, and its proof is still valid."""
    sd, paths = add(machine, 20)
    machine.get(id_of(paths[0].read_bytes()))
    before = dump(machine.bench.catalog)["image_files"]
    aside = paths[0].rename(machine.folder / "aside")
    scan(machine, sd)
    aside.rename(paths[0])
    assert moves(scan(machine, sd)) == {"returned": 1}
    assert dump(machine.bench.catalog)["image_files"] == before
    assert told(machine) == [("available", paths[0].name)]


def test_a_file_that_is_written_anew_in_time_was_never_gone(machine: Machine) -> None:
    """A rename elsewhere, through a client (hazard H7), gives another inode, but the file keeps its history."""
    sd, paths = add(machine, 20)
    data = paths[0].read_bytes()
    machine.get(id_of(data))
    before = machine.row(sd, paths[0].name)
    remove(paths[0])
    scan(machine, sd)
    machine.clock.pass_time(seconds=30)
    machine.put(sd, data)
    assert moves(scan(machine, sd)) == {"returned": 1}
    machine.get(id_of(data))
    after = machine.row(sd, paths[0].name)
    assert before
    assert after
    assert (after.first_seen, after.state, after.absent_since) == (before.first_seen, before.state, None)
    assert after.stamp != before.stamp
    assert told(machine) == [("available", paths[0].name)]


def test_a_missing_file_that_returns_is_available_again(machine: Machine) -> None:
    """Even with another inode and mtime, as after a new delivery, it is announced once, when it is proven."""
    sd, paths = add(machine, 20)
    data = paths[0].read_bytes()
    machine.get(id_of(data))
    remove(paths[0])
    scan(machine, sd)
    machine.clock.pass_time(minutes=1)
    scan(machine, sd)
    machine.put(sd, data)
    assert moves(scan(machine, sd)) == {"returned": 1}
    scan(machine, sd)
    assert [event for event, _ in told(machine)] == ["available", "missing", "available"]


def test_of_one_known_file_one_may_go(machine: Machine) -> None:
    """The brake needs at least two missing files."""
    sd, paths = add(machine, 1)
    remove(paths[0])
    scan(machine, sd)
    machine.clock.pass_time(minutes=1)
    assert moves(scan(machine, sd)) == {"missing": 1}


def test_a_link_in_the_place_of_an_image_is_no_image(machine: Machine) -> None:
    """The image is absent, and the link is reported (H22, H33)."""
    sd, paths = add(machine, 20)
    remove(paths[0])
    paths[0].symlink_to(paths[1])
    report = scan(machine, sd)
    assert (moves(report), kinds(report)) == ({"absent": 1}, ["symlink"])


# --- the brake ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "gone", "held"),
    [(2, 1, False), (2, 2, True), (5, 5, True), (20, 5, False), (20, 6, True), (70, 7, False), (70, 8, True)],
)
def test_too_much_gone_at_once_is_not_believed(machine: Machine, known: int, gone: int, held: bool) -> None:
    """For more than max(5, 10 %), or all of two or more, the SD is suspect, and nothing ever becomes missing (I7)."""
    sd, paths = add(machine, known)
    remove(*paths[:gone])
    for days in (0, 1, 30):
        machine.clock.pass_time(days=days)
        report = scan(machine, sd)
        assert (report.sd.state is StorageDirState.SUSPECT) is held
        assert kinds(report) == (["suspect"] if held else [])
    expected = FileState.PRESENT if held else FileState.MISSING
    assert states(machine, sd, paths[:gone]) == {expected}
    assert len(machine.events("sd.suspect")) == held
    if held:
        (suspect,) = machine.events("sd.suspect")
        assert isinstance(suspect, StorageDirSuspect)
        assert (suspect.absent, suspect.known) == (gone, known)


def test_absences_add_up_over_scans(machine: Machine) -> None:
    """The brake starts as soon as there are too many absences together, even if they came one by one."""
    sd, paths = add(machine, 20)
    remove(*paths[:5])
    assert scan(machine, sd).sd.state is StorageDirState.ONLINE
    machine.clock.pass_time(seconds=30)
    remove(*paths[5:10])
    assert scan(machine, sd).sd.state is StorageDirState.SUSPECT
    machine.clock.pass_time(days=1)
    scan(machine, sd)
    assert states(machine, sd, paths) == {FileState.PRESENT}


def test_when_enough_are_back_the_brake_lets_go(machine: Machine) -> None:
    """The SD is online again, reported once. Files that are still gone become missing after a minute."""
    sd, paths = add(machine, 20)
    aside = [path.rename(machine.folder / path.name) for path in paths[:6]]
    scan(machine, sd)
    aside[0].rename(paths[0])
    report = scan(machine, sd)
    assert (report.sd.state, moves(report)) == (StorageDirState.ONLINE, {"returned": 1})
    machine.clock.pass_time(minutes=1)
    assert moves(scan(machine, sd)) == {"missing": 5}
    assert len(machine.events("sd.online")) == 1


def test_arrivals_go_on_while_the_brake_holds(machine: Machine) -> None:
    """The brake stops only the step from absent to missing."""
    sd, paths = add(machine, 3)
    remove(*paths)
    scan(machine, sd)
    machine.put(sd, NEW)
    assert moves(scan(machine, sd)) == {"added": 1}
    assert told(machine) == [("available", name_of(NEW))]


def test_a_suspect_that_nothing_is_known_of_any_more_is_online(machine: Machine) -> None:
    """The last row went to the trash while it was suspect."""
    sd, paths = add(machine, 2)
    remove(*paths)
    assert scan(machine, sd).sd.state is StorageDirState.SUSPECT
    with machine.bench.catalog.write() as writer:
        sql_of(writer).execute("UPDATE image_files SET state = 'trashed', absent_since_us = NULL")
    assert scan(machine, sd).sd.state is StorageDirState.ONLINE


# --- sd confirm ---------------------------------------------------------------------------------------------


def test_confirmed_absences_become_missing_at_the_next_scan(machine: Machine) -> None:
    """A person said that it was intended."""
    sd, paths = add(machine, 20)
    remove(*paths[:10])
    scan(machine, sd)
    machine.clock.pass_time(minutes=1)
    assert confirm_storage_dir(machine.bench, sd).sd.state is StorageDirState.ONLINE
    report = scan(machine, sd)
    assert (moves(report), report.sd.state) == ({"missing": 10}, StorageDirState.ONLINE)


def test_later_absences_count_anew(machine: Machine) -> None:
    """Accepted absences do not count later: if the ten remaining files vanish, the brake holds again."""
    sd, paths = add(machine, 20)
    remove(*paths[:15])
    scan(machine, sd)
    confirm_storage_dir(machine.bench, sd)
    remove(*paths[15:])
    report = scan(machine, sd)
    assert report.sd.state is StorageDirState.SUSPECT
    machine.clock.pass_time(days=1)
    assert moves(scan(machine, sd)) == {"missing": 15}
    assert states(machine, sd, paths[15:]) == {FileState.PRESENT}


def test_an_accepted_file_that_comes_back_is_accepted_no_more(machine: Machine) -> None:
    """It counts for the brake again when it vanishes again."""
    sd, paths = add(machine, 2)
    kept = [path.rename(machine.folder / path.name) for path in paths]
    scan(machine, sd)
    confirm_storage_dir(machine.bench, sd)
    for aside, path in zip(kept, paths, strict=True):
        aside.rename(path)
    scan(machine, sd)
    remove(*paths)
    assert scan(machine, sd).sd.state is StorageDirState.SUSPECT


# --- no media folder, or none that can be listed ------------------------------------------------------------


def make_fifo(path: Path) -> None:
    """A FIFO, which would block a reader."""
    os.mkfifo(path)


WITHOUT_MEDIA: dict[str, Callable[[Path], object]] = {
    "gone": lambda _media: None,
    "a file": lambda media: media.write_text(""),
    "a link": lambda media: media.symlink_to("/tmp"),
    "a FIFO": make_fifo,
}


@pytest.mark.parametrize("what", WITHOUT_MEDIA)
@pytest.mark.parametrize("known", [1, 3])
def test_without_its_media_folder_an_sd_with_known_images_is_suspect(
    machine: Machine, what: str, known: int
) -> None:
    """Even one known image is enough. No row changes, however long it lasts. When the folder is back, the SD is
    online.
    """
    sd, _ = add(machine, known)
    media = machine.media(sd)
    aside = media.rename(machine.folder / "aside")
    WITHOUT_MEDIA[what](media)
    before = dump(machine.bench.catalog)["image_files"]
    for _ in range(2):
        machine.clock.pass_time(days=1)
        report = scan(machine, sd)
        assert report.sd.state is StorageDirState.SUSPECT
        assert "suspect" in kinds(report)
        assert moves(report) == {}
    assert dump(machine.bench.catalog)["image_files"] == before
    if os.path.lexists(media):
        media.unlink()
    aside.rename(media)
    report = scan(machine, sd)
    assert (report.sd.state, moves(report)) == (StorageDirState.ONLINE, {})
    assert len(machine.events("sd.suspect")) == len(machine.events("sd.online")) == 1


def test_a_folder_that_breaks_off_in_the_middle_is_no_listing(machine: Machine) -> None:
    """After EIO from the disk it is suspect; nothing is concluded, and nothing is reported as gone (H19, I25)."""
    sd, paths = add(machine, 3)
    report = call_refused([Refusal("getdents64", errno.EIO)], lambda: scan(machine, sd))
    assert kinds(report) == ["unreadable", "suspect"]
    assert states(machine, sd, paths) == {FileState.PRESENT}
    assert "cannot be listed: Input/output error" in (report.sd.problem or "")
    assert "gone" not in (report.sd.problem or "")
    (suspect,) = machine.events("sd.suspect")
    assert isinstance(suspect, StorageDirSuspect)
    assert (suspect.absent, suspect.known) == (0, 3)


def test_files_that_the_system_refuses_to_describe_are_not_gone(machine: Machine) -> None:
    """They are unreadable now, not absent (H19)."""
    sd, paths = add(machine, 3)
    refused = [Refusal("newfstatat", errno.EIO, argument=3, mask=0x100)]  # AT_SYMLINK_NOFOLLOW
    for _ in range(2):
        report = call_refused(refused, lambda: scan(machine, sd))
        assert moves(report) == {}
        assert sorted(f.filename or "" for f in report.findings) == sorted(path.name for path in paths)
        assert set(kinds(report)) == {"unreadable"}
        machine.clock.pass_time(minutes=2)
    assert scan(machine, sd).unchanged == 3


def test_a_media_folder_that_a_person_gave_up_is_given_up(machine: Machine) -> None:
    """Without the folder, confirming accepts the absence of every file. After a minute they are missing."""
    sd, _ = add(machine, 3)
    shutil.rmtree(machine.media(sd))
    scan(machine, sd)
    assert confirm_storage_dir(machine.bench, sd).sd.state is StorageDirState.ONLINE
    assert moves(scan(machine, sd)) == {}
    machine.clock.pass_time(minutes=1)
    report = scan(machine, sd)
    assert (moves(report), report.sd.state) == ({"missing": 3}, StorageDirState.ONLINE)
    put_back = make_pictures(3)
    machine.media(sd).mkdir()
    for data in put_back:
        machine.put(sd, data)
    assert moves(scan(machine, sd)) == {"returned": 3}
    assert len([event for event, _ in told(machine) if event == "available"]) == 3


def test_a_new_storage_directory_needs_no_media_folder(machine: Machine) -> None:
    """Nothing is known, so nothing is absent. Later images are arrivals."""
    sd = machine.add_again(make_storage_dir(machine.folder / "Notes", has_media=False))
    report = scan(machine, sd)
    assert (report.sd.state, report.findings) == (StorageDirState.ONLINE, [])
    machine.media(sd).mkdir()
    machine.put(sd, NEW)
    scan(machine, sd)
    assert told(machine) == [("available", name_of(NEW))]


# --- the storage directory goes away ------------------------------------------------------------------------


def test_offline_draws_no_conclusion(machine: Machine) -> None:
    """Unmounted: not a byte of any row changes, for however long. When it is back, there is nothing to do (I6,
    H17).
    """
    sd, _ = add(machine, 3)
    before = dump(machine.bench.catalog)["image_files"]
    away = machine.take_away(sd)
    for _ in range(2):
        machine.clock.pass_time(days=1)
        report = scan(machine, sd)
        assert (kinds(report), moves(report)) == (["offline"], {})
    assert dump(machine.bench.catalog)["image_files"] == before
    away.rename(sd.path)
    assert (scan(machine, sd).unchanged, scan(machine, sd).sd.state) == (3, StorageDirState.ONLINE)
    assert dump(machine.bench.catalog)["image_files"] == before


def test_an_empty_mount_point_is_offline(machine: Machine) -> None:
    """A folder without a marker is not an SD whose images were deleted."""
    sd, paths = add(machine, 3)
    machine.take_away(sd)
    (Path(sd.path) / "media").mkdir(parents=True)
    assert kinds(scan(machine, sd)) == ["offline"]
    assert states(machine, sd, paths) == {FileState.PRESENT}


def unmount(machine: Machine, sd: StorageDir) -> None:
    """The folder is gone."""
    machine.take_away(sd)


def unmount_to_empty(machine: Machine, sd: StorageDir) -> None:
    """An empty mount point is left."""
    machine.take_away(sd)
    (Path(sd.path) / "media").mkdir(parents=True)


def replace_by_another(machine: Machine, sd: StorageDir) -> None:
    """Another storage directory is there now."""
    machine.take_away(sd)
    make_storage_dir(Path(sd.path))


def lose_the_marker(machine: Machine, sd: StorageDir) -> None:
    """A sync client deletes the whole folder, file by file, and the marker first (H32)."""
    (Path(sd.path) / "SD_ID").unlink()
    for path in list(machine.media(sd).iterdir())[:2]:
        path.unlink()


GOES_AWAY = [unmount, unmount_to_empty, replace_by_another, lose_the_marker]


@pytest.mark.parametrize("go_away", GOES_AWAY, ids=[each.__name__ for each in GOES_AWAY])
def test_what_goes_away_during_the_listing_is_not_judged_by_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, go_away: Callable[[Machine, StorageDir], None]
) -> None:
    """Being online is checked again at the end: no row changes, none is added, and nothing becomes absent."""
    monkeypatch.setattr("strandline.folders.media_listing.PROGRESS_EVERY", 2)
    sd, paths = add(machine, 5)
    machine.put(sd, NEW)
    remove(paths[0])
    before = dump(machine.bench.catalog)["image_files"]
    gone: list[bool] = []

    def on_progress(*_: object) -> None:
        if not gone:
            gone.append(True)
            go_away(machine, sd)

    report = scan(machine, sd, on_progress)
    assert gone
    assert (kinds(report), moves(report)) == (["offline"], {})
    assert dump(machine.bench.catalog)["image_files"] == before
    assert told(machine) == []


def test_a_known_copy_that_takes_the_place_during_the_listing_is_judged_by_its_own_files(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the same identity but other files. A file that only the old listing lacks is not absent."""
    monkeypatch.setattr("strandline.folders.media_listing.PROGRESS_EVERY", 2)
    sd, paths = add(machine, 5)
    copy = Path(shutil.copytree(sd.path, machine.folder / "copy", symlinks=True))
    remove(*paths[:4])
    replaced: list[bool] = []

    def on_progress(*_: object) -> None:
        if not replaced:
            replaced.append(True)
            shutil.rmtree(sd.path)
            copy.rename(sd.path)

    put_image(Path(sd.path), NEW)
    report = scan(machine, sd, on_progress)
    assert replaced
    assert (report.absent, report.sd.state) == (0, StorageDirState.ONLINE)
    assert states(machine, sd, paths) == {FileState.PRESENT}
