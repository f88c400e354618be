"""The page with the keys, what the words of states mean, and where more is written."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from strandline.model.state_words import MEANINGS, PROVEN, UNCHECKED
from strandline.web.backend import TheBackend
from strandline.web.pages.rendering import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)

KEYS = (
    ("Arrows, Home, End", "from tile to tile, or from image to image"),
    ("Enter", "open, also while images are selected"),
    ("Space", "select"),
    ("Shift with an arrow or a click", "select everything up to there"),
    ("Ctrl A", "select everything found, up to 1,000"),
    ("Tab", "while images are selected: what can be done with them"),
    ("Delete", "delete what is selected, or the image where you are; it asks first"),
    ("Ctrl Z", "undo what was just deleted"),
    ("/", "search"),
    ("+ - 0", "in an open image: larger, smaller, whole"),
    ("i", "in an open image: facts"),
    ("Page Up, Page Down", "beside the scroll bar: a year"),
    ("Escape", "close, or clear the selection"),
    ("?", "these keys"),
)
"""The keys of the gallery and of an open image."""


@router.get("/help")
async def show_help(backend: TheBackend) -> Response:
    """Keys, words, and documents. Works without scripts."""
    return render(
        backend.base,
        "help.html",
        place="help",
        keys=KEYS,
        meanings=MEANINGS,
        proven=PROVEN,
        unchecked=UNCHECKED,
    )
