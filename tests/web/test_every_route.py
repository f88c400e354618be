"""Without a secret nothing is answered: every route of the application is walked, and so is each route to come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from builders.served import Served, serving_storage_dir
from strandline.web.app import Application
from strandline.web.images.endpoint import PREFIX

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")

PUBLIC = {
    ("GET", "/sign-in"), ("HEAD", "/sign-in"), ("POST", "/sign-in"), ("GET", "/healthz"), ("HEAD", "/healthz"),
    ("POST", "/sign-in?code=wrong"), ("GET", "/sign-in?code=wrong"), ("HEAD", "/sign-in?code=wrong"),
}  # fmt: skip
"""What everybody may ask. The page to sign in needs some files as well; these are the styles and the mark."""

PROXIED = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", "x-forwarded-host": "localhost"}
NAVIGATING = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}

WRONG = {
    "nothing": {},
    "a wrong token": {"authorization": "Bearer wrong"},
    "a wrong cookie": {"cookie": "strandline-8484=a.99999999999.b; strandline=x"},
    "the words of a proxy": PROXIED,
    "a page": NAVIGATING,
}


def list_paths(app: Application) -> list[str]:
    """An address for each route, with something in the place of each parameter, and those that no router knows."""
    api = app._rest
    assert isinstance(api, FastAPI)
    found = [path for route in api.routes for path in iter_paths(route)]
    assert {"/", "/api/v1/events", "/image/1", "/static/x", "/api/v1/openapi.json"} <= set(found)
    others = ["/nothing", "//", "/sign-in/x", "/sign-in?code=wrong"]
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


@contextmanager
def serving_kind(kind: str, folder: Path) -> Iterator[Served]:
    """A server that only this machine can reach, or others as well, or that is open on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        if kind == "open":
            patch.setenv("STRANDLINE_WEB_AUTH", "open-on-loopback")
        with serving_storage_dir(folder) as served:
            if kind == "network":
                served.app.door._is_loopback = False
                served.app.door.guard = served.app.door.read_guard()
            yield served


@pytest.mark.parametrize("credentials", WRONG, ids=[name.replace(" ", "-") for name in WRONG])
@pytest.mark.parametrize("kind", ["loopback", "network"])
def test_no_route_answers_without_a_secret(tmp_path: Path, kind: str, credentials: str) -> None:
    """Whatever the method, and whether it comes from our own page or from nowhere."""
    with serving_kind(kind, tmp_path) as served:
        origin = served.address.url.rstrip("/")
        with httpx.Client(base_url=origin, timeout=20) as client:
            for path in list_paths(served.app):
                for method in METHODS:
                    for headers in ({}, {"origin": origin}):
                        answer = client.request(method, path, headers=WRONG[credentials] | headers)
                        is_public = (method, path) in PUBLIC
                        said = (method, path, headers, answer.status_code)
                        assert is_public or answer.status_code in (401, 403, 429), said


def test_every_route_answers_with_the_token(tmp_path: Path) -> None:
    """With the right secret, none asks for it. Streams are asked for their heads."""
    with serving_kind("loopback", tmp_path) as served:
        headers = {"authorization": f"Bearer {served.app.door.guard.token}"}
        with httpx.Client(base_url=served.address.url, headers=headers, timeout=20) as client:
            for path in list_paths(served.app):
                if path in ("/api/v1/events", "//") or path.startswith("/sign-in"):
                    continue
                for method in ("GET", "HEAD"):
                    assert client.request(method, path).status_code not in (401, 403, 429), (method, path)
            with client.stream("GET", "/api/v1/events") as stream:
                assert stream.status_code == 200


def test_open_on_loopback_asks_on_loopback_only(tmp_path: Path) -> None:
    """The setting opens no server that others can reach."""
    with serving_kind("open", tmp_path) as served, served.as_stranger() as client:
        assert client.get("/").status_code == 200
        served.app.door._is_loopback = False
        served.app.door.guard = served.app.door.read_guard()
        assert client.get("/").status_code == 401
