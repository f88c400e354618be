"""The client for a test, and one pair of real Syncthings for all tests, because starting them takes long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scenarios.client import Client
from scenarios.clients import get_client
from scenarios.syncthing import TwoSyncthings


@pytest.fixture(scope="session")
def syncthings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSyncthings]:
    """Two linked machines. Each test shares its own folder between them, and leaves the link up."""
    with TwoSyncthings(tmp_path_factory.mktemp("syncthings")) as pair:
        yield pair


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    """The client that the test's parameter names, which is one of ``list_clients(…)``."""
    return get_client(request.param, lambda: request.getfixturevalue("syncthings"))
