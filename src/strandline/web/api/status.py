"""``/api/v1/status`` and ``/metrics``: what a monitor asks."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from strandline import __version__
from strandline.model.store_status import StoreStatus
from strandline.web.answers import answer
from strandline.web.api import responses
from strandline.web.api.metrics import METRICS_TYPE, format_metrics
from strandline.web.backend import TheBackend

router = APIRouter(tags=["health"])
metrics_router = APIRouter(tags=["health"])


@router.get("/status", responses=responses.ok(StoreStatus))
async def show_status(backend: TheBackend) -> Response:
    """What `strandline status --json` prints: numbers of each storage directory, and what a person should look at.
    Reads only the catalog.
    """
    return await backend.crossing.slow(lambda: answer(backend.store.status()))


@metrics_router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **responses.problems(),
    },
)
async def show_metrics(backend: TheBackend) -> Response:
    """The same numbers for Prometheus."""
    store = backend.store
    text = await backend.crossing.slow(
        lambda: format_metrics(store.status(), __version__, store.measure_operations())
    )
    return Response(text.encode(), media_type=METRICS_TYPE, headers={"cache-control": "no-store"})
