"""One pair of real Syncthings for all tests that want one: to start them takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scenarios.syncthing import TwoSyncthings


@pytest.fixture(scope="session")
def syncthings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSyncthings]:
    """Two linked machines; each test shares a folder of its own between them, and leaves the link up."""
    with TwoSyncthings(tmp_path_factory.mktemp("syncthings")) as pair:
        yield pair
