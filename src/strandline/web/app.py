"""The application: every route behind one guard, ready for an ASGI server.

Images go straight to their own endpoint. Everything else goes through FastAPI, which also writes the OpenAPI
document. The guard runs before the routing, so a refused request never reaches a route. The secrets are read again
every second, so a replaced token counts in a running server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from fastapi import Depends, FastAPI
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strandline import __version__
from strandline.errors import NotAllowedError, StrandlineError
from strandline.logs import get_logger
from strandline.model.access import AccessToken, Caller
from strandline.model.audit import AuditLine, describe_line
from strandline.runtime.assembly import LocalStore
from strandline.runtime.limited_stores import LimitedStore
from strandline.web.access import NOT_OWNER_KEY, Route, Routes, check_access, check_owner, may_use
from strandline.web.api import (
    arrivals,
    catalog,
    conflicts,
    duplicates,
    events,
    exports,
    health,
    images,
    imports,
    inspect,
    notes,
    rescue,
    scans,
    sds,
    status,
    transfers,
    trash,
    unused,
    uploads,
    verifications,
    wanted,
    work,
)
from strandline.web.api.document import complete_document
from strandline.web.api.parameters import refuse_unknown
from strandline.web.audits import Recorder
from strandline.web.backend import SCOPE_KEY, Backend
from strandline.web.bodies import BODY_KEY, Body, ending_connection, has_body, hurry
from strandline.web.bodiless import answer_head
from strandline.web.closed_parts import ClosedParts
from strandline.web.door import Door
from strandline.web.guards import PREFLIGHT, READS, SIGN_IN, Refusal
from strandline.web.heads import HEAD_KEY, Request, read_head
from strandline.web.images.endpoint import PREFIX, ImageBytes
from strandline.web.images.waiting import Waiting
from strandline.web.live import STILL_KEY
from strandline.web.pages.gallery_pages import add_pages
from strandline.web.pages.rendering import add_error_pages, render_error
from strandline.web.pages.sign_in_pages import render_refusal, render_sign_in, say_signed_out
from strandline.web.problems import add_problem_handlers, answer_error, answer_refusal
from strandline.web.site import enter, get_public_address
from strandline.web.statuses import http_status_of

API = "/api/v1"

ROUTERS = (
    sds.router,
    notes.router,
    images.router,
    uploads.router,
    exports.router,
    trash.router,
    imports.router,
    transfers.router,
    wanted.router,
    rescue.router,
    duplicates.router,
    unused.router,
    conflicts.router,
    scans.router,
    inspect.router,
    events.router,
    arrivals.router,
    health.router,
    status.router,
    catalog.router,
    verifications.router,
    work.router,
)


log = get_logger(__name__)

SECRETS_S = 1.0
"""So long a replaced token may still be accepted."""

PREFLIGHT_ANSWER = {
    "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type, range, if-none-match, last-event-id",
    "access-control-max-age": "600",
}


CORS = [
    (b"access-control-allow-credentials", b"true"),
    (
        b"access-control-expose-headers",
        b"content-range, etag, location, retry-after, strandline-from-other-sd",
    ),
]
"""For pages of allowed origins: they may use their user's session, and read these headers."""


