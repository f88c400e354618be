"""The door: how a browser gets in and out, and how often somebody may try.

It keeps the sessions and the cookie, takes links and the token, and counts wrong tries. Programs that send the token
with each request do not pass here: the guard reads it, so nobody's wrong tries lock them out.
"""

from __future__ import annotations

import math
import socket
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.model.access import Caller, caller_of
from strandline.model.plain_words import show_plainly
from strandline.model.public_address import PublicAddress
from strandline.runtime.assembly import LocalStore
from strandline.runtime.setting_sections import OPEN_ON_LOOPBACK
from strandline.runtime.shared_sign_ins import find_shared_sign_ins
from strandline.runtime.sign_in import (
    SESSION_LIFE,
    Sessions,
    has_link_code,
    hash_code,
    is_link_code,
    take_link_code,
)
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, LOCAL_IMAGE_KEY_FILE, TOKEN_FILE, ensure_secret
from strandline.web.guards import Guard
from strandline.web.heads import Request
from strandline.web.keyring import Keyring
from strandline.web.proxies import read_proxies
from strandline.web.readings import Reading

log = get_logger(__name__)

SHARED_COOKIE = "strandline-shared"
"""Of the servers of a shared catalog, which may have any address and port."""

TRIES_OF_ONE, TRIES_OF_ALL = 10, 100
WINDOW_S = 60.0
"""So many wrong tries in a minute. The secrets have 192 bits; this keeps the log and the machine quiet."""

MAX_CLIENTS = 1000
"""So many clients are counted, those that tried last."""


class Tries:
    """Wrong tries in the last minute, of one client and of all. Pure, except for its memory; not thread-safe."""

    def __init__(self) -> None:
        self._all: deque[float] = deque(maxlen=TRIES_OF_ALL)
        self._of: OrderedDict[str, deque[float]] = OrderedDict()

    def find_delay_s(self, client: str, now_s: float) -> int:
        """How long the client must wait for its next try. 0 if it need not."""
        full = (each for each in (self._all, self._of.get(client)) if each and len(each) == each.maxlen)
        return max(0, max((math.ceil(tries[0] + WINDOW_S - now_s) for tries in full), default=0))

    def note_wrong(self, client: str, now_s: float) -> None:
        """Counts a wrong try."""
        self._all.append(now_s)
        self._of.setdefault(client, deque(maxlen=TRIES_OF_ONE)).append(now_s)
        self._of.move_to_end(client)
        while len(self._of) > MAX_CLIENTS:
            self._of.popitem(last=False)


class Proof(NamedTuple):
    """What somebody has shown who wants to sign in."""

    holder: str
    """The id of the access token, if it was one."""
    is_owners: bool
    """Only who can read this home has it."""


OWNER = Proof("", is_owners=True)


