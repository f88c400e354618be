"""What a person can choose from who types a path of the server's machine: folders, and archives. Only names."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from strandline.model.plain_words import show_plainly
from strandline.web.backend import TheBackend
from strandline.web.pages.page_words import say_on_page
from strandline.web.pages.rendering import PageRoute
from strandline.web.pages.words import say_sentence

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HOME = "~/"
"""Where a person begins who has typed nothing."""

FolderPath = Annotated[str, Query(max_length=4096)]


@router.get("/folders/within")
async def list_subfolders(backend: TheBackend, path: FolderPath = "", archives: bool = False) -> Response:
    """Folders, and archives if they are wanted, whose paths begin with what somebody types. Only their names."""

    def list_them() -> Response:
        found = backend.store.list_subfolders(path or HOME)
        typable = (each for each in found if show_plainly(each.path) == each.path)
        files = backend.store.list_archives(path or HOME) if archives else []
        return JSONResponse(
            {
                "folders": [{"path": each.path, "objection": _say(each.objection)} for each in typable],
                "archives": [each for each in files if show_plainly(each) == each],
                "above": os.path.dirname(os.path.expanduser("~")) if path in ("", HOME) else None,
            }
        )

    return await backend.crossing.slow(list_them)


def _say(objection: str | None) -> str:
    return "" if objection is None else say_sentence(say_on_page(objection))
