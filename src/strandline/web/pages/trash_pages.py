"""What a person is asked before images are deleted, and the page of the trash.

Both work without scripts: the question is a page, and the answer ends on the page of the trash. A script shows the
same question in a dialog (``static/js/question.js``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from strandline.errors import ImageNotFoundError, InSeveralFoldersError, InvalidInputError
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.deletions import DeletePlan
from strandline.model.events import ImageRemoved
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.note_checks import NoteUse
from strandline.model.plain_words import say_count
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.choices import Text
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import FAULT, PageRoute, render
from strandline.web.pages.trash_groups import choose_between, match_text
from strandline.web.pages.trash_list import ALL, Chosen, describer_of, draw_trash
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

AT_ONCE = 50
"""Files that are put back before the next progress is said."""

WAIT_S = 1.5
"""So long the page waits until all are back. Then it says how far that is."""

RESTORED = Kind[ChangeReport]("restore-deletion")

MOST_NOTES = 6
"""Notes that use what is about to be deleted, by name."""

MOST_PICTURES = 5
"""Pictures of what is about to be deleted."""

MOST_REASONS = 5

MOST_AT_ONCE = 1000

EVERYWHERE = "everywhere"

FormIds = Annotated[list[str], Form(min_length=1, max_length=MOST_AT_ONCE)]
"""Ids with spaces between, or one from each ticked box."""
FormSds = Annotated[list[str], Form(default_factory=list, max_length=100)]
FormTrashIds = Annotated[list[str], Form(default_factory=list, max_length=MOST_AT_ONCE)]
FormText = Annotated[str, Form(max_length=300)]
TrashIdText = Annotated[str, Query(max_length=64)]
FormCheck = Annotated[bool, Form()]
Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]


class UsingNote(NamedTuple):
    """A note that uses something that is about to be deleted."""

    name: str
    lines: list[int]
    sd: StorageDir


class Going(NamedTuple):
    """What would go to the trash."""

    images: list[ImageId]
    files: int
    size_bytes: int
    folders: list[str]
    notes: list[UsingNote]
    mentions: Sequence[str] = ()
    """Notes that have the name of one of the files, and may use it."""


NOTHING = Going([], 0, 0, [], [])


@router.post("/delete")
async def ask_before_deleting(
    backend: TheBackend, images: FormIds, sd: FormSds, everywhere: FormCheck = False
) -> Response:
    """What would happen if these images were deleted: ids with spaces between. Deletes nothing."""
    return await backend.crossing.slow(lambda: _ask(backend, parse_ids(images), sd, everywhere=everywhere))


@router.post("/delete/confirmed")
async def delete_images(backend: TheBackend, images: FormIds, sd: FormSds) -> Response:
    """Deletes them, and shows the trash."""

    def delete() -> Response:
        try:
            plan = backend.store.plan_delete(parse_ids(images), sds=sd)
        except InSeveralFoldersError:
            return _ask(backend, parse_ids(images), sd)
        backend.care.end_news()
        note = describe_deleted(backend.store.delete(plan))
        backend.care.forget_looks()
        return _draw(backend, note=note)

    return await backend.crossing.slow(delete)


@router.get("/trash")
async def show_trash(
    backend: TheBackend, start: Start = 0, q: Text = "", newest: TrashIdText = "", oldest: TrashIdText = ""
) -> Response:
    """What is in the trash, by deletion, latest first; or all files of one deletion."""
    return await backend.crossing.slow(lambda: _draw(backend, Chosen(start, q.strip(), newest, oldest)))


@router.post("/trash/restore")
async def restore_entries(backend: TheBackend, trash_id: FormTrashIds) -> Response:
    """Puts these files back where they were."""

    def restore() -> Response:
        if not trash_id:
            return _draw(backend, note=Note("wait", "Nothing was chosen", ["Choose pictures first."]))
        backend.care.end_news()
        report = backend.store.trash.restore_entries(trash_id)
        backend.care.forget_looks()
        return _draw(backend, note=describe_restored(report), status=_status_of(report))

    return await backend.crossing.slow(restore)


@router.post("/trash/restore-deletion")
async def restore_deletion(backend: TheBackend, deletion: FormText, q: FormText = "") -> Response:
    """Puts back what was deleted together, as far as the page showed it: the trash ids of its newest and oldest file,
    with a blank between.
    """

    def restore() -> Response:
        newest, _, oldest = deletion.partition(" ")
        listing = backend.store.trash.describe().trash
        ids = choose_between(match_text(listing, q, describer_of(backend)), newest, oldest)
        if not ids:
            return _draw(backend, note=Note("wait", "Nothing was put back", [GONE_MEANWHILE]), status=409)
        backend.care.end_news()
        backend.care.start(RESTORED, lambda job: _restore_all(backend, ids, job))
        return RedirectResponse(f"{backend.base}/trash", status_code=303)

    return await backend.crossing.slow(restore)


@router.post("/trash/empty")
async def empty_trash(backend: TheBackend, sure: FormCheck = False) -> Response:
    """Removes for good what may leave, if the form confirms that."""

    def empty() -> Response:
        if not sure:
            note = Note(
                "bad", "Nothing was removed", ["Tick the box to say that these files may go for good."]
            )
            return _draw(backend, note=note, status=422)
        backend.care.end_news()
        report = backend.store.trash.empty()
        removed = say_count(len(report.done), "file is", "files are")
        return _draw(backend, note=Note("good", f"{removed} gone for good.", []))

    return await backend.crossing.slow(empty)


def parse_ids(texts: Sequence[str]) -> list[ImageId]:
    """The ids in a form's fields, each once.

    Raises:
        InvalidImageIdError: One is none.
        InvalidInputError: There are too many, or none.
    """
    found = list(dict.fromkeys(parse_image_id(each) for text in texts for each in text.split()))
    if not 0 < len(found) <= MOST_AT_ONCE:
        raise InvalidInputError(f"choose 1 to {MOST_AT_ONCE:,} images")
    return found


def describe_deleted(report: ChangeReport) -> Note:
    """What became of a deletion. Pure."""
    lines = [each.message for each in report.refused[:MOST_REASONS]]
    if not report.done:
        return Note("bad", "Nothing was deleted", lines)
    return Note(
        "wait" if lines else "good", f"{say_images_or_files(report.done, 'is', 'are')} in the trash.", lines
    )


def say_images_or_files(done: Sequence[FileChange], one: str, many: str) -> str:
    """``2 images are``, or ``3 files are`` if some of them are of one image. Pure."""
    images = len({change.image_id for change in done})
    word = "image" if images == len(done) else "file"
    return say_count(len(done), f"{word} {one}", f"{word}s {many}")


def describe_restored(report: ChangeReport) -> Note:
    """What became of a restore. Pure."""
    lines = [each.message for each in report.refused[:MOST_REASONS]]
    if not report.done:
        return Note("bad", "Nothing was put back", lines)
    if len(report.done) == 1:
        change = report.done[0]
        title = f"{(change.path or '').rpartition('/')[2]} is back in {change.sd_name}."
    else:
        title = f"{say_count(len(report.done), 'file is', 'files are')} back."
    return Note("wait" if lines else "good", title, lines)


GONE_MEANWHILE = "Some of it has left the trash meanwhile. This is what is there now."

GONE_ALREADY = (
    "one has no file of its own here: it is gone already, or only a conflict copy of it is shown, which Strandline "
    "leaves to its sync client"
)


def say_refused(refused: Sequence[RefusedChange], chosen: Sequence[StorageDir]) -> list[str]:
    """Why these images stay, each reason once. Pure."""
    missing = f"not in {' or '.join(sd.name for sd in chosen)}" if chosen else GONE_ALREADY
    said = (missing if each.code == ImageNotFoundError.code else each.message for each in refused)
    return list(dict.fromkeys(said))


def list_notes(places: Sequence[NoteUse]) -> list[UsingNote]:
    """The notes that these places are in, each once. Pure."""
    return [
        UsingNote(note, sorted({use.line for use in uses}), sd)
        for (sd, note), uses in groupby(places, lambda use: (use.sd, use.note))
    ]


def _ask(
    backend: Backend, image_ids: list[ImageId], sds: Sequence[str], *, everywhere: bool = False
) -> Response:
    store = backend.store
    choices: list[StorageDir] = []
    going, refused = NOTHING, []
    chosen = [store.get_storage_dir(sd) for sd in sds] or (store.list_storage_dirs() if everywhere else [])
    try:
        plan = store.plan_delete(image_ids, sds=chosen)
        refused = list(store.delete(plan, dry_run=True).refused)
        going = describe_plan(plan, refused)
    except InSeveralFoldersError as error:
        names = {str(sd["name"]) for sd in error.facts["sds"]}  # type: ignore[attr-defined]
        choices = [sd for sd in store.list_storage_dirs() if sd.name in names]
    return render(
        backend.base, "delete.html", place="gallery", image_ids=image_ids, choices=choices,
        chosen=chosen, days=store.trash.rules.grace.days, most_pictures=MOST_PICTURES, most_notes=MOST_NOTES,
        going=going, refused=len({each.change.image_id for each in refused}),
        reasons=say_refused(refused, chosen)[:MOST_REASONS],
    )  # fmt: skip


def describe_plan(plan: DeletePlan, refused: Sequence[RefusedChange]) -> Going:
    """What would go to the trash, if these are refused. Pure."""
    impossible = {each.change for each in refused}
    files = [change for change in plan.changes if change not in impossible]
    using = {(use.sd.number, use.note) for use in plan.uses}
    mentions = [each for each in plan.mentions if (each.sd.number, each.note) not in using]
    return Going(
        list(dict.fromkeys(change.image_id for change in files if change.image_id)),
        len(files),
        sum(change.size_bytes or 0 for change in files),
        list(dict.fromkeys(change.sd_name for change in files if change.sd_name)),
        list_notes(plan.uses),
        list(dict.fromkeys(each.note for each in mentions)),
    )


def _status_of(report: ChangeReport) -> int:
    return 200 if report.done or not report.refused else http_status_of(report.refused[0].error)


def _restore_all(backend: Backend, ids: Sequence[str], job: CareJob[ChangeReport]) -> ChangeReport:
    """Puts these entries back, some at a time."""
    reports = []
    for at in range(0, len(ids), AT_ONCE):
        job.note_progress(at, len(ids))
        reports.append(backend.store.trash.restore_entries(ids[at : at + AT_ONCE]))
    backend.care.forget_looks()
    return ChangeReport(
        tuple(each for report in reports for each in report.plan),
        tuple(each for report in reports for each in report.done),
        tuple(each for report in reports for each in report.refused),
    )


def _draw(backend: Backend, chosen: Chosen = ALL, *, note: Note | None = None, status: int = 200) -> Response:
    job = backend.care.find(RESTORED)
    if job is None:
        return draw_trash(backend, chosen, note, status=status)
    if not job.ended.wait(WAIT_S):
        return draw_trash(backend, chosen, note, (job.done, job.total), status=status)
    return draw_trash(backend, chosen, note or _tell(backend, job), status=status)


def is_news(backend: Backend, job: CareJob[Any]) -> bool:
    """Whether a page still says what became of a job that has ended: not above files that were deleted later."""
    removed = backend.store.journal.list_newest(types=[ImageRemoved.type], limit=1)
    is_before = job.ended_at is not None and any(each.at > job.ended_at for each in removed)
    return not is_before and job.tell(time.monotonic())


def _tell(backend: Backend, job: CareJob[ChangeReport]) -> Note | None:
    """What became of putting back a deletion, if that is still news."""
    if not is_news(backend, job):
        return None
    if job.result is not None:
        return describe_restored(job.result)
    return Note("bad", "That did not work", [FAULT if job.error is None else job.error.message])
