"""A store that is really served: over HTTP, by the real server, in a thread of the test's process."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from builders.storage import make_storage_dir
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.sign_in import make_sign_in_link
from strandline.web.app import Application
from strandline.web.beside import Beside, create_site
from strandline.web.door import enter_all
from strandline.web.server import Address, find_address, serve_until

LIMIT_S = 20.0

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. Otherwise httpx reads the web's certificates for each client, which takes longer than most tests."""


@dataclass
class Served:
    """A served store, and a client that makes requests like the page of a browser that is signed in."""

    store: LocalStore
    app: Application
    address: Address
    client: httpx.Client
    site: Application | Beside

    def get_beside(self) -> Served:
        """The same server, to ask for what is beside its store: with that store and application."""
        assert isinstance(self.site, Beside)
        return replace(self, store=self.site.own.backend.store, app=self.site.own)

    @property
    def signed_in(self) -> dict[str, str]:
        """The header of a signed-in browser, for requests that the client would change."""
        return {"cookie": f"{self.app.door.cookie}={self.client.cookies[self.app.door.cookie]}"}

    def make_link(self) -> str:
        """The path that signs a browser in."""
        return make_sign_in_link(self.store.home, "/", self.store.bench.now())

    @contextmanager
    def as_stranger(self) -> Iterator[httpx.Client]:
        """A client like the page of a browser that is not signed in."""
        headers = {"origin": self.address.url.rstrip("/")}
        with httpx.Client(
            base_url=self.address.url, headers=headers, timeout=LIMIT_S, verify=NO_TLS
        ) as client:
            yield client

    def get(self, path: str, /, **query: str | int) -> Any:
        """The JSON of an API route, which must answer 200."""
        response = self.client.get(f"/api/v1{path}", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, document: object | None = None) -> httpx.Response:
        """The answer of an API route to a document."""
        return self.client.post(f"/api/v1{path}", json=document)

    def upload(self, data: bytes, sd: str, name: str | None = None) -> httpx.Response:
        """The server's answer to raw bytes."""
        query = {"sd": sd} | ({} if name is None else {"name": name})
        return self.client.post("/api/v1/images", params=query, content=data)


@contextmanager
def serving(store: LocalStore | None, own: LocalStore | None = None) -> Iterator[Served]:
    """Serves the store while the block runs, without a watcher. ``own`` is that of the folders beside it, which can
    also be there alone.
    """
    address = find_address("127.0.0.1", 0)
    site = create_site(store, own, port=address.port)
    app = (site.team or site.own) if isinstance(site, Beside) else site
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve_until(site, address, stop, ready.set)))
    thread.start()
    try:
        assert ready.wait(LIMIT_S), "the server did not start"
        origin = address.url.rstrip("/")
        cookies = {door.cookie: session for door, session in enter_all(app.door.doors, app.door.guard.token)}
        headers = {"origin": origin}
        with httpx.Client(
            base_url=origin, headers=headers, cookies=cookies, timeout=LIMIT_S, verify=NO_TLS
        ) as client:
            yield Served(app.backend.store, app, address, client, site)
    finally:
        stop.set()
        thread.join(LIMIT_S)
        site.close()
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def serving_storage_dir(folder: Path, *images: bytes) -> Iterator[Served]:
    """Serves a new home with one storage directory, ``Notes``, that contains the images."""
    root = make_storage_dir(folder / "Notes", *images)
    with open_store(folder / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


@contextmanager
def serving_beside(folder: Path, url: str) -> Iterator[Served]:
    """What is beside a shared catalog without storage directories: one of this machine, ``Notes``, with no images."""
    root = make_storage_dir(folder / "Notes")
    with (
        open_store(folder / "home", local=True) as own,
        open_store(folder / "home", overrides={"catalog.url": url}) as team,
    ):
        own.add_storage_dir(root)
        with serving(team, own) as served:
            yield served.get_beside()
