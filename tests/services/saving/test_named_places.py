"""Where a picture is saved in a folder of named pictures, and under which name, on a real disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import choose, find_row, make_named_vault, put
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir
from strandline.errors import (
    EntryNotFoundError,
    InvalidInputError,
    InvalidPathError,
    StrandlineError,
)
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.saving.intake import NewImage
from strandline.services.saving.save import save_image
from strandline.services.saving.save_several import save_several
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

ONE, TWO, THREE, FOUR = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault of Obsidian, with one of the pictures."""
    return make_named_vault(tmp_path / "Vault", ONE)


@pytest.fixture
def sd(bench: Workbench, vault: Path) -> StorageDir:
    """The vault, added."""
    return add_storage_dir(bench, vault).sd


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("graph.png", "Files/graph 1.png"),
        ("GRAPH.png", "Files/GRAPH 1.png"),
        ("photo.jpg", "Files/photo.png"),
        ("3f" * 16 + ".png", None),
        ("SD_ID.png", None),
        ("x.sync-conflict-20260101-101010-ABCDEFG.png", None),
        (None, None),
    ],
)
def test_a_name_that_is_taken_gets_a_number(
    bench: Workbench, sd: StorageDir, vault: Path, name: str | None, path: str | None
) -> None:
    """Also if another folder has it, or a disk that compares names otherwise would find it. The layout stays."""
    saved = save_image(bench, TWO, sd, name=name)
    if path is None:
        assert saved.path.startswith("Files/Image 20")
    else:
        assert saved.path == path
    assert add_storage_dir(bench, vault).sd.layout is LayoutKind.NAMED


def test_forms_of_letters_are_one_name(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """macOS writes u and a mark."""
    put(vault, "Ku\u0308che.png", TWO)
    scan_storage_dir(bench, sd)
    assert save_image(bench, THREE, sd, name="KÜCHE.png").path == "Files/KÜCHE 1.png"


def test_a_name_that_only_the_disk_has_is_kept(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """A file that has just arrived, a folder, and a broken link keep their names. An equal file is the picture."""
    put(vault, "Files/new.png", THREE)
    (vault / "Files/new 1.png").mkdir()
    (vault / "Files/new 2.png").symlink_to("nowhere")
    assert save_image(bench, TWO, sd, name="new.png").path == "Files/new 3.png"
    put(vault, "Files/other.png", FOUR)
    saved = save_image(bench, FOUR, sd, name="other.png")
    assert (saved.new, saved.path) == (False, "Files/other.png")
    assert (vault / "Files/new.png").read_bytes() == THREE


def test_half_a_file_of_the_name_is_kept(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """It may be arriving."""
    put(vault, "Files/a.png", TWO[: len(TWO) // 2])
    assert save_image(bench, TWO, sd, name="a.png").path == "Files/a 1.png"
    assert find_row(bench, sd, "Files/a.png").state is FileState.ARRIVING


def test_a_deleted_picture_comes_back_to_its_place(
    bench: Workbench, sd: StorageDir, vault: Path, clock: FakeClock
) -> None:
    """Its name is free for its own bytes, and for no others: notes still mean it."""
    save_image(bench, TWO, sd, name="a.png")
    (vault / "Files/a.png").unlink()
    clock.pass_time(minutes=1)
    scan_storage_dir(bench, sd)
    assert save_image(bench, THREE, sd, name="a.png").path == "Files/a 1.png"
    back = save_image(bench, TWO, sd, name="a.png")
    assert (back.new, back.path) == (True, "Files/a.png")
    assert find_row(bench, sd, "Files/a.png").absent_since is None


def test_a_note_says_where(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """If the program puts pictures beside notes. The Markdown fits the note in any case."""
    saved = save_image(bench, TWO, sd, name="a.png", note="Study/Deep/Note.md")
    assert (saved.path, saved.markdown) == ("Files/a.png", "![a](../../Files/a.png)")
    choose(vault, "./img")
    saved = save_image(bench, THREE, sd, name="b.png", note=vault / "Study/Deep/Note.md")
    assert (saved.path, saved.markdown) == ("Study/Deep/img/b.png", "![b](img/b.png)")
    assert save_image(bench, THREE, sd, note="Note.md").markdown.endswith("](Study/Deep/img/b.png)")


@pytest.mark.parametrize(
    ("note", "error"),
    [
        ("../outside.md", InvalidPathError),
        ("/etc/passwd", InvalidPathError),
        ("", InvalidPathError),
        ("a\0b", InvalidPathError),
        ("gone.md", EntryNotFoundError),
        ("Study", EntryNotFoundError),
        ("Study/graph.png/x.md", EntryNotFoundError),
        ("link/Note.md", EntryNotFoundError),
        ("link.md", EntryNotFoundError),
    ],
)
def test_a_note_must_be_a_file_in_the_folder(
    bench: Workbench, sd: StorageDir, vault: Path, note: str, error: type[StrandlineError]
) -> None:
    """Through no link. Otherwise nothing is written."""
    (vault / "link").symlink_to("Study/Deep")
    (vault / "link.md").symlink_to("Note.md")
    before = snapshot(vault)
    with pytest.raises(error):
        save_image(bench, TWO, sd, note=note)
    (result,) = save_several(bench, [NewImage(TWO)], sd, note)
    assert isinstance(result, error)
    assert snapshot(vault) == before


def test_a_folder_with_ids_has_no_place_for_a_note(bench: Workbench, tmp_path: Path) -> None:
    """So it is an error, and not silently another place."""
    ids = add_storage_dir(bench, make_storage_dir(tmp_path / "ids")).sd
    with pytest.raises(InvalidInputError, match="omit the note"):
        save_image(bench, TWO, ids, note="Note.md")


@pytest.mark.parametrize(
    "wish", ["../out", "/tmp/out", "link", "link/in", "a.png", ".git", "C:/x", "con", "x/./y"]
)
def test_hostile_settings_lead_nowhere(bench: Workbench, sd: StorageDir, vault: Path, wish: str) -> None:
    """A setting may come from anybody. The picture is saved by the next rule, below the root, through no link."""
    outside = vault.parent / "outside"
    outside.mkdir()
    (vault / "link").symlink_to(outside)
    put(vault, "a.png", b"no picture")
    choose(vault, wish)
    saved = save_image(bench, TWO, sd, name="x.png")
    assert (vault / saved.path).read_bytes() == TWO
    assert "/" not in saved.path or saved.path.startswith("Study/")
    assert list(outside.iterdir()) == []
    assert not (vault.parent / "out").exists()


def test_a_folder_is_one_in_any_letter_case(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """On other machines ``Files`` and ``files`` are one folder, so no second one is made."""
    (vault / "files").mkdir()
    assert save_image(bench, TWO, sd, name="x.png").path == "files/x.png"
    (vault / "Files").mkdir()
    assert save_image(bench, THREE, sd, name="y.png").path == "Files/y.png"
