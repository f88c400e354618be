"""Signing in: links that work once, sessions that last, and where the running server is.

All of it is in the home, so only those who may write there can make a link. The file of a link is named after the
hash of its code, so a listing of the folder signs nobody in. Sessions are not stored: each is a random name, signed
with a key that is derived from the token, so they survive a restart, and another token ends them all. Only sessions
that a person has ended are remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from strandline.folders.disk_errors import disk_errors
from strandline.runtime.home import give_to_owner

LINKS_FOLDER = "sign-in-links"
ENDED_FILE = "ended-sessions"
ADDRESS_FILE = "server-address"

LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(days=400)
"""Browsers keep no cookie for longer."""

CODE_BYTES = 24
_CODE = re.compile(r"[A-Za-z0-9_-]{32}")
_MAX_CODE = 200
_HOLDER = "~"
"""Between the name of a session and the token that it began with."""


def make_sign_in_link(home: Path, address: str, now: datetime | None = None) -> str:
    """A new link that signs one browser in, once, within ten minutes. Removes the files of links that are older.

    Args:
        home: Of the server.
        address: The server's URL, which ends in a slash.
        now: Replaces the clock, for tests.

    Raises:
        DiskError: The home cannot be written to.
    """
    code = secrets.token_urlsafe(CODE_BYTES)
    keep_link_code(home, code, now or datetime.now(UTC))
    return f"{address}sign-in?code={code}"


def keep_link_code(home: Path, code: str, now: datetime) -> None:
    """Makes the code valid in this home, once, within ten minutes. Removes the files of codes that are older.

    Raises:
        DiskError: The home cannot be written to.
    """
    folder = home / LINKS_FOLDER
    with disk_errors("write a sign-in link to", folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                if not _is_fresh(path, now):
                    path.unlink()
        _write_private(_path_of_link(home, code), f"{now.timestamp():.0f}\n")
    give_to_owner(home)


def take_link_code(home: Path, code: str, now: datetime) -> bool:
    """Whether the code is valid now. It is not valid again: of several requests at once, one gets True.

    Raises:
        DiskError: Its file cannot be read or removed.
    """
    if not code or len(code) > _MAX_CODE:
        return False
    path = _path_of_link(home, code)
    with disk_errors("take the sign-in link in", path.parent, FileNotFoundError), suppress(FileNotFoundError):
        is_fresh = _is_fresh(path, now)
        path.unlink()
        return is_fresh
    return False


def has_link_code(home: Path, code: str) -> bool:
    """Whether the home has a link with this code, which may be too old. Takes nothing."""
    return _path_of_link(home, code).exists()


def is_link_code(text: str) -> bool:
    """Whether it has the form of a code. Nothing is asked about other texts."""
    return _CODE.fullmatch(text) is not None


def hash_code(code: str) -> str:
    """What is kept of a link's code."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def _path_of_link(home: Path, code: str) -> Path:
    return home / LINKS_FOLDER / hash_code(code)


def _is_fresh(path: Path, now: datetime) -> bool:
    """Whether the time in the file is less than ten minutes ago. A clock that was set back makes none valid."""
    try:
        made_s = int(path.read_text("ascii", errors="replace"))
    except ValueError:
        return False
    return 0 <= now.timestamp() - made_s + 1 <= LINK_LIFE.total_seconds()


class EndedElsewhere(Protocol):
    """Where the servers of a shared catalog keep the sessions that were ended."""

    def list_ended(self) -> dict[str, int]:
        """Their names, and until when each would have lasted."""

    def end_session(self, name: str, until: datetime) -> None:
        """Ends it for all servers."""


