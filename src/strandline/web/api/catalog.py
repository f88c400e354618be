"""``/api/v1/catalog``: what cannot be rebuilt from the folders leaves this machine, and gets into another one."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from fastapi import APIRouter, Request
from starlette.responses import Response

from strandline.errors import InvalidInputError
from strandline.model.catalog_exports import EXPORT_FORMAT, ImportedCatalog
from strandline.runtime.assembly import LocalStore
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.spooling import spooled_body
from strandline.web.backend import TheBackend

router = APIRouter(tags=["health"])

FILENAME = "strandline.json"

_ROWS = {"type": "array", "items": {"type": "object"}}

_EXPORT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["format", "origins"],
                    "properties": {
                        "format": {"const": EXPORT_FORMAT},
                        **dict.fromkeys(("origins", "storage_dirs", "history", "trash"), _ROWS),
                    },
                }
            }
        },
    }
}


@router.get("/catalog/export", responses=responses.ok(schemas.CatalogExport))
async def export_catalog(backend: TheBackend) -> Response:
    """What cannot be rebuilt from the folders: what `strandline catalog export` prints.

    Reads one snapshot of the catalog. A browser saves it as a file.
    """

    def export() -> Response:
        headers = {"content-disposition": f'attachment; filename="{FILENAME}"'}
        return answer(backend.store.export_catalog(), headers=headers)

    return await backend.crossing.slow(export)


@router.post("/catalog/import", responses=responses.ok(ImportedCatalog), openapi_extra=_EXPORT)
async def import_catalog(request: Request, backend: TheBackend) -> Response:
    """Takes over what another catalog knows. Its export is the body. What `strandline catalog import` prints.

    All of it is checked before anything is written. Nothing is removed, and the second time nothing is added. It may
    be as large as the largest image (`save.max_bytes`).
    """
    async with spooled_body(request, backend) as writer:

        def run() -> Response:
            with writer.finish().open() as file:
                return answer(take_over(backend.store, file))

        return await backend.crossing.slow(run)


def take_over(store: LocalStore, file: BinaryIO) -> ImportedCatalog:
    """Imports the file's document. Runs in one of the store's threads.

    Raises:
        InvalidInputError: It is no export of a catalog. Nothing was added.
    """
    try:
        document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"this is not JSON ({error}); send what the other machine exported"
        ) from error
    return store.import_catalog(document)
