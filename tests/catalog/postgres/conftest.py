"""Databases for tests of the catalog in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from builders.postgres import Server, shared_server
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The server of this process. It stays as it is."""
    return shared_server(request)


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """A database with an empty catalog."""
    with server.lent_database() as url:
        yield url


@pytest.fixture
def catalog(url: str) -> Iterator[PostgresCatalog]:
    """The catalog in it."""
    with closing(open_postgres(url)) as catalog:
        yield catalog
