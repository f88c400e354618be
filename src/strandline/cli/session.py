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
from strandline.cli.writing import offer_commands_for, offer_local_commands, say, write_json
from strandline.errors import SourceNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from strandline.model.storage_dirs import StorageDir
    from strandline.runtime.assembly import LocalStore
    from strandline.store import Store


class Session:
    """The state of one run."""

    def __init__(self) -> None:
        offer_commands_for(None)
        offer_local_commands(False)
        self.json = False
        """Answer in JSON."""
        self.home: str | None = None
        """From ``--home``."""
        self.is_local = False
        """From ``--local``: the catalog is this machine's own, whatever the settings say."""

    def choose_home(self, home: str) -> None:
        """Uses this one. What a message offers is then meant for it, too."""
        self.home = home
        offer_commands_for(home)

    def find_home(self) -> Path:
        """Where the catalog, settings, and caches are. Does not access the disk."""
        from strandline.runtime.settings import find_home

        return find_home(self.home, os.environ)

    def has_catalog(self) -> bool:
        """Whether a catalog exists, so that opening the store would not create one. A shared one counts as there."""
        from strandline.runtime.home import CATALOG_FILE

        # Of a home that this user may not look into, opening the store says so.
        return os.path.exists(self.find_home() / CATALOG_FILE) or self.shares_catalog()

    def shares_catalog(self) -> bool:
        """Whether other machines use the catalog of this run, too."""
        return not self.is_local and self._has_shared_catalog()

    def _has_shared_catalog(self) -> bool:
        from strandline.runtime.settings import Settings

        return bool(Settings.load(self.find_home(), os.environ).catalog.url)

    def open_store(self, *, warns: bool = True, begins: bool = False) -> LocalStore:
        """The store of this home; a context manager.

        Without ``warns``, the library's warnings are not prepared for people. This saves a quick command, which
        causes none, the import of ``logging``. If the home is new, it is said: another one may be meant. A command
        that ``begins`` with a home says nothing.
        """
        from strandline.runtime.assembly import open_store

        if warns:
            from strandline.cli.log import say_warnings

            say_warnings()
        is_new = not begins and not self.has_catalog()
        # What a message then offers is meant for the same catalog.
        offer_local_commands(self.is_local and self._has_shared_catalog())
        store = open_store(self.home, local=self.is_local)
        if is_new:
            say(f"the home {store.home} is new: nothing was there")
        begin_collecting()
        return store

    def say_local_folders(self, command: str) -> None:
        """If the catalog is shared, says on stderr that this machine has folders of its own, and how to see them.

        Args:
            command: What shows of them what was shown of the others, in backticks.
        """
        if self.json or not self.shares_catalog():
            return
        from strandline.model.plain_words import say_count
        from strandline.runtime.local_folders import count_local_folders

        count = count_local_folders(self.find_home())
        if count:
            say(
                f"{say_count(count, 'folder')} of this machine {'is' if count == 1 else 'are'} in its own catalog; "
                f"{command} shows {'it' if count == 1 else 'them'}"
            )

    def say_restart(self) -> None:
        """After a folder was added to this machine's own catalog: says on stderr if a server runs that shows only the
        shared one.
        """
        if self.is_local and self._has_shared_catalog():
            from strandline.runtime.daemon import is_watched

            home = self.find_home()
            if is_watched(home, shared=True) and not is_watched(home, shared=False):
                say("the running server shows this machine's folders, too, once it is started again")

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
