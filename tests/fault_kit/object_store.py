"""An object store that misbehaves: a proxy in front of a real one, whose answers a test chooses.

The rule gets each request. It returns None to pass it on, a status to answer with instead, ``"hang"`` to never
answer, ``"lost"`` to carry it out and then fail, ``"blind"`` to ignore its conditions, or a function that changes the
body of the real answer: to cut a listing short, or to answer with an old one.
"""

from __future__ import annotations

import http.client
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from builders.s3_server import OtherProgram


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    key: str
    """Empty for a listing."""
    query: dict[str, list[str]]

    @property
    def is_list(self) -> bool:
        """Whether a listing was asked for."""
        return self.method == "GET" and "list-type" in self.query


Change: TypeAlias = Callable[[bytes], bytes]
Fault: TypeAlias = "int | Literal['hang', 'lost', 'blind'] | Change | None"
Rule: TypeAlias = "Callable[[Asked], Fault]"


@dataclass(slots=True)
class FaultyStore:
    """A running proxy."""

    endpoint: str
    rule: Rule = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    """All requests so far."""
    released: threading.Event = field(default_factory=threading.Event)
    """Ends the hanging ones."""


@contextmanager
def run_faulty_store(endpoint: str) -> Iterator[FaultyStore]:
    """Starts a proxy in front of the real store."""
    store = FaultyStore("")
    server = _Server(("127.0.0.1", 0), partial(_Handler, store, urlsplit(endpoint).netloc))
    server.daemon_threads = True
    store.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed does not take its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for its second packet

    def __init__(self, store: FaultyStore, upstream: str, *args: Any) -> None:
        self._store = store
        self._upstream = upstream
        super().__init__(*args)

    def _answer(self) -> None:
        url = urlsplit(self.path)
        _, _, key = unquote(url.path).lstrip("/").partition("/")
        asked = Asked(self.command, key, parse_qs(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._store.asked.append(asked)
        fault = self._store.rule(asked)
        if fault == "hang":
            self._store.released.wait(60)
            self.close_connection = True
        elif isinstance(fault, int):
            self._reply(fault, {}, f"<Error><Code>Fault{fault}</Code></Error>".encode())
        else:
            status, told, data = self._ask_blindly(asked, body) if fault == "blind" else self._ask(body)
            if fault == "lost":
                self._reply(500, {}, b"<Error><Code>InternalError</Code></Error>")
            else:
                self._reply(status, told, fault(data) if callable(fault) else data)

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._upstream, timeout=20)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            real = connection.getresponse()
            return real.status, dict(real.getheaders()), real.read()
        finally:
            connection.close()

    def _ask_blindly(self, asked: Asked, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Without the conditions, and so with a signature of its own."""
        bucket = unquote(urlsplit(self.path).path).split("/")[1]
        real = OtherProgram(f"http://{self._upstream}", bucket).ask(asked.method, asked.key, body=body)
        return real.status, {"ETag": real.headers["etag"]}, real.body

    def _reply(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _answer

    def log_message(self, *_: object) -> None:
        """Nothing."""


def leave_out(*names: str) -> Change:
    """A change of a listing: without the objects with these names, as from a stale index."""

    def change(data: bytes) -> bytes:
        for name in names:
            entry = rb"<Contents>(?:(?!</Contents>).)*?" + re.escape(name.encode()) + rb"</Key>.*?</Contents>"
            data = re.sub(entry, b"", data, flags=re.DOTALL)
        return data

    return change


def cut_after(count: int) -> Change:
    """A change of a listing: it ends after so many objects, and claims to be complete."""

    def change(data: bytes) -> bytes:
        entries = list(re.finditer(rb"<Contents>.*?</Contents>", data, re.DOTALL))
        for entry in reversed(entries[count:]):
            data = data[: entry.start()] + data[entry.end() :]
        return data.replace(b"<IsTruncated>true", b"<IsTruncated>false")

    return change
