"""The possible answers of a route, as FastAPI needs them for the OpenAPI document: this shape, or a problem."""

from __future__ import annotations

from typing import Any

from strandline.web.api.shapes import shape_of
from strandline.web.problems import PROBLEM_TYPE

A_PROBLEM = {"$ref": "#/components/schemas/Problem"}
"""The schema that :mod:`~strandline.web.api.document` adds, once for all routes."""

Responses = dict[int | str, dict[str, Any]]


def problems() -> Responses:
    """The error answers of every route."""
    return {
        "default": {
            "description": "A problem.",
            "content": {PROBLEM_TYPE: {"schema": A_PROBLEM}},
        }
    }


def ok(kind: type) -> Responses:
    """200 with the shape of this class, or a problem."""
    return {200: {"model": shape_of(kind)}, **problems()}


def created(kind: type) -> Responses:
    """201 with this shape, 200 with it if nothing was new, or a problem."""
    return {
        200: {"model": shape_of(kind), "description": "Nothing new."},
        201: {"model": shape_of(kind)},
        **problems(),
    }


def accepted(kind: type) -> Responses:
    """202 with the shape of this class, or a problem."""
    return {202: {"model": shape_of(kind)}, **problems()}
