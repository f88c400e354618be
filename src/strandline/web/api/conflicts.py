"""``/api/v1/sds/{sd}/conflicts``: conflict copies that sync clients left are listed and resolved."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.model.changes import ChangeReport
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


class ChooseVersion(Body):
    """Which of two different versions of a named picture is kept."""

    path: str = Field(
        max_length=4096, description="That of the conflict copy, in the storage directory, with `/`."
    )
    keep: Literal["file", "copy", "both"] = Field(description="The file, the copy under its name, or both.")
    dry_run: bool = Field(False, description="Only say what would happen.")


class UndoChoice(Body):
    """The choice that is taken back."""

    undo: str = Field(max_length=200, description="What the answer of `choose` has as `undo`.")


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
        found = backend.store.get_storage_dir(sd)
        given = [found.path] if wanted.paths is None else [(found, path) for path in wanted.paths]
        report = backend.store.resolve_conflicts(given, dry_run=wanted.dry_run)
        backend.care.forget_looks()
        told = schemas.Resolution(report, wanted.dry_run)
        if not report.changes.refused or report.resolved:
            return answer(told)
        return answer_error(report.changes.refused[0].error, **told.to_json())

    return await backend.crossing.slow(resolve)


@router.post("/sds/{sd}/conflicts/choose", responses=responses.ok(schemas.Choice))
async def choose_version(backend: TheBackend, sd: SdPath, wanted: ChooseVersion) -> Response:
    """Keeps one of two different versions of a named picture, or both. What is not kept is in the trash."""

    def choose() -> Response:
        chosen = backend.store.choose_version(sd, wanted.path, wanted.keep, dry_run=wanted.dry_run)
        backend.care.forget_looks()
        return answer(schemas.Choice(chosen, wanted.dry_run))

    return await backend.crossing.slow(choose)


@router.post("/conflicts/undo-choice", responses=responses.ok(ChangeReport))
async def undo_choice(backend: TheBackend, wanted: UndoChoice) -> Response:
    """Makes both versions as they were before the choice. Nothing that was saved meanwhile is replaced."""

    def undo() -> Response:
        report = backend.store.undo_choice(wanted.undo)
        backend.care.forget_looks()
        return answer_error(report.refused[0].error, **report.to_json()) if report.refused else answer(report)

    return await backend.crossing.slow(undo)
