"""A page for each problem: where the ``type`` of a problem leads, so that it can be read."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import NamedTuple

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from strandline import errors
from strandline.errors import StrandlineError
from strandline.web.backend import TheBackend
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.problems import REFUSALS, title_of_code
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
    found = [(kind.code, _status_of(kind), _say_meaning(kind)) for kind in kinds]
    found += [(code, status, meaning) for code, (status, meaning) in REFUSALS.items()]
    return {
        code: ProblemKind(code, title_of_code(code), status, meaning)
        for code, status, meaning in sorted(found)
    }


@router.get("/problems")
async def show_problems(backend: TheBackend) -> Response:
    """All problems that the API can answer with."""
    kinds = list(list_problem_kinds().values())
    return render(backend.base, "problems.html", place=None, title="Problems", kinds=kinds, is_list=True)


@router.get("/problems/{code}")
async def show_problem(backend: TheBackend, code: str) -> Response:
    """One problem: its status, and what it means."""
    kind = list_problem_kinds().get(code)
    if kind is None:
        raise HTTPException(404)
    return render(backend.base, "problems.html", place=None, title=kind.title, kinds=[kind], is_list=False)


def _status_of(kind: type[StrandlineError]) -> int:
    return next((HTTP_STATUS[each] for each in kind.__mro__ if each in HTTP_STATUS), 500)


def _say_meaning(kind: type[StrandlineError]) -> str:
    """The first paragraph about the class, without what it says about attributes in Python."""
    paragraph = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    sentences = [each for each in re.split(r"(?<=\.) ", paragraph) if not each.startswith("``")]
    return " ".join(sentences).replace("``", "`")
