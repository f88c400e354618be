"""One run of the program: its global options and the store that it works on.

Every command gets it as ``@click.pass_obj``. It also prints the library's warnings on stderr, for example if an
image came from another storage directory than the given one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO

from strandline.cli.garbage import begin_collecting
from strandline.cli.writing import say, write_json
from strandline.errors import SourceNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from strandline.model.storage_dirs import StorageDir
    from strandline.runtime.assembly import LocalStore
    from strandline.store import Store


class Session:
    """The state of one run."""

    def __init__(self) -> None:
        self.json = False
        """Answer in JSON."""
        self.home: str | None = None
        """From ``--home``."""

    def find_home(self) -> Path:
        """Where the catalog, settings, and caches are. Does not access the disk."""
        from strandline.runtime.settings import find_home

        return find_home(self.home, os.environ)

    def has_catalog(self) -> bool:
        """Whether a catalog exists, so that opening the store would not create one. A shared one counts as there."""
        from strandline.runtime.home import CATALOG_FILE
        from strandline.runtime.settings import Settings

        home = self.find_home()
        return (home / CATALOG_FILE).exists() or bool(Settings.load(home, os.environ).catalog.url)

    def open_store(self, *, warns: bool = True, looks: bool = False) -> LocalStore:
        """The store of this home; a context manager.

        Without ``warns``, the library's warnings are not prepared for people. This saves a quick command, which
        causes none, the import of ``logging``. A command that only ``looks`` says if the home is new: it may be
        another one than was meant.
        """
        from strandline.runtime.assembly import open_store

        if warns:
            from strandline.cli.log import say_warnings

            say_warnings()
        is_new = looks and not self.has_catalog()
        store = open_store(self.home)
        if is_new:
            say(f"the home {store.home} is new: nothing was there")
        begin_collecting()
        return store

    def answer(self, document: Mapping[str, object], show: Callable[[], object]) -> None:
        """Gives the answer: the document if JSON is wanted, otherwise ``show`` writes it for people."""
        if self.json:
            write_json(document)
        else:
            show()


def get_stdin() -> BinaryIO:
    """Standard input, for ``-``.

    Raises:
        SourceNotFoundError: The shell has closed it (``<&-``).
    """
    if sys.stdin is None:
        raise SourceNotFoundError("standard input is closed; give - something to read")
    return sys.stdin.buffer


def list_named(store: Store, names: tuple[str, ...]) -> list[StorageDir]:
    """The named storage directories, or all if none was named.

    Raises:
        StorageDirNotFoundError: A name is unknown. Raised before anything is done.
    """
    if names:
        return [store.get_storage_dir(name) for name in names]
    return store.list_storage_dirs()
