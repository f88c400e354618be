"""A storage directory's new path must show something of it, and what is absent there takes nothing away (SPEC §4)."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from builders.identities import A
from builders.journal import list_event_types
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir, name_of
from strandline.errors import StorageDirConflictError
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number, move_storage_dir
from strandline.services.storage_dirs.presence import reconsider
from strandline.services.workbench import Workbench

PICTURES = make_pictures(12)


def make_album(root: Path) -> Path:
    """Twelve named pictures, and nothing else."""
    root.mkdir()
    for number, data in enumerate(PICTURES):
        (root / f"{number}.png").write_bytes(data)
    return root


def paths_of(bench: Workbench, sd: StorageDir) -> set[str]:
    """What is known of its files."""
    with bench.catalog.read() as reader:
        return set(reader.files.list_some_paths(sd.number, limit=100))


@pytest.mark.parametrize("what", ["empty", "strange files", "another identity"])
@pytest.mark.parametrize("kind", ["named", "ids", "read-only"])
def test_a_place_that_shows_nothing_of_it_is_refused(
    bench: Workbench, tmp_path: Path, kind: str, what: str
) -> None:
    """Nothing is changed there or in the catalog, and the message says what to do instead."""
    root = make_album(tmp_path / "Album")
    if kind != "named":
        shutil.rmtree(root)
        root = make_storage_dir(root, *PICTURES, sd_id=A)
    if kind == "read-only":
        (root / "SD_ID").unlink()
    sd = add_storage_dir(bench, root, read_only=kind == "read-only").sd
    files, events = paths_of(bench, sd), list_event_types(bench)
    new = tmp_path / "Else"
    new.mkdir()
    if what != "empty":
        (new / "SD_ID" if what == "another identity" else new / "strange.txt").write_text(
            "9d2ad4b6-7dc5-4de8-8f4f-1a4b0b9d8f11\n"
        )
    before = snapshot(new)
    with pytest.raises(StorageDirConflictError) as caught:
        move_storage_dir(bench, sd, new)
    if (kind, what) != ("ids", "another identity"):
        assert "sd forget Album" in str(caught.value)
    assert (get_by_number(bench, sd.number), paths_of(bench, sd)) == (sd, files)
    assert (list_event_types(bench), snapshot(new)) == (events, before)


@pytest.mark.parametrize("left", ["a picture", "a settings folder", "a name in another Unicode form"])
def test_the_brake_holds_after_a_move(bench: Workbench, tmp_path: Path, left: str) -> None:
    """A little of it is enough for a person to say that it is there. What is not there is not believed to be gone."""
    root = make_album(tmp_path / "Album")
    (root / ".obsidian").mkdir()
    umlaut = unicodedata.normalize("NFC", "Küste.png")
    if left == "a name in another Unicode form":
        for path in root.glob("*.png"):
            path.rename(root / f"{path.stem}{umlaut}")
    sd = add_storage_dir(bench, root).sd
    files = paths_of(bench, sd)
    new = tmp_path / "Else"
    new.mkdir()
    if left == "a settings folder":
        (new / ".obsidian").mkdir()
    else:
        name = "0.png" if left == "a picture" else unicodedata.normalize("NFD", f"0{umlaut}")
        (new / name).write_bytes(PICTURES[0])
    shutil.rmtree(root)
    moved = move_storage_dir(bench, sd, new)
    assert (moved.state, moved.layout, moved.path) == (StorageDirState.ONLINE, LayoutKind.NAMED, str(new))
    report = scan_storage_dir(bench, moved)
    assert report.sd.state is StorageDirState.SUSPECT
    with bench.catalog.read() as reader:
        assert files - {f"0{umlaut}"} <= reader.files.find_rows(sd.number, list(files)).keys()
    assert "image.missing" not in list_event_types(bench)


def test_an_emptied_folder_keeps_its_files_and_their_names(bench: Workbench, tmp_path: Path) -> None:
    """What is absent says nothing about the layout: the brake asks instead, also if the folder is added again."""
    root = make_album(tmp_path / "Album")
    sd = add_storage_dir(bench, root).sd
    files = paths_of(bench, sd)
    for path in root.iterdir():
        path.unlink()
    assert scan_storage_dir(bench, sd).sd.state is StorageDirState.SUSPECT
    assert add_storage_dir(bench, root, scan=False).sd.number == sd.number
    now = reconsider(bench, get_by_number(bench, sd.number))
    assert (now.layout, now.sd_id, paths_of(bench, sd)) == (LayoutKind.NAMED, sd.sd_id, files)
    assert "sd.layout_changed" not in list_event_types(bench)
    assert list(root.iterdir()) == []


def test_images_by_id_that_are_away_do_not_make_it_a_folder_of_names(
    bench: Workbench, tmp_path: Path
) -> None:
    """A read-only folder has no identity of its own. What else is in it says nothing about what is not there."""
    root = make_storage_dir(tmp_path / "Shop", *PICTURES)
    (root / "SD_ID").unlink()
    (root / "read me.txt").write_text("hello")
    sd = add_storage_dir(bench, root, read_only=True).sd
    assert (sd.layout, sd.provisional) == (LayoutKind.IDS, True)
    for data in PICTURES:
        (root / "media" / name_of(data)).unlink()
    reconsider(bench, sd)
    assert get_by_number(bench, sd.number).layout is LayoutKind.IDS
    assert len(paths_of(bench, sd)) == len(PICTURES)
