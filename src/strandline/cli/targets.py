"""The storage directory that a person means to save in, if there is no doubt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strandline.cli.wording import say_list
from strandline.model.remedies import quote_word, refer_to

if TYPE_CHECKING:
    from strandline.model.storage_dirs import StorageDir
    from strandline.store import Store


def choose_target(store: Store, sd: str | None, files: Sequence[str]) -> StorageDir:
    """The one that is named; or the only one; or the one that all of the files are in.

    Raises:
        click.UsageError: It must be named.
    """
    if sd is not None:
        return store.get_storage_dir(sd)
    known = store.list_storage_dirs()
    if len(known) == 1:
        return known[0]
    if not known:
        raise click.UsageError(
            "there is no storage directory to save in; add one with `strandline sd add PATH`"
        )
    around = {_find_around(known, file) for file in files}
    if len(around) == 1 and (only := around.pop()) is not None:
        return only
    names = say_list((quote_word(refer_to(known_sd)) for known_sd in known), "or")
    raise click.UsageError(f"say where to save: --sd {names}")


def find_note(note: str | None, sd: StorageDir) -> str | None:
    """The real path of a note that is there, seen from here. Otherwise it is a path in the storage directory."""
    if note is None or _find_around([sd], note) is None or not os.path.exists(note):
        return note
    return os.path.realpath(note)


def _find_around(sds: Sequence[StorageDir], file: str) -> StorageDir | None:
    """The storage directory that the file is in. A copy of it is wanted in the media folder there."""
    path = Path(os.path.realpath(file))
    return next((sd for sd in sds if path.is_relative_to(sd.path)), None)
