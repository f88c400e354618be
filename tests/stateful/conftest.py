"""How many histories are played, and which: ``pytest tests/stateful --histories 10000 --first-seed 100``.

Without the options the seed of the day chooses the histories.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from builders.sampling import get_seed

SHARES = 8
"""The histories are divided into this many tests, so that several workers share them."""

HISTORIES = 32
"""As many as two cores play in half a minute."""

SECONDS_A_HISTORY = 5
"""Twenty times what a history takes."""


@dataclass(frozen=True)
class Share:
    """The histories of one test."""

    seed: int
    histories: int


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the two options. pytest knows them if ``tests/stateful`` is on its command line."""
    group = parser.getgroup("simulator")
    group.addoption("--histories", type=int, default=HISTORIES, help="how many histories to play")
    group.addoption("--first-seed", type=int, help="of the first share; each other one adds 1")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Gives each share time by its number of histories, for a slow and busy machine."""
    limit_s = 120 + SECONDS_A_HISTORY * config.getoption("--histories", HISTORIES) // SHARES
    for item in items:
        if "share" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(limit_s))


@pytest.fixture(params=range(SHARES), ids="share {}".format)
def share(request: pytest.FixtureRequest) -> Share:
    """One share of the histories: different ones each day, unless a seed is given."""
    asked = request.config.getoption("--first-seed", None)
    first_seed = get_seed() * SHARES if asked is None else asked
    count = request.config.getoption("--histories", HISTORIES)
    return Share(first_seed + request.param, -(-count // SHARES))
