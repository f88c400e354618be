"""Cleaning up: leftovers of killed saves are deleted after a day, and nothing else ever is."""

from __future__ import annotations

import os
from pathlib import Path

from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import name_of
from strandline.model.storage_dirs import StorageDir
from strandline.services.saving.tidy import remove_leftovers

PICTURE = make_picture("png", seed=1)
OURS, ANOTHERS, SAVED = (f".~{letter * 32}.tmp" for letter in "abc")


def _leave(machine: Machine, sd: StorageDir) -> None:
    """A hidden temporary of ours with its note, another machine's, and one in scratch."""
    for name in (OURS, ANOTHERS):
        (machine.media(sd) / name).write_bytes(PICTURE[:50])
    for name in (OURS, SAVED):
        (machine.bench.scratch / name).write_bytes(b"")


def tidy(machine: Machine, *sds: StorageDir) -> None:
    """Cleans like the watcher of a place with these storage directories, out of all known ones."""
    known = machine.list_storage_dirs()
    remove_leftovers(machine.bench, sds or known, [sd.number for sd in known])


def test_leftovers_go_after_a_day(machine: Machine) -> None:
    """Ours and their notes are deleted. Another machine's, images, and younger files stay."""
    one = machine.add("one", PICTURE)
    _leave(machine, one)
    tidy(machine)
    assert set(os.listdir(machine.bench.scratch)) == {OURS, SAVED}
    machine.clock.pass_time(hours=25)
    tidy(machine)
    assert set(os.listdir(machine.media(one))) == {name_of(PICTURE), ANOTHERS}
    assert os.listdir(machine.bench.scratch) == []


def test_notes_stay_while_a_storage_directory_is_away(machine: Machine) -> None:
    """When it is back, they show which files are ours."""
    one = machine.add("one", PICTURE)
    _leave(machine, one)
    machine.clock.pass_time(hours=25)
    away = machine.take_away(one)
    tidy(machine)
    assert set(os.listdir(machine.bench.scratch)) == {OURS, SAVED}
    away.rename(one.path)
    tidy(machine)
    assert OURS not in os.listdir(machine.media(one))


def test_a_read_only_storage_directory_is_left_alone(machine: Machine) -> None:
    """It cannot contain files of ours."""
    one = machine.add("one", PICTURE)
    two = machine.add_again(Path(machine.take_away(one)), read_only=True)
    _leave(machine, two)
    machine.clock.pass_time(hours=25)
    names = set(os.listdir(machine.media(two)))
    tidy(machine)
    assert set(os.listdir(machine.media(two))) == names


def test_each_place_is_tidied_by_itself(machine: Machine) -> None:
    """Only the storage directories of one place are cleaned. Scratch with its notes is cleaned after the last one."""
    one, two = machine.add("one", PICTURE), machine.add("two")
    _leave(machine, one)
    machine.clock.pass_time(hours=25)
    machine.take_away(two)
    tidy(machine, one)
    assert OURS not in os.listdir(machine.media(one))
    assert SAVED in os.listdir(machine.bench.scratch)
    (tmp := machine.media(one) / OURS).write_bytes(b"half")
    Path(machine.bench.scratch, OURS).touch()
    tidy(machine, two)
    assert tmp.exists()
    assert set(os.listdir(machine.bench.scratch)) == {OURS, SAVED}
