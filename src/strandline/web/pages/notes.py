"""Notes: the result of a form, at the top of the page that answers it."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """What came of an action."""

    tone: str
    title: str
    lines: list[str]
    address: str = ""
    """Where it goes on from here, where there is such a page."""
    link: str = ""
