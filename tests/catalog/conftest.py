"""Fixtures for tests of single tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import add_sd, opened
from strandline.catalog.database import SqliteCatalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqliteCatalog]:
    """A catalog with two storage directories, 1 and 2."""
    with opened(tmp_path / "catalog.db") as catalog:
        with catalog.write() as writer:
            assert [add_sd(writer, "one"), add_sd(writer, "two")] == [1, 2]
        yield catalog
