"""Addresses from which a picture may be fetched: web addresses outside private networks. Pure.

Somebody who hands over an address could otherwise make this machine ask a router, a printer, or a service of a cloud.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from strandline.errors import InvalidInputError
from strandline.model.values import dataclass

SCHEMES = ("http", "https")

MOST_REDIRECTS = 5

_USER_PART = re.compile(r"(://[^@/:?]*:).*@", re.DOTALL)
_PASSWORD_OPTION = re.compile(r"((?:password|passwd|pwd)\s*(?:=|%3d)\s*)('[^']*'|[^&\s]*)", re.IGNORECASE)

_NAT64 = ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 networks reach them."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address, checked and taken apart."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as a request line has them."""
    shown: str
    """Without its query, which may be a key."""
    name: str | None
    """The last part of its path."""

    @property
    def host_header(self) -> str:
        """The host as the request's header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.scheme == "https" else 80)
        return host if is_usual else f"{host}:{self.port}"


def is_web_address(text: str) -> bool:
    """Whether the text begins as an address on the web."""
    scheme, colon, _ = text[:6].partition(":")
    return bool(colon) and scheme.lower() in SCHEMES and text[len(scheme) : len(scheme) + 3] == "://"


def parse_web_address(text: str) -> WebAddress:
    """The address, taken apart.

    Raises:
        InvalidInputError: It is none, or has a password in it.
    """
    try:
        split = urlsplit(text.strip())
        port = split.port
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is not an address ({error}); copy it again, whole") from error
    scheme = split.scheme.lower()
    if scheme not in SCHEMES or not split.hostname:
        raise InvalidInputError(
            f"{_hide_query(split)!r} is not an address on the web; give one that begins with https:// or http://"
        )
    if split.username is not None or split.password is not None:
        raise InvalidInputError(
            "the address has a user's name or password in it, which would be stored; download the picture yourself"
        )
    return WebAddress(
        scheme=scheme,
        host=_encode_host(split.hostname),
        port=port or (443 if scheme == "https" else 80),
        target=_encode_target(split),
        shown=_hide_query(split),
        name=unquote(split.path).rpartition("/")[2] or None,
    )


def is_public(address: str) -> bool:
    """Whether an IP address is on the internet: not on this machine, in a private network, or for everybody.

    An address that carries another one (mapped, 6to4, Teredo, NAT64) is judged by that one, too.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in (found, *_carried_by(found)))


def _carried_by(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in carried if each is not None]


def hide_passwords(text: str) -> str:
    """The address, or the words and values that connect to a database, without what may be a password in it. Pure.

    It rather hides too much: a password may contain the characters that end it in an address.
    """
    hidden = _PASSWORD_OPTION.sub(r"\1***", _USER_PART.sub(r"\1***@", text))
    is_spelled_oddly = _PASSWORD_OPTION.search(unquote(hidden)) and not _PASSWORD_OPTION.search(hidden)
    return f"{hidden.partition('?')[0]}?***" if is_spelled_oddly else hidden


def has_password(url: str) -> bool:
    """Whether the address of a database has a password, or may have one. Pure.

    PostgreSQL takes all up to the first ``@`` for the user, unless there is a ``/`` before it. A person may have
    forgotten to encode one.
    """
    rest = url.partition("://")[2]
    users = (
        rest.partition("@")[0] if "@" in rest.partition("/")[0] else "",
        rest.partition("?")[0].rpartition("@")[0],
    )
    return any(":" in user for user in users) or _PASSWORD_OPTION.search(unquote(url)) is not None


def _hide_query(split: SplitResult) -> str:
    host = split.netloc.rpartition("@")[2]
    return f"{split.scheme.lower()}://{host}{split.path}"


def _encode_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidInputError(
            f"{host!r} is not the name of a host; copy the address again, whole"
        ) from error


def _encode_target(split: SplitResult) -> str:
    """What people paste has blanks and letters of all languages, which a request line must not have."""
    from urllib.parse import quote

    path = quote(split.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(split.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return f"{path}?{query}" if split.query else path
