"""The tree, page by page: everything once, in order, in memory that does not grow with the folder."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.storage import make_pictures, make_storage_dir, name_of
from strandline.errors import InvalidInputError
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_status import TreeEntry
from strandline.services.inspecting import browse
from strandline.services.inspecting.browse import iter_tree, list_tree
from strandline.services.workbench import Workbench

NAMES = 10_000
"""They need ten times as much memory as a page of 200 entries."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with images, strays, and names that sort around ``media``."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(5))
    for name in ("media.txt", "media2", "a", "z"):
        (root / name).write_text("")
    for odd in (b"b.txt", b"caf\xe9.txt", "ü.txt".encode()):
        (root / "media" / os.fsdecode(odd)).write_text("")
    return root


def page_through(bench: Workbench, sd: StorageDir, limit: int, **chosen: str) -> list[TreeEntry]:
    """All entries, by cursor. Each page says how many came before it."""
    entries: list[TreeEntry] = []
    after = None
    while True:
        page = list_tree(bench, sd, after=after, limit=limit, **chosen)
        assert page.passed == len(entries)
        assert len(page.entries) <= limit
        entries += page.entries
        if page.next is None:
            assert page.total == len(entries)
            return entries
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_show_everything_once_in_the_order_of_paths(
    bench: Workbench, sd: StorageDir, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """With any page size, and with names that are not UTF-8, they give the same as one full listing."""
    monkeypatch.setattr(browse, "PATHS_AT_ONCE", limit)
    paged = page_through(bench, sd, limit)
    assert [entry.path for entry in paged] == sorted(entry.path for entry in paged)
    assert len({entry.path for entry in paged}) == len(paged) == 14
    assert list(iter_tree(bench, sd)) == paged


def test_pages_of_one_folder_one_meaning_or_a_part_of_a_name(bench: Workbench, sd: StorageDir) -> None:
    """Each filter alone and all together. The count is that of the matches."""
    images = {f"media/{name_of(data)}" for data in make_pictures(5)}
    assert {entry.path for entry in page_through(bench, sd, 2, meaning="image")} == images
    assert {entry.path for entry in page_through(bench, sd, 2, folder="")} == {
        "SD_ID", "a", "media", "media.txt", "media2", "z",
    }  # fmt: skip
    assert len(page_through(bench, sd, 3, folder="media")) == 8
    found = page_through(bench, sd, 1, folder="media", meaning="stray", text=".TXT")
    assert len(found) == 3


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 10_001}, {"after": "*"}, {"after": "a"}, {"folder": ".."}]
)
def test_pages_that_cannot_be_are_refused(
    bench: Workbench, sd: StorageDir, wrong: dict[str, str | int]
) -> None:
    """Invalid limits, cursors, and folders."""
    with pytest.raises(InvalidInputError):
        list_tree(bench, sd, **wrong)  # type: ignore[arg-type]


def peak_bytes(call: Callable[[], object]) -> int:
    """The most memory that Python used during the call, in addition to what it had before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_folder(
    bench: Workbench, root: Path, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page, and a listing in parts, need much less memory than the names of all files."""
    monkeypatch.setattr(browse, "PATHS_AT_ONCE", NAMES // 10)
    folder = os.open(root / "media", os.O_RDONLY)
    for number in range(NAMES):
        os.close(os.open(f"{number:032x}.png", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    page = list_tree(bench, sd, limit=200, after=list_tree(bench, sd, limit=NAMES // 2).next)
    assert len(page.entries) == 200
    of_all_names = peak_bytes(lambda: os.listdir(root / "media"))
    assert peak_bytes(lambda: list_tree(bench, sd, limit=200)) < of_all_names / 4
    assert peak_bytes(lambda: sum(1 for _ in iter_tree(bench, sd))) < of_all_names / 2
