"""Notes: the result of a form, at the top of the page that answers it."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """The result of an action."""

    tone: str
    title: str
    lines: list[str]
    address: str = ""
    """The next page, if there is one."""
    link: str = ""
