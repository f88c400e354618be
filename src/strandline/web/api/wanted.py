"""``/api/v1/wanted``: the files that are missing or bad, and what this machine has of another one's list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from strandline.model.wanted import WantedImage, parse_rows
from strandline.web.answers import HARMLESS, answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body, SdQuery
from strandline.web.backend import Backend, TheBackend

router = APIRouter(tags=["images"])

MOST_ROWS = 10_000
"""Rows of a list in one request. The command line and the page take longer ones."""

PIECE_BYTES = 1024 * 1024

FILENAME = "for-another-machine.zip"


class WantedList(Body):
    """What `GET /wanted` answered on another machine."""

    wanted: list[dict[str, Any]] = Field(
        max_length=MOST_ROWS, description="Only `image_id` and `sha256` of each row count."
    )


@router.get("/wanted", responses=responses.ok(schemas.Wanted))
async def list_wanted(backend: TheBackend, sd: SdQuery = None) -> Response:
    """The files that are missing, arriving, damaged, foreign, or altered: what `strandline wanted --json` prints.

    Reads only the catalog.
    """
    sds = None if sd is None else [sd]
    return await backend.crossing.slow(lambda: answer(schemas.Wanted(backend.store.list_wanted(sds))))


@router.post(
    "/wanted/provide",
    response_class=Response,
    responses={
        200: {
            "description": "The archive.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        **responses.problems(),
    },
)
async def provide_wanted(backend: TheBackend, wanted: WantedList) -> Response:
    """A ZIP archive with what this machine has of another machine's list, for `POST /rescue` there.

    What is not here is left out. If nothing is, nothing is sent: 404.
    """
    images, _ = parse_rows(wanted.wanted)
    return await send_provided(backend, images)


async def send_provided(backend: Backend, images: Sequence[WantedImage]) -> Response:
    """The archive, as a download.

    Raises:
        ImageNotFoundError: Nothing of it is here.
    """
    _, file = await backend.crossing.slow(lambda: backend.store.provide_zip(images))
    headers = {
        **HARMLESS,
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{FILENAME}"',
    }
    return StreamingResponse(_send(backend, file), media_type="application/zip", headers=headers)


async def _send(backend: Backend, file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await backend.crossing.slow(lambda: file.read(PIECE_BYTES)):
            yield piece
