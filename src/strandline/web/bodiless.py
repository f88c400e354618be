"""Bodiless answers: the route of GET also answers HEAD, and only what comes before the body is sent (RFC 9110).

So no route needs a second one, and what a HEAD says is what a GET would say.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer_head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as the application answers GET, without the body. What is sent in pieces ends after the first one: a
    stream of events would have no end.
    """
    is_sent = is_cut = False

    async def send_head(message: Message) -> None:
        nonlocal is_sent, is_cut
        if message["type"] == "http.response.start":
            await send(message)
        elif not is_sent:
            is_sent = True
            await send({"type": "http.response.body", "body": b""})
            if message.get("more_body", False):
                is_cut = True
                answering.cancel()

    answering = asyncio.ensure_future(_answer(app, {**scope, "method": "GET"}, receive, send_head))
    try:
        await answering
    except asyncio.CancelledError:
        if not is_cut:
            raise


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
