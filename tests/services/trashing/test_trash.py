"""The trash: a durable copy with its description, made before the file is touched, or nothing at all."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.machine import Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.refusing_kernel import Refusal, call_refused
from fault_kit.traced import trace_calls
from strandline.errors import DiskError, DiskFullError, UnreadableFileError
from strandline.folders.opening import stamp_of
from strandline.model.trash import TrashReason
from strandline.services.trashing.contents import empty_trash, list_trash
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.trashing.restore import restore_images
from strandline.services.trashing.shelves import ABOUT_FILE
from strandline.services.trashing.trash import copy_to_trash

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def list_all(machine: Machine) -> list[str]:
    trash = machine.bench.trash_folder
    return sorted(str(path.relative_to(trash)) for path in trash.rglob("*")) if trash.exists() else []


def test_the_copy_can_be_read_without_the_catalog(machine: Machine) -> None:
    """The bytes under their old name, and a description: what they were, where, when, and why they were moved."""
    one = machine.add("one", PICTURE)
    trashed, copied = copy_to_trash(machine.bench, one, NAME, ID, TrashReason.DELETED)
    assert one.sd_id is not None
    folder = machine.bench.trash_folder / one.sd_id / trashed.trash_id
    assert (folder / NAME).read_bytes() == PICTURE
    about = json.loads((folder / ABOUT_FILE).read_text())
    assert about == {
        "trash_id": trashed.trash_id,
        "sd_id": one.sd_id,
        "sd_path": one.path,
        "filename": NAME,
        "path": f"media/{NAME}",
        "image_id": ID,
        "size_bytes": len(PICTURE),
        "sha256": about["sha256"],
        "reason": "deleted",
        "trashed_at": about["trashed_at"],
        "mtime_ns": (machine.media(one) / NAME).lstat().st_mtime_ns,
    }
    assert about["sha256"].startswith(ID)
    assert copied.stamp == stamp_of((machine.media(one) / NAME).lstat())
    assert (machine.media(one) / NAME).read_bytes() == PICTURE


def test_each_copy_has_a_place_of_its_own(machine: Machine) -> None:
    """The same name can go to the trash any number of times."""
    one = machine.add("one", PICTURE)
    ids = {copy_to_trash(machine.bench, one, NAME, ID, TrashReason.DELETED)[0].trash_id for _ in range(3)}
    assert len(ids) == 3
    assert len(list_all(machine)) == 1 + 3 * 3


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refusal("fsync", errno.EIO), DiskError),
        (Refusal("write", errno.ENOSPC), DiskFullError),
        (Refusal("openat", errno.ENOSPC, argument=2, mask=0o20000100), DiskFullError),
    ],
    ids=["fsync fails", "disk full", "no new files"],
)
def test_a_copy_that_fails_leaves_nothing(machine: Machine, refusal: Refusal, error: type[DiskError]) -> None:
    """No entry and no half file remain. The original is unchanged."""
    one = machine.add("one", PICTURE)
    with pytest.raises(error):
        call_refused([refusal], lambda: copy_to_trash(machine.bench, one, NAME, ID, TrashReason.DELETED))
    assert list_all(machine) in ([], [one.sd_id])
    assert list(machine.bench.scratch.iterdir()) == []
    assert (machine.media(one) / NAME).read_bytes() == PICTURE


def test_only_a_file_can_be_copied(machine: Machine) -> None:
    """A missing file raises FileNotFoundError, and anything else than a file is not read."""
    one = machine.add("one")
    with pytest.raises(FileNotFoundError):
        copy_to_trash(machine.bench, one, NAME, ID, TrashReason.DELETED)
    (machine.media(one) / NAME).symlink_to("../SD_ID")
    with pytest.raises(UnreadableFileError):
        copy_to_trash(machine.bench, one, NAME, ID, TrashReason.DELETED)
    assert list_all(machine) == [one.sd_id]


REPLACING = """
import sys
from strandline import open_store
home, picture = sys.argv[1:]
with open_store(home) as store:
    begin()
    store.save(picture, sd="one")
    end()
