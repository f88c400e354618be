"""Saving is impossible: guards (5), folders that are not there (6), and disks that vanish meanwhile."""

from __future__ import annotations

import io
import os
import shutil
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of
from strandline.errors import (
    CopiedStorageDirError,
    ReadOnlyStorageDirError,
    StorageDirIncompleteError,
    StorageDirOfflineError,
)
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir

PICTURE = make_picture("png", seed=1)
OTHER = make_picture("png", seed=2)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def test_a_read_only_storage_directory_takes_nothing(machine: Machine) -> None:
    """It was added as read-only."""
    make_storage_dir(machine.folder / "one")
    one = machine.add_again(machine.folder / "one", read_only=True)
    with pytest.raises(ReadOnlyStorageDirError, match="--read-only"):
        save_image(machine.bench, PICTURE, one)
    assert os.listdir(machine.media(one)) == []


def test_a_copied_storage_directory_takes_nothing_and_nor_does_its_twin(machine: Machine) -> None:
    """Two folders have one identity: neither is written until a person says which is the copy, or one goes away."""
    one = machine.add("one")
    shutil.copytree(one.path, machine.folder / "copy")
    copy = machine.add_again(machine.folder / "copy")
    for sd in (one, copy):
        with pytest.raises(CopiedStorageDirError, match="--new-identity"):
            save_image(machine.bench, PICTURE, sd)
    machine.take_away(copy)
    assert save_image(machine.bench, PICTURE, one).new


def test_nothing_is_made_where_a_storage_directory_was(machine: Machine) -> None:
    """The save fails for now, and nothing is created in the empty place."""
    one = machine.add("one")
    machine.take_away(one)
    with pytest.raises(StorageDirOfflineError):
        save_image(machine.bench, PICTURE, one)
    assert not Path(one.path).exists()
    Path(one.path).mkdir()
    with pytest.raises(StorageDirOfflineError):
        save_image(machine.bench, PICTURE, one)
    assert os.listdir(one.path) == []


@pytest.mark.parametrize("there", [None, OTHER, PICTURE], ids=["nothing", "another disk", "and it has it"])
def test_a_disk_that_goes_while_the_source_is_read_is_asked_for_again(
    machine: Machine, there: bytes | None
) -> None:
    """A pipe may take minutes. What is at the path then gets no image, and its files do not count (H17)."""
    one = machine.add("one", make_picture("gif"))
    root = Path(one.path)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not self.tell():
                machine.take_away(one)
                root.mkdir() if there is None else make_storage_dir(root, there)
            return super().read(size)

    with pytest.raises(StorageDirOfflineError):
        save_image(machine.bench, Slow(PICTURE), one)
    names = [path.name for path in root.rglob("*")]
    assert sorted(names) == ([] if there is None else sorted(["SD_ID", "media", name_of(there)]))
    assert machine.events("image.available") == []


def test_a_disk_that_goes_while_wrong_bytes_are_copied_is_asked_for_again(machine: Machine) -> None:
    """The copy to the trash takes time, too. No media folder is created where the disk was."""
    one = machine.add("one")
    machine.put(one, PICTURE[:300], NAME)
    now = machine.bench.now

    def tell_time_and_go() -> datetime:
        """Called when the clock is read for the copy's description."""
        if list(machine.bench.trash_folder.glob(f"*/*/{NAME}")) and Path(one.path, "SD_ID").exists():
            machine.take_away(one)
            Path(one.path).mkdir()
        return now()

    machine.bench.now = tell_time_and_go
    with pytest.raises(StorageDirOfflineError):
        save_image(machine.bench, PICTURE, one)
    assert os.listdir(one.path) == []


def test_what_was_written_when_its_disk_went_is_not_promised(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not registered, not promised, and not deleted. When the disk is back, the file is there and counts."""
    one = machine.add("one")
    link = os.link

    def link_and_go(*arguments: Any, **options: Any) -> None:
        link(*arguments, **options)
        if arguments[1] == NAME:
            machine.take_away(one)

    monkeypatch.setattr(os, "link", link_and_go)
    with pytest.raises(StorageDirOfflineError):
        save_image(machine.bench, PICTURE, one)
    assert machine.row(one, NAME) is None
    (machine.folder / "one, unmounted").rename(one.path)
    assert not save_image(machine.bench, PICTURE, one).new
    assert machine.get(ID).read() == PICTURE
    assert len(machine.events("image.available")) == 1


def test_a_storage_directory_whose_identity_has_not_arrived_takes_nothing(machine: Machine) -> None:
    """The save fails for now."""
    root = machine.folder / "one"
    make_storage_dir(root, OTHER)
    (root / "SD_ID").unlink()
    one = add_storage_dir(machine.bench, root).sd
    with pytest.raises(StorageDirIncompleteError):
        save_image(machine.bench, PICTURE, one)
    (root / "SD_ID").write_text(f"{uuid.uuid4()}\n")
    assert save_image(machine.bench, PICTURE, one).new
