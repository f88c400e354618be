"""Commits: anybody's change is noticed, and a catalog that breaks meanwhile is told in words of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strandline.catalog.commits import CommitObserver
from strandline.catalog.database import Catalog, open_catalog
from strandline.errors import CatalogDamagedError


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog."""
    catalog = open_catalog(tmp_path / "catalog.db", busy_timeout_s=1.0)
    yield catalog
    catalog.close()


def _commit(catalog: Catalog) -> None:
    with catalog.write() as transaction:
        transaction.conn.execute("INSERT INTO meta (key, value) VALUES (hex(randomblob(8)), 'x')")


def test_a_commit_of_this_process_or_another_is_noticed(catalog: Catalog) -> None:
    """And nothing else is: between two commits the number stays."""
    observer = CommitObserver(catalog)
    other = open_catalog(catalog.path, busy_timeout_s=1.0)
    seen = [observer.read_version()]
    for writer in (catalog, other):
        assert observer.read_version() == seen[-1]
        _commit(writer)
        seen.append(observer.read_version())
    other.close()
    observer.close()
    assert len(set(seen)) == 3


def test_a_catalog_that_breaks_meanwhile_is_told_as_damaged(catalog: Catalog) -> None:
    """Never as an error of SQLite's."""
    observer = CommitObserver(catalog)
    observer.read_version()
    _commit(catalog)  # so that it has to read the file again
    catalog.path.write_bytes(os.urandom(catalog.path.stat().st_size))
    wal = catalog.path.with_name("catalog.db-wal")
    wal.write_bytes(os.urandom(wal.stat().st_size))
    with pytest.raises(CatalogDamagedError, match="move the catalog away"):
        observer.read_version()
    observer.close()
