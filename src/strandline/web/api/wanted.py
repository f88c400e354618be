"""``/api/v1/wanted``: the files that are missing or bad, for another machine that may have them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import SdQuery
from strandline.web.backend import TheBackend

router = APIRouter(tags=["images"])


@router.get("/wanted", responses=responses.ok(schemas.Wanted))
async def list_wanted(backend: TheBackend, sd: SdQuery = None) -> Response:
    """The files that are missing, arriving, damaged, foreign, or altered: what `strandline wanted --json` prints.

    Reads only the catalog.
    """
    sds = None if sd is None else [sd]
    return await backend.crossing.slow(lambda: answer(schemas.Wanted(backend.store.list_wanted(sds))))
