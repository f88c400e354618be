"""The possible answers of a route, as FastAPI needs them for the OpenAPI document: this shape, or a problem."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from strandline.web.problems import PROBLEM_TYPE, Problem

Responses = dict[int | str, dict[str, Any]]


def problems() -> Responses:
    """The error answers of every route."""
    return {
        "default": {
            "description": "A problem.",
            "content": {PROBLEM_TYPE: {"schema": Problem.model_json_schema()}},
        }
    }


def ok(shape: type[BaseModel]) -> Responses:
    """200 with this shape, or a problem."""
    return {200: {"model": shape}, **problems()}


def created(shape: type[BaseModel]) -> Responses:
    """201 with this shape, 200 with it if nothing was new, or a problem."""
    return {200: {"model": shape, "description": "Nothing new."}, 201: {"model": shape}, **problems()}


def accepted(shape: type[BaseModel]) -> Responses:
    """202 with this shape, or a problem."""
    return {202: {"model": shape}, **problems()}
