"""Guards: which requests are answered at all (SPEC §11). Pure: they read a request's head and refuse it or not.

Every page in your browser can send requests to a server on your machine. So the ``Host`` must be ours (a name that an
attacker points at us is not), writes must come from our own pages, and other sites' pages may not even probe which
images exist. A request with the token may do everything: it comes from a program that could read the home. An address
as ``Host`` is always fine if others may reach us: only names can be pointed anywhere.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from starlette.responses import Response

from strandline.model.values import dataclass
from strandline.runtime.assembly import LocalStore
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, TOKEN_FILE, ensure_secret
from strandline.web.problems import answer_refusal

COOKIE = "strandline-token"

READS = frozenset({"GET", "HEAD"})
PREFLIGHT = "OPTIONS"

OUR_OWN = frozenset({"same-origin", "same-site", "none"})
"""Values of ``Sec-Fetch-Site`` that do not come from another site's page."""

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

LOOKED_AT = frozenset(
    {b"host", b"origin", b"referer", b"sec-fetch-site", b"sec-fetch-mode", b"authorization", b"cookie"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request's head that a guard checks."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]

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


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server."""

    token: str
    image_key: str
    allow_hosts: frozenset[str] = frozenset()
    allow_origins: frozenset[str] = frozenset()
    is_loopback: bool = True
    """Only this machine can reach the server. Otherwise every request needs the token."""

    def find_refusal(self, request: Request) -> Response | None:
        """The answer to a refused request, or None to let it through."""
        if not self._is_our_host(request.get(b"host")):
            return answer_refusal("host-not-allowed")
        may_show = request.path.startswith("/i/") and self._has_image_key(request)
        if request.method == PREFLIGHT:
            return self._answer_preflight(request)
        if request.method in READS:
            if not (may_show or self._is_no_other_sites(request) or self._has_token(request)):
                return answer_refusal("origin-not-allowed")
        elif not (self._is_of_our_page(request) or self._has_token(request)):
            return answer_refusal("origin-not-allowed", WRITES_NEED)
        if not (self.is_loopback or may_show or self._has_token(request) or self._has_cookie(request)):
            return self._ask_for_token(request)
        return None

    def find_allowed_origin(self, request: Request) -> str | None:
        """The origin of another site whose pages a person has allowed, for CORS."""
        origin = request.get(b"origin")
        return origin if origin in self.allow_origins else None

    def _is_our_host(self, host: str) -> bool:
        name = _strip_port(host.lower())
        if name in OUR_NAMES or name in self.allow_hosts or host.lower() in self.allow_hosts:
            return True
        try:
            is_bracketed = name.startswith("[") and name.endswith("]")
            address = ipaddress.IPv6Address(name[1:-1]) if is_bracketed else ipaddress.IPv4Address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.is_loopback

    def _is_no_other_sites(self, request: Request) -> bool:
        site = request.get(b"sec-fetch-site")
        if not site or site in OUR_OWN:
            return True
        is_page = not request.path.startswith(("/i/", "/api/"))
        if is_page and request.get(b"sec-fetch-mode") == "navigate":
            return True  # the user followed a link to one of our pages, which cannot be framed
        origin = request.get(b"origin") or _origin_of(request.get(b"referer"))
        return origin in self.allow_origins

    def _is_of_our_page(self, request: Request) -> bool:
        origin = request.get(b"origin")
        if origin in self.allow_origins:
            return True
        scheme, _, host = origin.partition("://")
        return scheme in ("http", "https") and host.lower() == request.get(b"host").lower() != ""

    def _answer_preflight(self, request: Request) -> Response:
        if request.get(b"origin") not in self.allow_origins:
            return answer_refusal("origin-not-allowed")
        return Response(
            status_code=204,
            headers={
                "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
                "access-control-allow-headers": "authorization, content-type, range, if-none-match, last-event-id",
                "access-control-max-age": "600",
            },
        )

    def _has_image_key(self, request: Request) -> bool:
        return request.method in READS and _is_equal(request.find_in_query("key"), self.image_key)

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.get(b"authorization").partition(" ")
        return scheme.lower() == "bearer" and _is_equal(given.strip(), self.token)

    def _has_cookie(self, request: Request) -> bool:
        pairs = (pair.strip().partition("=") for pair in request.get(b"cookie").split(";"))
        return any(name == COOKIE and _is_equal(value, self.token) for name, _, value in pairs)

    def _ask_for_token(self, request: Request) -> Response:
        """401, unless the request is for the link that ``serve`` printed: then sets the cookie, and redirects to
        the link without the token.
        """
        if request.method in READS and _is_equal(request.find_in_query("token"), self.token):
            cookie = f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"
            place = "/" + quote(request.path.lstrip("/\\"))
            return Response(
                status_code=303,
                headers={"location": place, "set-cookie": cookie, "cache-control": "no-store"},
            )
        return answer_refusal("token-required", headers={"www-authenticate": "Bearer"})


WRITES_NEED = (
    "writes need an Origin of this server's own pages, or 'Authorization: Bearer' with the token of this "
    "installation, which is in its home"
)


def make_guard(store: LocalStore, *, is_loopback: bool = True) -> Guard:
    """The rules from the home's settings and secrets.

    Raises:
        ConfigError, DiskError: A secret cannot be read or created.
    """
    web, home = store.settings.web, Path(store.home)
    return Guard(
        token=ensure_secret(home / TOKEN_FILE),
        image_key=ensure_secret(home / IMAGE_KEY_FILE),
        allow_hosts=frozenset(web.allow_hosts.lower().split()),
        allow_origins=frozenset(web.allow_origins.split()),
        is_loopback=is_loopback,
    )


def _strip_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def _is_equal(given: str | None, secret: str) -> bool:
    """Compares in constant time."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
