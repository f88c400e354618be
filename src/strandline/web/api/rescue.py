"""``/api/v1/rescue``: what is missing or bad is looked for in folders of this machine, and brought back."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidPathError
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body
from strandline.web.backend import TheBackend
from strandline.web.problems import answer_error

router = APIRouter(tags=["images"])

MAX_FOLDERS = 20

Folder = Annotated[str, Field(min_length=1, max_length=4096)]


class Rescue(Body):
    """Where to look."""

    folders: Annotated[
        list[Folder],
        Field(min_length=1, max_length=MAX_FOLDERS, description="Whole paths on the server's machine."),
    ]
    dry_run: bool = Field(False, description="Only say what would come back.")


@router.post("/rescue", responses=responses.ok(schemas.Rescued))
async def rescue(backend: TheBackend, wanted: Rescue) -> Response:
    """Looks through the folders for exactly the bytes of what `GET /wanted` lists, and brings it back: a missing file
    to where it was, never over anything; a bad one gets its right bytes, and the wrong ones go to the trash.

    Answers when it is done, which may take minutes. If nothing could be brought back, the answer is the problem of
    the first refusal, with the same keys.
    """

    def act() -> Response:
        for folder in wanted.folders:
            if not os.path.isabs(folder) or "\0" in folder:
                raise InvalidPathError(
                    f"{folder[:100]!r} is not the whole path of a folder", path=folder[:100]
                )
        report = backend.store.rescue(wanted.folders, dry_run=wanted.dry_run)
        backend.care.forget_looks()
        told = schemas.Rescued(report, wanted.dry_run)
        changes = report.changes
        if not changes.refused or (changes.possible if wanted.dry_run else changes.done):
            return answer(told)
        return answer_error(changes.refused[0].error, **told.to_json())

    return await backend.crossing.slow(act)
