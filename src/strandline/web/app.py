"""The application: every route behind one guard, ready for an ASGI server.

Images go straight to their own endpoint. Everything else goes through FastAPI, which also writes the OpenAPI
document. The guard runs before the routing, so a refused request never reaches a route.
"""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strandline import __version__
from strandline.runtime.assembly import LocalStore
from strandline.web.api import events, health, images, inspect, scans, sds, uploads
from strandline.web.api.parameters import refuse_unknown
from strandline.web.backend import Backend
from strandline.web.guards import LOOKED_AT, Guard, Request, make_guard
from strandline.web.images.endpoint import PREFIX, ImageBytes
from strandline.web.images.waiting import Waiting
from strandline.web.pages.gallery_pages import add_pages
from strandline.web.problems import add_problem_handlers

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
    """The ASGI application for one store. Close it before the store."""

    def __init__(self, backend: Backend, guard: Guard, rest: ASGIApp) -> None:
        self.backend = backend
        self.guard = guard
        self._rest = rest
        self._images = ImageBytes(backend, Waiting(backend.live, backend.crossing))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name: value for name, value in scope["headers"] if name in LOOKED_AT}
        request = Request(scope["method"], scope["path"], scope["query_string"], headers)
        origin = self.guard.find_allowed_origin(request)
        if origin is not None:
            send = _with_cors(send, origin)
        if _has_body(scope):
            receive, send = _closing_what_is_not_read(receive, send)
        refusal = self.guard.find_refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif request.path.startswith(PREFIX):
            await self._images(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    def close(self) -> None:
        """Ends waiting requests, listeners, and scans."""
        self.backend.close()


def _with_cors(send: Send, origin: str) -> Send:
    """Lets pages of an allowed origin read the answer."""

    async def send_with_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            cors = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
            message = {**message, "headers": [*message["headers"], *cors]}
        await send(message)

    return send_with_cors


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _closing_what_is_not_read(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Adds ``Connection: close`` to an answer that is sent before the request was read, because the server then
    disconnects.

    Otherwise the client would send its next request into a closed connection.
    """
    is_read = False

    async def receive_to_the_end() -> Message:
        nonlocal is_read
        message = await receive()
        is_read = not message.get("more_body", False)
        return message

    async def send_with_close(message: Message) -> None:
        if message["type"] == "http.response.start" and not is_read:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return receive_to_the_end, send_with_close


def create_app(store: LocalStore, *, is_loopback: bool = True) -> Application:
    """The application. Starts idle threads, and counts the images for the first page. The caller serves and closes
    it.

    Args:
        store: Must stay open until the application is closed.
        is_loopback: Only this machine can reach it. Otherwise every request needs the token.

    Raises:
        ConfigError, DiskError: The home's secrets cannot be read or created.
    """
    guard = make_guard(store, is_loopback=is_loopback)
    backend = Backend(store)
    store.gallery.begin()
    api = make_api()
    api.state.backend = backend
    add_pages(api)
    return Application(backend, guard, api)


def make_api() -> FastAPI:
    """Only the routes of the API. Their state must have the backend before the first request."""
    api = FastAPI(
        title="Strandline",
        version=__version__,
        summary="Images in folders that sync themselves.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in ROUTERS:
        api.include_router(router, prefix=API, dependencies=[Depends(refuse_unknown)])
    add_problem_handlers(api)
    return api