class Application:
    """The ASGI application for one store. Close it before the store."""

    def __init__(self, backend: Backend, door: Door, rest: ASGIApp, routes: Routes) -> None:
        self.backend = backend
        self.door = door
        self._rest = rest
        self._routes = routes
        self._images = ImageBytes(backend, Waiting(backend.live, backend.crossing))
        self._parts: dict[tuple[int, ...], tuple[Backend, ImageBytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope = enter(scope, self.backend.base)
        guard = self.door.guard
        request = scope[HEAD_KEY] = read_head(scope, guard.proxies)
        if guard.allow_origins:
            send = _with_cors(send, guard.find_allowed_origin(request))
        if not has_body(scope):
            await self._answer(request, scope, receive, send)
            return
        body = scope[BODY_KEY] = Body(scope, receive, send)
        await self._answer(request, scope, body.receive, body.send)
        await body.end()

    async def _learn(self, text: str | None) -> None:
        """Reads the tokens again if this may be a new one. If they cannot be read, it stays refused."""
        if self.door.keyring.may_be_new(text):
            await self.door.keyring.reading.learn(self.backend.crossing)

    async def _answer(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        guard = self.door.guard
        admission = guard.admit(request)
        if admission.refusal is not None:
            await self._learn(request.bearer)
            admission = guard.admit(request)
        if admission.is_stranger(request):
            hurry(scope)
            send = ending_connection(send)
        if admission.refusal is not None:
            await self._answer_refused(request, admission.refusal)(scope, receive, send)
        elif request.method == PREFLIGHT:
            await Response(status_code=204, headers=PREFLIGHT_ANSWER)(scope, receive, send)
        else:
            caller = admission.caller
            scope[STILL_KEY] = lambda: self.door.guard.admit(request) == admission
            is_read = request.method in READS
            is_open = is_read and (caller is None or caller.may_all) and not scope.get(NOT_OWNER_KEY)
            route = None if is_open else self._find_route(request)
            if caller is None or is_read or route is None or not route.is_audited:
                await self._answer_caller(request, caller, route, scope, receive, send)
                return
            now, known, place = self.backend.store.now, caller, route
            recorder = Recorder(
                scope, receive, send, lambda seen: self._note(seen.make_line(now(), known, request, place))
            )
            try:
                await self._answer_caller(request, caller, route, scope, recorder.receive, recorder.send)
            finally:
                await recorder.end()

    def _may_use(self, caller: Caller, method: str, path: str) -> bool:
        route = self._routes.find_route(method, path)
        return route is None or may_use(caller, route.need)

    def _find_route(self, request: Request) -> Route | None:
        return self._routes.find_route(request.method, request.path)

    async def _note(self, line: AuditLine) -> None:
        """Adds a line to the audit, in the log and in the catalog."""
        log.info("audit: %s", describe_line(line))
        try:
            await self.backend.crossing.quick(lambda: self.backend.store.audit.add(line))
        except StrandlineError as error:
            log.warning("the audit in the catalog lacks a line (%s): %s", describe_line(line), error.message)

    async def _answer_caller(
        self,
        request: Request,
        caller: Caller | None,
        route: Route | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        images, is_image = self._images, request.path.startswith(PREFIX)
        if (
            request.method == "HEAD" and not is_image and request.path != SIGN_IN
        ):  # which have routes of their own
            as_get = request.as_get()
            scope[HEAD_KEY] = as_get

            async def answer_get(scope: Scope, receive: Receive, send: Send) -> None:
                await self._answer_caller(as_get, caller, route, scope, receive, send)

            await answer_head(answer_get, scope, receive, send)
            return
        try:
            check_owner(scope, route)
            if caller is not None and not caller.may_all:
                send = ClosedParts(send, self.backend.base, partial(self._may_use, caller)).send
                if route is not None:
                    check_access(caller, route.need)
                if caller.sds is not None:
                    scope[SCOPE_KEY], images = self._get_part(caller.sds)
        except NotAllowedError as error:
            await self._answer_not_allowed(request, scope, error)(scope, receive, send)
            return
        if is_image:
            guard = self.door.guard
            await images(scope, receive, send, lambda: caller is not None or guard.sees_all(request))
        else:
            await self._rest(scope, receive, send)

    def _get_part(self, sds: tuple[int, ...]) -> tuple[Backend, ImageBytes]:
        """What answers those who may see only these storage directories."""
        if sds not in self._parts:
            backend = Backend(LimitedStore(self.backend.store, sds), self.backend.base, self.backend.crossing)
            self._parts[sds] = backend, ImageBytes(backend, Waiting(backend.live, backend.crossing))
        return self._parts[sds]

    @staticmethod
    def _answer_not_allowed(request: Request, scope: Scope, error: NotAllowedError) -> Response:
        if not request.wants_page:
            return answer_error(error)
        return render_error(StarletteRequest(scope), error.message, http_status_of(error), NOT_ALLOWED)

    def end_lost(self) -> None:
        """Ends the streams of those who would not be let in any more, or not as the same."""
        for backend in self._list_backends():
            backend.live.end_lost()

    def _list_backends(self) -> list[Backend]:
        return [self.backend, *(part for part, _ in self._parts.values())]

    def end_streams(self) -> None:
        """Ends every request that waits or listens."""
        for backend in self._list_backends():
            backend.live.end()

    def close(self) -> None:
        """Ends waiting requests, listeners, and scans."""
        for backend, _ in self._parts.values():
            backend.close()
        self.backend.close()

    async def _forget_parts(self, valid: Iterable[AccessToken]) -> None:
        """Of storage directories that no token is for any more."""
        wanted = {token.numbers for token in valid if token.is_limited}
        for numbers in self._parts.keys() - wanted:
            part, _ = self._parts.pop(numbers)
            part.live.end()
            await self.backend.crossing.slow(part.stop_work)

    async def follow_secrets(self) -> None:
        """Reads the secrets of the home and the access tokens every second, until it is cancelled. The streams of
        those who would not be let in any more end, also if nothing can be read: time goes on.
        """
        door, is_lost = self.door, False
        while True:
            await asyncio.sleep(SECRETS_S)
            try:
                await self.backend.crossing.quick(door.reading.run)
                is_lost = False
            except StrandlineError as error:
                if not is_lost:  # once, however long a catalog is away
                    log.error("secrets stay as they were, because they cannot be read: %s", error.message)
                is_lost = True
            self.end_lost()
            if door.keyring.take_ended():
                await self._forget_parts(door.keyring.list_valid())

    def _answer_refused(self, request: Request, refusal: Refusal) -> Response:
        """A page if a browser navigates, a problem otherwise."""
        if refusal.code == "token-required" and request.get(b"authorization"):
            delay_s = self.door.count_header_try(request.client)
            if delay_s:
                return answer_refusal("too-many-tries", headers={"retry-after": str(delay_s)})
        base = self.backend.base
        if not request.wants_page:
            return answer_refusal(refusal.code, refusal.message, headers=refusal.headers)
        if refusal.code == "token-required":
            place = quote(request.path) + (f"?{query}" if (query := request.query.decode("latin-1")) else "")
            said = say_signed_out(self.door.cookie, request)
            return render_sign_in(base, next_address=place, status=401, said=said)
        return render_refusal(base, refusal)


NOT_ALLOWED = "You may not do this"


def _with_cors(send: Send, origin: str | None) -> Send:
    """Lets pages of an allowed origin read the answer, also one that their user's session got.

    Every answer varies by origin, because a browser must not show a page the cached answer to a request without one.
    """
    headers = [(b"vary", b"origin")]
    if origin is not None:
        headers += [(b"access-control-allow-origin", origin.encode("latin-1")), *CORS]

    async def send_with_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return send_with_cors


def create_app(store: LocalStore, *, port: int, is_loopback: bool = True, below: str = "") -> Application:
    """The application. Starts idle threads, and counts the images for the first page. The caller serves and closes
    it.

    Args:
        store: Must stay open until the application is closed.
        port: Where it will listen.
        is_loopback: Only this machine can reach it.
        below: A path below the server's, for an application that is a part of another one (``beside``).

    Raises:
        ConfigError: The settings contradict each other.
        ConfigError, DiskError: The home's secrets cannot be read or created.
    """
    public = get_public_address(store.settings.web)
    public = replace(public, base=public.base + below)
    door = Door(store, public, port=port, is_loopback=is_loopback, below=below)
    backend = Backend(store, public.base)
    store.gallery.begin()
    api = make_api()
    api.state.backend = backend
    api.state.door = door
    add_pages(api)
    add_error_pages(api)
    app = Application(backend, door, api, Routes(api.routes))
    door.end_lost = app.end_lost
    return app


def make_api() -> FastAPI:
    """Only the routes of the API. Their state must have the backend before the first request."""
    api = FastAPI(
        title="Strandline",
        version=__version__,
        summary="Images in folders that sync themselves.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would redirect to the Host that a proxy sends
        generate_unique_id_function=lambda route: route.name,
    )
    for router in ROUTERS:
        api.include_router(router, prefix=API, dependencies=[Depends(refuse_unknown)])
    api.include_router(status.metrics_router, dependencies=[Depends(refuse_unknown)])
    add_problem_handlers(api)
    complete_document(api)
    return api
