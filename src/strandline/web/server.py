"""The server: listens, serves the application in this process, and stops cleanly on request.

Granian lets several processes share one port, and then a request would go to one home or the other. So it gets a
socket that no other can share.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder, SocketSpec  # type: ignore[attr-defined]
from granian.server.embed import Server
from starlette.types import Receive, Scope, Send

from strandline.errors import AddressInUseError
from strandline.model.values import dataclass

HEADER_LIMIT_MS = 10_000
"""A client that has not sent its headers by then is disconnected."""

STOP_LIMIT_S = 1
"""For running answers when the server stops."""

START_LIMIT_S = 10.0

ELSEWHERE = ("192.0.2.1", 9)
"""An address that is on no machine (RFC 5737). The way there begins where the way to other devices does."""

SWITCH_INTERVAL_S = 0.0005
"""How long a computing thread may delay the others. A request changes threads several times, and with Python's
default of 5 ms would wait that long each time during a scan.
"""

BACKLOG = 128
"""Granian's own default."""

MAX_CONNECTIONS = 1024
"""More wait in the system's queue. A browser opens six; a page that waits for images opens some more."""


OPEN_FILES = 4 * MAX_CONNECTIONS
"""The system lets a program open 1024 files unless it asks for more: as many as there may be connections alone."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    """A number, not a name."""
    port: int

    @property
    def url(self) -> str:
        """The URL for a browser on this machine. If the server listens on all addresses, one of them."""
        if ipaddress.ip_address(self.host).is_unspecified:
            return f"http://127.0.0.1:{self.port}/"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    @property
    def network_url(self) -> str:
        """The URL for another device. The same, unless the server listens on all addresses."""
        host = find_network_host() if ipaddress.ip_address(self.host).is_unspecified else None
        return f"http://{host}:{self.port}/" if host else self.url

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback


def find_network_host() -> str | None:
    """The address by which other devices reach this machine; None if it is in no network. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def find_address(host: str, port: int) -> Address:
    """The address to listen on. Port 0 chooses a free one.

    Raises:
        AddressInUseError: It is not available.
    """
    with _listen(host, port) as probe:
        found = probe.getsockname()
    return Address(str(found[0]), int(found[1]))


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, alone. The caller closes it.

    Raises:
        AddressInUseError: The address is not available.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(BACKLOG)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        raise AddressInUseError(
            f"cannot listen at {host}:{port} ({error}); choose another with --host and --port",
            host=host,
            port=port,
        ) from error
    return listening


class Served(Protocol):
    """What is served. The caller closes it after that."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

    async def follow_secrets(self) -> None:
        """Takes over replaced secrets, until it is cancelled."""

    def end_streams(self) -> None:
        """Ends every request that waits or listens."""


def serve(app: Served, address: Address, stop: threading.Event, on_ready: Callable[[], object]) -> None:
    """Serves until the event is set, then ends waiting requests and returns. Call it on the main thread.

    Raises:
        AddressInUseError: Another program listens there since the address was found.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    ensure_open_files()
    asyncio.run(serve_until(app, address, stop, on_ready))


def ensure_open_files() -> None:
    """Asks the system to let this process have as many files open as it may need. Windows has no such limit."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # the limit stays as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def serve_until(
    app: Served, address: Address, stop: threading.Event, on_ready: Callable[[], object]
) -> None:
    """Serves until the event is set. It notices that within a twentieth of a second.

    Raises:
        AddressInUseError: Another program listens there since the address was found.
    """
    underway = _Underway(app)
    server = _Server(
        _listen(address.host, address.port),
        underway,
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_LIMIT_MS),
        websockets=False,
        backpressure=MAX_CONNECTIONS,
        log_enabled=False,
    )
    server.workers_kill_timeout = STOP_LIMIT_S
    serving = asyncio.create_task(server.serve())
    following = asyncio.create_task(app.follow_secrets())
    try:
        await _until_it_listens(address, serving)
        if not stop.is_set():
            on_ready()
        while not stop.is_set() and not serving.done():
            await asyncio.sleep(0.05)
    finally:
        following.cancel()
        app.end_streams()
        server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            await asyncio.wait_for(serving, 2 * STOP_LIMIT_S)
            await asyncio.wait_for(underway.end(), STOP_LIMIT_S)


class _Server(Server):
    """Granian's server with a socket that listens already, and is the server's from then on."""

    def __init__(self, listening: socket.socket, target: _Underway, **options: Any) -> None:
        super().__init__(target, **options)
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._ssp = SocketSpec(self.bind_addr, self.bind_port, BACKLOG)  # type: ignore[assignment]
        self._shd = SocketHolder(self._listening.detach(), False, BACKLOG)  # type: ignore[assignment,call-arg]


class _Underway:
    """Counts the requests that are being answered. The server forgets one if its client goes, but its answer is still
    worked out: without the event loop, it would end with an error that nobody expects.
    """

    def __init__(self, app: Served) -> None:
        self.app = app
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.count -= 1

    async def end(self) -> None:
        """Returns when none is left."""
        while self.count:
            await asyncio.sleep(0.01)


async def _until_it_listens(address: Address, serving: asyncio.Task[None]) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while not serving.done():
            try:
                _, writer = await asyncio.open_connection(address.host, address.port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
