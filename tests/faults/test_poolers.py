"""A pooler between a program and its catalog: one that keeps connections works, one that does not is refused."""

from __future__ import annotations

from contextlib import closing

import pytest

from builders.catalogs import add_sd
from builders.pooler import pooling
from builders.postgres import shared_server
from strandline.catalog.postgres.database import open_postgres
from strandline.errors import CatalogError


def test_a_pooler_that_keeps_connections(request: pytest.FixtureRequest) -> None:
    """Many statements, and a change, work as without it."""
    with (
        shared_server(request).lent_database() as url,
        pooling(url, mode="session") as pooled,
        closing(open_postgres(pooled)) as catalog,
    ):
        with catalog.write(durable=True) as writer:
            add_sd(writer)
        for _ in range(20):
            with catalog.read() as reader:
                assert len(reader.sds.list_storage_dirs()) == 1


@pytest.mark.parametrize("size", [1, 10])
def test_a_pooler_that_lends_them_for_a_transaction(request: pytest.FixtureRequest, size: int) -> None:
    """It is told from the other kind at once, also if it has one connection. The error says what to do."""
    with (
        shared_server(request).lent_database() as url,
        pooling(url, mode="transaction", size=size) as pooled,
        pytest.raises(CatalogError, match="pool_mode = session"),
    ):
        open_postgres(pooled)
