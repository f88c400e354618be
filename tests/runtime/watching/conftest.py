"""The fixtures of the watcher's tests: an impatient watcher, a clock that runs, and a folder with ten images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.identities import A
from builders.storage import make_pictures, make_storage_dir, open_bench
from builders.watching import RunningClock
from strandline.runtime.watching import background_scans, place_watcher
from strandline.runtime.watching.background_scans import LONGEST_WAIT_S
from strandline.runtime.watching.place_watcher import SCAN_SOON_S, TICK_S
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher looks ten times as often, so the tests wait a tenth as long."""
    monkeypatch.setattr(place_watcher, "TICK_S", TICK_S / 10)
    monkeypatch.setattr(place_watcher, "SCAN_SOON_S", SCAN_SOON_S / 10)
    monkeypatch.setattr(background_scans, "LONGEST_WAIT_S", LONGEST_WAIT_S / 10)


@pytest.fixture
def clock() -> RunningClock:
    """Real time that a test can move ahead."""
    return RunningClock()


@pytest.fixture
def bench(home: Path, clock: RunningClock) -> Iterator[Workbench]:
    """A workbench on an empty home."""
    with open_bench(home, clock) as bench:
        yield bench


@pytest.fixture
def root(tmp_path: Path, bench: Workbench) -> Path:
    """A storage directory with ten images, added and proven."""
    root = make_storage_dir(tmp_path / "sd", *make_pictures(10), sd_id=A)
    add_storage_dir(bench, root)
    return root
