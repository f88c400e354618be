"""A save that is killed at any step leaves nothing half, loses nothing, and the next scan understands what it left.

A child process saves under ``strace``, and the kernel kills it as it is about to make a chosen system call. A dozen
calls are chosen: on both sides of each thing that a save makes durable (SPEC §13).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.machine import Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from builders.traced import run_until_killed_at
from strandline.folders.temporaries import TEMPORARY_NAME
from strandline.model.image_files import FileState
from strandline.services.save import save_image
from strandline.services.scan import scan_storage_dir

PICTURE = make_picture("png", seed=1)
HALF = PICTURE[:300]
ID, NAME = id_of(PICTURE), name_of(PICTURE)

SAVING = """
import sys
from strandline import open_store
home, picture = sys.argv[1:]
with open_store(home) as store:
    store.save(picture, sd="one", name="holiday.png")
"""

NEW = [
    ("fsync", 1),  # the bytes are written, and not durable
    ("linkat", 1),  # durable, without a name
    ("fsync", 2),  # named, and the name not durable
    ("pwrite64", 1),  # durable, without a row
    ("fdatasync", 1),  # the row and its event are on their way
]
REPLACING = [
    ("linkat", 1),  # the copy for the trash has no name
    ("fsync", 2),  # it has one, and it is not durable
    ("linkat", 2),  # it has no description
    ("fsync", 5),  # its folder is not durable
    ("fsync", 7),  # the good bytes are not durable
    ("renameat", 1),  # they are, and the wrong ones still have the name
    ("fsync", 8),  # the good ones have it, and nobody knows
]


@pytest.mark.parametrize(("call", "when"), NEW)
def test_a_new_image_is_there_whole_or_not_at_all(tmp_path: Path, call: str, when: int) -> None:
    """And where it is there, the next scan announces it, once."""
    with open_machine(tmp_path) as machine:
        one = machine.add("one")
    _crash(tmp_path, call, when)
    names = os.listdir(machine.media(one))
    assert names in ([], [NAME])
    if names:
        assert (machine.media(one) / NAME).read_bytes() == PICTURE
    with open_machine(tmp_path) as machine:
        report = scan_storage_dir(machine.bench, one)
        assert (report.added, report.findings) == (len(names), [])
        assert [event.type for event in machine.events("image.available")] == ["image.available"] * len(names)
        _check_a_further_save(machine)


@pytest.mark.parametrize(("call", "when"), REPLACING)
def test_what_is_replaced_is_never_lost(tmp_path: Path, call: str, when: int) -> None:
    """The old bytes have their name, or lie in the trash with a description; the new ones are whole or not there."""
    with open_machine(tmp_path) as machine:
        one = machine.add("one")
        path = machine.put(one, HALF, NAME)
    _crash(tmp_path, call, when)
    assert os.listdir(machine.media(one)) == [NAME]
    is_replaced = path.read_bytes() == PICTURE
    if is_replaced:
        (entry,) = (tmp_path / "home" / "trash").iterdir()
        assert (entry / NAME).read_bytes() == HALF
        assert NAME in (entry / "about.json").read_text()
    else:
        assert path.read_bytes() == HALF
    with open_machine(tmp_path) as machine:
        assert scan_storage_dir(machine.bench, one).findings == []
        row = machine.row(one, NAME)
        assert row is not None
        assert row.state is (FileState.PRESENT if is_replaced else FileState.ARRIVING)
        _check_a_further_save(machine)


def _crash(folder: Path, call: str, when: int) -> None:
    source = folder / "holiday.png"
    source.write_bytes(PICTURE)
    assert run_until_killed_at(SAVING, folder / "home", source, call=call, when=when), "it was never killed"
    left = {path.name for path in (folder / "home" / "scratch").iterdir()}
    assert all(TEMPORARY_NAME.fullmatch(name) for name in left)


def _check_a_further_save(machine: Machine) -> None:
    """Whatever was left does not stand in its way: the image is there, proven, and was announced once."""
    (one,) = machine.list_storage_dirs()
    save_image(machine.bench, PICTURE, one)
    assert machine.get(ID).read() == PICTURE
    assert os.listdir(machine.media(one)) == [NAME]
    assert len(machine.events("image.available")) == 1
    report = scan_storage_dir(machine.bench, one)
    assert (report.found_changes, report.unchanged) == (False, 1)