class Door:
    """One server's way in. Its methods that reach the home run on a thread."""

    def __init__(
        self, store: LocalStore, public: PublicAddress, *, port: int, is_loopback: bool, below: str = ""
    ) -> None:
        """Reads the home's secrets, and creates them if they are missing.

        Args:
            store: Of the home.
            public: Where people find the server.
            port: Part of the cookie's name, because browsers share cookies between the ports of a host.
            is_loopback: Only this machine can reach the server.
            below: Where this machine's own folders are on the server of a shared catalog. Nobody whom that one lets
                in is let in for that reason.

        Raises:
            ConfigError: The settings contradict each other.
            ConfigError, DiskError: A secret cannot be read or created.
        """
        self._store = store
        self._cookie_path = public.base.removesuffix(below) or "/"
        self.public = public
        self._is_loopback = is_loopback
        self._now = store.now
        self._proxies = read_proxies(store.settings.web)
        if below:
            self._proxies = replace(self._proxies, header=b"")  # a proxy names users of the organization
        self._image_key_file = LOCAL_IMAGE_KEY_FILE if below else IMAGE_KEY_FILE
        self.doors: tuple[Door, ...] = (self,)
        """All of the server. The first one's secrets are tried first."""
        self.end_lost: Callable[[], None] = lambda: None
        """Ends the streams of those who are not in any more."""
        self._shared = find_shared_sign_ins(store)
        self.cookie = f"strandline-{port}" if self._shared is None else SHARED_COOKIE
        self.sessions = Sessions(Path(store.home), self._shared)
        self.keyring = Keyring(store)
        self._tries, self._header_tries = Tries(), Tries()
        self._links: frozenset[str] = frozenset()
        self.guard = self.read_guard()
        self.reading = Reading(self._replace_guard)

    def _replace_guard(self) -> None:
        self.guard = self.read_guard()

    def read_guard(self) -> Guard:
        """The rules with the secrets that are in the home and the catalog now.

        Raises:
            ConfigError, DiskError: A secret cannot be read or created.
            CatalogError, UnavailableError: The catalog cannot be asked.
        """
        keyring = self.keyring
        keyring.read()
        self.sessions.read()
        if self._shared is not None:
            self._links = self._shared.list_links()

        def find_in_session(key: str, value: str) -> Caller | None:
            if not self.sessions.is_valid(key, value, self._now()):
                return None
            holder = self.sessions.get_holder(value)
            if not holder:
                return Caller("the home's session")
            token = keyring.find_by_id(holder)
            return None if token is None else caller_of(token)

        web, home, shared = self._store.settings.web, Path(self._store.home), self._shared
        token = ensure_secret(home / TOKEN_FILE)
        key = token if shared is None else shared.ensure_session_key()
        image_key = (
            ensure_secret(home / self._image_key_file) if shared is None else shared.ensure_image_key()
        )
        host = socket.gethostname().lower()
        own_names = () if self._is_loopback else (host, f"{host.partition('.')[0]}.local")
        return Guard(
            token=token,
            image_key=image_key,
            image_key_file=self._image_key_file,
            session_key=key,
            allow_hosts=frozenset(web.allow_hosts.lower().split()),
            allow_origins=frozenset(web.allow_origins.split()),
            public=self.public,
            own_names=frozenset(own_names),
            is_loopback=self._is_loopback,
            is_open=web.auth == OPEN_ON_LOOPBACK,
            cookie=self.cookie,
            find_in_session=partial(find_in_session, key),
            find_token=keyring.find_by_text,
            proxies=self._proxies,
        )

    def count_header_try(self, client: str) -> int:
        """Counts a wrong token in a header. Returns the seconds to wait if there were too many, else 0."""
        delay_s = self._header_tries.find_delay_s(client, time.monotonic())
        self._note_wrong(self._header_tries, client, "wrong token in a header")
        return delay_s

    def _note_wrong(self, tries: Tries, client: str, what: str) -> None:
        """One line for each wrong try until the limit, and a warning when the client reaches it. Then it is quiet."""
        now_s, shown = time.monotonic(), show_plainly(client)
        was_free = not tries.find_delay_s(client, now_s)
        tries.note_wrong(client, now_s)
        if was_free:
            log.info("%s from %s", what, shown)
            if tries.find_delay_s(client, now_s):
                log.warning("too many wrong tries to sign in from %s; it must wait", shown)

    def find_delay_s(self, client: str) -> int:
        """How long the client must wait until it may try to sign in again. 0 if it need not."""
        return self._tries.find_delay_s(client, time.monotonic())

    def note_wrong(self, client: str) -> None:
        """Counts a wrong try to sign in, and logs it."""
        self._note_wrong(self._tries, client, "wrong link or token")

    def knows(self, given: str) -> bool:
        """Whether somebody who shows this may be let in, by what was read last. Looks for one file at most, and never
        asks the catalog.
        """
        given = given.strip()
        if self.guard.is_token(given) or self.keyring.find_by_text(given) is not None:
            return True
        code = _code_in(given)
        return is_link_code(code) and (
            hash_code(code) in self._links or has_link_code(Path(self._store.home), code)
        )

    def enter(self, given: str) -> str | None:
        """A new session for a link, its code, the token, or an access token; None if it is none of them. A link is
        then used up. A session may do what the token may do that it began with.

        Raises:
            DiskError: The home cannot be read.
            CatalogError, UnavailableError: The catalog cannot be asked.
        """
        proof = self.examine(given)
        return None if proof is None else self.begin(proof)

    def examine(self, given: str) -> Proof | None:
        """What a link, its code, or a token shows; None if it is none of them. A link is then used up.

        Raises:
            DiskError: The home cannot be read.
            CatalogError, UnavailableError: The catalog cannot be asked.
        """
        given, now = given.strip(), self._now()
        self.reading.run()
        access = self.keyring.find_by_text(given)
        if access is not None:
            return Proof(access.token_id, is_owners=False)
        if self.guard.is_token(given):
            return OWNER
        code = _code_in(given)
        if not is_link_code(code):
            return None
        if take_link_code(Path(self._store.home), code, now):
            return OWNER
        shared = self._shared
        if shared is not None and hash_code(code) in self._links and shared.take_link_code(code, now):
            return Proof("", is_owners=shared.take_own_code(code, now))
        return None

    def begin(self, proof: Proof) -> str:
        """A new session."""
        return self.sessions.begin(self.guard.session_key, self._now(), proof.holder)

    def leave(self, value: str) -> None:
        """Ends a session.

        Raises:
            DiskError: That cannot be written down.
        """
        self.sessions.end(value, self._now())

    def format_cookie(self, value: str, request: Request) -> str:
        """The header that sets the cookie; for an empty value, the one that removes it.

        ``Lax`` lets a link in a note lead to a page. Nothing else from other sites gets the cookie. Browsers treat
        loopback as secure, so a public address with TLS does not lock out who opens the server itself.
        """
        age_s = int(SESSION_LIFE.total_seconds()) if value else 0
        secure = "; Secure" if self.public.is_secure or request.is_secure else ""
        return f"{self.cookie}={value}; Path={self._cookie_path}; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}"


def enter_all(doors: Sequence[Door], given: str) -> list[tuple[Door, str]]:
    """New sessions for a link, its code, or a token: at the first door, and if it is the owner's, at all of them.

    Without the first one's catalog, the others let in whom they know.

    Raises:
        DiskError: The home cannot be read.
        CatalogError, UnavailableError: A catalog cannot be asked.
    """
    first, *others = doors
    fault = None
    try:
        proof = first.examine(given)
    except StrandlineError as error:
        proof, fault = None, error
    if proof is not None:
        let_in = [(first, proof), *((other, OWNER) for other in others if proof.is_owners)]
    else:
        let_in = [(other, found) for other in others if (found := other.examine(given)) is not None]
    if fault is not None and not let_in:
        raise fault
    return [(door, door.begin(shown)) for door, shown in let_in]


def find_local(address: str) -> str:
    """The address if it is a path on this server, else the gallery's. As ASCII that a header can contain."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_ours = address.startswith("/") and not parts.scheme and not parts.netloc
    if parts.path.startswith("/sign-"):
        return "/"
    if not is_ours or address.startswith(("//", "/\\")) or not address.isprintable() or len(address) > 4000:
        return "/"
    return quote(address, safe="/?&=%+:;,@!$'()*~-._")


def _code_in(given: str) -> str:
    """The code in a link that a person has pasted; else the text itself."""
    try:
        return parse_qs(urlsplit(given).query, max_num_fields=20).get("code", [given])[0]
    except ValueError:
        return given
