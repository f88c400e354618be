"""Every route of the server as an address, and those that no router knows, so that tests can walk them all."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from strandline.web.app import Application
from strandline.web.images.endpoint import PREFIX

OTHERS = 6
"""How many paths at the end of the list no router knows."""


def list_paths(app: Application) -> list[str]:
    """An address for each route, with something in the place of each parameter, and those that no router knows."""
    api = app._rest
    assert isinstance(api, FastAPI)
    found = [path for route in api.routes for path in iter_paths(route)]
    assert {"/", "/api/v1/events", "/image/1", "/static/x", "/api/v1/openapi.json"} <= set(found)
    others = ["/nothing", "//", "/sign-in/x", "/sign-in?code=wrong"]
    assert len(others) + 2 == OTHERS
    return [*found, f"{PREFIX}{'0' * 32}", f"{PREFIX}x?key=wrong", *others]


def iter_paths(route: BaseRoute) -> Iterator[str]:
    """Of one route, and of all that are mounted below it. An unknown kind of route fails the test."""
    if isinstance(route, Mount):
        below = [path for each in route.routes for path in iter_paths(each)]
        yield from (fill(route.path) + path for path in below or ["/x", "/js/api.js", "/css/../js/api.js"])
    elif (
        router := getattr(route, "original_router", None)
    ) is not None:  # FastAPI's own kind, for include_router
        prefix = route.include_context.prefix  # type: ignore[attr-defined]
        yield from (fill(prefix) + path for each in router.routes for path in iter_paths(each))
    else:
        assert isinstance(route, Route), f"walk this kind of route, too: {route}"
        yield fill(route.path)


def fill(template: str) -> str:
    """The path with 1 in the place of each parameter."""
    return "/".join("1" if part.startswith("{") else part for part in template.split("/"))
