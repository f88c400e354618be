"""What tests of single tables begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import add_sd, opened
from strandline.catalog.database import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A catalog with two storage directories, 1 and 2."""
    with opened(tmp_path / "catalog.db") as catalog:
        with catalog.write() as transaction:
            assert [add_sd(transaction, "one"), add_sd(transaction, "two")] == [1, 2]
        yield catalog
