"""Bytes that git has, in a folder of named pictures that is a git work tree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_pictures import make_named_picture
from builders.named_vault import find_row, put
from builders.pictures import make_picture
from strandline.model.image_files import FileState, ProofKind
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving import drawing
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

BARE = make_named_picture("jxl-bare")
BMP = make_named_picture("bmp")
BLACK = BMP[:54] + bytes(len(BMP) - 54)
HALF = make_picture("png")[:-20]


def run_git(root: Path, *arguments: str) -> None:
    """Git does something."""
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree. Git has all of its pictures."""
    root = tmp_path / "Vault"
    for name, data in (("x.jxl", BARE), ("Deep/black.bmp", BLACK), ("x.webp", make_picture("webp"))):
        put(root, name, data)
    run_git(tmp_path, "init", "-q", str(root))
    run_git(root, "add", ".")
    return root


def add(bench: Workbench, root: Path) -> StorageDir:
    """The folder, added and scanned. No time passes, so nothing becomes quiet."""
    bench.sleep = lambda _seconds: None
    return add_storage_dir(bench, root).sd


def scan(bench: Workbench, sd: StorageDir) -> None:
    """A scan of the storage directory as it is now."""
    scan_storage_dir(bench, get_by_number(bench, sd.number))


def states_of(bench: Workbench, sd: StorageDir, *paths: str) -> list[FileState]:
    """Of these files."""
    return [find_row(bench, sd, path).state for path in paths]


def test_what_git_has_need_not_be_quiet(
    bench: Workbench, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor decoded: its structure cannot tell, and git can. Without git, it would be."""
    monkeypatch.setattr(drawing, "check_decodes", lambda *_, **__: pytest.fail("it was decoded"))
    sd = add(bench, tree)
    for path in ("x.jxl", "Deep/black.bmp", "x.webp"):
        row = find_row(bench, sd, path)
        assert (row.state, row.proof_kind, row.is_whole) == (FileState.PRESENT, ProofKind.HASH, True)


def test_what_git_has_not_is_proven_as_ever(bench: Workbench, tree: Path) -> None:
    """Other bytes than those in the index, and files that are not in it."""
    put(tree, "x.jxl", BARE + b"!")
    put(tree, "new.jxl", BARE + b"?")
    sd = add(bench, tree)
    paths = ("x.jxl", "new.jxl")
    assert states_of(bench, sd, *paths) == [FileState.ARRIVING] * 2
    run_git(tree, "add", ".")
    scan(bench, sd)
    assert states_of(bench, sd, *paths) == [FileState.PRESENT] * 2


def test_half_a_picture_in_git_is_arriving(bench: Workbench, tree: Path, clock: FakeClock) -> None:
    """Plug-ins commit what is there. After a day, it is what the person has: its own bytes, and no whole image."""
    put(tree, "half.png", HALF)
    run_git(tree, "add", ".")
    sd = add(bench, tree)
    for hours in (0, 23):
        clock.pass_time(hours=hours)
        scan(bench, sd)
        assert states_of(bench, sd, "half.png") == [FileState.ARRIVING]
    clock.pass_time(hours=2)
    scan(bench, sd)
    row = find_row(bench, sd, "half.png")
    assert (row.state, row.is_whole) == (FileState.PRESENT, False)


def test_nothing_outside_is_read(bench: Workbench, tree: Path, tmp_path: Path) -> None:
    """A ``.git`` that leads elsewhere, or an index that is a link, is not followed."""
    index = (tree / ".git/index").read_bytes()
    put(tmp_path, "elsewhere/index", index)
    shutil.rmtree(tree / ".git")
    (tree / ".git").symlink_to(tmp_path / "elsewhere")
    sd = add(bench, tree)
    assert states_of(bench, sd, "x.jxl") == [FileState.ARRIVING]
    (tree / ".git").unlink()
    (tree / ".git").mkdir()
    (tree / ".git/index").symlink_to(tmp_path / "elsewhere/index")
    scan(bench, sd)
    assert states_of(bench, sd, "x.jxl") == [FileState.ARRIVING]
    (tree / ".git/index").unlink()
    put(tree, ".git/index", index)
    scan(bench, sd)
    assert states_of(bench, sd, "x.jxl") == [FileState.PRESENT]


def test_a_broken_index_says_nothing(bench: Workbench, tree: Path) -> None:
    """And stops nothing."""
    index = (tree / ".git/index").read_bytes()
    (tree / ".git/index").write_bytes(index[:-30])
    sd = add(bench, tree)
    assert states_of(bench, sd, "x.jxl", "x.webp") == [FileState.ARRIVING, FileState.PRESENT]
