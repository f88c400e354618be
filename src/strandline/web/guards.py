"""Guards: which requests are answered at all (SPEC §11). Pure: they read a request's head and refuse it or not.

Every page in your browser can send requests to a server on your machine, and so can every user of the machine, and
everybody whom a proxy on it lets through. So a request needs a secret: a session's cookie, the token, or for
images the image key. On top of that the ``Host`` must be ours (a name that an attacker points at us is not),
writes must come from our own pages, and other sites' pages may not even probe which images exist. A request
with the token may do everything: it comes from a program that could read the home. What others may do is decided
after that (``access``). An address as ``Host`` is
always fine if others may reach us: only names can be pointed anywhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import urlsplit

from strandline.model.access import AccessToken, Caller, caller_of
from strandline.model.public_address import PublicAddress
from strandline.model.remedies import say_command
from strandline.model.values import dataclass
from strandline.runtime.assembly import LocalStore
from strandline.runtime.setting_sections import OPEN_ON_LOOPBACK
from strandline.runtime.shared_sign_ins import SharedSignIns
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, TOKEN_FILE, ensure_secret
from strandline.web.heads import Request
from strandline.web.problems import PROBLEMS, REFUSALS
from strandline.web.proxies import Proxies

READS = frozenset({"GET", "HEAD"})
PREFLIGHT = "OPTIONS"

SIGN_IN = "/sign-in"
HEALTHZ = "/healthz"
READYZ = "/readyz"

OUR_OWN = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` that do not come from another page. ``same-site`` is another port of this machine."""

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""With the same port, they are one origin."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the owner of the server may run if the request should have been let through."""

    case: str
    """When: ``if that is this machine``."""
    command: str
    """In backticks, as messages have it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused."""

    code: str
    detail: str | None = None
    """Says more than the code's own text."""
    remedies: tuple[Remedy, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status_code(self) -> int:
        """The status of the answer."""
        return REFUSALS[self.code][0]

    @property
    def fact(self) -> str:
        """What happened."""
        return self.detail or REFUSALS[self.code][1]

    @property
    def message(self) -> str:
        """What happened and what to do."""
        if not self.remedies:
            return self.fact
        runs = "; ".join(f"{each.case}, run {each.command}" for each in self.remedies)
        return f"{self.fact}; {runs}; then start the server again"


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server."""

    token: str
    image_key: str
    allow_hosts: frozenset[str] = frozenset()
    allow_origins: frozenset[str] = frozenset()
    public: PublicAddress = PublicAddress()
    """Where people find the server."""
    own_names: frozenset[str] = frozenset()
    """What others call this machine, if they can reach the server."""
    is_loopback: bool = True
    """Only this machine can reach the server."""
    is_open: bool = False
    """A person has chosen that no secret is needed (``open-on-loopback``). Counts on loopback only."""
    cookie: str = "strandline"
    """The name of the session's cookie."""
    is_session: Callable[[str], bool] = lambda _: False
    """Whether the value of a cookie is a valid session."""
    find_token: Callable[[str], AccessToken | None] = lambda _: None
    """The access token with this text, if it is valid now."""
    find_holder: Callable[[str], AccessToken | None] = lambda _: None
    """The one that a valid session began with."""
    proxies: Proxies = Proxies()
    """Those that are believed."""
    image_key_file: str = IMAGE_KEY_FILE
    """Where the image key is in the home."""
    session_key: str = ""
    """What sessions are signed with: on a shared catalog its own, otherwise the token."""

    def find_refusal(self, request: Request) -> Refusal | None:
        """Why the request is refused, or None to let it through."""
        if not self._is_our_host(request.get(b"host")):
            return self._refuse_host(request.get(b"host"))
        may_show = request.path.startswith("/i/") and self._has_image_key(request)
        if request.method == PREFLIGHT:
            is_allowed = request.get(b"origin") in self.allow_origins
            return None if is_allowed else Refusal("origin-not-allowed")
        if request.method in READS:
            if not (may_show or self._is_no_other_sites(request) or self.has_token(request)):
                return Refusal("origin-not-allowed")
        elif not (self._is_of_our_page(request) or self.has_token(request)):
            return self._refuse_write(request.get(b"origin"))
        if may_show or is_public(request) or self.is_let_in(request):
            return Refusal("no-such-page") if _CONTROL.search(request.path) else None
        return Refusal(
            "token-required",
            f"that is not the image key of this installation, which is the line in '{self.image_key_file}' in "
            "its home"
            if request.path.startswith("/i/") and request.find_in_query("key") is not None
            else None,
            headers={"www-authenticate": "Bearer"},
        )

    def is_let_in(self, request: Request) -> bool:
        """Whether it has the token or a session, or needs none."""
        return (
            (self.is_open and self.is_loopback)
            or self.has_token(request)
            or self.proxies.find_user(request.peer, request.users) is not None
            or self.find_session(request) is not None
        )

    def find_session(self, request: Request) -> str | None:
        """The value of its cookie, if that is a valid session."""
        pairs = (pair.strip().partition("=") for pair in request.get(b"cookie").split(";"))
        given = (value for name, _, value in pairs if name == self.cookie)
        return next((value for value in given if self.is_session(value)), None)

    def has_token(self, request: Request) -> bool:
        """Whether it is from a program that knows the token, or an access token."""
        given = request.bearer
        return given is not None and (self.is_token(given) or self.find_token(given) is not None)

    def find_caller(self, request: Request) -> Caller | None:
        """Who asks. None for one who has only the image key, or sees only what is public.

        What a program says in a header counts before what a proxy says, and that before the session of a browser.
        """
        given = request.bearer
        if given is not None:
            if self.is_token(given):
                return Caller("the home's token")
            token = self.find_token(given)
            if token is not None:
                return caller_of(token)
        if request.path.startswith("/i/") and self._has_image_key(request):
            return None
        user = self.proxies.find_user(request.peer, request.users)
        if user is not None:
            return user
        session = self.find_session(request)
        if session is not None:
            token = self.find_holder(session)
            return Caller("the home's session") if token is None else caller_of(token)
        return Caller("this machine") if self.is_open and self.is_loopback else None

    def is_token(self, given: str) -> bool:
        """Compares in constant time."""
        return _is_equal(given, self.token)

    def find_allowed_origin(self, request: Request) -> str | None:
        """The origin of another site whose pages a person has allowed, for CORS."""
        origin = request.get(b"origin")
        return origin if origin in self.allow_origins else None

    def _is_our_host(self, host: str) -> bool:
        host = host.lower()
        name = _strip_port(host)
        known = self.own_names | self.allow_hosts | {self.public.host, _strip_port(self.public.host)}
        if name and (name in OUR_NAMES | known or host in known):
            return True
        try:
            is_bracketed = name.startswith("[") and name.endswith("]")
            address = ipaddress.IPv6Address(name[1:-1]) if is_bracketed else ipaddress.IPv4Address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.is_loopback

    def _refuse_host(self, host: str) -> Refusal:
        name = _strip_port(host.lower())
        if not _HOST_NAME.fullmatch(name):
            return Refusal("host-not-allowed")
        names = " ".join(sorted(self.allow_hosts | {name}))
        remedies = (
            Remedy("if that is this machine", say_command("config", "set", "web.allow_hosts", names)),
            Remedy(
                "if a proxy with TLS has that name",
                say_command("config", "set", "web.public_url", f"https://{name}/"),
            ),
        )
        return Refusal("host-not-allowed", f"this server does not answer to the host name {name}", remedies)

    def _refuse_write(self, origin: str) -> Refusal:
        """Behind a proxy that hides the host name, our own pages have an origin that we do not know."""
        if not _ORIGIN.fullmatch(origin):
            return Refusal("origin-not-allowed", WRITES_NEED)
        origins = " ".join(sorted(self.allow_origins | {origin}))
        remedies = (
            Remedy(
                "if a proxy shows Strandline there",
                say_command("config", "set", "web.public_url", f"{origin}/"),
            ),
            Remedy(
                "if another page of yours is there",
                say_command("config", "set", "web.allow_origins", origins),
            ),
        )
        fact = f"this came from a page of {origin}, which this server does not know as its own"
        return Refusal("origin-not-allowed", fact, remedies)

    def _is_no_other_sites(self, request: Request) -> bool:
        site = request.get(b"sec-fetch-site")
        if not site or site in OUR_OWN:
            return True
        is_page = not request.path.startswith(("/i/", "/api/"))
        if is_page and request.get(b"sec-fetch-mode") == "navigate":
            return True  # the user followed a link to one of our pages, which cannot be framed
        origin = request.get(b"origin") or _origin_of(request.get(b"referer"))
        return origin in self.allow_origins or self._is_our_origin(origin, request)

    def _is_of_our_page(self, request: Request) -> bool:
        origin = request.get(b"origin")
        return origin in self.allow_origins or self._is_our_origin(origin, request)

    def _is_our_origin(self, origin: str, request: Request) -> bool:
        """A page of the public host that came without TLS, or from another port, is not ours: somebody who
        controls the network could have made it.
        """
        host = request.get(b"host").lower()
        if origin and origin.lower() == self.public.origin:
            return True
        is_public_host = host in (self.public.host, _strip_port(self.public.host))
        return not is_public_host and _is_our_origin(origin, host)

    def _has_image_key(self, request: Request) -> bool:
        return request.method in READS and _is_equal(request.find_in_query("key"), self.image_key)


WRITES_NEED = (
    "writes need an Origin of this server's own pages, or 'Authorization: Bearer' with the token of this "
    "installation, which is in its home"
)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""No route has one in its path, nor does the name of a storage directory. Routers and rules do not agree on what a
line end at the end of a path means.
"""
_HOST_NAME = re.compile(r"[a-z0-9._-]{1,253}")
_CODE = re.compile(r"[a-z-]{1,60}")
_ORIGIN = re.compile(r"https?://[a-z0-9._-]{1,253}(?::[0-9]{1,5})?")

PUBLIC = frozenset(
    {SIGN_IN, HEALTHZ, READYZ, PROBLEMS.rstrip("/"), "/static/mark.svg", "/static/strandline.css"}
)


def is_public(request: Request) -> bool:
    """Whether everybody may see it: the page to sign in, its styles, the word that the server runs, and what codes
    of errors mean.
    """
    if request.path == SIGN_IN:
        return request.method in READS or request.method == "POST"
    is_problem = (
        request.path.startswith(PROBLEMS) and _CODE.fullmatch(request.path.removeprefix(PROBLEMS)) is not None
    )
    is_style = request.path.startswith("/static/css/") and ".." not in request.path
    return request.method in READS and (request.path in PUBLIC or is_style or is_problem)


def make_guard(
    store: LocalStore,
    public: PublicAddress,
    *,
    proxies: Proxies,
    shared: SharedSignIns | None,
    image_key_file: str,
    is_loopback: bool,
    cookie: str,
    is_session: Callable[[str, str], bool],
    find_token: Callable[[str], AccessToken | None],
    find_holder: Callable[[str], AccessToken | None],
) -> Guard:
    """The rules from the home's settings and secrets.

    Args:
        store: Of the home.
        public: Where people find the server.
        proxies: Those that are believed.
        shared: What the servers of a shared catalog have in common.
        image_key_file: Where the image key is in the home, if servers have none in common.
        is_loopback: Only this machine can reach the server.
        cookie: The name of the session's cookie.
        is_session: Whether a cookie's value, the second argument, is a session of a key, the first one.
        find_token: The valid access token with a text.
        find_holder: The one that a valid session began with.

    Raises:
        ConfigError, DiskError: A secret cannot be read or created.
    """
    web, home = store.settings.web, Path(store.home)
    token = ensure_secret(home / TOKEN_FILE)
    key = token if shared is None else shared.ensure_session_key()
    own_name = socket.gethostname().lower()
    own_names = () if is_loopback else (own_name, f"{own_name.partition('.')[0]}.local")
    return Guard(
        token=token,
        image_key_file=image_key_file,
        image_key=ensure_secret(home / image_key_file) if shared is None else shared.ensure_image_key(),
        session_key=key,
        allow_hosts=frozenset(web.allow_hosts.lower().split()),
        allow_origins=frozenset(web.allow_origins.split()),
        public=public,
        own_names=frozenset(own_names),
        is_loopback=is_loopback,
        is_open=web.auth == OPEN_ON_LOOPBACK,
        cookie=cookie,
        is_session=lambda value: is_session(key, value),
        find_token=find_token,
        find_holder=find_holder,
        proxies=proxies,
    )


def _is_our_origin(origin: str, host: str) -> bool:
    """Whether a page of that origin was served here: ``localhost``, ``127.0.0.1``, and ``[::1]`` are the same if the
    port is.
    """
    scheme, _, place = origin.lower().partition("://")
    host = host.lower()
    if scheme not in ("http", "https") or not host:
        return False
    name, own_name = _strip_port(place), _strip_port(host)
    is_one = name in OUR_NAMES and own_name in OUR_NAMES and place[len(name) :] == host[len(own_name) :]
    return place == host or is_one


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
