"""Shared by the tests of faults: the process that starts their runs, and how thorough they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders.sampling import is_exhaustive
from fault_kit.seccomp import NUMBERS
from fault_kit.supervised import Supervisor, supervisor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of hundreds of runs may take longer than others; an exhaustive one has no limit."""
    limit_s = 7200 if is_exhaustive() else 600
    for item in items:
        if "runs" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(limit_s))


@pytest.fixture(scope="session")
def runs() -> Iterator[Supervisor]:
    """Starts the runs, one after the other."""
    if not NUMBERS:
        pytest.skip("runs are supervised on Linux only, on x86-64 and AArch64")
    with supervisor() as started:
        yield started
