"""``/api/v1/sds/{sd}/conflicts``: conflict copies that sync clients left are listed and resolved."""

from __future__ import annotations

import os

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.model.conflicts import ConflictListing
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body, SdPath
from strandline.web.backend import TheBackend
from strandline.web.problems import answer_error

router = APIRouter(tags=["inspect"])

MAX_PATHS = 1000


class ResolveConflicts(Body):
    """The conflict copies that are resolved."""

    paths: list[str] | None = Field(
        None, max_length=MAX_PATHS, description="Only these: paths in the storage directory, with `/`."
    )
    dry_run: bool = Field(False, description="Only say what would happen.")


@router.get("/sds/{sd}/conflicts", responses=responses.ok(ConflictListing))
async def list_conflicts(backend: TheBackend, sd: SdPath) -> Response:
    """The conflict copies of a storage directory, also of `SD_ID`, and what resolves each.

    Lists the folder, and reads each copy and the file that it is a copy of.
    """
    return await backend.crossing.slow(lambda: answer(backend.store.list_conflicts([sd])))


@router.post("/sds/{sd}/conflicts/resolve", responses=responses.ok(schemas.Resolution))
async def resolve_conflicts(backend: TheBackend, sd: SdPath, wanted: ResolveConflicts) -> Response:
    """Folds copies with the same bytes, heals files, and saves other bytes as images of their own. Nothing is lost:
    what leaves the folder is in the trash.

    If nothing could be resolved, the answer is the problem of the first refusal, with the same keys.
    """

    def resolve() -> Response:
        root = backend.store.get_storage_dir(sd).path
        given = [root] if wanted.paths is None else [os.path.join(root, path) for path in wanted.paths]
        report = backend.store.resolve_conflicts(given, dry_run=wanted.dry_run)
        backend.care.forget_looks()
        told = schemas.Resolution(report, wanted.dry_run)
        if not report.changes.refused or report.resolved:
            return answer(told)
        return answer_error(report.changes.refused[0].error, **told.to_json())

    return await backend.crossing.slow(resolve)
