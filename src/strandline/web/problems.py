"""Problems: how errors look over HTTP (RFC 9457).

A problem has the error's stable code, its message for people, and its facts. Some refusals exist only here (no such
route, a wrong ``Host``). They have codes here and no class in ``errors``, because no caller of the library can get
them.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from strandline.errors import DiskError, InvalidInputError, StrandlineError
from strandline.logs import get_logger
from strandline.web.access import Routes
from strandline.web.bodies import BodyTooLargeError, SilentClientError
from strandline.web.invalid_requests import find_facts, say_invalid
from strandline.web.site import base_of, path_of
from strandline.web.statuses import http_status_of

log = get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"

PROBLEMS = "/problems/"
"""Each code has a page there."""

_PARAMETERS: dict[object, str] = {"text": "q", "taken_from": "from", "taken_to": "to"}
"""What the parts of a query are called in an address, if not as in the library."""

RETRY_AFTER_S = 2
"""In 503 answers: the delay before a failed file is first looked at again (SPEC §6)."""

REFUSALS: dict[str, tuple[int, str]] = {
    "no-such-page": (404, "there is nothing at this address"),
    "method-not-allowed": (405, "this address does not take that method"),
    "host-not-allowed": (421, "this server does not answer to that host name"),
    "origin-not-allowed": (403, "pages of other sites may not do this; see the setting web.allow_origins"),
    "token-required": (
        401,
        "sign in, or send 'Authorization: Bearer TOKEN' with the token of this installation, which "
        "`strandline token show` prints",
    ),
    "too-many-tries": (429, "too many wrong tries; wait a minute, and try again"),
    "too-many-waiting": (503, "too many requests are waiting for images; try again"),
    "server-ends": (503, "the server stops, so it cannot wait for the image; try again"),
    "client-silent": (408, "the request did not come to its end in time; send it again"),
    "body-too-large": (413, "the request has more bytes than this address takes; send less at once"),
    "unhealthy": (503, "a check of this machine failed; 'checks' says which, and what to do"),
    "range-not-satisfiable": (416, "the image has no such bytes"),
    "fault": (500, "internal error; details are in the server's log"),
}
"""Refusals that only the HTTP API has: from code to status and default detail."""


class Problem(BaseModel):
    """An error in the form of RFC 9457. The error's facts are further members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`/problems/` and the code.")
    title: str
    status: int
    detail: str = Field(description="What happened, to what, and what to do.")
    code: str = Field(description="Stable; docs/reference/errors.md lists all.")


def describe(error: StrandlineError) -> dict[str, object]:
    """The problem object of an error."""
    facts = {name: value for name, value in error.to_json().items() if name not in ("code", "message")}
    if "parameter" in facts:
        facts["parameter"] = _PARAMETERS.get(facts["parameter"], facts["parameter"])
    return facts | _body(error.code, http_status_of(error), error.message)


def answer_error(error: StrandlineError, **facts: object) -> Response:
    """The whole answer for one of our errors, with more facts in addition to its own.

    Logs what a disk refused: a client may keep it to itself, and it is this machine's disk that is full.
    """
    if isinstance(error, DiskError):
        log.warning("a request failed: %s", error.message)
    problem = describe(error) | facts
    status = http_status_of(error)
    return _respond(problem, {"retry-after": str(RETRY_AFTER_S)} if status == 503 else {})


def answer_meaning(error: StrandlineError) -> Response:
    """The answer for somebody who may see images and nothing else: what the code means. The message and the facts
    would tell names and paths of this machine.
    """
    full = answer_error(error)
    headers = {name: value for name, value in full.headers.items() if name == "retry-after"}
    return _respond(_body(error.code, full.status_code, say_meaning(type(error))), headers)


def answer_refusal(
    code: str, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **facts: object
) -> Response:
    """The whole answer for a refusal by this API."""
    status, default = REFUSALS[code]
    return _respond(facts | _body(code, status, detail or default), headers or {})


def answer_fault(method: str, path: str, error: Exception) -> Response:
    """The whole answer for an internal error, after logging it."""
    log_fault(method, path, error)
    return answer_refusal("fault")


def log_fault(method: str, path: str, error: Exception) -> None:
    """Logs an internal error, because the answer says only that there was one."""
    log.error("fault in %s %s", method, path, exc_info=error)


def add_problem_handlers(app: FastAPI) -> None:
    """Turns every error of the app into a problem."""

    @cache
    def get_routes() -> Routes:
        """All that the app has when it is first asked. The framework's own answer has the methods of one route."""
        return Routes(app.routes)

    async def on_strandline_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StrandlineError)
        return answer_error(error)

    async def on_invalid_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer_error(InvalidInputError(say_invalid(request, error), **find_facts(error)))

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, (SilentClientError, ClientDisconnect)):  # while the framework read it
            return answer_refusal("client-silent")
        if isinstance(error.__cause__, BodyTooLargeError):
            return await on_large_body(request, error.__cause__)
        headers = error.headers
        if error.status_code == 405 and (methods := get_routes().list_methods(path_of(request.scope))):
            headers = {"allow": ", ".join(methods)}
        code = {404: "no-such-page", 405: "method-not-allowed"}.get(error.status_code)
        if code is None:  # an unreadable form
            return answer_error(InvalidInputError(str(error.detail)[:300]))
        return answer_refusal(code, headers=headers)

    async def on_large_body(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BodyTooLargeError)
        detail = f"this address takes at most {error.limit_bytes:,} bytes in a request; send less at once"
        return answer_refusal("body-too-large", detail, limit_bytes=error.limit_bytes)

    async def on_silence(_request: Request, _error: Exception) -> Response:
        return answer_refusal("client-silent")

    app.add_exception_handler(StrandlineError, on_strandline_error)
    app.add_exception_handler(SilentClientError, on_silence)
    app.add_exception_handler(ClientDisconnect, on_silence)
    app.add_exception_handler(BodyTooLargeError, on_large_body)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_exception)


def say_meaning(kind: type[StrandlineError]) -> str:
    """The first paragraph about the class, without what it says about attributes in Python."""
    paragraph = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    sentences = [each for each in re.split(r"(?<=\.) ", paragraph) if not each.startswith("``")]
    return " ".join(sentences).replace("``", "`")


def title_of_code(code: str) -> str:
    """``Storage directory offline`` for ``sd-offline``."""
    return code.replace("sd-", "storage-directory-").replace("-", " ").capitalize()


def _body(code: str, status: int, detail: str) -> dict[str, object]:
    return {
        "type": f"{PROBLEMS}{code}",
        "title": title_of_code(code),
        "status": status,
        "detail": detail,
        "code": code,
    }


def _respond(problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return _ProblemResponse(problem, headers)


class _ProblemResponse(Response):
    """A problem, written when it is sent: only then is the base path known, which its type begins with."""

    media_type = PROBLEM_TYPE

    def __init__(self, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(
            b"", status_code=int(problem["status"]), headers={"cache-control": "no-store", **headers}
        )
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = {**self._problem, "type": f"{base_of(scope)}{self._problem['type']}"}
        self.body = json.dumps(problem, default=str).encode()
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)
