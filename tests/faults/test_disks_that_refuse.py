"""Saving on disks that are full, read-only, or forbidden: a clear error, and nothing left behind."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.machine import Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.hard_disks import CREATING, filled, read_only, small_disk
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.cli.exit_status import exit_status_of
from strandline.errors import DiskError, DiskFullError, UnwritableFolderError
from strandline.runtime.assembly import open_store
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1)
LARGE = make_picture("png", seed=2, size=(500, 400))
NAME = name_of(PICTURE)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine without storage directories."""
    with open_machine(tmp_path) as machine:
        yield machine


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refusal("openat", errno.EACCES, **CREATING), UnwritableFolderError),
        (Refusal("openat", errno.EROFS, **CREATING), UnwritableFolderError),
        (Refusal("openat", errno.ENOSPC, **CREATING), DiskFullError),
        (Refusal("write", errno.ENOSPC), DiskFullError),
        (Refusal("write", errno.EIO), DiskError),
        (Refusal("fsync", errno.EIO), DiskError),
    ],
    ids=lambda value: f"{value.call} {errno.errorcode[value.number]}" if isinstance(value, Refusal) else None,
)
def test_a_refused_save_leaves_nothing(machine: Machine, refusal: Refusal, error: type[DiskError]) -> None:
    """Exit status 8, a message that says what to do, no file, no row. The next save works."""
    one = machine.add("one")
    with pytest.raises(error) as caught:
        call_refused([refusal], lambda: save_image(machine.bench, PICTURE, one))
    assert int(exit_status_of(caught.value)) == 8
    assert "; " in caught.value.message
    _check_nothing_is_left(machine)
    assert machine.row(one, NAME) is None
    assert save_image(machine.bench, PICTURE, one).new


def test_a_full_disk_takes_nothing(tmp_path: Path) -> None:
    """A disk of 256 KiB: the large image does not fit and frees all its space; a small one fits."""
    with open_machine(tmp_path) as machine, small_disk(tmp_path / "disk", 256) as disk:
        one = machine.add("disk/one")
        free = disk.count_free_blocks()
        for limit in (10_000_000, 1000):
            machine.bench.limits = Limits(max_memory_bytes=limit)
            with pytest.raises(DiskFullError, match="free some space"):
                disk.call(lambda: save_image(machine.bench, io.BytesIO(LARGE), one))
            assert disk.count_free_blocks() == free
        _check_nothing_is_left(machine)
        assert disk.call(lambda: save_image(machine.bench, PICTURE, one)).new


def test_a_full_home_does_not_lose_the_image(tmp_path: Path) -> None:
    """The catalog's disk is full: the image exists without a row, and the next scan adds it."""
    with small_disk(tmp_path / "disk", 1024) as disk, open_machine(disk.folder) as machine:
        one = machine.add("one")
        elsewhere = machine.add_again(_move(Path(one.path), tmp_path / "elsewhere"))
        with filled(disk) as full, pytest.raises(DiskFullError, match="catalog") as caught:
            full.call(lambda: save_image(machine.bench, PICTURE, elsewhere))
        assert int(exit_status_of(caught.value)) == 8
        assert (machine.media(elsewhere) / NAME).read_bytes() == PICTURE
        scan_storage_dir(machine.bench, elsewhere)
        assert machine.get(id_of(PICTURE)).proven
        assert len(machine.events("image.available")) == 1


def test_a_full_home_is_said_to_be_full(tmp_path: Path) -> None:
    """Every command that opens the catalog reports it, even for reading. With space it works again."""
    with small_disk(tmp_path / "disk", 1024) as disk:
        with open_machine(disk.folder) as machine:
            machine.add("one", PICTURE)
        home = disk.folder / "home"
        with filled(disk) as full, pytest.raises(DiskFullError, match="make room"):
            full.call(lambda: open_store(home))
        with open_store(home) as store:
            assert store.exists(id_of(PICTURE))


def test_a_large_source_needs_room_in_the_home(tmp_path: Path) -> None:
    """It goes through the scratch folder. If that is full, the error names its disk."""
    limits = Limits(max_memory_bytes=1000)
    with small_disk(tmp_path / "disk", 1024) as disk, open_machine(disk.folder, limits=limits) as machine:
        one = machine.add_again(_move(Path(machine.add("one").path), tmp_path / "elsewhere"))
        with filled(disk, room_bytes=65_536) as full, pytest.raises(DiskFullError, match="scratch"):
            full.call(lambda: save_image(machine.bench, io.BytesIO(LARGE), one))
        assert os.listdir(machine.media(one)) == []
        assert list(machine.bench.scratch.iterdir()) == []


def test_a_read_only_disk_is_said_to_be_one(tmp_path: Path) -> None:
    """It was mounted read-only, not added so. Its images are still found."""
    with open_machine(tmp_path) as machine, small_disk(tmp_path / "disk", 1024) as disk:
        one = machine.add("disk/one", LARGE)
        with read_only(disk) as closed:
            with pytest.raises(UnwritableFolderError, match="mounted read-only"):
                closed.call(lambda: save_image(machine.bench, PICTURE, one))
            assert machine.get(id_of(LARGE)).proven
            assert not closed.call(lambda: save_image(machine.bench, LARGE, one)).new
        assert save_image(machine.bench, PICTURE, one).new


def _move(source: Path, target: Path) -> Path:
    """Moves a storage directory to another disk."""
    shutil.move(source, target)
    return target


def _check_nothing_is_left(machine: Machine) -> None:
    for media in machine.folder.glob("**/media"):
        assert os.listdir(media) == []
    assert list(machine.bench.scratch.iterdir()) == []
    assert machine.events("image.available") == []
