"""Commits: every process's change is noticed, and a catalog that breaks meanwhile raises our own error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import sql_of
from strandline.catalog.database import SqliteCatalog, open_catalog
from strandline.errors import CatalogDamagedError


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqliteCatalog]:
    """An empty catalog."""
    catalog = open_catalog(tmp_path / "catalog.db", busy_timeout_s=1.0)
    yield catalog
    catalog.close()


def _commit(catalog: SqliteCatalog) -> None:
    with catalog.write() as writer:
        sql_of(writer).execute("INSERT INTO meta (key, value) VALUES (hex(randomblob(8)), 'x')")


def test_a_commit_of_this_process_or_another_is_noticed(catalog: SqliteCatalog) -> None:
    """Nothing else is: between two commits the token stays equal."""
    other = open_catalog(catalog.path, busy_timeout_s=1.0)
    seen = [catalog.read_version()]
    for writer in (catalog, other):
        assert catalog.read_version() == seen[-1]
        _commit(writer)
        seen.append(catalog.read_version())
    other.close()
    assert len(set(seen)) == 3


def test_a_catalog_that_breaks_meanwhile_is_told_as_damaged(catalog: SqliteCatalog) -> None:
    """It never raises SQLite's own error."""
    catalog.read_version()
    _commit(catalog)  # so that it must read the file again
    catalog.path.write_bytes(os.urandom(catalog.path.stat().st_size))
    wal = catalog.path.with_name("catalog.db-wal")
    wal.write_bytes(os.urandom(wal.stat().st_size))
    with pytest.raises(CatalogDamagedError, match="move the catalog away"):
        catalog.read_version()
