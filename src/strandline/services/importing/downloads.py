"""Downloads: a picture at a web address, fetched once, within limits, and never from a private network.

The name is looked up once, and the connection is made to exactly the address that was checked. Otherwise the name
could mean another machine a moment later. Each redirect is checked like the first address. No proxy is used, for
behind a proxy nobody knows which machine answers.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from strandline.errors import (
    ImageTooLargeError,
    RefusedError,
    SourceNotFoundError,
    StrandlineError,
    UnavailableError,
)
from strandline.model.addresses import MOST_REDIRECTS, WebAddress, is_public, parse_web_address
from strandline.model.plain_words import say_bytes
from strandline.model.values import dataclass

PIECE_BYTES = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What the server says about the bytes."""

    name: str | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fetching:
    """The limits of a download."""

    timeout_s: float
    """For all of it."""
    most_bytes: int
    allows_private: bool
    monotonic: Callable[[], float]


def download(address: WebAddress, write: Callable[[bytes], None], fetching: Fetching) -> Downloaded:
    """Fetches the bytes, and hands them to ``write`` piece by piece.

    Raises:
        RefusedError: The address leads into a private network, or away from https.
        SourceNotFoundError: The server has nothing there.
        UnavailableError: The server is not there, does not answer in time, breaks off, or has a problem.
        ImageTooLargeError: It is larger than an image may be.
    """
    ends_at = fetching.monotonic() + fetching.timeout_s
    at = address
    for _ in range(MOST_REDIRECTS + 1):
        try:
            answer = _Request(at, fetching, ends_at).run(write)
        except (OSError, http.client.HTTPException) as error:
            raise _as_unavailable(at, error) from error
        if isinstance(answer, Downloaded):
            return answer
        following = parse_web_address(urljoin(f"{at.scheme}://{at.host_header}{at.target}", answer))
        if at.scheme == "https" and following.scheme == "http":
            raise RefusedError(
                f"{at.shown} leads to an address without https, {following.shown}, so it is not fetched"
            )
        at = following
    raise UnavailableError(f"{address.shown} leads from one address to another, without end")


@dataclass(slots=True)
class _Request:
    """One request, and its answer."""

    address: WebAddress
    fetching: Fetching
    ends_at: float

    def run(self, write: Callable[[bytes], None]) -> Downloaded | str:
        """What was fetched, or the address that the answer leads to."""
        connection = _Connection(self.address.host, self.address.port, self._connect())
        try:
            connection.putrequest("GET", self.address.target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.address.host_header)
            connection.putheader("User-Agent", "strandline")
            connection.putheader("Accept", "image/*, */*;q=0.1")
            connection.putheader("Accept-Encoding", "identity")
            connection.putheader("Connection", "close")
            connection.endheaders()
            answer = connection.getresponse()
            if answer.status in _REDIRECTS and (location := answer.getheader("Location")):
                return location
            if answer.status != http.client.OK:
                raise self._explain_status(answer)
            self._read(answer, connection, write)
            return Downloaded(self._find_name(answer), _find_time(answer))
        finally:
            connection.close()

    def _explain_status(self, answer: http.client.HTTPResponse) -> StrandlineError:
        said = f"{self.address.shown} answered {answer.status} {answer.reason}"
        if answer.status in (http.client.NOT_FOUND, http.client.GONE):
            return SourceNotFoundError(
                f"{said}: there is nothing; check the address", source=self.address.shown
            )
        if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return RefusedError(f"{said}: it wants to know who asks; download the picture yourself")
        return UnavailableError(f"{said}; try again later")

    def _read(
        self, answer: http.client.HTTPResponse, connection: _Connection, write: Callable[[bytes], None]
    ) -> None:
        expected, done = answer.length, 0
        self._check_size(expected or 0)
        while True:
            connection.allow(self._left_s())
            piece = answer.read1(PIECE_BYTES)
            if not piece:
                break
            done += len(piece)
            self._check_size(done)
            write(piece)
        if expected is not None and done != expected:
            raise UnavailableError(
                f"{self.address.shown} broke off after {say_bytes(done)} of {say_bytes(expected)}; try again"
            )

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self.fetching.most_bytes:
            raise ImageTooLargeError(
                f"{self.address.shown} has more than {self.fetching.most_bytes:,} bytes; raise the setting "
                "save.max_bytes to save it",
                limit_bytes=self.fetching.most_bytes,
            )

    def _find_name(self, answer: http.client.HTTPResponse) -> str | None:
        """The name that the server gives the file, or else that in the address. Without folders."""
        given = answer.headers.get_filename()
        name = (given or self.address.name or "").replace("\\", "/").rpartition("/")[2]
        return name or None

    def _connect(self) -> socket.socket:
        """A connection to an address that was checked, with TLS if the scheme says so."""
        refused: str | None = None
        problem: OSError | None = None
        for family, kind, protocol, _, where in socket.getaddrinfo(
            self.address.host, self.address.port, type=socket.SOCK_STREAM
        ):
            if not (self.fetching.allows_private or is_public(str(where[0]))):
                refused = str(where[0])
                continue
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self._left_s())
                connection.connect(where)
                if self.address.scheme == "https":
                    context = ssl.create_default_context()
                    return context.wrap_socket(connection, server_hostname=self.address.host)
            except OSError as error:
                connection.close()
                problem = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        if problem is not None:
            raise problem
        raise RefusedError(
            f"{self.address.shown} is in a private network ({refused or 'no address'}), so it is not fetched; if you "
            "trust it, set imports.private_addresses to allow, or download the picture yourself"
        )

    def _left_s(self) -> float:
        left_s = self.ends_at - self.fetching.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Connection(http.client.HTTPConnection):
    """A connection that exists already."""

    def __init__(self, host: str, port: int, made: socket.socket) -> None:
        super().__init__(host, port)
        self.sock = self._made = made

    def connect(self) -> None:
        """It is."""

    def allow(self, seconds: float) -> None:
        """Limits how long the next read may wait. (The answer holds the socket; ``sock`` may be None by then.)"""
        self._made.settimeout(seconds)


def _find_time(answer: http.client.HTTPResponse) -> datetime | None:
    try:
        found = parsedate_to_datetime(answer.getheader("Last-Modified", ""))
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo is not None else None


def _as_unavailable(address: WebAddress, error: Exception) -> UnavailableError:
    if isinstance(error, TimeoutError):
        why = "it does not answer in time; try again, or raise the setting imports.fetch_timeout_s"
    elif isinstance(error, socket.gaierror):
        why = f"nobody knows the host {address.host}; check the address, and whether this machine is online"
    elif isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not valid ({error.verify_message})"
    else:
        why = f"{error or type(error).__name__}"
    return UnavailableError(f"{address.shown} cannot be fetched: {why}")
