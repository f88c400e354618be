"""Invalid requests: what is wrong with one that does not match the OpenAPI document, in words of our own.

The validator's words are made for programmers of the server. These name the parameter or field, and never repeat its
value, which may be long or secret, unless it should have been one of a few words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

_PLACES = {"query": "parameter", "path": "parameter", "header": "header", "body": "field"}

_REASONS = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length:,} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length:,} entries",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le:,}",
    "less_than": "must be less than {lt:,}",
    "enum": "must be {expected}",
}
"""By the type of the validator's error."""


def say_invalid(request: Request, error: RequestValidationError) -> str:
    """The first mistake, in one line."""
    first = error.errors()[0]
    place, *names = first["loc"]
    kind, context = first["type"], first.get("ctx", {})
    if place == "body" and (not names or kind == "json_invalid"):
        return _say_body(request, kind)
    name = next(
        (each for each in reversed(names) if isinstance(each, str)), str(names[-1])
    )  # not a place in a list
    what = f"{'an entry of ' if name != names[-1] else ''}the {_PLACES[place]} {name[:40]!r}"
    if kind == "missing":
        return f"{what} is missing"
    if kind == "extra_forbidden":
        return f"there is no field {str(names[-1])[:40]!r}; the fields are {', '.join(_fields_of(request))}"
    reason = _REASONS.get(kind)
    return f"{what} {reason.format_map(context) if reason else 'is not as the API describes it'}"


def find_facts(error: RequestValidationError) -> dict[str, object]:
    """``parameter``, ``header``, or ``field``: the name of what the first mistake is in. ``value`` only if it should
    have been one of a few words. Empty if it is the body as a whole.
    """
    first = error.errors()[0]
    place, *names = first["loc"]
    name = next((each for each in reversed(names) if isinstance(each, str)), None)
    if name is None or first["type"] == "json_invalid":
        return {}
    facts: dict[str, object] = {_PLACES[place]: name[:40]}
    return facts | ({"value": str(first["input"])[:40]} if first["type"] == "enum" else {})


def _say_body(request: Request, kind: str) -> str:
    fields = ", ".join(_fields_of(request))
    if kind == "missing":
        return f"the request has no body; send a JSON object with the fields {fields}"
    if kind == "json_invalid":
        return "the body is not valid JSON"
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return "the body must be JSON, sent with 'Content-Type: application/json'"
    return f"the body must be a JSON object; its fields are {fields}"


def _fields_of(request: Request) -> list[str]:
    """The fields that the route's body has."""
    bodies: list[Any] = [each.field_info.annotation for each in request.scope["route"].dependant.body_params]
    known: Mapping[str, Any] = bodies[0].model_fields if issubclass(bodies[0], BaseModel) else {}
    return list(known)
