"""Examining conflict copies: true bytes, a duplicate, different ones, and the limits of the examination."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of, open_bench, put_image
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.resolving.examine import MAX_BYTES, MAX_COPIES
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

DATA = make_picture("png")
OTHER = make_picture("png", seed=1)
LEGACY = "12345678-9abc-4def-8123-456789abcdef"


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock of its own."""
    with open_bench(home) as bench:
        yield bench


def examine(bench: Workbench, root: Path) -> dict[str, object]:
    """What an inspection reports about the bytes of each conflict copy."""
    status = inspect_storage_dir(bench, add_storage_dir(bench, root).sd)
    return {item.filename: dict(item.facts)["bytes"] for item in status.conflict_copies}


@pytest.mark.parametrize(
    ("plain", "copy", "expected"),
    [
        (DATA, DATA, "duplicate"),
        (DATA, OTHER, "different"),
        (None, DATA, "true"),
        (None, OTHER, "different"),
        (DATA[:50], DATA, "true"),
        (OTHER, DATA, "true"),
        (OTHER, OTHER, "different"),
        (DATA, b"", "different"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "{stem}.sync-conflict-20240501-120000-ABCDEFG{ext}",
        "{stem} (Anna's conflicted copy 2024-05-01){ext}",
        "{stem} (1){ext}",
    ],
)
def test_under_a_content_id_the_hash_decides(
    bench: Workbench, tmp_path: Path, plain: bytes | None, copy: bytes, expected: str, name: str
) -> None:
    """``true``: only this copy has the bytes of the id; the plain file is wrong or gone."""
    root = make_storage_dir(tmp_path / "Notes")
    if plain is not None:
        put_image(root, plain, name_of(DATA))
    copy_name = put_image(root, copy, name.format(stem=id_of(DATA), ext=".png"))
    assert examine(bench, root) == {copy_name: expected}


@pytest.mark.parametrize(
    ("plain", "expected"), [(DATA, "duplicate"), (OTHER, "different"), (None, "no plain file")]
)
def test_under_a_legacy_id_only_equality_can_be_told(
    bench: Workbench, tmp_path: Path, plain: bytes | None, expected: str
) -> None:
    """The id proves nothing, so no bytes are called true. Nothing differs from a file that is gone."""
    root = make_storage_dir(tmp_path / "Notes")
    if plain is not None:
        put_image(root, plain, f"{LEGACY}.png")
    copy_name = put_image(root, DATA, f"{LEGACY} (1).png")
    assert examine(bench, root) == {copy_name: expected}


def test_what_is_no_regular_file_is_not_examined(bench: Workbench, tmp_path: Path) -> None:
    """A link is not followed, a FIFO does not block, and a folder is not entered."""
    root = make_storage_dir(tmp_path / "Notes", DATA)
    names = [f"{id_of(DATA)} ({number}).png" for number in (1, 2, 3)]
    (root / "media" / names[0]).symlink_to(name_of(DATA))
    os.mkfifo(root / "media" / names[1])
    (root / "media" / names[2]).mkdir()
    assert examine(bench, root) == dict.fromkeys(names, "not examined")


def test_the_examination_ends_after_a_thousand_copies(bench: Workbench, tmp_path: Path) -> None:
    """The list is complete, but further copies are marked as not examined."""
    root = make_storage_dir(tmp_path / "Notes")
    for number in range(MAX_COPIES + 5):
        put_image(root, b"x", f"{id_of(DATA)}.sync-conflict-20240501-{number:06}-ABCDEFG.png")
    found = list(examine(bench, root).values())
    assert found == ["different"] * MAX_COPIES + ["not examined"] * 5


def test_the_examination_reads_no_more_than_its_bytes(bench: Workbench, tmp_path: Path) -> None:
    """A copy that exceeds the remaining budget is skipped; smaller ones are still read."""
    root = make_storage_dir(tmp_path / "Notes")
    huge = put_image(root, b"", f"{id_of(DATA)} (1).png")
    small = put_image(root, DATA, f"{id_of(DATA)} (2).png")
    sd = add_storage_dir(bench, root).sd
    os.truncate(root / "media" / huge, MAX_BYTES + 1)  # not before: a scan reads them, too
    copies = inspect_storage_dir(bench, sd).conflict_copies
    assert {each.filename: dict(each.facts)["bytes"] for each in copies} == {
        huge: "not examined",
        small: "true",
    }


def test_each_copy_says_what_it_is_a_copy_of(bench: Workbench, tmp_path: Path) -> None:
    """With the image's id and its own size."""
    root = make_storage_dir(tmp_path / "Notes", DATA)
    name = put_image(root, OTHER, f"{id_of(DATA)} (1).png")
    (item,) = inspect_storage_dir(bench, add_storage_dir(bench, root).sd).conflict_copies
    assert item.to_json() == {
        "image_id": id_of(DATA), "filename": name, "path": f"media/{name}", "size_bytes": len(OTHER),
        "stands_for": name_of(DATA), "bytes": "different",
    }  # fmt: skip


def test_in_a_vault_a_conflict_copy_is_an_image_and_called_what_it_is(
    bench: Workbench, tmp_path: Path
) -> None:
    """Only a sync client's own words count: people have numbers in their names."""
    root = tmp_path / "Vault"
    (root / "img").mkdir(parents=True)
    for name, data in {
        "x.png": DATA,
        "x.sync-conflict-20240501-120000-ABCDEFG.png": OTHER,
        "x (Anna's conflicted copy 2024-05-01).png": DATA,
        "x (1).png": OTHER,
        "The conflict.png": DATA,
    }.items():
        (root / "img" / name).write_bytes(data)
    sd = add_storage_dir(bench, root).sd
    status = inspect_storage_dir(bench, sd)
    found = {item.filename: dict(item.facts) for item in status.conflict_copies}
    assert found == {
        "x (Anna's conflicted copy 2024-05-01).png": {"stands_for": "img/x.png", "bytes": "duplicate"},
        "x.sync-conflict-20240501-120000-ABCDEFG.png": {"stands_for": "img/x.png", "bytes": "different"},
    }
    assert (status.on_disk_count, status.in_catalog_count) == (5, 5)
