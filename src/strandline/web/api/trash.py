"""``/api/v1/trash``: images are deleted, which moves their files to this machine's trash, and come back from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidInputError, RefusedError, UnsupportedImageError
from strandline.model.changes import ChangeReport
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.trash import TrashedFile, TrashListing
from strandline.web.answers import HARMLESS, answer
from strandline.web.api import responses, schemas
from strandline.web.api.changes import MOST_AT_ONCE, answer_changes
from strandline.web.api.inspect import MAX_PREVIEW_BYTES, WidthQuery
from strandline.web.api.parameters import Body, ImageIdPath, SdQuery
from strandline.web.backend import Backend, TheBackend
from strandline.web.images.ranges import is_not_modified

router = APIRouter()

MAX_SDS = 100

ImageIds = Annotated[
    list[str], Field(min_length=1, max_length=MOST_AT_ONCE, description="Image ids: 32 hex digits, or UUIDs.")
]
Sds = Annotated[
    list[str],
    Query(
        alias="sd",
        default_factory=list,
        max_length=MAX_SDS,
        description="From this storage directory only: identity, alias, path or name. It may come several times.",
    ),
]
DryRun = Annotated[bool, Query(description="Only say what would happen.")]
TrashIdPath = Annotated[str, Path(description="The entry's `trash_id`.")]


class DeleteImages(Body):
    """The images that go to the trash."""

    image_ids: ImageIds
    sds: list[str] = Field(
        [],
        max_length=MAX_SDS,
        description="From these storage directories only: identity, alias, path or name. Required if an image is in "
        "several.",
    )
    dry_run: bool = Field(False, description="Only say what would happen.")


class RestoreImages(Body):
    """What comes back: all deleted files of images, or single entries of the trash."""

    image_ids: list[str] = Field(
        [],
        max_length=MOST_AT_ONCE,
        description="Image ids: 32 hex digits, or UUIDs. All their deleted files.",
    )
    trash_ids: list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]] = Field(
        [],
        max_length=MOST_AT_ONCE,
        description="Instead: entries of the trash, such as the `trash_id` of each row of a deletion.",
    )
    sd: str | None = Field(
        None,
        description="With `image_ids`: only into this storage directory: identity, alias, path or name.",
    )
    dry_run: bool = Field(False, description="Only say what would happen.")


class EmptyTrash(Body):
    """What leaves the trash for good."""

    sd: str | None = Field(None, description="Only of this storage directory: identity, alias, path or name.")
    dry_run: bool = Field(False, description="Only say what would happen.")
    confirm: bool = Field(False, description="Remove it: this cannot be undone.")


@router.delete("/images/{image_id}", tags=["images"], responses=responses.ok(schemas.Deletion))
async def delete_image(
    backend: TheBackend,
    image_id: ImageIdPath,
    sds: Sds,
    dry_run: DryRun = False,
) -> Response:
    """Moves the image's files to the trash of this machine. `POST /trash/restore` brings them back.

    If it is in several storage directories and none is named, nothing is deleted: 409 `in-several-folders`, with
    `sds`. If nothing could be deleted, the answer is the problem of the first refusal, with the same keys.
    """
    return await backend.crossing.slow(lambda: _delete(backend, [image_id], sds, dry_run=dry_run))


@router.post("/images/delete", tags=["images"], responses=responses.ok(schemas.Deletion))
async def delete_images(backend: TheBackend, wanted: DeleteImages) -> Response:
    """Moves the files of several images to the trash, one after the other. What is refused does not stop the others.

    If an image is in several storage directories and none is named, nothing is deleted: 409 `in-several-folders`,
    with `sds`. If nothing could be deleted, the answer is the problem of the first refusal, with the same keys.
    """
    return await backend.crossing.slow(
        lambda: _delete(backend, wanted.image_ids, wanted.sds, dry_run=wanted.dry_run)
    )


@router.get("/trash", tags=["trash"], responses=responses.ok(TrashListing))
async def list_trash(backend: TheBackend, sd: SdQuery = None) -> Response:
    """What is in the trash of this machine, latest first, and how full it is.

    Besides deleted images (`deleted`), it has damaged files that were replaced by good ones (`replaced`).
    """
    return await backend.crossing.slow(lambda: answer(backend.store.trash.describe(sd)))


@router.post("/trash/restore", tags=["trash"], responses=responses.ok(schemas.Changes))
async def restore_images(backend: TheBackend, wanted: RestoreImages) -> Response:
    """Puts each deleted file of the images back where it was, if the place is free. Replaces nothing.

    With `trash_ids` instead of `image_ids`, only these files. So the rows of a deletion undo exactly that deletion,
    and what was deleted before stays in the trash. If nothing could be put back, the answer is the problem of the
    first refusal, with the same keys.
    """

    def restore() -> Response:
        report = _restore(backend, wanted)
        backend.care.forget_looks()
        return answer_changes(schemas.Changes(report, wanted.dry_run))

    return await backend.crossing.slow(restore)


@router.post("/trash/empty", tags=["trash"], responses=responses.ok(schemas.Changes))
async def empty_trash(backend: TheBackend, wanted: EmptyTrash) -> Response:
    """Removes for good what has been in the trash for its grace time. This cannot be undone.

    Without `confirm`, nothing is removed: 409 `refused` says how much would be.
    """

    def empty() -> Response:
        trash = backend.store.trash
        if not (wanted.dry_run or wanted.confirm):
            _check_nothing_leaves(trash.empty(wanted.sd, dry_run=True))
        report = trash.empty(wanted.sd, dry_run=not wanted.confirm or wanted.dry_run)
        return answer(schemas.Changes(report, wanted.dry_run))

    return await backend.crossing.slow(empty)


@router.get(
    "/trash/{trash_id}/content",
    tags=["trash"],
    response_class=Response,
    responses={
        200: {"content": {"image/*": {}, "application/octet-stream": {}}, "description": "The bytes."},
        304: {"description": "The client has them."},
        **responses.problems(),
    },
)
async def read_trashed(
    backend: TheBackend,
    request: Request,
    trash_id: TrashIdPath,
    width: WidthQuery = None,
) -> Response:
    """The bytes of a file in the trash, or a small copy of its picture. No script in them can run.

    Bytes that are no image are `application/octet-stream`.
    """
    store = backend.store

    def plan() -> Response | tuple[TrashedFile, bytes]:
        entry = store.trash.get_entry(trash_id)
        etag = f'"{entry.sha256}{"" if width is None else f"-w{width}"}"'
        if is_not_modified(request.headers.get("if-none-match"), etag):
            return _send(b"", None, etag, status=304)
        small = None if width is None else store.thumbnails.find_by_hash(entry.sha256, width)
        if small is not None:
            return _send(small.data, small.media_type, etag)
        data = _read(backend, entry)
        return (entry, data) if width is not None else _send(data, _sniff(data), etag)

    planned = await backend.crossing.slow(plan)
    if isinstance(planned, Response):
        return planned
    entry, data = planned
    media_type = _sniff(data)
    if media_type is None:
        raise UnsupportedImageError(f"{entry.path[:200]!r} in the trash is not an image")
    assert width is not None
    small = await backend.crossing.decoding(lambda: store.thumbnails.draw(data, media_type, width))
    return _send(small.data, small.media_type, f'"{entry.sha256}-w{width}"')


def _delete(backend: Backend, image_ids: list[str], sds: list[str], *, dry_run: bool) -> Response:
    plan = backend.store.plan_delete(image_ids, sds=sds)
    report = backend.store.delete(plan, dry_run=dry_run)
    backend.care.forget_looks()
    return answer_changes(schemas.Deletion(report, dry_run, plan.uses))


def _restore(backend: Backend, wanted: RestoreImages) -> ChangeReport:
    """Raises ``InvalidInputError`` unless exactly one of the two lists has something."""
    if bool(wanted.image_ids) == bool(wanted.trash_ids):
        raise InvalidInputError("name images (image_ids) or entries of the trash (trash_ids)")
    if wanted.trash_ids and wanted.sd is not None:
        raise InvalidInputError("an entry of the trash says itself where it goes; leave out 'sd'")
    trash = backend.store.trash
    if wanted.trash_ids:
        return trash.restore_entries(wanted.trash_ids, dry_run=wanted.dry_run)
    return trash.restore(wanted.image_ids, wanted.sd, dry_run=wanted.dry_run)


def _check_nothing_leaves(report: ChangeReport) -> None:
    """Raises if something would be removed: nobody has said that it should."""
    if report.plan:
        size_bytes = sum(change.size_bytes or 0 for change in report.plan)
        raise RefusedError(
            f"this would remove {say_count(len(report.plan), 'file')} ({say_bytes(size_bytes)}) for good, which "
            'cannot be undone; send "confirm": true to do it'
        )


def _read(backend: Backend, entry: TrashedFile) -> bytes:
    if entry.size_bytes > MAX_PREVIEW_BYTES:
        raise UnsupportedImageError(
            f"{entry.path[:200]!r} is too large to be shown from the trash; restore it first"
        )
    return backend.store.trash.read(entry.trash_id)


def _sniff(data: bytes) -> str | None:
    found = sniff_media_type(data[:SNIFF_BYTES])
    return None if found is None else found.name


def _send(data: bytes, media_type: str | None, etag: str, *, status: int = 200) -> Response:
    """The browser asks again each time: what was removed for good must not be shown."""
    headers = {**HARMLESS, "etag": etag, "cache-control": "private, no-cache"}
    if status == 304:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type or "application/octet-stream", headers=headers)
