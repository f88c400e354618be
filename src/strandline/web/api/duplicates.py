"""``/api/v1/duplicates``: files with the same bytes, and how the superfluous ones go to the trash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from strandline.errors import RefusedError
from strandline.model.duplicates import DuplicateReport
from strandline.model.plain_words import say_bytes, say_count
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.changes import answer_changes
from strandline.web.api.parameters import Body
from strandline.web.api.trash import MAX_SDS
from strandline.web.backend import TheBackend

router = APIRouter(tags=["images"])

Sds = Annotated[
    list[str],
    Query(
        alias="sd",
        default_factory=list,
        max_length=MAX_SDS,
        description="Only in this storage directory: identity, alias, path or name. It may come several times.",
    ),
]


class FoldDuplicates(Body):
    """Where superfluous files go to the trash."""

    sds: list[str] = Field(
        [],
        max_length=MAX_SDS,
        description="Only in these storage directories: identity, alias, path or name.",
    )
    dry_run: bool = Field(False, description="Only say what would happen.")
    confirm: bool = Field(False, description="Do it.")


@router.get("/duplicates", responses=responses.ok(DuplicateReport))
async def list_duplicates(
    backend: TheBackend,
    sds: Sds,
    across: Annotated[
        bool, Query(description="Also pictures that are once in several storage directories.")
    ] = False,
) -> Response:
    """Files with the same bytes in one storage directory, and the space that they take, by the catalog alone."""
    return await backend.crossing.slow(
        lambda: answer(backend.store.list_duplicates(sds or None, across=across))
    )


@router.post("/duplicates/fold", responses=responses.ok(schemas.Changes))
async def fold_duplicates(backend: TheBackend, wanted: FoldDuplicates) -> Response:
    """Moves files to the trash that no text names, if another file in their storage directory has the same bytes.

    Without `confirm`, nothing is moved: 409 `refused` says how much would be.
    """

    def fold() -> Response:
        steps = backend.store.plan_fold(wanted.sds or None)
        if steps and not (wanted.dry_run or wanted.confirm):
            size_bytes = sum(each.step.size_bytes or 0 for each in steps)
            raise RefusedError(
                f"this would move {say_count(len(steps), 'file')} ({say_bytes(size_bytes)}) to the trash; send "
                '"confirm": true to do it'
            )
        report = backend.store.fold(steps, dry_run=wanted.dry_run)
        backend.care.forget_looks()
        return answer_changes(schemas.Changes(report, wanted.dry_run))

    return await backend.crossing.slow(fold)
