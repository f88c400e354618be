"""The kinds of catalog on which the contract runs. To run it on another database, add it to ``KINDS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from strandline.catalog.database import open_catalog
from strandline.catalog.journal import DEFAULT_JOURNAL_LIMITS, JournalLimits
from strandline.catalog.port import Catalog


def open_sqlite(folder: Path, limits: JournalLimits) -> Catalog:
    """A file in the folder."""
    return open_catalog(folder / "catalog.db", busy_timeout_s=5.0, journal_limits=limits)


KINDS: dict[str, Callable[[Path, JournalLimits], Catalog]] = {"sqlite": open_sqlite}
"""Each opens the catalog that belongs to a folder. It is empty at first."""


class Opener(Protocol):
    """Opens one and the same catalog, each time as another process would."""

    def __call__(self, *, limits: JournalLimits = DEFAULT_JOURNAL_LIMITS) -> Catalog: ...


@contextmanager
def opener(kind: str, folder: Path) -> Iterator[Opener]:
    """What it opened is closed at the end."""
    with ExitStack() as stack:

        def open_it(*, limits: JournalLimits = DEFAULT_JOURNAL_LIMITS) -> Catalog:
            return stack.enter_context(closing(KINDS[kind](folder, limits)))

        yield open_it
