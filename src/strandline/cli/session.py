"""One run of the program: what was said about it before the command, and the store that it works on.

Every command gets it as ``@click.pass_obj``. What surprises: warnings that the library logs (an image came from
another storage directory than the one asked for) reach a person from here, as lines on stderr.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.cli.writing import say, write_json

if TYPE_CHECKING:
    from strandline.model.storage_dirs import StorageDir
    from strandline.runtime.assembly import LocalStore
    from strandline.store import Store


@dataclass(slots=True)
class Session:
    """What holds for a whole run."""

    json: bool = False
    """Answer in JSON."""
    home: Path | None = None
    """From ``--home``."""

    def find_home(self) -> Path:
        """Where catalog, settings and caches lie. Looks at no disk."""
        from strandline.runtime.settings import find_home

        return find_home(self.home, os.environ)

    def has_catalog(self) -> bool:
        """Whether opening the store would find a catalog, and not make one."""
        from strandline.runtime.assembly import CATALOG_FILE

        return (self.find_home() / CATALOG_FILE).exists()

    def open_store(self) -> LocalStore:
        """The store of this home; a context manager."""
        from strandline.runtime.assembly import open_store

        _say_warnings()
        return open_store(self.home)

    def answer(self, document: Mapping[str, object], show: Callable[[], object]) -> None:
        """Gives the answer: the document where JSON is wanted, else ``show`` writes it for people."""
        if self.json:
            write_json(document)
        else:
            show()


def list_named(store: Store, names: tuple[str, ...]) -> list[StorageDir]:
    """The storage directories that were named, or all where none was.

    Raises:
        StorageDirNotFoundError: For the first name that no storage directory has, before anything is done.
    """
    if names:
        return [store.get_storage_dir(name) for name in names]
    return store.list_storage_dirs()


def _say_warnings() -> None:
    """Sends what the library logs as a warning to stderr, one line each; once, however often it is called."""
    import logging  # here: --help and usage errors need none

    class Sayer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    log = logging.getLogger("strandline")
    log.handlers = [Sayer(logging.WARNING)]
