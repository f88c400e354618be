"""Bodies: what a client is still sending while it is answered."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

REST_S = 5.0
"""So long the server reads what a client sends after its answer."""


def has_body(scope: Scope) -> bool:
    """Whether the client says that it sends one."""
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


class Body:
    """The body of a request that may be answered before it was read.

    Such an answer has ``Connection: close``, because the server then disconnects; otherwise the client would send its
    next request into a closed connection. What the client is still sending is read and dropped. If the server
    disconnected at once, a proxy would not get the answer, and would say 502 instead.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._is_read = False

    async def receive(self) -> Message:
        """The next piece."""
        message = await self._receive()
        self._is_read = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start" and not self._is_read:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)

    async def drop_rest(self) -> None:
        """Reads to the end, if it comes in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_S):
                while not self._is_read:
                    await self.receive()