class Sessions:
    """The sessions of browsers. Thread-safe. One per server: only it ends sessions, unless it shares them."""

    def __init__(self, home: Path, shared: EndedElsewhere | None = None) -> None:
        """Reads the sessions that were ended. With ``shared``, none of them is in the home.

        Raises:
            DiskError: The file cannot be read.
        """
        self._path = home / ENDED_FILE
        self._shared = shared
        self._lock = threading.Lock()
        self._ended: dict[str, int] = {}
        self._ended_here: dict[str, int] = {}
        """In a shared catalog, those that this server ended itself: what it is reading meanwhile may lack them."""
        if shared is None:
            self._read_file()

    def read(self) -> None:
        """Learns which sessions other servers have ended."""
        if self._shared is not None:
            self._ended = self._shared.list_ended()

    def _read_file(self) -> None:
        with disk_errors("read", self._path, FileNotFoundError), suppress(FileNotFoundError):
            for line in self._path.read_text("ascii", errors="replace").splitlines():
                name, _, until = line.partition(" ")
                if until.isdigit():
                    self._ended[name] = int(until)

    def begin(self, token: str, now: datetime, holder: str = "") -> str:
        """The value of a new session's cookie. The token cannot be found from it. ``holder`` is the id of the access
        token that it began with, if any.
        """
        name = secrets.token_urlsafe(16) + (f"{_HOLDER}{holder}" if holder else "")
        until_s = int((now + SESSION_LIFE).timestamp())
        return f"{name}.{until_s}.{_sign(token, name, until_s)}"

    def is_valid(self, token: str, value: str, now: datetime) -> bool:
        """Whether the value is of a session that was begun with this token, and that is not over."""
        name, until_s, signature = _split(value)
        return (
            hmac.compare_digest(_sign(token, name, until_s).encode(), signature.encode("utf-8", "replace"))
            and now.timestamp() < until_s
            and name not in self._ended
            and name not in self._ended_here
        )

    @staticmethod
    def get_holder(value: str) -> str:
        """The ``holder`` of a valid session."""
        return _split(value)[0].partition(_HOLDER)[2]

    def end(self, value: str, now: datetime) -> None:
        """Ends a session for good, on disk as well. The value must be valid.

        Raises:
            DiskError: The home cannot be written to. The session has ended for this process all the same.
            CatalogError, UnavailableError: The shared catalog takes no changes now.
        """
        name, until_s, _ = _split(value)
        if self._shared is not None:
            self._shared.end_session(name, datetime.fromtimestamp(until_s, UTC))
            with self._lock:
                self._ended_here = _list_lasting(self._ended_here, now) | {name: until_s}
            return
        with self._lock:
            self._ended = _list_lasting(self._ended, now) | {name: until_s}
            temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
            with disk_errors("write", self._path):
                try:
                    _write_private(
                        temporary, "".join(f"{name} {until}\n" for name, until in self._ended.items())
                    )
                    temporary.replace(self._path)
                finally:
                    temporary.unlink(missing_ok=True)


def _list_lasting(ended: dict[str, int], now: datetime) -> dict[str, int]:
    return {name: until_s for name, until_s in ended.items() if until_s > now.timestamp()}


def _split(value: str) -> tuple[str, int, str]:
    name, _, rest = value[:_MAX_CODE].partition(".")
    until, _, signature = rest.partition(".")
    return name, int(until) if until.isascii() and until.isdigit() else 0, signature


def _sign(token: str, name: str, until_s: int) -> str:
    key = hmac.digest(token.encode(), b"strandline: key of sessions", "sha256")
    return hmac.digest(key, f"{name}.{until_s}".encode("utf-8", "replace"), "sha256").hex()


class ServerUrls(NamedTuple):
    """Where a running server is."""

    own: str
    """For programs on this machine."""
    public: str
    """For people. The same, unless a proxy stands in front of the server."""


@contextmanager
def announcing(home: Path, urls: ServerUrls) -> Iterator[None]:
    """Keeps the addresses of a running server in the home while the block runs.

    Raises:
        DiskError: The home cannot be written to.
    """
    path = home / ADDRESS_FILE
    with disk_errors("write", path):
        path.unlink(missing_ok=True)
        _write_private(path, f"{urls.own}\n{urls.public}\n")
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def find_server(home: Path) -> ServerUrls | None:
    """The addresses that the last server of this home has left. If it was killed, nobody may be there.

    Raises:
        DiskError: The file cannot be read.
    """
    path = home / ADDRESS_FILE
    with disk_errors("read", path, FileNotFoundError), suppress(FileNotFoundError):
        own, _, public = path.read_text("utf-8", errors="replace").strip().partition("\n")
        return ServerUrls(own, public or own) if own else None
    return None


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
