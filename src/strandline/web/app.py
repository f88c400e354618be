"""The application: every route behind one guard, ready for an ASGI server.

Images go straight to their own endpoint; everything else goes through FastAPI, which also writes the OpenAPI
document. What surprises: the guard stands before the routing, so that what it refuses never meets a route.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from strandline import __version__
from strandline.runtime.assembly import LocalStore
from strandline.runtime.scan_jobs import ScanJobs
from strandline.web.api import events, health, images, inspect, scans, sds, uploads
from strandline.web.backend import Backend
from strandline.web.image_bytes import PREFIX, ImageBytes
from strandline.web.pages import add_pages
from strandline.web.problems import add_problem_handlers
from strandline.web.waiting import Waiting

API = "/api/v1"

ROUTERS = (
    sds.router,
    images.router,
    uploads.router,
    scans.router,
    inspect.router,
    events.router,
    health.router,
)


class Application:
    """The ASGI application of one store. Close it before the store."""

    def __init__(self, backend: Backend, rest: ASGIApp) -> None:
        self.backend = backend
        self._rest = rest
        self._images = ImageBytes(backend, Waiting(backend.live, backend.crossing))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._images(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    def close(self) -> None:
        """Ends what waits, listens or scans."""
        self.backend.close()


def create_app(store: LocalStore, scans: ScanJobs | None = None) -> Application:
    """The application. It starts nothing but threads that wait for work; the caller serves it, and closes it."""
    backend = Backend(store, scans)
    app = FastAPI(
        title="Strandline",
        version=__version__,
        summary="Images in folders that sync themselves.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.backend = backend
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    add_pages(app)
    add_problem_handlers(app)
    return Application(backend, app)
