"""Paths that no storage directory can have, and places where none must be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.snapshots import snapshot
from builders.storage import make_storage_dir, open_bench
from strandline import open_store
from strandline.errors import CatalogInsideStorageDirError, InvalidPathError, StorageDirNotFoundError
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_storage_dir, move_storage_dir
from strandline.services.storage_dirs.presence import reconsider_storage_dirs
from strandline.services.workbench import Workbench


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock of its own."""
    with open_bench(home) as bench:
        yield bench


BAD_PATHS = [
    ("", InvalidPathError),
    ("a\0b", InvalidPathError),
    ("/" + "x" * 10_000, InvalidPathError),
    ("/x" * 10_000, InvalidPathError),
    ("/" + "x" * 300, InvalidPathError),
    (os.fsdecode(b"/tmp/\xff"), InvalidPathError),
    ("\ud800", InvalidPathError),
    ("~root\0", InvalidPathError),
    ("{tmp}/file", InvalidPathError),
    ("{tmp}/loop", InvalidPathError),
    ("{tmp}/fifo", InvalidPathError),
    ("{tmp}/missing", StorageDirNotFoundError),
    ("{tmp}/dangling", StorageDirNotFoundError),
    ("{tmp}/file/below", StorageDirNotFoundError),
    ("~nobody-at-all/Notes", StorageDirNotFoundError),
]


@pytest.mark.parametrize(
    ("path", "error"), BAD_PATHS, ids=lambda value: str(value)[:20].encode("utf8", "replace").decode()
)
def test_a_path_that_is_no_folder_is_a_clear_error(
    bench: Workbench, tmp_path: Path, path: str, error: type[Exception]
) -> None:
    """For adding and for moving. Nothing is remembered, and the message is short."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "fifo")
    known = add_storage_dir(bench, make_storage_dir(tmp_path / "Known")).sd
    given = path.format(tmp=tmp_path)
    with pytest.raises(error) as caught:
        add_storage_dir(bench, given)
    assert len(str(caught.value)) < 300 + len(str(tmp_path))
    with pytest.raises(error):
        move_storage_dir(bench, known, given)
    assert reconsider_storage_dirs(bench) == [known]


@pytest.mark.parametrize("text", ["\ud800", "~\ud800", "~root\0", "", "~nobody-at-all"])
def test_text_that_is_no_path_names_no_storage_directory(bench: Workbench, text: str) -> None:
    """JSON can contain characters that no bytes encode, and NUL."""
    with pytest.raises(StorageDirNotFoundError):
        get_storage_dir(bench, text)


def test_a_storage_directory_around_the_catalog_is_refused(
    bench: Workbench, home: Path, tmp_path: Path
) -> None:
    """A sync client would damage the database. A link does not hide it."""
    (tmp_path / "link").symlink_to(home.parent)
    for path in (home, home.parent, tmp_path / "link"):
        before = snapshot(home.parent)
        with pytest.raises(CatalogInsideStorageDirError, match="--home"):
            add_storage_dir(bench, path)
        assert snapshot(home.parent) == before


def test_a_home_that_is_a_link_is_where_it_leads(home: Path, tmp_path: Path) -> None:
    """The database is where the link leads, and so is the storage directory."""
    (tmp_path / "deep").mkdir()
    home.rename(tmp_path / "deep" / "home")
    home.symlink_to(tmp_path / "deep" / "home")
    with open_bench(home) as bench, pytest.raises(CatalogInsideStorageDirError):
        add_storage_dir(bench, tmp_path / "deep")


def test_a_storage_directory_inside_the_home_is_refused(bench: Workbench, home: Path, tmp_path: Path) -> None:
    """The reverse case, through a link, and for moving."""
    inside = home / "Notes"
    inside.mkdir()
    (tmp_path / "link").symlink_to(inside)
    known = add_storage_dir(bench, make_storage_dir(tmp_path / "Known")).sd
    for path in (inside, tmp_path / "link"):
        with pytest.raises(CatalogInsideStorageDirError):
            add_storage_dir(bench, path)
        with pytest.raises(CatalogInsideStorageDirError):
            move_storage_dir(bench, known, path)
    assert list(inside.iterdir()) == []


@pytest.mark.parametrize("marker", ["SD_ID", ".sd-id"])
@pytest.mark.parametrize("through_link", [False, True])
def test_a_home_below_an_identity_is_refused(tmp_path: Path, marker: str, through_link: bool) -> None:
    """Even if no catalog knows that folder yet, and if the home is a link into it. Nothing is created."""
    root = tmp_path / "Notes"
    (root / "deep").mkdir(parents=True)
    (root / marker).write_text("anything")
    home = root / "deep" / "home"
    if through_link:
        (tmp_path / "link").symlink_to(root / "deep")
        home = tmp_path / "link" / "home"
    before = snapshot(root)
    with pytest.raises(CatalogInsideStorageDirError, match="Notes"):
        open_store(home)
    assert snapshot(root) == before


def test_a_home_that_became_part_of_a_storage_directory_is_refused(tmp_path: Path) -> None:
    """The catalog itself knows it, even if the identity cannot be seen."""
    root = make_storage_dir(tmp_path / "Notes")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
    (root / "SD_ID").unlink()
    (tmp_path / "home").rename(root / "home")
    with pytest.raises(CatalogInsideStorageDirError):
        open_store(root / "home")
