"""``/api/v1/arrivals``: object stores say that something may have arrived."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from strandline.model.arrival_notices import MAX_BYTES, TakenNotices
from strandline.web.answers import answer
from strandline.web.api import responses
from strandline.web.api.spooling import read_document
from strandline.web.backend import TheBackend

router = APIRouter(tags=["events"])

_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.post("/arrivals", status_code=202, responses=responses.accepted(TakenNotices), openapi_extra=_BODY)
async def take_notices(request: Request, backend: TheBackend) -> Response:
    """Takes notifications of S3 (also Ceph's and EventBridge's) and of SeaweedFS's webhook as hints.

    Each key of a bucket that is a storage directory is looked at soon, without a scan. Nothing in a notice is
    believed, so lost, repeated, wrong, and late ones change nothing but the delay. At most 1,000 at once, and 1 MiB.
    """
    text = await read_document(request, MAX_BYTES)
    return await backend.crossing.quick(lambda: answer(backend.store.take_notices(text), status=202))
