"""Beside: this machine's own folders on the server of a shared catalog, below ``/local``, for their owner.

Two applications, each with a store, guard, and events of its own. This one only says which of them answers. An image
has the same address whichever catalog knows it: at the root the shared one is asked first, and then the own one, if
its guard lets the request in. To everybody else, nothing shows that there is another one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import Message, Receive, Scope, Send

from strandline.errors import ConfigError
from strandline.runtime.assembly import LocalStore
from strandline.web.app import Application, create_app
from strandline.web.guards import READS
from strandline.web.heads import read_head
from strandline.web.site import LOCAL, SWITCH, Switch, enter, path_of

OF_AN_IMAGE = re.compile(r"/(?:i|image|api/v1/images)/[0-9A-Fa-f-]{32,36}(?:/files|/data-url)?")
"""Where an image is that one of the catalogs may have."""

NOT_HERE = frozenset({204, 404})
"""The image is unknown. 204 is the same for a quiet request."""

AWAY = frozenset({503})
"""It may be there, and cannot be reached now."""

Answer = Callable[[Receive, Send], Awaitable[None]]


class Beside:
    """The application of both stores. Close it before them."""

    def __init__(self, team: Application, own: Application) -> None:
        self.team, self.own = team, own
        team.door.doors = own.door.doors = (team.door, own.door)
        self._base = team.backend.base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope = enter(scope, self._base)
        path = path_of(scope)
        is_local = path == LOCAL or path.startswith(f"{LOCAL}/")
        head = read_head(scope, self.own.door.guard.proxies)
        is_owner = self.own.door.guard.is_let_in(head)
        switch = Switch(self._base, self._base + LOCAL, is_local) if is_local or is_owner else None
        token = SWITCH.set(switch)
        try:
            if is_local:
                await self.own(scope, receive, send)
            elif scope["method"] in READS and OF_AN_IMAGE.fullmatch(path):
                await self._answer_image(scope, receive, send)
            else:
                await self.team(scope, receive, send)
        finally:
            SWITCH.reset(token)

    async def _answer_image(self, scope: Scope, receive: Receive, send: Send) -> None:
        own, team = self.own.door.guard, self.team.door.guard

        async def ask_team(receive: Receive, send: Send) -> None:
            await self.team(dict(scope), receive, send)

        async def ask_own(receive: Receive, send: Send) -> None:
            SWITCH.set(Switch(self._base, self._base + LOCAL, is_local=True))
            await self.own(_below(scope, self._base), receive, send)

        head = read_head(scope, team.proxies)
        if own.find_refusal(read_head(scope, own.proxies)) is not None:
            await ask_team(receive, send)
        elif team.find_refusal(head) is not None:
            await ask_own(receive, send)
        elif head.find_in_query("wait") is not None:
            await _ask_at_once((ask_team, ask_own), receive, send)
        else:
            await _ask_both(ask_team, ask_own, receive, send)

    async def follow_secrets(self) -> None:
        """Of both, until it is cancelled."""
        await asyncio.gather(self.team.follow_secrets(), self.own.follow_secrets())

    def end_streams(self) -> None:
        """Ends every request that waits or listens."""
        self.team.end_streams()
        self.own.end_streams()

    def close(self) -> None:
        """Ends waiting requests, listeners, and scans."""
        self.own.close()
        self.team.close()


async def _ask_both(first: Answer, second: Answer, receive: Receive, send: Send) -> None:
    """The second one's answer if the first one has no image and the second one has."""
    held = _Held(send, NOT_HERE | AWAY)
    await first(receive, held.send)
    if not held.messages:
        return
    other = _Held(send, NOT_HERE)
    await second(receive, other.send)
    if other.messages:
        for message in held.messages:
            await send(message)


async def _ask_at_once(answers: Sequence[Answer], receive: Receive, send: Send) -> None:
    """The answer of the one to which the image comes first, within the time that the client waits; otherwise that of
    the first one. The other one learns that its client has gone.
    """
    is_over = asyncio.Event()
    winner: list[_Held] = []

    async def until_over() -> Message:
        await is_over.wait()
        return {"type": "http.disconnect"}

    async def ask(answer: Answer) -> _Held:
        async def send_if_first(message: Message) -> None:
            if not winner:
                winner.append(held)
                is_over.set()
            if winner[0] is held:
                await send(message)

        held = _Held(send_if_first, NOT_HERE | AWAY)
        await answer(until_over, held.send)
        return held

    async def follow_client() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        is_over.set()

    following = asyncio.ensure_future(follow_client())
    try:
        first, *_ = await asyncio.gather(*map(ask, answers))
    finally:
        following.cancel()
    if not winner:
        for message in first.messages:
            await send(message)


class _Held:
    """Sends an answer on, except for one with certain statuses: that one is kept."""

    def __init__(self, send: Send, statuses: frozenset[int]) -> None:
        self._send, self._statuses = send, statuses
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if self.messages or message.get("status") in self._statuses:
            self.messages.append(message)
        else:
            await self._send(message)


def _below(scope: Scope, base: str) -> Scope:
    """The scope of the same request to this machine's own folders."""
    raw: bytes = scope.get("raw_path") or b""
    at = len(base)
    return {
        **scope,
        "path": base + LOCAL + scope["path"][at:],
        "raw_path": raw[: len(base.encode())] + LOCAL.encode() + raw[len(base.encode()) :],
    }


def create_site(
    store: LocalStore, own: LocalStore | None, *, port: int, is_loopback: bool = True
) -> Application | Beside:
    """The application of a store, and of this machine's own one beside it, if any. See :func:`create_app`.

    Raises:
        ConfigError: The settings contradict each other, or the base path could be the other one's.
        ConfigError, DiskError: The home's secrets cannot be read or created.
    """
    team = create_app(store, port=port, is_loopback=is_loopback)
    if own is None:
        return team
    if f"{team.backend.base}/".startswith(f"{LOCAL}/"):
        team.close()
        raise ConfigError(
            f"this machine's own folders are at {LOCAL}/; choose a web.base_path that begins with another name",
            place="web.base_path",
            key="web.base_path",
        )
    return Beside(team, create_app(own, port=port, is_loopback=is_loopback, below=LOCAL))
