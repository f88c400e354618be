"""Conflict copies of images that have no good file: a scan looks once at each, and reads few of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import make_storage_dir
from costs.test_growth import FEW, LINKS, SOME, keep_still, measure
from strandline import Store, open_store
from strandline.services.proving import conflict_copies

PICTURE = make_picture("png", seed=1, size=(8, 8))

BESIDES = 50
"""Opened files of a scan that have nothing to do with the copies."""


def open_with_copies(folder: Path, count: int) -> Store:
    """A store with so many conflict copies, none of which has its image's bytes."""
    folder.mkdir(exist_ok=True)
    root = make_storage_dir(folder / "Notes")
    for number in range(count):
        path = root / "media" / f"{number:032x}.sync-conflict-20260101-120000-ABCDEFG.png"
        if number % LINKS == 0:
            linked = path
            path.write_bytes(PICTURE)
        else:
            os.link(linked, path)
    keep_still(root)
    store = open_store(folder / "home")
    store.add_storage_dir(root)
    return store


def scan(store: Store) -> object:
    """Scans. The copies are recognized as such."""
    (report,) = store.scan()
    assert report.conflict_copies > 0
    return report


@pytest.mark.slow
def test_a_scan_looks_once_at_each_and_reads_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 that nobody has read yet, one scan reads as many as its limit says. Each takes two opens."""
    monkeypatch.setattr(conflict_copies, "MAX_READ", FEW)
    with open_with_copies(tmp_path, SOME) as store:
        cost = measure(store, scan)
    assert FEW < cost.opened <= 2 * FEW + BESIDES
    assert cost.calls <= 2.2 * SOME


def test_what_was_read_once_costs_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy is opened again, and one call is made for each."""
    monkeypatch.setattr(conflict_copies, "MAX_READ", SOME)
    costs = []
    for count in (FEW, SOME):
        with open_with_copies(tmp_path / str(count), count) as store:
            costs.append(measure(store, scan))
    few, some = costs
    assert (few.opened, few.listed) == (some.opened, some.listed)
    assert some.calls - few.calls <= 2.2 * SOME
    assert some.statements - few.statements <= SOME / 1000
