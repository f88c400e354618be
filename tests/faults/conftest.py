"""What the tests of faults share: the process that starts their runs, and how thorough they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders.seccomp import NUMBERS
from builders.supervised import Supervisor, supervisor


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-errno",
        action="store_true",
        help="let each system call fail with each error in turn; else each fails with one (tests/faults)",
    )


@pytest.fixture(scope="session")
def runs() -> Iterator[Supervisor]:
    """Starts the runs, one after the other."""
    if not NUMBERS:
        pytest.skip("runs are supervised on Linux only, on x86-64 and AArch64")
    with supervisor() as started:
        yield started
