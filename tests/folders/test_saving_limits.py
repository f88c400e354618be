"""Saving whole: which way is used, what is refused, and real full disks."""

from __future__ import annotations

import errno
import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builders.save_places import IN_MEMORY, NAME, Place, new_place
from fault_kit.hard_disks import read_only, small_disk
from fault_kit.refusing_kernel import LIKE_FUSE, LIKE_VFAT, NO_LINKS, NO_UNNAMED_FILES, Refusal, call_refused
from strandline.errors import (
    DiskError,
    DiskFullError,
    InvalidPathError,
    UnwritableFolderError,
)
from strandline.folders import opened_folders
from strandline.folders.opened_folders import open_folder
from strandline.folders.port import SaveMode
from strandline.folders.saving import ALL_WAYS, write_whole
from strandline.folders.temporaries import Way


@pytest.mark.parametrize("way", [Way.SCRATCH, Way.HIDDEN])
@pytest.mark.parametrize("allowed", [None, lambda: False], ids=["unasked", "refused"])
def test_a_lone_rename_has_to_be_allowed(
    tmp_path: Path, way: Way, allowed: Callable[[], bool] | None
) -> None:
    """If nothing can refuse to replace, a legacy id is not saved, because a file could be lost."""
    place = replace(new_place(tmp_path), ways=(way,), kernel=LIKE_FUSE)
    with pytest.raises(DiskError, match="can neither link nor rename without replacing"):
        place.save(b"bytes", allowed=allowed)
    assert place.names() == set()


def test_a_lone_rename_is_asked_for_only_where_it_is_needed(tmp_path: Path) -> None:
    """If links or non-replacing renames work, the caller is not asked."""
    place = replace(new_place(tmp_path), ways=(Way.HIDDEN,))
    asked = []

    def allow() -> bool:
        asked.append(1)
        return True

    for kernel, name in ((), "a.png"), (LIKE_VFAT, "b.png"), (LIKE_FUSE, "c.png"):
        replace(place, kernel=kernel).save(b"x", name, allowed=allow)
    assert len(asked) == 1


def test_each_way_gives_way_to_the_next(tmp_path: Path) -> None:
    """Unnamed; otherwise scratch; if that is on another disk or absent, hidden; otherwise a clear error."""
    place = new_place(tmp_path)
    assert place.save(b"x", "1.png").way is Way.UNNAMED
    without = place.refusing(NO_UNNAMED_FILES)
    assert without.save(b"x", "2.png").way is Way.SCRATCH
    assert place.refusing(*NO_LINKS).save(b"x", "3.png").way is Way.SCRATCH
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as elsewhere:
        assert Path(elsewhere).stat().st_dev != place.media.stat().st_dev
        other = new_place(Path(elsewhere))
        other.media.rmdir()
        other.media.symlink_to(place.media)
        with pytest.raises(DiskError, match="in the place of a folder"):
            other.save(b"x", "4.png")
        written = call_refused(
            [NO_UNNAMED_FILES], lambda: write_whole(place.media, "4.png", b"x", scratch=other.scratch)
        )
        assert written.way is Way.HIDDEN
        assert list(other.scratch.iterdir()) == []
    place.scratch.rmdir()
    assert without.save(b"x", "5.png").way is Way.HIDDEN
    with pytest.raises(DiskError, match=r"none of the ways .*\(unnamed, scratch\)"):
        replace(without, ways=(Way.UNNAMED, Way.SCRATCH)).save(b"x", "6.png")
    assert sorted(path.name for path in place.media.iterdir()) == [f"{number}.png" for number in range(1, 6)]


def test_a_replacement_goes_through_scratch_where_it_can(tmp_path: Path) -> None:
    """From there it can be renamed into place without ever having a second name in the media folder."""
    place = new_place(tmp_path)
    assert place.save(b"x", mode=SaveMode.REPLACE).way is Way.SCRATCH
    place.scratch.rmdir()
    assert place.save(b"y", mode=SaveMode.REPLACE).way is Way.UNNAMED


