"""The fixtures of most service tests: a workbench whose clock the test moves, a folder added to it, a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.machine import Machine, open_machine
from builders.storage import open_bench
from strandline.model.storage_dirs import StorageDir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture
def bench(home: Path, clock: FakeClock) -> Iterator[Workbench]:
    """A workbench with that clock."""
    with open_bench(home, clock) as bench:
        yield bench


@pytest.fixture
def sd(bench: Workbench, root: Path) -> StorageDir:
    """The test's own folder ``root``, added and scanned."""
    return add_storage_dir(bench, root).sd


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine without storage directories."""
    with open_machine(tmp_path) as machine:
        yield machine
