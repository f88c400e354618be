"""Bodies: what a client sends after the head of its request. They end in time, and have a limit of size.

The limits are the same for every route, so none can forget them. One that takes images, or a long list, says how much
it expects. Who has no secret may send little, and gets as much time as for a head: half a form must not keep a
connection from others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

BODY_KEY = "strandline.body"
"""Where a request has its body, if it has one."""

REST_S = 5.0
"""So long the server reads what a client sends after its answer."""

SILENCE_LIMIT_S = 30.0
"""A client that sends nothing for this long counts as gone."""

DOCUMENT_BYTES = 8 * 1024 * 1024
"""The most that a route takes if it does not say more: ten thousand rows of a list, or ten times as many ids. It is
collected and parsed on the event loop, so others wait: 12 ms for such a list, and 0.8 s for 8 MiB of empty ones,
which somebody with a secret can send.
"""

STRANGER_S = 10.0
"""So long a client without a secret may take for all of its body."""

STRANGER_BYTES = 64 * 1024
"""The most that it may send: the page to sign in takes two texts of 8,000 characters."""

GONE: Message = {"type": "http.disconnect"}


class SilentClientError(Exception):
    """The client has stopped sending."""


class BodyTooLargeError(Exception):
    """It sends more than the route takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self.limit_bytes = limit_bytes


def has_body(scope: Scope) -> bool:
    """Whether the client says that it sends one."""
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def expect(scope: Scope, limit_bytes: int, make_error: Callable[[int], Exception]) -> None:
    """From now on, the body of this request may have so many bytes. With more, reading raises that error."""
    if (body := _find_body(scope)) is not None:
        body.expect(limit_bytes, make_error)


def hurry(scope: Scope) -> None:
    """The client of this request has no secret."""
    if (body := _find_body(scope)) is not None:
        body.hurry()


def _find_body(scope: Scope) -> Body | None:
    body = scope.get(BODY_KEY)
    assert body is None or isinstance(body, Body)
    return body


class Body:
    """The body of a request, which may be answered before it was read.

    Such an answer has ``Connection: close``, because the server then disconnects; otherwise the client would send its
    next request into a closed connection. What the client is still sending is read and dropped. If the server
    disconnected at once, a proxy would not get the answer, and would say 502 instead.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._told_bytes = _parse_length(dict(scope["headers"]).get(b"content-length", b""))
        self._may_refuse = scope["method"] not in ("GET", "HEAD")
        self._limit_bytes = DOCUMENT_BYTES
        self._make_error: Callable[[int], Exception] = BodyTooLargeError
        self._deadline: float | None = None
        self._count = 0
        self._is_read = False
        self._is_silent = False

    def expect(self, limit_bytes: int, make_error: Callable[[int], Exception]) -> None:
        """So many bytes are fine."""
        self._limit_bytes, self._make_error = limit_bytes, make_error

    def hurry(self) -> None:
        """Little is fine, and in little time."""
        self._limit_bytes = STRANGER_BYTES
        self._deadline = asyncio.get_running_loop().time() + STRANGER_S

    async def receive(self) -> Message:
        """The next piece; after the last one, waits until the client has gone.

        For a request that reads, or once the answer has begun, nobody wants the body: then a client beyond the limits
        counts as gone.

        Raises:
            SilentClientError: The client has sent nothing for a while.
            BodyTooLargeError: It has sent more than is expected, or says that it will. Or the route's own error.
        """
        if self._is_read:
            return await self._receive()
        error = self._find_excess()
        if error is None:
            try:
                message = await self._next()
            except TimeoutError:
                self._is_silent = True
                error = SilentClientError()
            else:
                error = self._find_excess()
        if error is None:
            return message
        if self._may_refuse:
            raise error
        return GONE

    async def _next(self) -> Message:
        """Raises ``TimeoutError`` once it takes too long."""
        until = asyncio.get_running_loop().time() + SILENCE_LIMIT_S
        async with asyncio.timeout_at(until if self._deadline is None else min(until, self._deadline)):
            message = await self._receive()
        self._count += len(message.get("body", b""))
        self._is_read = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _find_excess(self) -> Exception | None:
        if max(self._count, self._told_bytes) > self._limit_bytes:
            return self._make_error(self._limit_bytes)
        return None

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start":
            self._may_refuse = False
            message = message if self._is_read else _end_connection(message)
        await self._send(message)

    async def end(self) -> None:
        """Reads to the end, if it comes in time. Nothing is expected of a client that fell silent.

        Then it lets go of the connection. Errors and their frames refer to each other and to this body, and the
        server would not disconnect before the garbage collector has found them.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_S):
                while not (self._is_read or self._is_silent):
                    await self._next()
        self._is_read, self._receive, self._send = True, _receive_nothing, _send_nothing


def ending_connection(send: Send) -> Send:
    """Sends an answer after which the server disconnects.

    A client without a secret gets one answer for each connection. If it sent many requests at once and read no
    answer, it would keep the connection for as long as it likes.
    """

    async def send_and_end(message: Message) -> None:
        await send(_end_connection(message) if message["type"] == "http.response.start" else message)

    return send_and_end


def _end_connection(message: Message) -> Message:
    if any(name == b"connection" for name, _ in message["headers"]):
        return message
    return {**message, "headers": [*message["headers"], (b"connection", b"close")]}


async def _receive_nothing() -> Message:
    return GONE


async def _send_nothing(_message: Message) -> None:
    """The answer is over."""


def _parse_length(told: bytes) -> int:
    """What the client says; 0 for nothing that is a number."""
    return int(told[:20]) if told.isdigit() else 0
