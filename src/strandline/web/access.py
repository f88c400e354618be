"""Access: which role each route needs, and whether one who may see only some storage directories may use it.

The table names every route; one that is not in it needs the role admin, and a test fails. One who may see only some
storage directories gets a store that has no others (``runtime/limited_stores``), so a route in the table's ``part``
cannot tell of more. The others are for all: what they say or do depends on every storage directory, such as whether a
picture is unused, or on the server's machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette import routing
from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

from strandline.errors import NotAllowedError
from strandline.model.access import Caller, Role
from strandline.model.plain_words import show_plainly

_TABLE = """
read  part GET    /api/v1/openapi.json
read  part GET    /api/v1/sds
admin all  POST   /api/v1/sds
read  part GET    /api/v1/sds/{sd}
admin all  PATCH  /api/v1/sds/{sd}
admin all  DELETE /api/v1/sds/{sd}
read  part GET    /api/v1/sds/{sd}/open-references
admin all  POST   /api/v1/sds/{sd}/confirm
admin all  POST   /api/v1/sds/{sd}/accept-missing
write part POST   /api/v1/sds/{sd}/take-in
write part POST   /api/v1/sds/{sd}/heal
read  part GET    /api/v1/images
read  part GET    /api/v1/images/months
read  part GET    /api/v1/images/{image_id}
read  part GET    /api/v1/images/{image_id}/files
read  part GET    /api/v1/images/{image_id}/explanation
read  part GET    /api/v1/images/{image_id}/data-url
write part POST   /api/v1/images/{image_id}/copy
write part POST   /api/v1/images/adopt
write part POST   /api/v1/images
read  part POST   /api/v1/export
write all  DELETE /api/v1/images/{image_id}
write all  POST   /api/v1/images/delete
read  all  GET    /api/v1/trash
write all  POST   /api/v1/trash/restore
write all  POST   /api/v1/trash/empty
read  all  GET    /api/v1/trash/{trash_id}/content
admin all  POST   /api/v1/sds/{sd}/import
write part POST   /api/v1/sds/{sd}/import-archive
write all  POST   /api/v1/images/copy
write all  POST   /api/v1/images/move
read  part GET    /api/v1/wanted
read  all  POST   /api/v1/wanted/provide
admin all  POST   /api/v1/rescue
read  part GET    /api/v1/duplicates
write all  POST   /api/v1/duplicates/fold
read  all  GET    /api/v1/unused
write all  POST   /api/v1/unused/collect
read  all  GET    /api/v1/sds/{sd}/check
write all  POST   /api/v1/sds/{sd}/put-back
read  part GET    /api/v1/sds/{sd}/conflicts
write all  POST   /api/v1/sds/{sd}/conflicts/resolve
write all  POST   /api/v1/sds/{sd}/conflicts/choose
write all  POST   /api/v1/conflicts/undo-choice
write part POST   /api/v1/scans
read  part GET    /api/v1/scans
read  part GET    /api/v1/scans/{scan}
write part DELETE /api/v1/scans/{scan}
read  part GET    /api/v1/inspect
read  part GET    /api/v1/inspect/{sd}
read  part GET    /api/v1/inspect/{sd}/tree
read  part GET    /api/v1/inspect/{sd}/file
read  part GET    /api/v1/inspect/{sd}/hex
read  part GET    /api/v1/inspect/{sd}/raw
read  part GET    /api/v1/events
read  part GET    /api/v1/journal
write part POST   /api/v1/arrivals
read  all  GET    /api/v1/health
read  part GET    /api/v1/status
admin all  GET    /api/v1/catalog/export
admin all  POST   /api/v1/catalog/import
write part POST   /api/v1/verification
read  part GET    /api/v1/verification
write part DELETE /api/v1/verification
read  all  GET    /api/v1/work
write all  POST   /api/v1/work
read  all  GET    /api/v1/work/{task}
write all  POST   /api/v1/work/{task}/pause
write all  POST   /api/v1/work/{task}/resume
write all  DELETE /api/v1/work/{task}
read  part GET    /metrics
read  part GET    /i/{image_id}
read  part GET    /
read  part GET    /folders/{sd}/place
read  part GET    /image/{image_id}
read  part GET    /image/{image_id}/uses
write all  POST   /image/{image_id}/restore
write part POST   /image/{image_id}/copy
write all  POST   /image/{image_id}/bring-back
write part POST   /image/{image_id}/adopt
read  part GET    /folders
admin all  GET    /folders/within
admin all  POST   /folders
admin all  POST   /folders/{sd}/rename
admin all  POST   /folders/{sd}/move
admin all  POST   /folders/{sd}/forget
admin all  POST   /folders/{sd}/confirm
admin all  POST   /folders/{sd}/accept-missing
write part POST   /folders/{sd}/take-in
write part POST   /folders/{sd}/scan
admin all  GET    /import
admin all  POST   /import/look
admin all  POST   /import
admin all  GET    /import/picture/{number}
admin all  POST   /import/continue
admin all  POST   /import/stop
admin all  POST   /import/again
admin all  POST   /import/undo
read  part GET    /inspect
read  part GET    /inspect/{sd}
read  part GET    /inspect/{sd}/tree
read  part GET    /inspect/{sd}/file
write part POST   /inspect/{sd}/heal
read  part GET    /inspect/{sd}/notes
write all  POST   /inspect/{sd}/notes/put-back
read  part GET    /activity
read  part GET    /api
read  part GET    /help
read  part GET    /status
read  all  GET    /status/machine
admin all  POST   /status/import
read  part GET    /problems
read  part GET    /problems/{code}
read  part GET    /healthz
read  part GET    /readyz
read  part GET    /sign-in
read  part POST   /sign-in
read  part POST   /sign-out
write all  POST   /delete
write all  POST   /delete/confirmed
read  all  GET    /trash
write all  POST   /trash/restore
write all  POST   /trash/restore-deletion
write all  POST   /trash/empty
write all  POST   /copy
write all  POST   /copy/confirmed
write all  POST   /move
write all  POST   /move/confirmed
read  part GET    /export
read  part POST   /export
read  part POST   /export/archive
read  all  GET    /care
read  all  GET    /care/conflicts
write all  POST   /care/conflicts/look
write all  POST   /care/conflicts/resolve
write all  POST   /care/conflicts/choose
write all  POST   /care/conflicts/undo-choice
write all  POST   /care/conflicts/undo
read  part GET    /care/notes
read  all  GET    /care/duplicates
write all  POST   /care/duplicates/look
read  all  GET    /care/duplicates/fold
write all  POST   /care/duplicates/fold
write all  POST   /care/duplicates/undo
read  all  GET    /care/unused
write all  POST   /care/unused/look
read  all  GET    /care/unused/collect
write all  POST   /care/unused/collect
write all  POST   /care/unused/undo
read  all  GET    /care/verification
read  all  GET    /status/work
write all  POST   /status/work/add
write all  POST   /status/work/{task}/pause
write all  POST   /status/work/{task}/resume
write all  POST   /status/work/{task}/cancel
write all  POST   /care/verification/start
write all  POST   /care/verification/stop
write all  POST   /care/verification/heal
read  all  GET    /care/wanted
write all  POST   /care/wanted/look
admin all  POST   /care/wanted/search
admin all  POST   /care/wanted/stop
admin all  GET    /care/wanted/found
admin all  POST   /care/wanted/bring-back
read  all  POST   /care/wanted/provide
admin all  GET    /care/wanted/picture/{sha256}
read  part GET    /static/{path:path}
"""


class Route(NamedTuple):
    """A route that a request leads to."""

    need: Need
    template: str
    """``/api/v1/sds/{sd}``."""
    parameters: dict[str, str]
    """What is in the address in their places."""

    @property
    def is_audited(self) -> bool:
        """Whether a request leaves a line in the audit: those that may change something, by the will of who asks."""
        return self.need.role is not Role.READ and self.template not in UNAUDITED


OF_MACHINE = re.compile(
    r"(?:/folders/within|/import(?:/.*)?|/api/v1/sds/[^/]*/import|/api/v1/rescue"
    r"|/care/wanted/(?:search|stop|found|bring-back|picture/.*))"
)
"""The templates of what reads any folder of the server's machine. Where such folders are somebody's own (``beside``),
an administrator of the organization may not.
"""

NOT_OWNER_KEY = "strandline.not-owner"
"""In the scope of a request to such a server: whether it comes from somebody else than the owner of these folders."""

UNAUDITED = frozenset({"/api/v1/arrivals"})
"""A notice says what happened elsewhere, and changes nothing by itself. A busy bucket would fill the audit."""


class Need(NamedTuple):
    """What a route needs."""

    role: Role
    is_for_part: bool
    """Whether one who may see only some storage directories may use it."""


NEEDS: dict[tuple[str, str], Need] = {
    (method, path): Need(Role(role), part == "part")
    for role, part, method, path in (line.split() for line in _TABLE.strip().splitlines())
}
"""By method and path; ``HEAD`` needs what ``GET`` does."""

UNKNOWN = Need(Role.ADMIN, is_for_part=False)


class Routes:
    """All routes of a server, and what each needs."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._patterns: dict[str, list[tuple[re.Pattern[str], str, Need]]] = {}
        for method, path in (*iter_routes(routes), ("GET", "/i/{image_id}")):
            pattern = compile_path(path)[0]
            self._patterns.setdefault(method, []).append((pattern, path, NEEDS.get((method, path), UNKNOWN)))

    def list_methods(self, path: str) -> list[str]:
        """What the address takes, in order."""
        found = [
            method
            for method, known in self._patterns.items()
            if any(pattern.match(path) for pattern, _, _ in known)
        ]
        return sorted([*found, *(["HEAD"] if "GET" in found else [])])

    def find_route(self, method: str, path: str) -> Route | None:
        """Where the request leads; None if no route would take it, so that nothing happens."""
        for pattern, template, need in self._patterns.get("GET" if method == "HEAD" else method, ()):
            match = pattern.match(path)
            if match is not None:
                return Route(need, template, match.groupdict())
        return None


