"""Closed parts: what a page offers, and its reader may not do, is hidden from the one who may not.

Pages are made for those who may do everything. Forms say where they lead, and so do links. So what is closed is found
by the same table that would refuse it (``access``), on every page and on every page to come. An element that is
neither says what it needs: ``data-needs="POST /api/v1/images"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from starlette.types import Message, Send

MayUse = Callable[[str, str], bool]
"""Whether the reader may use a method at a path of the server."""

_TAG = re.compile(r"<(?:form|a|[a-z]+(?:-[a-z]+)*)\b[^<>]*>")
_ATTRIBUTE = re.compile(r"""\s(method|action|href|data-needs)="([^"]*)\"""")


def hide_closed(page: str, base: str, may_use: MayUse) -> str:
    """The page with ``hidden`` at each form, link, and marked element that leads where its reader may not go."""

    def mark(found: re.Match[str]) -> str:
        tag = found[0]
        asked = find_request(tag, base)
        if asked is None or may_use(*asked):
            return tag
        end = "/>" if tag.endswith("/>") else ">"
        return f"{tag[: -len(end)]} hidden{end}"

    return _TAG.sub(mark, page)


def find_request(tag: str, base: str) -> tuple[str, str] | None:
    """Method and path of what an element leads to, if it is one of this server's."""
    said = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
    if "data-needs" in said:
        method, _, path = said["data-needs"].partition(" ")
        return method, path
    if tag.startswith("<form") and "action" in said:
        method, address = said.get("method", "get").upper(), said["action"]
    elif tag.startswith("<a") and "href" in said:
        method, address = "GET", said["href"]
    else:
        return None
    path = re.split("[?#]", address, maxsplit=1)[0]
    if not path.startswith(f"{base}/") or path.startswith("//"):
        return None
    return method, path.removeprefix(base)


class ClosedParts:
    """Sends the answers to one who may not do everything. Those that are no pages pass as they are."""

    def __init__(self, send: Send, base: str, may_use: MayUse) -> None:
        self._send, self._base, self._may_use = send, base, may_use
        self._start: Message | None = None
        self._page = bytearray()

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._page += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        page = hide_closed(self._page.decode(), self._base, self._may_use).encode()
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await self._send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
        await self._send({"type": "http.response.body", "body": page})


def _is_page(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"]
    )
