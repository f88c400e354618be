"""A page for each problem: where the ``type`` of a problem leads, so that it can be read."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strandline import errors
from strandline.errors import StrandlineError
from strandline.web.backend import Backend, TheBackend
from strandline.web.door import Door
from strandline.web.heads import read_head
from strandline.web.pages.rendering import PageRoute, render, render_bare
from strandline.web.pages.sign_in_pages import TheDoor
from strandline.web.problems import REFUSALS, say_meaning, title_of_code
from strandline.web.statuses import HTTP_STATUS

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class ProblemKind(NamedTuple):
    """What the page of a problem says."""

    code: str
    title: str
    status: int
    meaning: str


@cache
def list_problem_kinds() -> dict[str, ProblemKind]:
    """All of them by code: the library's errors, and the refusals that only HTTP has."""
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, StrandlineError)
    ]
    found = [(kind.code, _status_of(kind), say_meaning(kind)) for kind in kinds]
    found += [(code, status, meaning) for code, (status, meaning) in REFUSALS.items()]
    return {
        code: ProblemKind(code, title_of_code(code), status, meaning)
        for code, status, meaning in sorted(found)
    }


@router.get("/problems")
async def show_problems(request: Request, backend: TheBackend, door: TheDoor) -> Response:
    """All problems that the API can answer with."""
    return _render(request, backend, door, "Problems", list(list_problem_kinds().values()), is_list=True)


@router.get("/problems/{code}")
async def show_problem(request: Request, backend: TheBackend, door: TheDoor, code: str) -> Response:
    """One problem: its status, and what it means."""
    kind = list_problem_kinds().get(code)
    if kind is None:
        raise HTTPException(404)
    return _render(request, backend, door, kind.title, [kind], is_list=False)


def _render(
    request: Request, backend: Backend, door: Door, title: str, kinds: list[ProblemKind], *, is_list: bool
) -> Response:
    """Everybody may read it. Without a session, the page has nothing that leads to others."""
    if door.guard.is_let_in(read_head(request.scope)):
        return render(backend.base, "problems.html", place=None, title=title, kinds=kinds, is_list=is_list)
    return _render_outside(backend.base, title, kinds, is_list=is_list)


def render_problem_outside(base: str, code: str, status: int) -> Response:
    """The page of one problem, as the answer to somebody who has no session."""
    kind = list_problem_kinds()[code]
    return _render_outside(base, kind.title, [kind], status=status, is_list=False)


def _render_outside(
    base: str, title: str, kinds: list[ProblemKind], *, status: int = 200, is_list: bool
) -> Response:
    template = "problems_outside.html"
    return render_bare(base, template, status=status, title=title, kinds=kinds, is_list=is_list)


def _status_of(kind: type[StrandlineError]) -> int:
    return next((HTTP_STATUS[each] for each in kind.__mro__ if each in HTTP_STATUS), 500)