def test_a_folder_that_cannot_be_locked_is_saved_to_all_the_same(tmp_path: Path) -> None:
    """NFS cannot lock folders. Savers there do not exclude each other, but saving works."""
    place = new_place(tmp_path).refusing(Refusal("flock", errno.EBADF))
    for data in (b"first", b"second"):
        place.save(data, mode=SaveMode.REPLACE)
        assert (place.media / NAME).read_bytes() == data


def test_a_folder_that_another_program_keeps_locked_is_waited_for_and_saved_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script may sync under ``flock media`` for hours. Hanging or refusing to save would be wrong."""
    place = new_place(tmp_path)
    monkeypatch.setattr(opened_folders, "LOCK_LIMIT_S", 0.1)
    with open_folder(place.media) as held:
        assert held.fd is not None
        fcntl.flock(held.fd, fcntl.LOCK_EX)
        place.save(b"bytes", mode=SaveMode.REPLACE)
    assert (place.media / NAME).read_bytes() == b"bytes"


def test_a_media_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """If the disk is unmounted, no folder is made in its place."""
    place = Place(tmp_path)
    with pytest.raises(DiskError, match="the folder is not there"):
        place.save(b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/passwd", "../x.png", "a/b.png", "a/", "x\0.png"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Only plain names are accepted."""
    place = new_place(tmp_path)
    with pytest.raises(InvalidPathError):
        place.save(b"x", name, mode=SaveMode.REPLACE)
    assert place.names() == set()


SAVING = """
import sys
from pathlib import Path
from strandline.folders.port import SaveMode
from strandline.folders.saving import write_whole
from strandline.folders.opened_folders import open_folder
from strandline.folders.temporaries import Way
media, scratch, name, way, mode = sys.argv[1:]
write_whole(Path(media), name, b"the bytes", scratch=Path(scratch), ways=[Way(way)], mode=SaveMode(mode))
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("mode", SaveMode)
@pytest.mark.parametrize("way", ALL_WAYS)
def test_bytes_are_durable_before_the_name_and_the_name_before_the_answer(
    tmp_path: Path, way: Way, mode: SaveMode
) -> None:
    """The order of system calls (SPEC §13): bytes, fsync of the file, the wanted name, fsync of the folder."""
    place = new_place(tmp_path)
    trace = tmp_path / "trace"
    watched: list[str | Path] = ["strace", "-y", "-o", trace, "-e", "trace=write,fsync,linkat,/^rename"]
    program: list[str | Path] = [sys.executable, "-c", SAVING, place.media, place.scratch, NAME, way, mode]
    subprocess.run([*watched, *program], check=True, timeout=60)
    steps = [name for line in trace.read_text().splitlines() if (name := step_of(line, place.media))]
    assert steps == ["write", "fsync file", "name", "fsync folder"]


def step_of(line: str, media: Path) -> str | None:
    """What a line of the trace does with the saved file."""
    call = line.partition("(")[0]
    if call == "write":
        return "write" if "the bytes" in line else None
    if call == "fsync":
        return "fsync folder" if f"<{media}>)" in line else "fsync file"
    return "name" if f'"{NAME}"' in line else None


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("mode", SaveMode)
def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, way: Way, mode: SaveMode) -> None:
    """A disk of 256 KiB and a file of 1 MiB: disk full, all space is freed, small files still fit."""
    with small_disk(tmp_path, 256) as disk:
        place = replace(new_place(disk.folder), ways=(way,), kernel=disk.refusals)
        free_before = disk.count_free_blocks()
        with pytest.raises(DiskFullError):
            place.save(bytes(1_048_576), mode=mode)
        assert place.names() == set()
        assert disk.count_free_blocks() == free_before
        place.save(bytes(50_000), mode=mode)
        assert place.names() == {NAME}


def test_a_disk_mounted_read_only_is_unwritable(tmp_path: Path) -> None:
    """The error says that the disk is read-only."""
    with small_disk(tmp_path, 256) as disk:
        place = new_place(disk.folder)
        with read_only(disk) as closed, pytest.raises(UnwritableFolderError, match="read-only"):
            replace(place, kernel=closed.refusals).save(b"x")
