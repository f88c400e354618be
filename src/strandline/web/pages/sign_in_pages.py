"""Pages for people who are not let in: the page to sign in, the way out, and the refusal of a foreign name or page.

A link signs in by GET, so it works from a terminal or a message. Programs that only look ahead do not use it up: a
HEAD request and a prefetch are answered without taking the code.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from strandline.web.backend import Backend, TheBackend
from strandline.web.door import Door, enter_all, find_local
from strandline.web.guards import HEALTHZ, READYZ, SIGN_IN, Refusal
from strandline.web.heads import Request as RequestHead
from strandline.web.heads import read_head
from strandline.web.pages.rendering import NOTHING, PageRoute, get_inline_style, render_bare

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SIGN_OUT = "/sign-out"

WRONG_LINK = "This link does not work. It may have been used, or be older than ten minutes. Make a new one."
WRONG_TEXT = "This is neither a link that works nor the token. A link works once, within ten minutes."
SIGNED_OUT = "You were signed out. Sign in to go on where you were."
TOO_MANY = "Too many wrong tries. Wait a minute, and try again."

REFUSED = {
    "host-not-allowed": "Strandline does not know itself by this name",
    "origin-not-allowed": "Strandline does not know this page",
    "no-such-page": NOTHING,
}

Text = Annotated[str, Query(max_length=8000)]
FormText = Annotated[str, Form(max_length=8000)]


def _of_request(request: Request) -> Door:
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


TheDoor = Annotated[Door, Depends(_of_request)]
"""The type of a route's argument that gets the server's door."""


def render_sign_in(
    base: str,
    *,
    next_address: str = "/",
    status: int = 200,
    problem: str = "",
    said: str = "",
    delay_s: int = 0,
) -> Response:
    """The page that takes a link or the token. It names nothing of this machine, because everybody may see it."""
    return render_bare(
        base, "sign_in.html", status=status, headers={"retry-after": str(delay_s)} if delay_s else {},
        next=find_local(next_address), problem=problem, said=said,
    )  # fmt: skip


def render_refusal(base: str, refusal: Refusal) -> Response:
    """The page for a host name, a page, or an address that is not ours. Its styles are in it, because a request for
    them would be refused as well.
    """
    style, policy = get_inline_style()
    return render_bare(
        base, "refused.html", status=refusal.status_code, headers={"content-security-policy": policy},
        style=style, title=REFUSED[refusal.code], message=refusal.fact, remedies=refusal.remedies,
    )  # fmt: skip


def say_signed_out(cookie: str, request: RequestHead) -> str:
    """What the page says to a browser that still has the cookie of a session that has ended. Pure."""
    return SIGNED_OUT if f"{cookie}=" in request.get(b"cookie") else ""


@router.get(HEALTHZ)
@router.head(HEALTHZ)
async def say_ok() -> Response:
    """That the server answers, and nothing else."""
    return PlainTextResponse("ok", headers={"cache-control": "no-store", "x-content-type-options": "nosniff"})


@router.get(READYZ)
@router.head(READYZ)
async def say_ready(backend: TheBackend) -> Response:
    """Whether requests would be answered now, and nothing else."""
    return say_readiness(is_ready=await backend.readiness.ask())


def say_readiness(*, is_ready: bool) -> Response:
    """The answer to a load balancer."""
    return PlainTextResponse(
        "ok" if is_ready else "not ready",
        status_code=200 if is_ready else 503,
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff"},
    )


@router.head(SIGN_IN)
async def look_at_sign_in(backend: TheBackend) -> Response:
    """The head of the page. Never takes a code."""
    return render_sign_in(backend.base)


@router.get(SIGN_IN)
async def show_sign_in(
    request: Request,
    backend: TheBackend,
    door: TheDoor,
    code: Text = "",
    next_address: Annotated[str, Query(alias="next", max_length=8000)] = "/",
) -> Response:
    """The page to sign in. With the code of a link, signs in."""
    if not code:
        return render_sign_in(backend.base, next_address=next_address)
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    if "prefetch" in purpose or "prerender" in purpose:
        return render_sign_in(backend.base, next_address=next_address, status=503)
    return await _try(request, backend, door, code, next_address, WRONG_LINK)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    backend: TheBackend,
    door: TheDoor,
    secret: FormText = "",
    next_address: Annotated[str, Form(alias="next", max_length=8000)] = "/",
) -> Response:
    """Signs in with a pasted link or the token."""
    return await _try(request, backend, door, secret, next_address, WRONG_TEXT)


@router.post(SIGN_OUT)
async def sign_out(request: Request, backend: TheBackend, door: TheDoor) -> Response:
    """Ends this session for good, and its streams of events.

    A browser has two if it signed in before and after the base path was changed.
    """
    head = read_head(request.scope)
    answer = RedirectResponse(f"{backend.base}{SIGN_IN}", status_code=303)
    for each in reversed(door.doors):
        while (session := each.guard.find_session(head)) is not None:
            await backend.crossing.quick(partial(each.leave, session))
            each.end_lost()
        answer.headers.append("set-cookie", each.format_cookie("", head))
    answer.headers["cache-control"] = "no-store"
    return answer


def _is_known(door: Door, given: str) -> bool:
    return any(each.knows(given) for each in door.doors)


async def _try(
    request: Request, backend: Backend, door: Door, given: str, next_address: str, wrong: str
) -> Response:
    """Signs in, or says why not. A browser that is signed in already goes on with an old link, too.

    A right secret is no wrong try, so others behind the same address can lock nobody out. What nobody here knows is
    asked about only if its client need not wait, and then not more than five times a second for all. So who may try
    without a secret can keep neither the catalog busy nor the threads.
    """
    head, crossing = read_head(request.scope), backend.crossing
    is_known = await crossing.quick(partial(_is_known, door, given))
    if not is_known and not door.find_delay_s(head.client):
        faults = [fault for each in door.doors if (fault := await each.reading.learn(crossing)) is not None]
        is_known = await crossing.quick(partial(_is_known, door, given))
        if faults and not is_known:
            raise faults[0]
    begun = await crossing.quick(partial(enter_all, door.doors, given)) if is_known else []
    if not begun and door.guard.find_session(head) is None:
        delay_s = door.find_delay_s(head.client)
        if delay_s:
            return render_sign_in(
                backend.base, next_address=next_address, status=429, problem=TOO_MANY, delay_s=delay_s
            )
        door.note_wrong(head.client)
        return render_sign_in(backend.base, next_address=next_address, status=401, problem=wrong)
    answer = RedirectResponse(f"{backend.base}{find_local(next_address)}", status_code=303)
    answer.headers["cache-control"] = "no-store"
    for each, session in begun:
        answer.headers.append("set-cookie", each.format_cookie(session, head))
    return answer
