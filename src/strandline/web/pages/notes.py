"""Notes: the result of a form, at the top of the page that answers it."""

from __future__ import annotations

from typing import NamedTuple

from strandline.model.storage_dirs import StorageDir


class Note(NamedTuple):
    """The result of an action."""

    tone: str
    title: str
    lines: list[str]
    address: str = ""
    """The next page, if there is one."""
    link: str = ""
    sd: StorageDir | None = None
    """The folder that was added, if it has pictures that a button can take in."""
    elsewhere: int = 0
    """How many these are."""
