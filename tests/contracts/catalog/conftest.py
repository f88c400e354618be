"""The catalogs of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import add_sd
from contracts.catalog.kinds import CASES, Opener, opener
from strandline.catalog.port import Catalog


@pytest.fixture(params=CASES)
def open_it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens an empty catalog, and opens it again."""
    with opener(request, tmp_path) as open_it:
        yield open_it


@pytest.fixture
def empty(open_it: Opener) -> Catalog:
    """A catalog in which nothing is."""
    return open_it()


@pytest.fixture
def catalog(empty: Catalog) -> Catalog:
    """A catalog with two storage directories, 1 and 2."""
    return with_two(empty)


@pytest.fixture(scope="module", params=CASES)
def shared_catalog(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """The same for properties, which clean up after themselves."""
    with opener(request, tmp_path_factory.mktemp("catalog")) as open_it:
        yield with_two(open_it())


def with_two(catalog: Catalog) -> Catalog:
    """The catalog with two storage directories in it."""
    with catalog.write() as writer:
        assert [add_sd(writer, "one"), add_sd(writer, "two")] == [1, 2]
    return catalog
