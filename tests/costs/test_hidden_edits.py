"""The modes of all files change: one look at each, one statement, reads within the budget, and no news."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.storage import make_storage_dir
from costs.test_growth import FEW, PICTURE, keep_still, measure
from strandline import Store, open_store
from strandline.services.proving.backlog import verify_unproven
from strandline.services.proving.hidden_edits import LOOKS_A_ROUND, HiddenEdits

MORE = 1_000
READS = 20
BESIDES = 10
"""Opened files and calls of a round that have nothing to do with the files."""


def open_proven(folder: Path, count: int) -> Store:
    """A store whose files were all checked."""
    root = make_storage_dir(folder / "Notes")
    media = root / "media"
    first = media / f"12345678-9abc-4def-8123-{0:012}.png"
    first.write_bytes(PICTURE)
    for number in range(1, count):
        (media / f"12345678-9abc-4def-8123-{number:012}.png").hardlink_to(first)
    keep_still(root)
    store = open_store(folder / "home")
    store.add_storage_dir(root)
    store.scan()
    for sd in store.list_storage_dirs():
        assert verify_unproven(store._bench, sd, may_read=lambda _: True)
    return store


def count_events(store: Store) -> int:
    """All that was ever published."""
    with store._bench.catalog.read() as reader:
        return len(reader.journal.list_events(since=0, limit=1_000_000))


def go_on(store: Store) -> None:
    """One round that may read some files."""
    (sd,) = store.list_storage_dirs()
    left = iter(range(READS))
    assert not HiddenEdits(store._bench).go_on(sd, may_read=lambda _: next(left, None) is not None)


@pytest.mark.slow
def test_a_round_after_a_change_of_all_modes(tmp_path: Path) -> None:
    """The same number of statements and reads for 1,000 files as for 100. Nothing is published."""
    costs = []
    for count in (FEW, MORE):
        with open_proven(tmp_path / str(count), count) as store:
            (sd,) = store.list_storage_dirs()
            next(Path(sd.path, "media").iterdir()).chmod(0o640)  # one inode, so all of them
            told = count_events(store)

            costs.append(measure(store, go_on))
            assert count_events(store) == told
            assert store.count_files(sd).unchecked == 0
    few, many = costs
    assert MORE <= LOOKS_A_ROUND
    assert many.statements == few.statements
    assert many.opened <= few.opened <= 2 * READS + BESIDES
    assert many.calls - few.calls <= 1.1 * MORE
