"""The OpenAPI document, completed: which secrets there are, and the bytes of images, which have an endpoint of their
own.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from strandline.pictures.decoding import MAX_SIZE
from strandline.web.api.responses import problems
from strandline.web.images.plan import MAX_WAIT_S
from strandline.web.problems import Problem

SECRETS = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the installation, for programs; `strandline token show` prints it.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "strandline-8484",
        "description": "A session, for browsers. The name ends with the server's port.",
    },
    "imageKey": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "The image key of the installation; for images only.",
    },
}


def _query(name: str, description: str, **schema: object) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_BYTES = {"image/*": {"schema": {"type": "string", "format": "binary"}}}

IMAGE_BYTES: dict[str, Any] = {
    "tags": ["images"],
    "summary": "Get Image Bytes",
    "description": "The bytes of an image, proven before the first one leaves, or a small copy. HEAD works, too.",
    "operationId": "get_image_bytes",
    "security": [{"token": []}, {"session": []}, {"imageKey": []}],
    "parameters": [
        {
            "name": "image_id",
            "in": "path",
            "required": True,
            "description": "An image id: 32 hex digits, or a UUID.",
            "schema": {"type": "string"},
        },
        _query("w", "A small copy: its longer side in pixels.", type="integer", minimum=1, maximum=MAX_SIZE),
        _query(
            "wait", "Wait so many seconds for it to arrive.", type="integer", minimum=0, maximum=MAX_WAIT_S
        ),
        _query(
            "original",
            "`1`: the bytes as they are, also of types that browsers do not show.",
            enum=["0", "1"],
        ),
        _query("sd", "Look in this storage directory first: identity, alias, path, or name.", type="string"),
        _query("fetch", "`1`: download it if its bytes are only in the cloud.", enum=["0", "1"]),
        _query("quiet", "`1`: if it cannot be shown now, 204 instead of a problem.", enum=["0", "1"]),
    ],
    "responses": {
        "200": {"description": "The bytes.", "content": _BYTES},
        "204": {"description": "There is no picture now, and the request was quiet."},
        "206": {"description": "The requested range of them.", "content": _BYTES},
        "304": {"description": "The client has them."},
        **problems(),
    },
}


def complete_document(api: FastAPI) -> None:
    """Adds to the API's document what FastAPI does not know."""
    make_document = api.openapi

    def openapi() -> dict[str, Any]:
        document = make_document()
        document["components"]["securitySchemes"] = SECRETS
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        document["security"] = [{"token": []}, {"session": []}]
        document["paths"]["/i/{image_id}"] = {"get": IMAGE_BYTES}
        return document

    api.openapi = openapi  # type: ignore[method-assign]
