"""Beside: this machine's own folders on the server of a shared catalog, below ``/local``, for their owner.

Two applications, each with a store, guard, and events of its own. This one only says which of them answers. An image
has the same address whichever catalog knows it: at the root the shared one is asked first, and then the own one, if
its guard lets the request in. To everybody else, no answer tells what it has. Nor may an administrator of the
organization read folders of this machine in other ways, such as importing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.types import Message, Receive, Scope, Send

from strandline.errors import CatalogAwayError, ConfigError
from strandline.runtime.assembly import LocalStore
from strandline.web.access import NOT_OWNER_KEY
from strandline.web.app import SECRETS_S, Application, create_app
from strandline.web.bodies import ending_connection
from strandline.web.guards import READS, READYZ, is_public
from strandline.web.heads import Request as Head
from strandline.web.heads import read_head
from strandline.web.pages.rendering import render
from strandline.web.pages.sign_in_pages import SIGN_OUT, say_readiness
from strandline.web.problems import answer_error
from strandline.web.site import LOCAL, SWITCH, Switch, enter, get_public_address, path_of

OF_AN_IMAGE = re.compile(r"/(?:i|image|api/v1/images)/[0-9A-Fa-f-]{32,36}(?:/files|/data-url)?")
"""Where an image is that one of the catalogs may have."""

NOT_HERE = frozenset({204, 404})
"""The image is unknown. 204 is the same for a quiet request."""

AWAY = frozenset({503})
"""It may be there, and cannot be reached now."""

NOT_YET = (
    "the server of the shared catalog did not answer when this server started; it is asked again every few seconds, "
    "and meanwhile this machine's own folders are there"
)

Answer = Callable[[Receive, Send], Awaitable[None]]


class Beside:
    """The application of both stores. Close it before them."""

    def __init__(self, team: Application | None, own: Application) -> None:
        """Without ``team``, its catalog does not answer yet, and the root says so until it joins."""
        self.own = own
        self.team: Application | None = None
        self._base = own.backend.base.removesuffix(LOCAL)
        self._is_late = team is None
        if team is not None:
            self.join(team)

    def join(self, team: Application) -> None:
        """From now on, the root is this application. On any thread. Who calls this later also closes it, first."""
        team.door.doors = self.own.door.doors = (team.door, self.own.door)
        self.team = team

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
            elif self.team is None:
                await self._answer_alone(scope, head, receive, send)
            elif scope["method"] in READS and OF_AN_IMAGE.fullmatch(path):
                await self._answer_image(self.team, scope, receive, send)
            else:
                scope[NOT_OWNER_KEY] = not is_owner
                await self.team(scope, receive, send)
        finally:
            SWITCH.reset(token)

    async def _ask_own(self, scope: Scope, receive: Receive, send: Send) -> None:
        SWITCH.set(Switch(self._base, self._base + LOCAL, is_local=True))
        await self.own(_below(scope, self._base), receive, send)

    async def _answer_alone(self, scope: Scope, head: Head, receive: Receive, send: Send) -> None:
        """While there is no other application: signing in and images from this machine, and otherwise why."""
        path = head.path
        if path == READYZ:
            await say_readiness(is_ready=False)(scope, receive, ending_connection(send))
            return
        is_refused = self.own.door.guard.find_refusal(head) is not None
        if is_refused or is_public(head) or path == SIGN_OUT or path.startswith("/static/"):
            await self._ask_own(scope, receive, send)
            return
        if scope["method"] in READS and OF_AN_IMAGE.fullmatch(path):
            held = _Held(send, NOT_HERE | AWAY)
            await self._ask_own(scope, receive, held.send)
            if not held.messages:
                return
        error = CatalogAwayError(NOT_YET)
        answer = answer_error(error)
        if head.wants_page:
            SWITCH.set(Switch(self._base, self._base + LOCAL, is_local=False))
            answer = render(self._base, "away.html", status=answer.status_code, place=None)
        await answer(scope, receive, send)

    async def _answer_image(self, team: Application, scope: Scope, receive: Receive, send: Send) -> None:
        async def ask_team(receive: Receive, send: Send) -> None:
            await team(dict(scope), receive, send)

        ask_own = partial(self._ask_own, scope)
        own_guard, team_guard = self.own.door.guard, team.door.guard
        head = read_head(scope, team_guard.proxies)
        if own_guard.find_refusal(read_head(scope, own_guard.proxies)) is not None:
            await ask_team(receive, send)
        elif team_guard.find_refusal(head) is not None:
            await ask_own(receive, send)
        elif head.find_in_query("wait") is not None:
            await _ask_at_once((ask_team, ask_own), receive, send)
        else:
            await _ask_both(ask_team, ask_own, receive, send)

    async def follow_secrets(self) -> None:
        """Of both, until it is cancelled."""
        await asyncio.gather(self._follow_those_of_team(), self.own.follow_secrets())

    async def _follow_those_of_team(self) -> None:
        while self.team is None:
            await asyncio.sleep(SECRETS_S)
        await self.team.follow_secrets()

    def end_streams(self) -> None:
        """Ends every request that waits or listens."""
        for each in (self.team, self.own):
            if each is not None:
                each.end_streams()

    def close(self) -> None:
        """Ends waiting requests, listeners, and scans."""
        self.own.close()
        if self.team is not None and not self._is_late:
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
    store: LocalStore | None, own: LocalStore | None, *, port: int, is_loopback: bool = True
) -> Application | Beside:
    """The application of a store, and of this machine's own one beside it, if any. See :func:`create_app`.

    One of the two can be missing: the store if its catalog does not answer yet.

    Raises:
        ConfigError: The settings contradict each other, or the base path could be the other one's.
        ConfigError, DiskError: The home's secrets cannot be read or created.
    """
    if own is None:
        assert store is not None, "a server needs a store"
        return create_app(store, port=port, is_loopback=is_loopback)
    if f"{get_public_address(own.settings.web).base}/".startswith(f"{LOCAL}/"):
        raise ConfigError(
            f"this machine's own folders are at {LOCAL}/; choose a web.base_path that begins with another name",
            place="web.base_path",
            key="web.base_path",
        )
    team = None if store is None else create_app(store, port=port, is_loopback=is_loopback)
    return Beside(team, create_app(own, port=port, is_loopback=is_loopback, below=LOCAL))
