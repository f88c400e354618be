"""``/api/v1/inspect``: disk compared with catalog, and the content of a storage directory, file by file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from strandline.errors import UnsupportedImageError
from strandline.model.defaults import ENTRIES_PER_PAGE, HEX_BYTES
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.sync_status import MAX_HEX_BYTES, MAX_TREE_PAGE, HexPage, SyncStatus, TreePage
from strandline.web.answers import HARMLESS, answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import SdPath
from strandline.web.backend import TheBackend
from strandline.web.images.plan import MAX_SIZE

router = APIRouter(tags=["inspect"])

MAX_PREVIEW_BYTES = 64 * 1024 * 1024
"""A previewed file is held in memory."""

FilePath = Annotated[
    str, Query(min_length=1, max_length=4096, description="Relative to the storage directory.")
]
AfterQuery = Annotated[str | None, Query(max_length=4096, description="The `next` of the page before.")]
TreeLimit = Annotated[int, Query(ge=1, le=MAX_TREE_PAGE, description="At most so many.")]
WidthQuery = Annotated[
    int | None,
    Query(alias="w", ge=1, le=MAX_SIZE, description="A copy whose longest side has at most so many pixels."),
]
Offset = Annotated[int, Query(ge=0, lt=2**63, description="The first byte.")]
Length = Annotated[int, Query(ge=1, le=MAX_HEX_BYTES, description="So many bytes.")]


@router.get("/inspect", responses=responses.ok(schemas.SyncSummaries))
async def inspect_all(backend: TheBackend) -> Response:
    """All storage directories in numbers, measured now. Lists every media folder: one ``lstat`` per file."""

    def inspect() -> Response:
        store = backend.store
        return answer(
            schemas.SyncSummaries(
                [schemas.SyncSummary(store.inspect(sd)) for sd in store.list_storage_dirs()]
            )
        )

    return await backend.crossing.slow(inspect)


@router.get("/inspect/{sd}", responses=responses.ok(SyncStatus))
async def inspect_sd(backend: TheBackend, sd: SdPath) -> Response:
    """Disk against catalog, measured now, with every discrepancy and its files."""
    return await backend.crossing.slow(lambda: answer(backend.store.inspect(sd)))


@router.get("/inspect/{sd}/tree", responses=responses.ok(TreePage))
async def list_tree(
    backend: TheBackend, sd: SdPath, after: AfterQuery = None, limit: TreeLimit = ENTRIES_PER_PAGE
) -> Response:
    """A page of the entries in the root and media folder, by path, and what each name means."""
    return await backend.crossing.slow(lambda: answer(backend.store.list_tree(sd, after=after, limit=limit)))


@router.get("/inspect/{sd}/file", responses=responses.ok(schemas.FileFacts))
async def describe_file(backend: TheBackend, sd: SdPath, path: FilePath) -> Response:
    """The facts of one file."""
    return await backend.crossing.slow(lambda: answer(backend.store.describe_file(sd, path)))


@router.get("/inspect/{sd}/hex", responses=responses.ok(HexPage))
async def read_hex(
    backend: TheBackend, sd: SdPath, path: FilePath, offset: Offset = 0, length: Length = HEX_BYTES
) -> Response:
    """A page of any file's bytes."""
    return await backend.crossing.slow(lambda: answer(backend.store.read_hex(sd, path, offset, length)))


@router.get(
    "/inspect/{sd}/raw",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}, "description": "The bytes."}, **responses.problems()},
)
async def preview_file(backend: TheBackend, sd: SdPath, path: FilePath, width: WidthQuery = None) -> Response:
    """A file's bytes as they are, unproven, or a small copy of its picture. Images only, and no script in them can
    run.
    """
    headers = {**HARMLESS, "cache-control": "no-store"}

    def read() -> tuple[bytes, str]:
        data = bytearray()
        size_bytes = 1
        while len(data) < size_bytes <= MAX_PREVIEW_BYTES:
            page = backend.store.read_hex(sd, path, len(data), MAX_HEX_BYTES)
            data += page.data
            size_bytes = page.size_bytes if page.data else 0
        media_type = sniff_media_type(bytes(data[:SNIFF_BYTES]))
        if media_type is None or size_bytes > MAX_PREVIEW_BYTES:
            what = "not an image" if media_type is None else "too large to preview"
            raise UnsupportedImageError(f"{path[:200]!r} is {what}; the hex view shows its bytes")
        return bytes(data), media_type.name

    data, media_type = await backend.crossing.slow(read)
    if width is not None:
        small = await backend.crossing.decoding(
            lambda: backend.store.thumbnails.draw(data, media_type, width)
        )
        data, media_type = small.data, small.media_type
    return Response(data, media_type=media_type, headers=headers)
