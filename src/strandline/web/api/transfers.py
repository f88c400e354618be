"""``/api/v1/images/copy`` and ``move``: images get into another storage directory."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.web.api import responses, schemas
from strandline.web.api.changes import MOST_AT_ONCE, answer_changes
from strandline.web.api.parameters import Body
from strandline.web.backend import TheBackend

router = APIRouter(tags=["images"])

ImageIds = Annotated[
    list[str],
    Field(default_factory=list, max_length=MOST_AT_ONCE, description="Image ids: 32 hex digits, or UUIDs."),
]
TargetSd = Annotated[str, Field(description="The target: identity, alias, path or name.")]
Note = Annotated[
    str | None,
    Field(
        description="Besides, all pictures that this note, or each note in this folder, refers to: its path."
    ),
]


class CopyImages(Body):
    """The images that should be in a storage directory."""

    image_ids: ImageIds
    to: TargetSd
    note: Note = None
    dry_run: bool = Field(False, description="Only say what would happen.")


class MoveImages(Body):
    """The images that go to another storage directory."""

    image_ids: ImageIds
    to: TargetSd
    source: str | None = Field(
        None,
        alias="from",
        description="Only files in this storage directory: identity, alias, path or name. Required if an image is in "
        "several others.",
    )
    note: Note = None
    dry_run: bool = Field(False, description="Only say what would happen.")
    confirm: bool = Field(False, description="Move pictures even if notes lose them.")


@router.post("/images/copy", responses=responses.ok(schemas.Copying))
async def copy_images(backend: TheBackend, wanted: CopyImages) -> Response:
    """Saves a good copy of each image in the storage directory. What is there already counts as done, and is not
    written again.

    If nothing could be done, the answer is the problem of the first refusal, with the same keys.
    """

    def copy() -> Response:
        plan = backend.store.plan_copy(wanted.image_ids, to=wanted.to, note=wanted.note)
        report = backend.store.copy_files(plan, dry_run=wanted.dry_run)
        return answer_changes(schemas.Copying(report, wanted.dry_run))

    return await backend.crossing.slow(copy)


@router.post("/images/move", responses=responses.ok(schemas.Moving))
async def move_images(backend: TheBackend, wanted: MoveImages) -> Response:
    """Saves each image in the storage directory, reads it there, and then moves the source to the trash.

    Without `confirm`, a picture stays that notes of its storage directory use (`image-in-use`). If an image is in
    several others and none is named, nothing is moved: 409 `in-several-folders`, with `sds`. If nothing could be
    done, the answer is the problem of the first refusal, with the same keys.
    """

    def move() -> Response:
        store = backend.store
        plan = store.plan_move(wanted.image_ids, to=wanted.to, source=wanted.source, note=wanted.note)
        report = store.move_files(plan, insists=wanted.confirm, dry_run=wanted.dry_run)
        return answer_changes(schemas.Moving(report, wanted.dry_run, plan.uses))

    return await backend.crossing.slow(move)
