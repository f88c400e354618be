"""The public address: where people find a server that has a proxy in front of it. Pure.

Without a proxy, a server is found where it listens, and all of this is empty.
"""

from __future__ import annotations

import re

from strandline.model.defaults import MAX_PORT
from strandline.model.values import dataclass

_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"
_PATH = re.compile(rf"/(?:{_SEGMENT}/)*(?:{_SEGMENT})?")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/.*)?",
    re.IGNORECASE,
)
_USUAL_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where people find a server."""

    base: str = ""
    """The path before all of its addresses, as in ``/pics``; empty if there is none. Has no slash at its end."""
    origin: str = ""
    """Scheme, host name, and a port that is not the usual one, as browsers send them; empty if not known."""

    @property
    def is_secure(self) -> bool:
        """Whether people reach it by TLS only."""
        return self.origin.startswith("https:")

    @property
    def host(self) -> str:
        """Host name, and a port that is not the usual one; empty if not known."""
        return self.origin.partition("://")[2]

    def say_url(self, own_origin: str) -> str:
        """The URL of the first page, if the origin is not known, at the server's own. Ends in a slash."""
        return f"{self.origin or own_origin}{self.base}/"


def find_base_path(text: str) -> str | None:
    """The base path that a setting means (``/pics`` for ``/pics/``), or None if it is none.

    Letters, digits, and ``.``, ``_``, ``~``, ``-`` only: these have one spelling in an address.
    """
    if not text:
        return ""
    return text.rstrip("/") if _PATH.fullmatch(text) else None


def find_public_address(text: str) -> PublicAddress | None:
    """The address that a URL means, or None if it is none. The empty text means that it is not known."""
    if not text:
        return PublicAddress()
    found = _URL.fullmatch(text)
    base = find_base_path((found and found["path"]) or "")
    if found is None or base is None or int(found["port"] or 0) > MAX_PORT:
        return None
    scheme, port = found["scheme"].lower(), found["port"]
    shown = f":{int(port)}" if port and port != _USUAL_PORTS[scheme] else ""
    return PublicAddress(base, f"{scheme}://{found['host'].lower()}{shown}")
