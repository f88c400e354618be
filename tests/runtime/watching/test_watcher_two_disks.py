"""The watcher with two storage directories that are mounted in turn at one path: two sticks with one mount point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.identities import A, B
from builders.storage import make_pictures, make_storage_dir, open_bench, put_image
from builders.watching import EventReader, RunningClock, watching
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

PICTURES = make_pictures(5, first_seed=1000)


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench on an empty home."""
    with open_bench(home, RunningClock()) as bench:
        yield bench


def test_each_disk_is_watched_while_it_is_there(bench: Workbench, tmp_path: Path) -> None:
    """An arrival is reported at once under the mounted disk's identity, however often the disks change."""
    root, aside, other = tmp_path / "stick", tmp_path / "aside", tmp_path / "other"
    make_storage_dir(root, sd_id=A)
    make_storage_dir(other, sd_id=B)
    add_storage_dir(bench, root)
    with watching(bench) as reader:
        expect_arrival(reader, root, PICTURES[0], A)
        root.rename(aside)
        other.rename(root)
        reader.wait_for("sd.offline")
        add_storage_dir(bench, root)
        expect_arrival(reader, root, PICTURES[1], B)
        for data, sd_id, was_away, goes_away in (
            (PICTURES[2], A, aside, other),
            (PICTURES[3], B, other, aside),
            (PICTURES[4], A, aside, other),
        ):
            root.rename(goes_away)
            was_away.rename(root)
            expect_arrival(reader, root, data, sd_id)


def expect_arrival(reader: EventReader, root: Path, data: bytes, sd_id: str) -> None:
    """A new image is reported for the storage directory that is mounted now."""
    assert reader.wait_for("image.available", put_image(root, data)).sd_id == sd_id
