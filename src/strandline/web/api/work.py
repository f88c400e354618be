"""``/api/v1/work``: the work of all machines that share the catalog: shown, ordered, paused, and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from strandline.model.work import WorkKind, WorkStatus, WorkTask
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body
from strandline.web.backend import Backend, TheBackend

router = APIRouter(tags=["work"])

TaskPath = Annotated[str, Path(description="The task's `id`.")]


class NewWork(Body):
    """What is to be done."""

    kind: Literal["scan", "arrivals", "prove", "verify", "thumbnails"] = Field(
        description="What, with the words of the command line."
    )
    sd: str | None = Field(
        None, description="One storage directory: identity, alias, path or name; null for all."
    )
    first: bool = Field(False, description="Before all other work, also if it was ordered before.")


@router.get("/work", responses=responses.ok(WorkStatus))
async def get_work(backend: TheBackend) -> Response:
    """What is done, by which workers, and how long it will take. 409 without a shared catalog."""
    return await backend.crossing.slow(lambda: answer(backend.store.work.read_status()))


@router.post("/work", status_code=202, responses=responses.accepted(schemas.WorkTasks))
async def order_work(backend: TheBackend, wanted: NewWork) -> Response:
    """Orders work. If a storage directory has an open task of this kind, that is the answer."""

    def order() -> Response:
        store = backend.store
        orders = store.work
        sds = store.list_storage_dirs() if wanted.sd is None else [store.get_storage_dir(wanted.sd)]
        tasks = [orders.add(WorkKind(wanted.kind), sd, is_first=wanted.first) for sd in sds]
        return answer(schemas.WorkTasks(tasks), status=202)

    return await backend.crossing.slow(order)


@router.get("/work/{task}", responses=responses.ok(schemas.OneTask))
async def get_task(backend: TheBackend, task: TaskPath) -> Response:
    """One task, and how far it is."""
    return await _answer(backend, lambda: backend.store.work.get_task(task))


@router.post("/work/{task}/pause", responses=responses.ok(schemas.OneTask))
async def pause_task(backend: TheBackend, task: TaskPath) -> Response:
    """Stops a task until it is resumed."""
    return await _answer(backend, lambda: backend.store.work.pause(task))


@router.post("/work/{task}/resume", responses=responses.ok(schemas.OneTask))
async def resume_task(backend: TheBackend, task: TaskPath) -> Response:
    """Goes on with a paused task."""
    return await _answer(backend, lambda: backend.store.work.resume(task))


@router.delete("/work/{task}", responses=responses.ok(schemas.OneTask))
async def cancel_task(backend: TheBackend, task: TaskPath) -> Response:
    """Ends a task within two seconds. What was done stays, and nothing is concluded from an unfinished scan."""
    return await _answer(backend, lambda: backend.store.work.cancel(task))


async def _answer(backend: Backend, change: Callable[[], WorkTask]) -> Response:
    return await backend.crossing.slow(lambda: answer(schemas.OneTask(change())))
