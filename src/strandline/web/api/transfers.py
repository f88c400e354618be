"""``/api/v1/images/copy`` and ``move``: images get into another storage directory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidInputError
from strandline.model.queries import Query
from strandline.store import Store
from strandline.web.api import responses, schemas
from strandline.web.api.changes import MOST_AT_ONCE, answer_changes
from strandline.web.api.parameters import Body, TheQuery
from strandline.web.backend import TheBackend

router = APIRouter(tags=["images"])


class _Chosen(NamedTuple):
    """The images of one request, and the cursor of the next one."""

    image_ids: Sequence[str]
    next: str | None


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


All = Annotated[
    bool,
    Field(
        description="All images that the query in the address means, or all there are: a thousand in one request."
    ),
]
After = Annotated[str | None, Field(description="With `all`: the `next` of the request before.")]


class CopyImages(Body):
    """The images that should be in a storage directory: by ids, by a note, or `all` that a query means."""

    image_ids: ImageIds
    to: TargetSd
    note: Note = None
    all: All = False
    after: After = None
    dry_run: bool = Field(False, description="Only say what would happen.")


class MoveImages(Body):
    """The images that go to another storage directory: by ids, by a note, or `all` that a query means."""

    image_ids: ImageIds
    to: TargetSd
    all: All = False
    after: After = None
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
async def copy_images(backend: TheBackend, query: TheQuery, wanted: CopyImages) -> Response:
    """Saves a good copy of each image in the storage directory. What is there already counts as done, and is not
    written again. With `all`, repeat it with `after` until `next` is null.

    If nothing could be done, the answer is the problem of the first refusal, with the same keys.
    """

    def copy() -> Response:
        chosen = _choose(backend.store, query, wanted)
        plan = backend.store.plan_copy(chosen.image_ids, to=wanted.to, note=wanted.note)
        report = backend.store.copy_files(plan, dry_run=wanted.dry_run)
        return answer_changes(schemas.Copying(report, wanted.dry_run, chosen.next))

    return await backend.crossing.slow(copy)


@router.post("/images/move", responses=responses.ok(schemas.Moving))
async def move_images(backend: TheBackend, query: TheQuery, wanted: MoveImages) -> Response:
    """Saves each image in the storage directory, reads it there, and then moves the source to the trash. With `all`,
    repeat it with `after` until `next` is null.

    Without `confirm`, a picture stays that notes of its storage directory use (`image-in-use`). If an image is in
    several others and none is named, nothing is moved: 409 `in-several-folders`, with `sds`. If nothing could be
    done, the answer is the problem of the first refusal, with the same keys.
    """

    def move() -> Response:
        store = backend.store
        chosen = _choose(store, query, wanted)
        plan = store.plan_move(chosen.image_ids, to=wanted.to, source=wanted.source, note=wanted.note)
        report = store.move_files(plan, insists=wanted.confirm, dry_run=wanted.dry_run)
        return answer_changes(schemas.Moving(report, wanted.dry_run, plan.uses, chosen.next))

    return await backend.crossing.slow(move)


def _choose(store: Store, query: Query, wanted: CopyImages | MoveImages) -> _Chosen:
    """The images of one request.

    Raises:
        InvalidInputError: It does not say clearly which.
        InvalidCursorError: ``after`` is no cursor of this query.
    """
    if not wanted.all:
        if query != Query() or wanted.after is not None:
            raise InvalidInputError("a query and after go with all; send all, or leave them out")
        return _Chosen(wanted.image_ids, None)
    if wanted.image_ids or wanted.note is not None:
        raise InvalidInputError("say which images: ids, or a note, or all; one of these")
    page = store.gallery.list_after(store.choose(query), after=wanted.after, limit=MOST_AT_ONCE)
    return _Chosen([image.image_id for image in page.images], page.next)
