"""Saves to a drive that stops answering: an error that says what to do, and nothing false in the catalog."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.machine import Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, put_half
from strandline.errors import DiskError
from strandline.folders import saving, setting_aside
from strandline.folders.filesystems import Mount, MountKind
from strandline.model.storage_dirs import StorageDir
from strandline.services.saving.save import save_image

AMPLE_S = 20.0
PICTURE = make_picture("png", seed=1)
NAME = name_of(PICTURE)


class Stall:
    """Makes the calls of one function wait until :meth:`end`, and can wait for them to finish."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        quick: Callable[..., object] = getattr(owner, name)
        self._end, self._over = threading.Event(), threading.Event()

        def stalled(*arguments: object, **options: object) -> object:
            self._end.wait(AMPLE_S)
            try:
                return quick(*arguments, **options)
            finally:
                self._over.set()

        patch.setattr(owner, name, stalled)

    def end(self) -> None:
        """Releases them, and waits for one to finish."""
        self._end.set()
        assert self._over.wait(AMPLE_S)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine that treats all folders as a mounted cloud, with a short time limit."""
    with open_machine(tmp_path) as machine:
        cloud = Mount(tmp_path, "fuse.cloud", MountKind.FUSE, keeps_inodes=True, read_only=False)
        machine.bench.find_mount = lambda _path: cloud
        yield machine


@pytest.fixture
def cloud(machine: Machine) -> StorageDir:
    """Empty."""
    sd = machine.add("cloud")
    machine.bench.limits = replace(machine.bench.limits, fetch_timeout_s=0.3)
    return sd


def list_trash(machine: Machine) -> set[str]:
    trash = machine.bench.trash_folder
    return {path.name for path in trash.glob("*/*/*")} if trash.exists() else set()


def test_a_write_that_does_not_end_registers_nothing(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets an error. A file that appears later is an arrival, and whole."""
    stall = Stall(monkeypatch, saving, "write_whole")
    with pytest.raises(DiskError, match=r"cannot write .*no answer within .* s; .*try again when it is back"):
        save_image(machine.bench, PICTURE, cloud)
    assert machine.row(cloud, NAME) is None
    stall.end()
    monkeypatch.undo()
    assert not save_image(machine.bench, PICTURE, cloud).new


def test_bytes_that_may_yet_be_replaced_stay_in_the_trash(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename was already running when the save timed out, and succeeded later."""
    put_half(Path(cloud.path), PICTURE)
    stall = Stall(monkeypatch, os, "replace")
    with pytest.raises(DiskError, match="no answer within"):
        save_image(machine.bench, PICTURE, cloud)
    assert (machine.media(cloud) / NAME).read_bytes() != PICTURE
    stall.end()
    assert (machine.media(cloud) / NAME).read_bytes() == PICTURE
    assert list_trash(machine) == {NAME, "about.json"}


def test_nothing_is_put_out_once_a_save_was_given_up(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late write continues, but stops before its rename."""
    put_half(Path(cloud.path), PICTURE)
    stall = Stall(monkeypatch, saving, "write_whole")
    with pytest.raises(DiskError, match="no answer within"):
        save_image(machine.bench, PICTURE, cloud)
    stall.end()
    assert (machine.media(cloud) / NAME).read_bytes() != PICTURE


def test_nothing_is_promised_for_a_file_that_cannot_be_synced(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is here, but the next power cut may remove it, so the save fails."""
    machine.put(cloud, PICTURE)
    machine.get(id_of(PICTURE))
    stall = Stall(monkeypatch, saving, "ensure_durable")
    with pytest.raises(DiskError, match=r"cannot sync .*no answer within"):
        save_image(machine.bench, PICTURE, cloud)
    stall.end()


def test_nothing_is_replaced_that_cannot_be_copied_to_the_trash(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays, and no half entry is left in the trash."""
    put_half(Path(cloud.path), PICTURE)
    stall = Stall(monkeypatch, setting_aside, "copy_aside")
    with pytest.raises(DiskError, match=r"cannot copy .*no answer within"):
        save_image(machine.bench, PICTURE, cloud)
    stall.end()
    assert (machine.media(cloud) / NAME).read_bytes() != PICTURE
    assert list_trash(machine) == set()
