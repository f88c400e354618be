"""Nested folders, homes, roots, and media folders are refused; what was added before keeps working."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import make_storage_dir
from strandline.errors import CatalogInsideStorageDirError, UnsuitableFolderError
from strandline.folders.local import LocalFolder
from strandline.model.storage_dirs import LayoutKind
from strandline.services.storage_dirs import suitable
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import move_storage_dir
from strandline.services.storage_dirs.paths import check_outside
from strandline.services.workbench import Workbench


def test_folders_inside_and_around_one_are_refused(bench: Workbench, tmp_path: Path) -> None:
    """Nothing is written to them, and nothing is remembered of them."""
    root = make_storage_dir(tmp_path / "around/Notes", make_picture("png"))
    added = add_storage_dir(bench, root).sd
    (root / "attachments").mkdir()
    for folder in (root / "media", root / "attachments", tmp_path / "around"):
        with pytest.raises(UnsuitableFolderError):
            add_storage_dir(bench, folder)
        assert not (folder / "SD_ID").exists()
        with pytest.raises(UnsuitableFolderError):
            move_storage_dir(bench, add_storage_dir(bench, _make_other(tmp_path)).sd, folder)
    assert add_storage_dir(bench, root).sd == added


def _make_other(tmp_path: Path) -> Path:
    other = tmp_path / "other"
    other.mkdir(exist_ok=True)
    return other


def test_the_media_folder_of_an_unknown_one_is_refused(bench: Workbench, tmp_path: Path) -> None:
    """Its identity is enough to know it."""
    root = make_storage_dir(tmp_path / "Notes", make_picture("png"))
    with pytest.raises(UnsuitableFolderError, match="media folder of a storage directory"):
        add_storage_dir(bench, root / "media")


def test_the_home_and_the_root_are_refused(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also through a link."""
    home = tmp_path / "ada"
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(home))
    for folder in (home, tmp_path / "link"):
        with pytest.raises(UnsuitableFolderError, match="your home folder"):
            add_storage_dir(bench, folder)
    assert list(home.iterdir()) == []


def test_an_unusual_folder_is_taken_if_a_person_insists(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home, too, although hidden folders of programs are in it, perhaps the catalog."""
    home = tmp_path / "ada"
    (home / ".local/share").mkdir(parents=True)
    (home / "x.png").write_bytes(make_picture("png"))
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(UnsuitableFolderError) as refused:
        add_storage_dir(bench, home)
    assert (refused.value.facts["may_insist"], refused.value.facts["is_question"]) == (True, False)
    assert add_storage_dir(bench, home, insists=True).sd.layout is LayoutKind.NAMED
    check_outside(home / ".local/share/strandline", str(home), insists=True)
    for inside in (home / "strandline", home):
        with pytest.raises(CatalogInsideStorageDirError):
            check_outside(inside, str(home), insists=True)


@pytest.mark.parametrize(("used", "walks"), [(3, 0), (4, 1), (None, 1)])
def test_no_folder_is_larger_than_its_disk(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: int | None, walks: int
) -> None:
    """So nothing is counted on a disk with few files. One that does not say is counted."""
    walked: list[str] = []
    iter_tree = LocalFolder.iter_tree

    def note(folder: LocalFolder) -> Iterator[tuple[str, str]]:
        walked.append(folder.root)
        return iter_tree(folder)

    monkeypatch.setattr(suitable, "MANY_ENTRIES", 3)
    monkeypatch.setattr(LocalFolder, "find_used_files", lambda _self: used)
    monkeypatch.setattr(LocalFolder, "iter_tree", note)
    vault = tmp_path / "Vault"
    (vault / ".obsidian").mkdir(parents=True)
    add_storage_dir(bench, vault)
    assert len(walked) == walks


def test_a_very_large_folder_is_a_question(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one that would be looked at as a whole, and only the first time."""
    monkeypatch.setattr(suitable, "MANY_ENTRIES", 3)
    vault = tmp_path / "Vault"
    vault.mkdir()
    for number in range(4):
        (vault / f"{number}.md").touch()
    with pytest.raises(UnsuitableFolderError, match="files and folders") as refused:
        add_storage_dir(bench, vault)
    assert refused.value.facts["is_question"]
    other = vault.rename(tmp_path / "Other")
    (other / ".strandlineignore").write_text("[12].md")
    add_storage_dir(bench, other)
    vault = other.rename(tmp_path / "Third")
    (vault / ".strandlineignore").unlink()
    add_storage_dir(bench, vault, insists=True)
    add_storage_dir(bench, vault)
    shop = make_storage_dir(tmp_path / "Notes", *(make_picture("png", seed=seed) for seed in range(4)))
    add_storage_dir(bench, shop)


def test_one_that_is_known_keeps_working(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home folder that was added by an earlier version can be added again, looked at, and moved."""
    home = make_storage_dir(tmp_path / "ada", make_picture("png"))
    added = add_storage_dir(bench, home).sd
    monkeypatch.setenv("HOME", str(home))
    assert add_storage_dir(bench, home).sd == added
    assert move_storage_dir(bench, added, home) == added


def test_another_disk_may_be_mounted_where_one_was(bench: Workbench, tmp_path: Path) -> None:
    """A storage directory that is away does not keep its place."""
    stick = make_storage_dir(tmp_path / "mnt/stick", make_picture("png"))
    add_storage_dir(bench, stick)
    stick.rename(tmp_path / "unmounted")
    (stick / "Notes").mkdir(parents=True)
    assert add_storage_dir(bench, stick / "Notes").sd.name == "Notes"
