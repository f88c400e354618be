"""``/api/v1/unused``: pictures that no note names, and how those go that nobody has used for long."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.errors import RefusedError
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.unused import UnusedReport
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.changes import answer_changes
from strandline.web.api.duplicates import Sds
from strandline.web.api.parameters import Body
from strandline.web.api.trash import MAX_SDS
from strandline.web.backend import TheBackend

router = APIRouter(tags=["images"])


class CollectUnused(Body):
    """Where unused pictures go to the trash."""

    sds: list[str] = Field(
        [],
        max_length=MAX_SDS,
        description="Only in these storage directories: identity, alias, path or name.",
    )
    dry_run: bool = Field(False, description="Only say what would happen.")
    confirm: bool = Field(False, description="Do it.")


@router.get("/unused", responses=responses.ok(UnusedReport))
async def list_unused(backend: TheBackend, sds: Sds) -> Response:
    """The pictures that no note, drawing, or setting of any storage directory names. With `gaps`, some of them may be
    used all the same.

    Lists each storage directory, and reads each text in it.
    """
    return await backend.crossing.slow(lambda: answer(backend.store.find_unused(sds or None)))


@router.post("/unused/collect", responses=responses.ok(schemas.Changes))
async def collect_unused(backend: TheBackend, wanted: CollectUnused) -> Response:
    """Moves pictures to the trash that nothing names, that have been here for 30 days, and that were unused at two
    looks a week apart; at most a tenth of each storage directory in a week. One whose notes name less than a
    tenth of its own pictures is left out, unless it is in `sds`.

    While anything was not read, nothing is moved: 409 `unread-texts`, with `gaps`. Without `confirm`, nothing is
    moved either: 409 `refused` says how much would be.
    """

    def collect() -> Response:
        sds = wanted.sds or None
        if not (wanted.dry_run or wanted.confirm):
            planned = backend.store.collect(sds, dry_run=True).plan
            if planned:
                size_bytes = sum(change.size_bytes or 0 for change in planned)
                raise RefusedError(
                    f"this would move {say_count(len(planned), 'picture')} ({say_bytes(size_bytes)}) to the trash; "
                    'send "confirm": true to do it'
                )
        report = backend.store.collect(sds, dry_run=not wanted.confirm or wanted.dry_run)
        backend.care.forget_looks()
        return answer_changes(schemas.Changes(report, wanted.dry_run))

    return await backend.crossing.slow(collect)