def may_use(caller: Caller, need: Need) -> bool:
    """Whether the caller's role, and what it may see, allow it."""
    return caller.role.includes(need.role) and (caller.sds is None or need.is_for_part)


def check_access(caller: Caller, need: Need) -> None:
    """Refuses what the caller may not do.

    Raises:
        NotAllowedError: The role, or that it is for some storage directories only, does not allow it.
    """
    if not caller.role.includes(need.role):
        raise NotAllowedError(
            f"this needs the role {need.role.value}, and you have the role {caller.role.value}",
            needed=need.role.value,
            role=caller.role.value,
        )
    if caller.sds is not None and not need.is_for_part:
        raise NotAllowedError(
            f"this is for those who may see all storage directories, and you may see {say_part(caller.sd_names)}",
            role=caller.role.value,
        )


def check_owner(scope: Scope, route: Route | None) -> None:
    """Refuses what reads folders of the machine if these are somebody else's. The route decides, not the address,
    which can be written in more ways than one expects.

    Raises:
        NotAllowedError: They are.
    """
    if scope.get(NOT_OWNER_KEY) and route is not None and OF_MACHINE.fullmatch(route.template):
        raise NotAllowedError(
            "this reads folders of the server's machine, which only their owner may do here"
        )


def say_part(names: Iterable[str]) -> str:
    """The storage directories in words."""
    return ", ".join(show_plainly(name) for name in names) or "none any more"


def iter_routes(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of each route. ``HEAD`` is left out."""
    for route in routes:
        within = getattr(route, "original_router", None)  # FastAPI's own kind, for include_router
        if within is not None:
            yield from iter_routes(within.routes, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        elif isinstance(route, Mount):
            yield "GET", f"{prefix}{route.path}/{{path:path}}"
        else:
            assert isinstance(route, routing.Route), f"nobody knows what this kind of route needs: {route}"
            for method in route.methods or ():
                if method != "HEAD":
                    yield method, prefix + route.path