"""


def test_the_copy_is_durable_before_the_file_is_replaced(tmp_path: Path) -> None:
    """The order of system calls: folders, bytes, description, and only then the rename."""
    source = tmp_path / "picture.png"
    source.write_bytes(PICTURE)
    with open_machine(tmp_path) as machine:
        one = machine.add("one")
        machine.put(one, PICTURE[:300], NAME)
    lines = trace_calls(REPLACING, tmp_path / "home", source, calls="fsync,linkat,/^rename")
    trash = str(tmp_path / "home" / "trash")
    steps = [
        next(word for word in (NAME, ABOUT_FILE, trash + ">", "media>", "fsync") if word in line)
        for line in lines
        if ".db" not in line and "db-wal" not in line
    ]
    named = [step for step in steps if step != "fsync"]
    replaced = len(steps) - 1 - steps[::-1].index(NAME)
    assert named.index(trash + ">") < named.index(NAME) < named.index(ABOUT_FILE)
    assert steps.index(ABOUT_FILE) < replaced
    assert "rename" in [line for line in lines if NAME in line][-1]
    assert "media>" in steps[replaced:]
    assert sorted(os.listdir(tmp_path / "one" / "media")) == [NAME]


def test_a_file_of_any_year_goes_to_the_trash_and_back(machine: Machine) -> None:
    """Disks have times that no catalog can keep (64 bits of nanoseconds). What can be recorded of it is enough."""
    one = machine.add("one", PICTURE)
    in_2400 = 13_569_465_600 * 10**9
    os.utime(machine.media(one) / NAME, ns=(in_2400, in_2400))  # some disks take the nearest that they know
    machine.scan(one)
    assert len(delete_files(machine.bench, plan_delete(machine.bench, [ID])).done) == 1
    machine.scan(one)
    assert [entry.image_id for entry in list_trash(machine.bench)] == [ID]
    assert len(restore_images(machine.bench, [ID]).done) == 1


ODD_ENTRIES: dict[str, Callable[[Path, str], object]] = {
    "a file": lambda folder, _: folder.write_bytes(b"x"),
    "a link to itself": lambda folder, _: folder.symlink_to(folder),
    "no description": lambda folder, _: folder.mkdir(),
    "a FIFO": lambda folder, _: _make_fifo(folder),
    "too deep": lambda folder, _: _describe(folder, "[" * 200_000),
    "too long": lambda folder, about: _describe(folder, " " * (1 << 20) + about),
    "a number without end": lambda folder, about: _describe(folder, about, size_bytes=float("inf")),
    "a size beyond 64 bits": lambda folder, about: _describe(folder, about, size_bytes=2**63),
    "a name too long for a disk": lambda folder, about: _describe(folder, about, path="media/" + "x" * 300),
    "no text": lambda folder, about: _describe(folder, about, sd_path="\ud800"),
    "a NUL": lambda folder, about: _describe(folder, about, sd_path="/a\0b"),
    "elsewhere": lambda folder, about: _describe(folder, about, sd_id="../.."),
}


@pytest.mark.parametrize("kind", ODD_ENTRIES)
def test_an_odd_entry_is_in_nobodys_way(machine: Machine, kind: str) -> None:
    """Whatever is in the trash, the other entries are found, and nothing fails."""
    one = machine.add("one", PICTURE)
    delete_files(machine.bench, plan_delete(machine.bench, [ID]))
    [entry] = list_trash(machine.bench)
    assert one.sd_id is not None
    folder = machine.bench.trash_folder / one.sd_id
    ODD_ENTRIES[kind](folder / ("0" * 32), (folder / entry.trash_id / ABOUT_FILE).read_text())
    with machine.bench.catalog.write() as writer:
        writer.trash.delete_trashed([entry.trash_id])
    machine.scan(one)
    assert [each.trash_id for each in list_trash(machine.bench)] == [entry.trash_id]
    assert len(restore_images(machine.bench, [ID]).done) == 1
    machine.clock.pass_time(hours=24 * 40)
    assert empty_trash(machine.bench).done == ()


def test_a_time_that_no_catalog_can_keep_is_not_believed(machine: Machine) -> None:
    """An entry that an earlier version left: its bytes come back, and the time is as if it was not recorded."""
    machine.add("one", PICTURE)
    delete_files(machine.bench, plan_delete(machine.bench, [ID]))
    [entry] = list_trash(machine.bench)
    folder = machine.bench.trash_folder / str(entry.sd_id) / entry.trash_id
    _describe(folder, (folder / ABOUT_FILE).read_text(), mtime_ns=2**63)
    with machine.bench.catalog.write() as writer:
        writer.trash.delete_trashed([entry.trash_id])
    [found] = list_trash(machine.bench)
    assert (found.trash_id, found.mtime_ns) == (entry.trash_id, None)


def _describe(folder: Path, about: str, **changed: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(PICTURE)
    text = json.dumps(json.loads(about) | changed) if changed else about
    (folder / ABOUT_FILE).write_text(text)


def _make_fifo(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / ABOUT_FILE)
