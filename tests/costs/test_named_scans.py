"""A scan of named pictures opens and lists each folder once, looks at each file once, and reads none of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from builders.pictures import make_picture
from costs.test_growth import Cost, measure
from strandline import Store, open_store

FEW, MANY = 100, 1_000
IN_A_FOLDER = 20
MORE_FILES = MANY - FEW
MORE_FOLDERS = MORE_FILES // IN_A_FOLDER


@pytest.fixture(scope="module")
def vaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Folders with few and many pictures, deep in other folders."""
    base = tmp_path_factory.mktemp("vaults")
    picture = make_picture("png", seed=1, size=(8, 8))
    for size in (FEW, MANY):
        for number in range(size):
            folder = base / f"{size}" / "trips" / f"trip {number // IN_A_FOLDER}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"IMG {number}.png").write_bytes(picture)
    yield base / f"{FEW}", base / f"{MANY}"
    shutil.rmtree(base)


def check_growth(few: Cost, many: Cost) -> None:
    """Each folder is opened and listed once, and each file has one ``lstat``."""
    assert many.opened - few.opened == MORE_FOLDERS
    assert many.listed - few.listed == MORE_FOLDERS
    assert many.calls - few.calls == MORE_FILES


def test_a_rescan_looks_once_at_each_file(vaults: tuple[Path, Path], tmp_path: Path) -> None:
    """After all were read, a scan that finds nothing new reads none."""
    costs = []
    for number, vault in enumerate(vaults):
        with open_store(tmp_path / f"{number}") as store:
            store.add_storage_dir(vault)
            costs.append(measure(store, lambda store: store.scan()))
    few, many = costs
    check_growth(few, many)
    assert many.statements - few.statements <= 1, "a thousand rows are one statement"


def test_the_first_scan_looks_once_at_each_file(vaults: tuple[Path, Path], tmp_path: Path) -> None:
    """As the server adds a folder: what is in the files is read later. ``insists`` leaves out counting them first."""

    def add_again(vault: Path, store: Store) -> None:
        for sd in store.list_storage_dirs():
            store.forget_storage_dir(sd)
        store.add_storage_dir(vault, prove_all=False, insists=True)

    costs = []
    for number, vault in enumerate(vaults):
        with open_store(tmp_path / f"{number}") as store:
            costs.append(measure(store, partial(add_again, vault)))
    few, many = costs
    check_growth(few, many)
    assert many.statements - few.statements == MORE_FILES, "one row is inserted for each file"
