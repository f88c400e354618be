"""``/api/v1/health``: checks whether this machine is healthy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.backend import TheBackend
from strandline.web.problems import RETRY_AFTER_S, answer_refusal

router = APIRouter(tags=["health"])


@router.get("/health", responses=responses.ok(schemas.Health))
async def check_health(
    backend: TheBackend, strict: Annotated[bool, Query(description="A failed check is a 503.")] = False
) -> Response:
    """Checks catalog, home, storage directories, change notice, server, decoders, clock, and what machines share.
    Each check says what to do.
    """

    def check() -> Response:
        checks = backend.store.check_health()
        if strict and not all(each.ok for each in checks):
            retry = {"retry-after": str(RETRY_AFTER_S)}
            return answer_refusal("unhealthy", headers=retry, checks=[each.to_json() for each in checks])
        return answer(schemas.Health(checks))

    return await backend.crossing.slow(check)
