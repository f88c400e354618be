"""``/api/v1/sds/{sd}/import``: pictures from folders, archives, and addresses get into a storage directory."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidPathError
from strandline.model.addresses import is_web_address
from strandline.model.data_urls import is_data_url
from strandline.model.imports import ImportReport
from strandline.web.answers import answer
from strandline.web.api import responses
from strandline.web.api.parameters import Body, SdPath
from strandline.web.api.sds import STEP_LIMIT_S, expand_whole
from strandline.web.api.spooling import spooled_body
from strandline.web.backend import TheBackend
from strandline.web.problems import answer_error

router = APIRouter(tags=["images"])

MOST_SOURCES = 100
"""Per request. A folder counts as one."""

_ARCHIVE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Import(Body):
    """What to import."""

    sources: list[str] = Field(
        min_length=1,
        max_length=MOST_SOURCES,
        description="Whole paths of folders, ZIP archives and files on the server's machine; http and https "
        "addresses; data: URLs.",
    )
    note: str | None = Field(
        None, max_length=4096, description="The note that they are for, in a folder of named pictures."
    )
    dry_run: bool = Field(False, description="Read everything, and only say what is new.")
    after: str | None = Field(None, max_length=16384, description="The `next` of the step before.")


@router.post("/sds/{sd}/import", responses=responses.ok(ImportReport))
async def import_images(backend: TheBackend, sd: SdPath, wanted: Import) -> Response:
    """Imports pictures for some seconds. Names and dates are kept, and the same bytes are stored once.

    Repeat it with `after` until `next` is null: each answer has the rows of its own step. If nothing could be
    imported, the answer is the problem of the first refusal, with the same keys.
    """
    sources = [_check_source(source) for source in wanted.sources]

    def run() -> Response:
        report = backend.store.import_images(
            sources,
            sd=sd,
            note=wanted.note,
            dry_run=wanted.dry_run,
            after=wanted.after,
            limit_s=STEP_LIMIT_S,
        )
        return _answer(report, is_step=wanted.after is not None or report.next is not None)

    return await backend.crossing.slow(run)


@router.post("/sds/{sd}/import-archive", responses=responses.ok(ImportReport), openapi_extra=_ARCHIVE)
async def import_archive(
    request: Request,
    backend: TheBackend,
    sd: SdPath,
    dry_run: Annotated[bool, Query(description="Read everything, and only say what is new.")] = False,
) -> Response:
    """Imports the pictures of a ZIP archive, which is the body.

    It may be as large as the largest image (`save.max_bytes`).
    """
    async with spooled_body(request, backend) as writer:

        def run() -> Response:
            with writer.finish().open() as archive:
                return _answer(backend.store.import_images([archive], sd=sd, dry_run=dry_run), is_step=False)

        return await backend.crossing.slow(run)


def _answer(report: ImportReport, *, is_step: bool) -> Response:
    if is_step or not report.refused or report.new or report.already_there:
        return answer(report)
    return answer_error(report.refused[0].error, **report.to_json())


def _check_source(source: str) -> str:
    if is_web_address(source) or is_data_url(source):
        return source
    if not source:
        raise InvalidPathError("a source is empty; give a path, an address, or a data: URL")
    return expand_whole(source)
