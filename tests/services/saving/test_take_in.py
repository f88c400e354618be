"""Pictures beside the notes are taken into the media folder: each once, and none is lost or moved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from strandline.errors import ReadOnlyStorageDirError, StorageDirOfflineError
from strandline.model.storage_dirs import StorageDir
from strandline.services.saving import take_in as service
from strandline.services.saving.intake import NewImage
from strandline.services.saving.save_several import Result, save_several
from strandline.services.saving.take_in import list_pictures_elsewhere, take_in
from strandline.services.workbench import Workbench

PICTURES = make_pictures(5)


@pytest.fixture
def sd(machine: Machine) -> StorageDir:
    """A vault with its pictures in two folders, one of them twice, and what nobody would take for a picture."""
    found = machine.add("Vault")
    root = Path(found.path)
    for path, data in {
        "attachments/Küche.png": PICTURES[0],
        "attachments/2026/b.png": PICTURES[1],
        "attachments/2026/again.png": PICTURES[0],
        "note.md": b"# A note",
        ".obsidian/icon.png": PICTURES[2],
        "attachments/._b.png": PICTURES[2],
        "attachments/.syncthing.c.png.tmp": PICTURES[2],
        "cover.png": PICTURES[3],
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    os.utime(root / "cover.png", (1_500_000_000, 1_500_000_000))
    return found


def test_all_pictures_are_listed_and_nothing_else(machine: Machine, sd: StorageDir) -> None:
    """Sorted. Not the media folder, hidden ones, leftovers, links, folders, or another storage directory's."""
    root = Path(sd.path)
    machine.put(sd, PICTURES[4])
    (root / "link.png").symlink_to(root / "cover.png")
    (root / "folder.png").mkdir()
    make_storage_dir(root / "attachments" / "Inner", PICTURES[4])
    expected = ["attachments/2026/again.png", "attachments/2026/b.png", "attachments/Küche.png", "cover.png"]
    assert list_pictures_elsewhere(machine.bench, sd) == expected


def test_each_picture_is_saved_once_and_stays_where_it_was(machine: Machine, sd: StorageDir) -> None:
    """Names are remembered. A second time, nothing is new."""
    taken = take_in(machine.bench, sd)
    assert [each.new for each in taken.saved] == [True, True, False, True]
    assert (taken.failed, taken.done, taken.total, taken.next) == ((), 4, 4, None)
    media = Path(sd.path) / "media"
    assert {path.name for path in media.iterdir()} == {name_of(PICTURES[number]) for number in (0, 1, 3)}
    assert (media / name_of(PICTURES[3])).stat().st_mtime == 1_500_000_000
    assert (Path(sd.path) / "attachments/Küche.png").read_bytes() == PICTURES[0]
    with machine.bench.catalog.read() as reader:
        origins = reader.origins.list_origins()
    names = {each["original_name"] for each in origins if each["image_id"] == id_of(PICTURES[0])}
    assert names == {"Küche.png", "again.png"}
    before = {path.name: path.stat().st_mtime_ns for path in media.iterdir()}
    assert not any(each.new for each in take_in(machine.bench, sd).saved)
    assert {path.name: path.stat().st_mtime_ns for path in media.iterdir()} == before


def test_one_that_fails_stops_no_other(machine: Machine, sd: StorageDir) -> None:
    """It is a finding with its path and a reason."""
    root = Path(sd.path)
    (root / "attachments/fake.png").write_text("no picture")
    (root / "attachments/empty.png").write_bytes(b"")
    taken = take_in(machine.bench, sd)
    assert len(taken.saved) == 4
    found = {each.filename: each.kind for each in taken.failed}
    assert found == {"attachments/fake.png": "unsupported-image", "attachments/empty.png": "empty-image"}
    assert all(each.message for each in taken.failed)


def test_it_goes_on_where_it_stopped(
    machine: Machine, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps of one group each, every picture comes exactly once, whatever failed before."""
    monkeypatch.setattr(service, "MOST_TOGETHER", 2)
    (Path(sd.path) / "attachments/fake.png").write_text("no picture")
    steps, after = [], ""
    while True:
        steps.append(take_in(machine.bench, sd, after=after, limit_s=0))
        if (following := steps[-1].next) is None:
            break
        after = following
    assert [step.done for step in steps] == [2, 4, 5]
    assert {step.total for step in steps} == {5}
    assert sum(len(step.saved) for step in steps) == 4
    assert sum(len(step.failed) for step in steps) == 1


def test_a_file_that_is_being_written_is_left_for_later(
    machine: Machine, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise half a picture would be kept."""
    path = Path(sd.path) / "cover.png"
    read = type(machine.bench.folder(sd)).read_piece

    def grow(self: object, name: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
        piece: tuple[bytes, int] = read(self, name, offset, size_bytes)  # type: ignore[arg-type]
        if name == "cover.png" and not offset:
            os.truncate(path, 10)
        return piece

    monkeypatch.setattr(type(machine.bench.folder(sd)), "read_piece", grow)
    taken = take_in(machine.bench, sd)
    assert [(each.filename, each.kind) for each in taken.failed] == [("cover.png", "unreadable-file")]
    assert len(taken.saved) == 3


def test_a_link_in_the_place_of_a_picture_is_not_followed(
    machine: Machine, sd: StorageDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it takes that place after the listing."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(make_picture("png", seed=99))
    monkeypatch.setattr(service, "list_pictures_elsewhere", lambda *_: ["cover.png"])
    (Path(sd.path) / "cover.png").unlink()
    (Path(sd.path) / "cover.png").symlink_to(secret)
    taken = take_in(machine.bench, sd)
    assert (taken.saved, [each.kind for each in taken.failed]) == ((), ["unreadable-file"])


def test_large_pictures_are_not_kept_in_memory_together(
    machine: Machine, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group ends with the picture that makes it too large."""
    groups: list[int] = []

    def count(bench: Workbench, images: list[NewImage], target: StorageDir) -> list[Result]:
        groups.append(len(images))
        return save_several(bench, images, target)

    monkeypatch.setattr(service, "save_several", count)
    monkeypatch.setattr(service, "MOST_BYTES", 1)
    assert len(take_in(machine.bench, sd).saved) == 4
    assert groups == [1, 1, 1, 1]


def test_nothing_is_saved_where_nothing_may_be(machine: Machine, sd: StorageDir) -> None:
    """In a folder that is only read, and in one that is away. Nothing is written."""
    root = make_storage_dir(machine.folder / "Read only")
    (root / "a.png").write_bytes(PICTURES[0])
    read_only = machine.add_again(root, read_only=True)
    with pytest.raises(ReadOnlyStorageDirError):
        take_in(machine.bench, read_only)
    assert list((root / "media").iterdir()) == []
    machine.take_away(sd)
    with pytest.raises(StorageDirOfflineError):
        take_in(machine.bench, sd)
    with pytest.raises(StorageDirOfflineError):
        list_pictures_elsewhere(machine.bench, sd)
