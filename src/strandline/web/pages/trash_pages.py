"""What a person is asked before images are deleted, and the page of the trash.

Both work without scripts: the question is a page, and the answer ends on the page of the trash. A script shows the
same question in a dialog (``static/js/question.js``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from strandline.errors import ImageNotFoundError, InSeveralFoldersError, InvalidInputError
from strandline.model.changes import ChangeReport, RefusedChange
from strandline.model.deletions import DeletePlan
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.note_checks import NoteUse
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import RESTORABLE, ListedFile, TrashReason
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages import words
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ENTRIES_PER_PAGE = 100

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
FormTrashIds = Annotated[list[str], Form(default_factory=list, max_length=ENTRIES_PER_PAGE)]
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


NOTHING = Going([], 0, 0, [], [])


class Kept(NamedTuple):
    """A file in the trash, as the page shows it."""

    listed: ListedFile
    name: str
    place: str
    """Where it was: ``Vault: Trips/Lisbon``."""
    may_leave: bool


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
        note = describe_deleted(backend.store.delete(plan))
        backend.care.forget_looks()
        return _draw(backend, note=note)

    return await backend.crossing.slow(delete)


@router.get("/trash")
async def show_trash(backend: TheBackend, start: Start = 0) -> Response:
    """What is in the trash, latest first."""
    return await backend.crossing.slow(lambda: _draw(backend, start))


@router.post("/trash/restore")
async def restore_entries(backend: TheBackend, trash_id: FormTrashIds) -> Response:
    """Puts these files back where they were."""

    def restore() -> Response:
        if not trash_id:
            return _draw(backend, note=Note("wait", "Nothing was chosen", ["Choose pictures first."]))
        report = backend.store.trash.restore_entries(trash_id)
        backend.care.forget_looks()
        return _draw(backend, note=describe_restored(report), status=_status_of(report))

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
    images = len({change.image_id for change in report.done})
    lines = [each.message for each in report.refused[:MOST_REASONS]]
    if not report.done:
        return Note("bad", "Nothing was deleted", lines)
    return Note(
        "wait" if lines else "good", f"{say_count(images, 'image is', 'images are')} in the trash.", lines
    )


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
    return Going(
        list(dict.fromkeys(change.image_id for change in files if change.image_id)),
        len(files),
        sum(change.size_bytes or 0 for change in files),
        list(dict.fromkeys(change.sd_name for change in files if change.sd_name)),
        list_notes(plan.uses),
    )


def _status_of(report: ChangeReport) -> int:
    return 200 if report.done or not report.refused else http_status_of(report.refused[0].error)


def _draw(backend: Backend, start: int = 0, *, note: Note | None = None, status: int = 200) -> Response:
    since = find_since(backend)
    store = backend.store
    listing, now, sds = store.trash.describe(), store.now(), store.list_storage_dirs()
    deleted = [each for each in listing.trash if each.entry.reason in RESTORABLE]
    replaced = [each for each in listing.trash if each.entry.reason is TrashReason.REPLACED]
    leaving = [each.entry.size_bytes for each in listing.trash if now >= each.kept_until]
    end = start + ENTRIES_PER_PAGE
    return render(
        backend.base, "trash.html", status=status, place="trash", since=since, note=note, listing=listing,
        deleted=[_keep(each, sds, now) for each in deleted[start:end]], total=len(deleted), start=start,
        replaced=[] if start else [_keep(each, sds, now) for each in replaced[:ENTRIES_PER_PAGE]],
        total_replaced=len(replaced), leaving=len(leaving), leaving_bytes=sum(leaving),
        first_leaves=min((each.kept_until for each in listing.trash), default=None),
        next=end if end < len(deleted) else None,
    )  # fmt: skip


def _keep(listed: ListedFile, sds: Sequence[StorageDir], now: datetime) -> Kept:
    entry = listed.entry
    identities = ((sd, {sd.sd_id, *sd.aliases} - {None}) for sd in sds)
    sd = next((sd for sd, known in identities if entry.sd_id in known or sd.path == entry.sd_path), None)
    place = words.say_place_of(sd.name if sd else entry.sd_path, entry.path)
    return Kept(listed, say_name(listed), place, now >= listed.kept_until)


def say_name(listed: ListedFile) -> str:
    """What a person called it: as on its tile before it was deleted. Pure."""
    entry = listed.entry
    stem, _, extension = entry.filename.rpartition(".")
    if listed.original_name is not None:
        return show_plainly(listed.original_name)
    if stem == entry.image_id:
        return f"{words.say_extension(extension)} image {entry.image_id[:8]}"
    return show_plainly(entry.filename)
