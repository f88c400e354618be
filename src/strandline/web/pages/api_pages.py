"""The page of the HTTP API: the OpenAPI document, for people who write programs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from strandline.web.backend import TheBackend
from strandline.web.pages.api_words import list_groups, list_shapes
from strandline.web.pages.rendering import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/api")
async def show_api(backend: TheBackend, request: Request) -> Response:
    """Every request and every shape. Works without scripts."""

    def draw() -> Response:
        document = request.app.openapi()
        return render(
            backend.base, "api.html", place="api", groups=list_groups(document), shapes=list_shapes(document)
        )

    return await backend.crossing.page(draw)
