"""The site: a server below a path such as ``/pics/``, behind a proxy that strips this path or does not.

A request may have the base path or not, because both kinds of proxies are usual. :func:`enter` makes them equal: from
there on, ``root_path`` is the base, as ASGI defines it, and the path has it in front. Every address that an answer
contains begins with the base: ``{base}/folders`` in Python, ``{{ base }}/folders`` in a template, and
``${BASE}/folders`` in a script. A test finds those that do not.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from starlette.types import Scope

from strandline.errors import ConfigError
from strandline.model.public_address import PublicAddress, find_base_path, find_public_address
from strandline.runtime.setting_sections import WebSettings

OWN_NAMES = frozenset(
    {
        "api",
        "i",
        "static",
        "healthz",
        "readyz",
        "sign-in",
        "sign-out",
        "image",
        "delete",
        "trash",
        "folders",
        "import",
        "care",
        "copy",
        "move",
        "export",
        "inspect",
        "activity",
        "help",
        "problems",
        "status",
        "metrics",
    }
)
"""The first parts of all paths of the server."""


LOCAL = "/local"
"""Below the base path: this machine's own folders, on the server of a shared catalog."""


class Switch(NamedTuple):
    """What leads from the pages of a shared catalog to those of this machine's own folders, and back."""

    team: str
    """The base path of the one."""
    local: str
    """The base path of the others."""
    is_local: bool
    """Whether the page is one of the others."""


SWITCH: ContextVar[Switch | None] = ContextVar("switch", default=None)
"""For the pages of a request: None if there is nothing to switch to, or its reader may not see it."""


def get_public_address(web: WebSettings) -> PublicAddress:
    """Where people find the server, by its settings.

    Raises:
        ConfigError: They contradict each other, or the base path could be one of the server's own.
    """
    base, public = find_base_path(web.base_path), find_public_address(web.public_url)
    assert base is not None, "the settings are checked when they are read"
    assert public is not None, "the settings are checked when they are read"
    if web.public_url and web.base_path and base != public.base:
        raise ConfigError(
            f"web.base_path is '{web.base_path}', but web.public_url says '{public.base}/'; leave it out",
            place="web.base_path",
            key="web.base_path",
        )
    base = base or public.base
    first = base.lstrip("/").partition("/")[0]
    if first in OWN_NAMES:
        key = "web.base_path" if web.base_path else "web.public_url"
        raise ConfigError(
            f"{key}: Strandline has pages of its own at /{first}/; choose a path that begins with another name",
            place=key,
            key=key,
        )
    return PublicAddress(base, public.origin)


def enter(scope: Scope, base: str) -> Scope:
    """The scope of a request, with the base path in front of its path, whether the proxy has stripped it or not."""
    if not base:
        return scope
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if path != base and not path.startswith(f"{base}/"):
        path, raw = base + path, base.encode() + raw
    elif path == base:
        path, raw = f"{base}/", raw + b"/"
    return {**scope, "path": path, "raw_path": raw, "root_path": base}


def base_of(scope: Scope) -> str:
    """The base path of a request that has entered. Starlette moves ``root_path`` on when it enters a mounted app."""
    base = scope.get("app_root_path", scope.get("root_path", ""))
    assert isinstance(base, str)
    return base


def path_of(scope: Scope) -> str:
    """The path of a request that has entered, without the base: one of the server's own."""
    path = scope["path"]
    assert isinstance(path, str)
    return path[len(base_of(scope)) :]
