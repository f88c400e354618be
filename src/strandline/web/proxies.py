"""Proxies: which ones are believed if they say who asks and from where, and what these users may do.

A header can come from anybody, so it counts only if the connection comes from an address that the administrator has
named. What is read here is read of a request's head, and of settings.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from strandline.errors import ConfigError
from strandline.model.access import Caller, Role
from strandline.model.values import dataclass
from strandline.runtime.setting_sections import WebSettings

MAX_USER = 200
"""Characters of a user's name."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """What the settings say of proxies that stand in front of the server."""

    header: bytes = b""
    """In lower case; empty: nobody says who asks."""
    networks: tuple[Network, ...] = ()
    role: Role = Role.READ
    admins: frozenset[str] = frozenset()

    def trusts(self, peer: str) -> bool:
        """Whether a connection from there is one of these proxies'."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def find_user(self, peer: str, values: Sequence[bytes]) -> Caller | None:
        """The user whom a proxy names. None if it is not one of these, or names none, several, or no name."""
        if len(values) != 1 or not self.trusts(peer):
            return None
        name = values[0].decode("utf-8", "replace").strip()
        if not name or len(name) > MAX_USER or not name.isprintable():
            return None
        return Caller(f"user {name}", Role.ADMIN if name in self.admins else self.role)


def read_proxies(web: WebSettings) -> Proxies:
    """What the settings say.

    Raises:
        ConfigError: There is a header, and nobody from whom it would count.
    """
    if web.user_header and not web.trusted_proxies.split():
        raise ConfigError(
            "web.user_header is set, and web.trusted_proxies is not: anybody could say who they are; name the "
            "address of the proxy there",
            place="web.trusted_proxies",
            key="web.trusted_proxies",
        )
    return Proxies(
        web.user_header.lower().encode(),
        tuple(ipaddress.ip_network(each, strict=False) for each in web.trusted_proxies.split()),
        Role(web.user_role),
        frozenset(web.admin_users.split()),
    )
