"""The page *Work*: what machines with a shared catalog do together, how far it is, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from strandline.errors import StrandlineError
from strandline.model.plain_words import say_count, say_span
from strandline.model.state_words import StateWord, Tone
from strandline.model.work import WORK_WORDS, WorkKind, WorkState, WorkStatus, WorkTask
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care.frame import go_to
from strandline.web.pages.notes import Note
from strandline.web.pages.remedies import Health
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLACE = "/status/work"

BADGES = {
    WorkState.WORKING: StateWord("at work", Tone.WAIT),
    WorkState.PAUSED: StateWord("paused", Tone.PLAIN),
    WorkState.FINISHED: StateWord("done", Tone.GOOD),
    WorkState.FAILED: StateWord("failed", Tone.BAD),
    WorkState.CANCELLED: StateWord("cancelled", Tone.PLAIN),
}

ENDED_SHOWN = 30
"""Tasks that have ended."""

FormText = Annotated[str, Form(max_length=4096)]


@router.get(PLACE)
async def show_work(backend: TheBackend) -> Response:
    """Workers, open tasks, and those that ended in the last week."""
    return await backend.crossing.slow(lambda: _draw(backend))


@router.post(f"{PLACE}/add")
async def order_work(backend: TheBackend, kind: FormText, sd: FormText) -> Response:
    """Orders a scan, a verification, or thumbnails of one storage directory."""

    def order() -> None:
        if kind in (WorkKind.SCAN, WorkKind.VERIFY, WorkKind.THUMBNAILS):
            backend.store.work.add(WorkKind(kind), backend.store.get_storage_dir(sd))

    return await _change(backend, order)


@router.post(f"{PLACE}/{{task}}/pause")
async def pause_task(backend: TheBackend, task: str) -> Response:
    """Stops a task until it is resumed."""
    return await _change(backend, lambda: backend.store.work.pause(task))


@router.post(f"{PLACE}/{{task}}/resume")
async def resume_task(backend: TheBackend, task: str) -> Response:
    """Goes on with a paused task."""
    return await _change(backend, lambda: backend.store.work.resume(task))


@router.post(f"{PLACE}/{{task}}/cancel")
async def cancel_task(backend: TheBackend, task: str) -> Response:
    """Ends a task. What was done stays."""
    return await _change(backend, lambda: backend.store.work.cancel(task))


async def _change(backend: Backend, change: Callable[[], object]) -> Response:
    def act() -> Response:
        try:
            change()
        except StrandlineError as error:
            return _draw(backend, Note("bad", "That did not work", [error.message]), http_status_of(error))
        return go_to(backend, PLACE)

    return await backend.crossing.slow(act)


def _draw(backend: Backend, note: Note | None = None, status: int = 200) -> Response:
    found = backend.store.work.read_status()
    return render(
        backend.base,
        "work.html",
        status=status,
        place="status",
        note=note,
        health=judge_work(found),
        found=found,
        workers=[worker for worker in found.workers if worker.is_alive],
        open_tasks=[task for task in found.tasks if task.is_open],
        ended=[task for task in found.tasks if not task.is_open][:ENDED_SHOWN],
        folders=backend.store.list_storage_dirs(),
        shares_thumbnails=backend.store.work.shares_thumbnails,
        badges=BADGES,
        words=WORK_WORDS,
        say_progress=say_progress,
    )


def judge_work(found: WorkStatus) -> Health:
    """How it goes, at a glance. Pure."""
    alive = sum(worker.is_alive for worker in found.workers)
    workers = f"{say_count(alive, 'worker')} at work"
    if found.is_stuck:
        return Health("bad", "Nobody works on it", "Start a worker on one machine, or on many.")
    if found.failed:
        return Health("bad", f"{say_count(len(found.failed), 'task')} failed", workers)
    if any(task.state is WorkState.WORKING for task in found.tasks):
        return Health("wait", "There is work to do", workers)
    return Health("good", "Everything is done", workers if alive else "No worker runs.")


def say_progress(task: WorkTask) -> str:
    """``1,200 of 40,000 images, 410 a second, 2 min left``. Pure."""
    images = (
        f"{task.done:,} of {say_count(task.total, 'image')}" if task.total else say_count(task.done, "image")
    )
    if task.state is not WorkState.WORKING:
        return images
    if not task.images_per_s:
        return f"{images}, waiting"
    left = "" if task.remaining_s is None else f", {say_span(task.remaining_s)} left"
    return f"{images}, {task.images_per_s:,.0f} a second{left}"
