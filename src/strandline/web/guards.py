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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from urllib.parse import urlsplit

from strandline.model.access import AccessToken, Caller, caller_of
from strandline.model.public_address import PublicAddress
from strandline.model.remedies import say_command
from strandline.model.values import dataclass
from strandline.runtime.web_secrets import IMAGE_KEY_FILE
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
class Admission:
    """Who is let in to what they ask. It is found once for each request: a token that ends in the middle of one must
    not turn its holder into somebody else.
    """

    caller: Caller | None = None
    """None for one who is refused, has only the image key, or sees only what is public."""
    refusal: Refusal | None = None

    def is_stranger(self, request: Request) -> bool:
        """Whether who asks has no secret, not even the image key."""
        has_key = self.refusal is None and request.method in READS and request.path.startswith("/i/")
        return self.caller is None and not has_key


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
    find_in_session: Callable[[str], Caller | None] = lambda _: None
    """Whose session has this value of a cookie, if it is valid now."""
    find_token: Callable[[str], AccessToken | None] = lambda _: None
    """The access token with this text, if it is valid now."""
    proxies: Proxies = Proxies()
    """Those that are believed."""
    image_key_file: str = IMAGE_KEY_FILE
    """Where the image key is in the home."""
    session_key: str = ""
    """What sessions are signed with: on a shared catalog its own, otherwise the token."""

    def admit(self, request: Request) -> Admission:
        """Whether the request is let through, and as whose. Looks each secret up once.

        What a program says in a header counts before the image key, that before what a proxy says, and that before
        the session of a browser.
        """
        program = self._find_program(request)
        may_show = request.path.startswith("/i/") and self._has_image_key(request)
        refusal = self._find_foreign(request, has_token=program is not None, may_show=may_show)
        if refusal is not None or request.method == PREFLIGHT:
            return Admission(refusal=refusal)
        caller = program or (None if may_show else self._find_person(request))
        if caller is None and not (may_show or is_public(request)):
            return Admission(refusal=self._refuse_stranger(request))
        if _CONTROL.search(request.path):
            return Admission(refusal=Refusal("no-such-page"))
        return Admission(caller)

    def find_refusal(self, request: Request) -> Refusal | None:
        """Why the request is refused, or None to let it through."""
        return self.admit(request).refusal

    def is_let_in(self, request: Request) -> bool:
        """Whether it has the token or a session, or needs none."""
        return self._find_program(request) is not None or self._find_person(request) is not None

    def sees_all(self, request: Request) -> bool:
        """Whether one asks who is let in and may see all storage directories, with or without the image key."""
        caller = self._find_program(request) or self._find_person(request)
        return caller is not None and caller.sds is None

    def find_session(self, request: Request) -> str | None:
        """The value of its cookie, if that is a valid session."""
        return next((value for value, _ in self._iter_sessions(request)), None)

    def _find_program(self, request: Request) -> Caller | None:
        """Who has the token in the header."""
        given = request.bearer
        if given is None:
            return None
        if self.is_token(given):
            return Caller("the home's token")
        token = self.find_token(given)
        return None if token is None else caller_of(token)

    def _find_person(self, request: Request) -> Caller | None:
        """Whom a proxy names, or whose session it is."""
        user = self.proxies.find_user(request.peer, request.users)
        if user is not None:
            return user
        owner = Caller("this machine") if self.is_open and self.is_loopback else None
        return next((caller for _, caller in self._iter_sessions(request)), owner)

    def _iter_sessions(self, request: Request) -> Iterator[tuple[str, Caller]]:
        """The valid ones of its cookies, and whose they are. A browser may have two."""
        pairs = (pair.strip().partition("=") for pair in request.get(b"cookie").split(";"))
        for value in (value for name, _, value in pairs if name == self.cookie):
            caller = self.find_in_session(value)
            if caller is not None:
                yield value, caller

    def _find_foreign(self, request: Request, *, has_token: bool, may_show: bool) -> Refusal | None:
        """Why nobody may ask this way: a foreign host name, or a page of another site."""
        if not self._is_our_host(request.get(b"host")):
            return self._refuse_host(request.get(b"host"))
        if request.method == PREFLIGHT:
            is_allowed = request.get(b"origin") in self.allow_origins
            return None if is_allowed else Refusal("origin-not-allowed")
        if has_token:
            return None
        if request.method not in READS:
            return None if self._is_of_our_page(request) else self._refuse_write(request.get(b"origin"))
        return None if may_show or self._is_no_other_sites(request) else Refusal("origin-not-allowed")

    def _refuse_stranger(self, request: Request) -> Refusal:
        return Refusal(
            "token-required",
            f"that is not the image key of this installation, which is the line in '{self.image_key_file}' in "
            "its home"
            if request.path.startswith("/i/") and request.find_in_query("key") is not None
            else None,
            headers={"www-authenticate": "Bearer"},
        )

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
