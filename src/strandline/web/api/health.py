"""``/api/v1/health``: checks whether this machine is healthy."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.backend import TheBackend

router = APIRouter(tags=["health"])


@router.get("/health", responses=responses.ok(schemas.Health))
async def check_health(backend: TheBackend) -> Response:
    """Checks catalog, home, storage directories, change notice, decoders, and clock. Each check says what to do."""
    return await backend.crossing.slow(lambda: answer(schemas.Health(backend.store.check_health())))
