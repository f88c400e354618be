"""The server itself: how it starts, and how it stops."""

from __future__ import annotations

import asyncio
import threading

from starlette.types import Receive, Scope, Send

from builders.other_thread import run_in_thread
from strandline.errors import AddressInUseError
from strandline.web.server import find_address, serve_until

LIMIT_S = 20.0


class Slow:
    """Needs a moment for each answer."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.is_done = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        self.begun.set()
        await asyncio.sleep(0.3)
        self.is_done = True

    async def follow_secrets(self) -> None:
        """There are none."""

    def end_streams(self) -> None:
        """There are none."""


def test_two_that_start_at_once_do_not_share_a_port() -> None:
    """Both found it free. One serves, and the other says that it is in use, before it calls itself ready."""
    ready, errors = run_in_thread(lambda: asyncio.run(start_two()))
    assert (ready, errors) == (1, [AddressInUseError])


async def start_two() -> tuple[int, list[type[BaseException]]]:
    """How many were ready, and how the others ended."""
    address, stop, ready = find_address("127.0.0.1", 0), threading.Event(), asyncio.Queue[None]()
    async with asyncio.timeout(LIMIT_S):
        serving = [
            asyncio.create_task(serve_until(Slow(), address, stop, lambda: ready.put_nowait(None)))
            for _ in range(2)
        ]
        await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED, timeout=1)
        await ready.get()
        stop.set()
        ended = await asyncio.gather(*serving, return_exceptions=True)
    find_address(address.host, address.port)
    return 1 + ready.qsize(), [type(error) for error in ended if error is not None]


def test_it_stops_after_the_last_answer() -> None:
    """Even if the client of that answer has gone."""
    assert run_in_thread(lambda: asyncio.run(ask_go_and_stop()))


async def ask_go_and_stop() -> bool:
    """Whether the answer was worked out to its end."""
    app, address, stop, ready = Slow(), find_address("127.0.0.1", 0), threading.Event(), asyncio.Event()
    async with asyncio.timeout(LIMIT_S):
        serving = asyncio.create_task(serve_until(app, address, stop, ready.set))
        await ready.wait()
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
        await app.begun.wait()
        writer.close()
        stop.set()
        await serving
    return app.is_done
