"""``/i/{id}``: the bytes of images, as fast as this server does anything; a separate ASGI endpoint.

One crossing to the store's threads looks up an image and plans its answer. If a copy of the image must be made, a
second crossing leads to the decoding lane, so pictures that are slow to decode delay no others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from strandline.errors import (
    ImageNotFoundError,
    ImageOnlineOnlyError,
    ImageUnreachableError,
    StrandlineError,
)
from strandline.model.image_ids import parse_image_id
from strandline.web.backend import Backend
from strandline.web.heads import read_head
from strandline.web.images.plan import (
    ASKED,
    PIECE_BYTES,
    Drawing,
    Plan,
    parse_wish,
    plan_answer,
    plan_nothing,
    plan_recalled,
)
from strandline.web.images.ranges import UnsatisfiableRangeError
from strandline.web.images.waiting import Waiting
from strandline.web.live import STILL_KEY
from strandline.web.pages.problem_pages import render_problem_outside
from strandline.web.pages.rendering import NOTHING, render_error
from strandline.web.problems import (
    answer_error,
    answer_fault,
    answer_meaning,
    answer_refusal,
)
from strandline.web.site import base_of, path_of

PREFIX = "/i/"

UNSHOWN = "This image cannot be shown now"


class ImageBytes:
    """The endpoint for image bytes. One per server."""

    def __init__(self, backend: Backend, waiting: Waiting) -> None:
        self._backend = backend
        self._waiting = waiting

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, is_let_in: Callable[[], bool]
    ) -> None:
        """Answers. A client that is not let in has only the image key. Of an error it learns what the code means."""
        try:
            answer = await self._answer(scope, receive)
        except StrandlineError as error:
            answer = self._answer_error(scope, error, tells_all=is_let_in())
        except UnsatisfiableRangeError as error:
            answer = answer_refusal(
                "range-not-satisfiable", headers={"content-range": f"bytes */{error.args[0]}"}
            )
        except Exception as error:  # noqa: BLE001 - a request is where faults stop
            answer = answer_fault(scope["method"], path_of(scope), error)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif answer is not None:
            await self._send(answer, send)

    @staticmethod
    def _answer_error(scope: Scope, error: StrandlineError, *, tells_all: bool) -> Response:
        """A page if a browser navigates, as everywhere: a person reads it. Otherwise a problem."""
        problem = answer_error(error) if tells_all else answer_meaning(error)
        if not read_head(scope).wants_page:
            return problem
        title = NOTHING if problem.status_code == 404 else UNSHOWN
        if tells_all:
            page = render_error(Request(scope), error.message, problem.status_code, title)
        else:
            page = render_problem_outside(base_of(scope), error.code, problem.status_code)
        if "retry-after" in problem.headers:
            page.headers["retry-after"] = problem.headers["retry-after"]
        return page

    async def _answer(self, scope: Scope, receive: Receive) -> Plan | Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            return answer_refusal("method-not-allowed", headers={"allow": "GET, HEAD"})
        image_id = parse_image_id(path_of(scope)[len(PREFIX) :])
        wish = parse_wish(scope["query_string"])
        asked = {name: value.decode("latin-1") for name, value in scope["headers"] if name in ASKED}
        is_head = scope["method"] == "HEAD"
        if is_head:  # a range is for the bytes, and means nothing without them (RFC 9110)
            asked.pop(b"range", None)
        store = self._backend.store

        def plan() -> Plan | Drawing:
            found = store.get_owned(image_id, wish.sd, may_fetch=wish.fetch)
            return plan_answer(store, found, wish, asked, is_head=is_head)

        try:
            if wish.wait_s:
                answer = await self._waiting.until_there(
                    image_id, wish.wait_s, plan, receive, scope[STILL_KEY]
                )
            else:
                answer = await self._backend.crossing.slow(plan)
        except (ImageUnreachableError, ImageOnlineOnlyError):
            if not wish.quiet:
                raise
            return await self._backend.crossing.slow(
                lambda: plan_recalled(store, image_id, wish, is_head=is_head)
            )
        except ImageNotFoundError:
            if not wish.quiet:
                raise
            return plan_nothing()
        if isinstance(answer, Drawing):
            return await self._backend.crossing.decoding(partial(answer.draw, store))
        return answer

    async def _send(self, plan: Plan, send: Send) -> None:
        await send({"type": "http.response.start", "status": plan.status, "headers": plan.headers})
        source = plan.rest
        if source is None:
            await send({"type": "http.response.body", "body": plan.body})
            return
        try:
            await send({"type": "http.response.body", "body": plan.body, "more_body": True})
            offset = plan.rest_offset
            while offset < plan.rest_end:
                length = min(PIECE_BYTES, plan.rest_end - offset)
                piece = await self._backend.crossing.slow(lambda o=offset, n=length: source.read_piece(o, n))  # type: ignore[misc]
                offset += length
                await send({"type": "http.response.body", "body": piece, "more_body": offset < plan.rest_end})
        finally:
            source.close()
