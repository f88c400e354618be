"""The kinds of catalog on which the contract runs. To run it on another database, add it to ``KINDS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from builders.postgres import shared_server
from strandline.catalog.database import open_catalog
from strandline.catalog.journal import DEFAULT_JOURNAL_LIMITS, JournalLimits
from strandline.catalog.port import Catalog
from strandline.catalog.postgres.database import open_postgres

Open = Callable[[JournalLimits], Catalog]


@contextmanager
def in_sqlite(_request: pytest.FixtureRequest, folder: Path) -> Iterator[Open]:
    """A file in the folder."""
    yield lambda limits: open_catalog(folder / "catalog.db", busy_timeout_s=5.0, journal_limits=limits)


@contextmanager
def in_postgres(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Open]:
    """A database of its own on a real server."""
    with shared_server(request).lent_database() as url:
        yield lambda limits: open_postgres(url, journal_limits=limits)


KINDS = {"sqlite": in_sqlite, "postgres": in_postgres}
"""Each opens the catalog that belongs to a folder. It is empty at first."""

CASES = [
    pytest.param(kind, marks=() if kind == "sqlite" else pytest.mark.slow)  # a server takes seconds to start
    for kind in KINDS
]
"""The kinds, for a fixture."""


class Opener(Protocol):
    """Opens one and the same catalog, each time as another process would."""

    def __call__(self, *, limits: JournalLimits = DEFAULT_JOURNAL_LIMITS) -> Catalog: ...


@contextmanager
def opener(request: pytest.FixtureRequest, folder: Path) -> Iterator[Opener]:
    """What it opened is closed at the end. The request's parameter is the kind."""
    with KINDS[request.param](request, folder) as open_one, ExitStack() as stack:

        def open_it(*, limits: JournalLimits = DEFAULT_JOURNAL_LIMITS) -> Catalog:
            return stack.enter_context(closing(open_one(limits)))

        yield open_it
