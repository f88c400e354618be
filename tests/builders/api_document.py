"""The API's own OpenAPI document, and its operations for requests that are made up from it."""

from __future__ import annotations

from functools import cache
from typing import Any

from strandline.web.app import make_api

ENDLESS = "/api/v1/events"
"""A stream has no end. test_api_events reads it."""

IMAGES = "/i/{image_id}"
"""They may be waited for. tests/web/images has them."""


@cache
def make_document() -> dict[str, Any]:
    """The document. It takes a second, so a process makes it once."""
    return make_api().openapi()


@cache
def make_schema() -> Any:
    """Schemathesis' schema of all operations that have an end."""
    import schemathesis  # it takes another half

    return schemathesis.openapi.from_dict(make_document()).exclude(path=ENDLESS).exclude(path=IMAGES)


@cache
def list_operations() -> dict[str, Any]:
    """Its operations, by labels like ``GET /api/v1/images``."""
    from schemathesis.core.result import Ok

    return {
        found.ok().label: found.ok() for found in make_schema().get_all_operations() if isinstance(found, Ok)
    }
