"""``POST /api/v1/images``: bytes are saved as images, by the same rules as everywhere.

Nothing that the request says about its length or its types is trusted. The bytes are counted and hashed as they
arrive, and they decide the type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from strandline import NewImage
from strandline.errors import EmptyImageError, InvalidInputError, StrandlineError
from strandline.model.reports import Saved
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.spooling import Part, parse_time, spooled_body, spooled_form
from strandline.web.backend import Backend, TheBackend
from strandline.web.problems import answer_error

router = APIRouter(tags=["images"])

MAX_FILES = 1000
"""Per request."""

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "*/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "modified": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "When each file was last written to, in the order of `files`: a time with "
                            "its zone (`2026-07-14T09:30:00Z`), or empty.",
                        },
                    },
                }
            },
        },
    }
}


class _Target(NamedTuple):
    """Where the images go, as the request says it."""

    sd: str
    image_id: str | None
    note: str | None


@router.post("/images", status_code=201, responses=responses.created(schemas.Upload), openapi_extra=_BODY)
async def upload_images(
    request: Request,
    backend: TheBackend,
    sd: Annotated[str, Query(min_length=1, description="The target: identity, alias, path, or name.")],
    name: Annotated[str | None, Query(max_length=1000, description="What a raw upload was called.")] = None,
    id: Annotated[
        str | None, Query(max_length=100, description="An id of your own, for a single image.")
    ] = None,
    modified: Annotated[
        str | None,
        Query(
            max_length=100,
            description="When a raw upload's file was last written to: a time with its zone, `2026-07-14T09:30:00Z`. "
            "A picture that does not say when it was taken sorts by it.",
        ),
    ] = None,
    note: Annotated[
        str | None,
        Query(
            max_length=4096,
            description="The note that the images are for, in a folder of named pictures: its path from the root.",
        ),
    ] = None,
) -> Response:
    """Saves the body, or the files of a form, as images. 201 if one is new, 200 if all existed already.

    Each of several files has its own result. If none could be saved, the answer is the problem of the first one. If
    there are several, the problem has `failed` with all of them.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with spooled_form(request, backend, max_files=MAX_FILES) as form:
            return await _save_all(backend, form.parts, _Target(sd, id, note))
    async with spooled_body(request, backend) as writer:
        part = Part(name, writer, parse_time(modified))
        return await _save_all(backend, [part], _Target(sd, id, note))


async def _save_all(backend: Backend, parts: list[Part], target: _Target) -> Response:
    if not parts:
        raise InvalidInputError("there is no file in the form; call its field 'files'")
    if target.image_id is not None and len(parts) > 1:
        raise InvalidInputError("an id is for one image; there are several")
    results = await backend.crossing.slow(lambda: _save(backend, parts, target))
    saved: list[Saved] = []
    failed: list[schemas.Failed] = []
    for part, result in zip(parts, results, strict=True):
        if isinstance(result, StrandlineError):
            failed.append(schemas.Failed(part.name or "upload", result.code, result.message))
        else:
            saved.append(replace(result, source=part.name or "upload"))
    if not saved:
        first = next(result for result in results if isinstance(result, StrandlineError))
        return answer_error(first, **(schemas.Upload([], failed).to_json() if len(parts) > 1 else {}))
    status = 201 if any(one.new for one in saved) else 200
    return answer(schemas.Upload(saved, failed), status=status)


def _save(backend: Backend, parts: list[Part], target: _Target) -> Sequence[Saved | StrandlineError]:
    """Runs in one of the store's threads."""
    store = backend.store
    if len(parts) > 1:
        try:
            return store.save_several(
                [NewImage(part.writer.finish(), part.name, part.modified_at) for part in parts],
                sd=target.sd,
                note=target.note,
            )
        except StrandlineError as error:
            return [error] * len(parts)
    (part,) = parts
    copy = part.writer.finish()
    if not copy.size_bytes and part.name is None:
        raise EmptyImageError("the request body is empty; send the bytes of an image")
    saved = store.save(
        copy,
        sd=target.sd,
        name=part.name,
        image_id=target.image_id,
        modified_at=part.modified_at,
        note=target.note,
    )
    return [saved]
