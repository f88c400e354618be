"""Copying and moving on the pages: into which folder, what would happen, and what became of it.

Both work without scripts: each question is a page, and so is the answer. A script shows the same questions in a
dialog (``static/js/transferring.js``), and lets the HTTP API carry out the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from strandline.errors import ImageInUseError, InSeveralFoldersError
from strandline.model.changes import RefusedChange
from strandline.model.image_ids import ImageId
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.model.transfers import MovePlan, TransferReport
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.trash_pages import (
    MOST_NOTES,
    MOST_PICTURES,
    MOST_REASONS,
    FormCheck,
    FormIds,
    UsingNote,
    list_notes,
    parse_ids,
    say_refused,
)
from strandline.web.pages.words import in_address
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FormSd = Annotated[str, Form(max_length=4096)]


class Choice(NamedTuple):
    """A folder that the images can go to, and how many of them it has."""

    sd: StorageDir
    there: int


class Leaving(NamedTuple):
    """What would leave its folder."""

    images: list[ImageId]
    size_bytes: int
    folders: list[str]
    notes: list[UsingNote]
    held: int
    """Images that stay unless a person insists, because a note uses them, or may."""


NOTHING = Leaving([], 0, [], [], 0)


@router.post("/copy")
async def ask_before_copying(backend: TheBackend, images: FormIds) -> Response:
    """Into which folder, and how many of the images each has. Copies nothing."""
    return await backend.crossing.slow(lambda: _ask_where(backend, parse_ids(images), moves=False))


@router.post("/copy/confirmed")
async def copy_images(backend: TheBackend, images: FormIds, to: FormSd) -> Response:
    """Copies them, and says what became of it."""

    def copy() -> Response:
        target = backend.store.get_storage_dir(to)
        report = backend.store.copy_files(backend.store.plan_copy(parse_ids(images), to=target))
        return _tell(backend, report, target, moved=False)

    return await backend.crossing.slow(copy)


@router.post("/move")
async def ask_before_moving(
    backend: TheBackend, images: FormIds, to: FormSd = "", source: Annotated[FormSd, Form(alias="from")] = ""
) -> Response:
    """Into which folder, from which one if there are several, and which notes use the images. Moves nothing."""
    ids = parse_ids(images)
    if not to:
        return await backend.crossing.slow(lambda: _ask_where(backend, ids, moves=True))
    return await backend.crossing.slow(lambda: _ask_whether(backend, ids, to, source))


@router.post("/move/confirmed")
async def move_images(
    backend: TheBackend,
    images: FormIds,
    to: FormSd,
    source: Annotated[FormSd, Form(alias="from")] = "",
    confirm: FormCheck = False,
) -> Response:
    """Moves them, and says what became of it. Without ``confirm``, those stay that notes use."""

    def move() -> Response:
        store, ids = backend.store, parse_ids(images)
        target = store.get_storage_dir(to)
        try:
            plan = store.plan_move(ids, to=target, source=source or None)
        except InSeveralFoldersError:
            return _ask_whether(backend, ids, to, source)
        return _tell(backend, store.move_files(plan, insists=confirm), target, moved=True)

    return await backend.crossing.slow(move)


def list_choices(sds: Sequence[StorageDir], there: Sequence[int]) -> list[Choice]:
    """The folders that can be written to, with how many of the images they have. Pure."""
    return [
        Choice(sd, count)
        for sd, count in zip(sds, there, strict=True)
        if sd.is_reachable and not sd.read_only
    ]


def describe_leaving(plan: MovePlan, refused: Sequence[RefusedChange]) -> Leaving:
    """What would leave, if these are refused unless a person insists. Pure."""
    held = {each.change for each in refused if each.code == ImageInUseError.code}
    impossible = {each.change for each in refused} - held
    rows = [change for change in plan.changes if change not in impossible]
    return Leaving(
        list(dict.fromkeys(row.image_id for row in rows if row.image_id)),
        sum(row.size_bytes or 0 for row in rows),
        list(dict.fromkeys(row.sd_name for row in rows if row.sd_name)),
        list_notes(plan.uses),
        len({row.image_id for row in rows if row in held}),
    )


def describe_transfer(report: TransferReport, target: StorageDir, *, moved: bool, base: str = "") -> Note:
    """What became of it. Pure."""
    done, lines = report.report.done, list(dict.fromkeys(each.message for each in report.report.refused))
    where = show_plainly(target.name)
    if not done:
        nothing = "Nothing was moved" if moved else "Nothing was copied"
        reasons = lines[:MOST_REASONS] or [f"All of it is in {where} already."]
        return Note("bad" if lines else "good", nothing, reasons)
    images = len({row.image_id for row in done})
    there = images - len({row.image_id for row in report.copied})
    title = f"{say_count(images, 'image is', 'images are')} in {where}."
    known = [f"{say_count(there, 'was', 'were')} there already."] if there > 0 else []
    trash = ["The files that left are in the trash of this machine."] if moved else []
    return Note(
        "wait" if lines else "good", title, [*known, *trash, *lines[:MOST_REASONS]],
        f"{base}/?sd={in_address(target.name)}", f"Show {where}",
    )  # fmt: skip


def _ask_where(backend: Backend, ids: list[ImageId], *, moves: bool) -> Response:
    store = backend.store
    sds = store.list_storage_dirs()
    there = [sum(step.path is not None for step in store.plan_copy(ids, to=sd).steps) for sd in sds]
    return _render(backend, "where", ids, moves=moves, choices=list_choices(sds, there))


def _ask_whether(backend: Backend, ids: list[ImageId], to: str, source: str) -> Response:
    store = backend.store
    target = store.get_storage_dir(to)
    try:
        plan = store.plan_move(ids, to=target, source=source or None)
    except InSeveralFoldersError as error:
        names = {str(sd["name"]) for sd in error.facts["sds"]}  # type: ignore[attr-defined]
        several = [Choice(sd, 0) for sd in store.list_storage_dirs() if sd.name in names]
        return _render(backend, "from", ids, moves=True, choices=several, target=target)
    refused = list(store.move_files(plan, dry_run=True).report.refused)
    leaving = describe_leaving(plan, refused)
    others = [each for each in refused if each.code != ImageInUseError.code]
    there = sum(step.path is not None for step in store.plan_copy(leaving.images, to=target).steps)
    return _render(
        backend, "whether", ids, moves=True, target=target, source=source, leaving=leaving, there=there,
        refused=len({each.change.image_id for each in others}),
        reasons=say_refused(others, [])[:MOST_REASONS],
    )  # fmt: skip


def _tell(backend: Backend, report: TransferReport, target: StorageDir, *, moved: bool) -> Response:
    backend.care.forget_looks()
    note = describe_transfer(report, target, moved=moved, base=backend.base)
    refused = report.report.refused
    status = 200 if report.report.done or not refused else http_status_of(refused[0].error)
    return _render(backend, "done", [], moves=moved, target=target, note=note, status=status)


def _render(
    backend: Backend,
    step: str,
    ids: list[ImageId],
    *,
    moves: bool,
    choices: Sequence[Choice] = (),
    target: StorageDir | None = None,
    source: str = "",
    leaving: Leaving = NOTHING,
    there: int = 0,
    refused: int = 0,
    reasons: Sequence[str] = (),
    note: Note | None = None,
    status: int = 200,
) -> Response:
    return render(
        backend.base, "transfer.html", status=status, place="gallery", step=step, image_ids=ids, moves=moves,
        choices=choices, target=target, source=source, leaving=leaving, there=there, refused=refused,
        reasons=reasons, note=note, most_pictures=MOST_PICTURES, most_notes=MOST_NOTES,
        days=backend.store.trash.rules.grace.days,
    )  # fmt: skip
