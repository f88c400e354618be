"""``/api/v1/export``: images as a ZIP archive, streamed while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from strandline.model.queries import Query
from strandline.web.answers import HARMLESS
from strandline.web.api import responses
from strandline.web.api.parameters import Body, TheQuery
from strandline.web.backend import Backend, TheBackend

router = APIRouter(tags=["images"])

MOST_IDS = 10_000
"""Image ids in one request: 400 KB. A query has no limit."""

FILENAME = "strandline-export.zip"


class Export(Body):
    """Which images. Without ids, those that the query in the address means."""

    image_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_IDS)] | None = Field(
        None, description="Image ids: 32 hex digits, or UUIDs."
    )


@router.post(
    "/export",
    response_class=Response,
    responses={
        200: {
            "description": "The archive.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        **responses.problems(),
    },
)
async def export_images(backend: TheBackend, query: TheQuery, wanted: Export) -> Response:
    """A ZIP archive with the images of these ids, or all that the query means: under readable names, with thumbnails,
    a contact sheet, and a manifest.

    It is sent while it is made. An image that cannot be read is left out, and its `manifest.json` says so
    (`left_out`). If nothing matches, nothing is sent: 404.
    """

    asked = query if wanted.image_ids is None or query != Query() else None
    return await send_export(backend, wanted.image_ids, asked)


async def send_export(backend: Backend, image_ids: Sequence[str] | None, query: Query | None) -> Response:
    """The archive, as a download: of these ids, or of what the query means.

    Raises:
        InvalidImageIdError, InvalidInputError: They make no sense.
        ImageNotFoundError: Nothing matches.
    """

    def begin() -> Iterator[bytes]:
        return backend.store.iter_export_zip(backend.store.plan_export(image_ids, query=query))

    pieces = await backend.crossing.slow(begin)
    headers = {
        **HARMLESS,
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{FILENAME}"',
    }
    return StreamingResponse(_send(backend, pieces), media_type="application/zip", headers=headers)


async def _send(backend: Backend, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is made in a thread, once the one before was sent."""
    while (piece := await backend.crossing.slow(lambda: next(pieces, None))) is not None:
        yield piece
