"""A network between a program and its database that can be cut: then no byte passes, and no connection ends.

A program sees that if a cable is pulled, if a firewall forgets a connection, or if the server's machine is suspended.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 65536


class Network:
    """A port that passes bytes on to a server's socket."""

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._passes = threading.Event()
        self._passes.set()
        self._is_over = threading.Event()
        self._sockets: list[socket.socket] = [self._listening]
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def cut(self) -> None:
        """From now on, nothing passes."""
        self._passes.clear()

    def heal(self) -> None:
        """What waits passes, too."""
        self._passes.set()

    def close(self) -> None:
        """Ends everything."""
        self._is_over.set()
        self._passes.set()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)

    def _begin(self, call: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._sockets += [client, server]
            self._begin(self._pass_on, client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        self._passes.wait()
        try:
            server.connect(self._server)
            with selectors.DefaultSelector() as ready:
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while not self._is_over.is_set():
                    for key, _ in ready.select():
                        self._passes.wait()
                        piece = key.fileobj.recv(PIECE)  # type: ignore[union-attr]
                        if not piece:
                            return
                        key.data.sendall(piece)
        except OSError:
            return
        finally:
            client.close()
            server.close()


@contextmanager
def passing_on(server: Path) -> Iterator[Network]:
    """A network in front of the server's socket, while the block runs."""
    network = Network(server)
    try:
        yield network
    finally:
        network.close()
