"""Heads: what is read of a request before anybody decides whether it is answered. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from starlette.types import Scope

from strandline.model.values import dataclass
from strandline.web.proxies import Proxies
from strandline.web.site import path_of

HEAD_KEY = "strandline.head"
"""Where a request has its head once it was read."""

LOOKED_AT = frozenset(
    {
        b"host", b"origin", b"referer", b"sec-fetch-site", b"sec-fetch-mode", b"authorization", b"cookie", b"accept",
        b"x-forwarded-proto", b"x-forwarded-for",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request's head that a guard checks."""

    method: str
    path: str
    """One of the server's own, without the base path."""
    query: bytes
    headers: Mapping[bytes, bytes]
    peer: str = ""
    """The address of the client, or of a proxy."""
    is_proxied: bool = False
    """Whether that is a proxy which is believed."""
    users: tuple[bytes, ...] = ()
    """What the header says in which such a proxy names the user."""

    def as_get(self) -> Request:
        """The same request for what a HEAD leaves out."""
        return replace(self, method="GET")

    def get(self, name: bytes) -> str:
        """A header; empty if it is missing."""
        return self.headers.get(name, b"").decode("latin-1")

    def find_in_query(self, name: str) -> str | None:
        """The first value of that name in the query. Empty if the query has very many values, as no page of ours
        does.
        """
        if name.encode() not in self.query:
            return None
        try:
            values = parse_qs(self.query.decode("latin-1"), max_num_fields=100).get(name)
        except ValueError:
            return None
        return values[0] if values else None

    @property
    def wants_page(self) -> bool:
        """Whether a browser navigates, so that a person reads the answer."""
        return "text/html" in self.get(b"accept") and self.get(b"sec-fetch-mode") in ("", "navigate")

    @property
    def is_secure(self) -> bool:
        """Whether it came by TLS, by the word of a proxy on this machine, or one that is believed."""
        return self._is_from_proxy and self.get(b"x-forwarded-proto").lower() == "https"

    @property
    def bearer(self) -> str | None:
        """The token in its header."""
        scheme, _, given = self.get(b"authorization").partition(" ")
        return given.strip() if scheme.lower() == "bearer" else None

    @property
    def client(self) -> str:
        """Whose tries are counted: the peer, or the client that such a proxy names."""
        named = self.get(b"x-forwarded-for").rpartition(",")[2].strip()
        return named[:60] if named and self._is_from_proxy else self.peer

    @property
    def _is_from_proxy(self) -> bool:
        return self.is_proxied or is_loopback_address(self.peer)


def read_head(scope: Scope, proxies: Proxies = Proxies()) -> Request:  # noqa: B008 - it never changes
    """The head of an ASGI request. The application reads it once, with the proxies that are believed."""
    if HEAD_KEY in scope:
        head = scope[HEAD_KEY]
        assert isinstance(head, Request)
        return head
    headers = {name: value for name, value in scope["headers"] if name in LOOKED_AT}
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    users = tuple(value for name, value in scope["headers"] if proxies.header and name == proxies.header)
    return Request(
        scope["method"], path_of(scope), scope["query_string"], headers, peer, proxies.trusts(peer), users
    )


def is_loopback_address(text: str) -> bool:
    """Whether it is an address that only this machine has."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
