"""Audits: what a request and its answer say about a change, noted when the answer is known.

Only the beginnings of texts are kept: of forms, and of JSON. Bytes of images are not looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from starlette.types import Message, Receive, Scope, Send

from strandline.model.access import Caller
from strandline.model.audit import FORM_TYPE, JSON_TYPE, MOST_TEXT, AuditLine, Exchange, find_targets
from strandline.web.access import Route
from strandline.web.heads import Request

MOST_BYTES = 64 * 1024
"""Of each body: several thousand ids."""


class Recorder:
    """Listens to one request and its answer. What it knows is noted before the client gets the end of the answer, so
    every change that was acknowledged is in the audit.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, note: Callable[[Recorder], Awaitable[None]]
    ) -> None:
        self._receive, self._send, self._note = receive, send, note
        self._is_noted = False
        headers = {name: value for name, value in scope["headers"] if name == b"content-type"}
        self._body_type = _plain_type(headers.get(b"content-type", b""))
        self._answer_type = ""
        self._body, self._answer = bytearray(), bytearray()
        self.status = 0
        """Of the answer; 0 if there was none."""

    async def receive(self) -> Message:
        """The next piece of the request."""
        message = await self._receive()
        if message["type"] == "http.request" and self._body_type in (JSON_TYPE, FORM_TYPE):
            _keep(self._body, message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: Mapping[bytes, bytes] = dict(message["headers"])
            self._answer_type = _plain_type(headers.get(b"content-type", b""))
        else:
            if self._answer_type == JSON_TYPE:
                _keep(self._answer, message.get("body", b""))
            if not message.get("more_body", False):
                await self.end()
        await self._send(message)

    async def end(self) -> None:
        """Notes what is known, once. Call it if there may have been no answer."""
        if not self._is_noted:
            self._is_noted = True
            await self._note(self)

    def make_line(self, at: datetime, caller: Caller, request: Request, route: Route) -> AuditLine:
        """What is noted of it."""
        seen = Exchange(
            tuple(route.parameters.items()),
            request.query.decode("latin-1"),
            bytes(self._body),
            self._body_type,
            bytes(self._answer),
            self._answer_type,
        )
        folders, images, count = find_targets(seen)
        return AuditLine(
            at, caller.name, f"{request.method} {route.template}", self.status, request.client[:MOST_TEXT], folders,
            images, count,
        )  # fmt: skip


def _keep(kept: bytearray, more: bytes) -> None:
    kept += more[: max(0, MOST_BYTES - len(kept))]


def _plain_type(header: bytes) -> str:
    return header.decode("latin-1").partition(";")[0].strip().lower()
