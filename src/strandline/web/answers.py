"""Answers: JSON over HTTP.

Everything except ASCII is escaped. A file name that is not UTF-8 contains lone surrogates, which no encoder accepts,
and one such name must not make a whole listing unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from strandline.model.json_form import JsonForm, to_json

HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
"""For all bytes that come from a storage directory: nothing in them runs or loads anything."""


def answer(
    document: JsonForm | Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """One JSON document. Never cached, because it may change at any moment."""
    return Response(
        json.dumps(to_json(document), separators=(",", ":")).encode(),
        status_code=status,
        headers={"cache-control": "no-store", **(headers or {})},
        media_type="application/json",
    )
