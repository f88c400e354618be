"""The page of imports: what is new in a folder, an archive, or at an address, the way in, and the way back.

Reading and saving run as jobs, so a person may leave the page. What was read is what is imported: the same sources,
into the same storage directory.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, BinaryIO, NamedTuple

from fastapi import APIRouter, Request
from fastapi import Path as PathPart
from starlette.responses import Response

from strandline.errors import EntryNotFoundError, InvalidInputError, SourceNotFoundError, StrandlineError
from strandline.model.addresses import is_web_address
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.deletions import DeletePlan
from strandline.model.imports import ImportedImage, ImportReport
from strandline.model.left_out import group_left_out
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.answers import HARMLESS
from strandline.web.api.sds import expand_whole
from strandline.web.api.spooling import spooled_form
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care.frame import (
    FormJob,
    change,
    find_shown,
    find_trouble,
    go_to,
    refuse_outdated,
    wait_for,
)
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLACE = "/import"

MOST_LINES = 30
"""Pictures, and reasons, of each kind on the page."""


NOWHERE = "There is no such folder or file on the machine where Strandline runs."

MAX_PREVIEW_BYTES = 64 * 1024 * 1024
"""Of a picture that is shown before it is imported."""

MOST_FIELDS = 4
"""Of the form."""


MOST_PICTURES = 12
"""New pictures that are shown before they are imported."""

DELETED_AT_ONCE = 50
"""Pictures between two numbers that the page shows while an import is undone."""


class Look(NamedTuple):
    """What was read, and what is new in it."""

    source: str | BinaryIO
    shown: str
    sd: StorageDir
    report: ImportReport
    elsewhere: list[tuple[StorageDir, int]]
    """Other folders, and how many of the new pictures they have."""

    @property
    def folders(self) -> list[str]:
        """Where in the storage directory the new pictures go, the folder of most first."""
        found = Counter(image.path.rpartition("/")[0] for image in self.report.new)
        return [folder for folder, _ in found.most_common()]


class Imported(NamedTuple):
    """What became of an import, with the steps before if it was stopped and continued."""

    source: str | BinaryIO
    shown: str
    sd: StorageDir
    report: ImportReport
    total: int
    """Pictures in the source, new or not."""
    before: list[ImportedImage]
    """Saved by the steps before."""

    @property
    def done(self) -> list[ImportedImage]:
        """All that it saved."""
        return [*self.before, *self.report.done]

    @property
    def rest(self) -> int:
        """Pictures that were not tried."""
        return 0 if self.report.complete else max(self.total - self.report.looked_at, 0)


class Fact(NamedTuple):
    """A line of a summary: how many, and what."""

    number: int
    words: str
    names: list[str]


LOOK = Kind[Look]("look-at-import")
IMPORTED = Kind[Imported]("import")
UNDONE = Kind[ChangeReport]("undo-import")


@router.get("/import")
async def show_import(backend: TheBackend) -> Response:
    """The form, what was read last, or what was imported last."""
    return await backend.crossing.waiting(lambda: _draw(backend))


@router.get("/import/picture/{number}")
async def show_picture(
    backend: TheBackend, number: Annotated[int, PathPart(ge=0, lt=MOST_PICTURES)]
) -> Response:
    """A small copy of a new picture of what was read last: of exactly the bytes that were read."""

    def draw() -> Response:
        known = backend.care.find(LOOK)
        new = [] if known is None or known.result is None else known.result.report.new
        if number >= len(new) or new[number].size_bytes > MAX_PREVIEW_BYTES:
            raise EntryNotFoundError("there is no small copy of this picture")
        small = backend.store.draw_new(new[number])
        headers = {**HARMLESS, "cache-control": "private, no-store"}
        return Response(small.data, media_type=small.media_type, headers=headers)

    return await backend.crossing.decoding(draw)


@router.post("/import/look")
async def look(request: Request, backend: TheBackend) -> Response:
    """Reads the source, and says what is new. The form has ``sd``, and ``source`` or a file."""
    async with spooled_form(request, backend, max_files=MOST_FIELDS) as form:
        part = next((part for part in form.parts if part.writer.size_bytes), None)
        archive = None if part is None else part.writer.finish().open()
        name = (part.name or "the archive") if part else ""
        sd, typed = form.texts.get("sd", ""), form.texts.get("source", "").strip()
        return await backend.crossing.waiting(lambda: _look(backend, sd, typed, archive, name))


@router.post("/import")
async def start(backend: TheBackend, number: FormJob = "") -> Response:
    """Imports what the page shows as read."""

    def act() -> Response:
        known = find_shown(backend, LOOK, number)
        if known is None or known.result is None:
            return refuse_outdated(backend, PLACE, number, IMPORTED)
        found = known.result
        _begin(backend, found.source, found.shown, found.sd, found.report.looked_at, [], number)
        backend.care.forget(LOOK)
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(act)


@router.post("/import/continue")
async def go_on(backend: TheBackend, number: FormJob = "") -> Response:
    """Imports the rest of what was stopped: what is there by now is read, and not written."""

    def act() -> Response:
        job = find_shown(backend, IMPORTED, number)
        if job is None or job.result is None:
            return refuse_outdated(backend, PLACE, number, IMPORTED)
        stopped = job.result
        if not stopped.report.complete:
            _begin(backend, stopped.source, stopped.shown, stopped.sd, stopped.total, stopped.done, number)
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(act)


@router.post("/import/stop")
async def stop(backend: TheBackend, number: FormJob = "") -> Response:
    """Stops reading or importing, if that is what the page shows. What was imported stays."""
    for job in (backend.care.find(LOOK), backend.care.find(IMPORTED)):
        if job is not None and job.number == number:
            job.cancel.set()
    return go_to(backend, PLACE)


@router.post("/import/again")
async def begin_again(backend: TheBackend, number: FormJob = "") -> Response:
    """Forgets what the page shows as read or imported, and shows the form."""
    known = [job for job in (backend.care.find(LOOK), backend.care.find(IMPORTED)) if job is not None]
    if known and all(job.number != number for job in known):
        return refuse_outdated(backend, PLACE, number)
    backend.care.forget(LOOK, IMPORTED, UNDONE)
    return go_to(backend, PLACE)


@router.post("/import/undo")
async def undo(backend: TheBackend, number: FormJob = "") -> Response:
    """Moves to the trash what the import that the page shows saved."""

    def act() -> Response:
        job = find_shown(backend, IMPORTED, number)
        if job is None or job.result is None:
            return refuse_outdated(backend, PLACE, number, UNDONE)
        imported = job.result
        ids = [image.image_id for image in imported.done]

        def take_back(job: CareJob[ChangeReport]) -> ChangeReport:
            return _delete(backend, backend.store.plan_delete(ids, sds=[imported.sd]), job)

        change(backend, UNDONE, take_back, number)
        backend.care.forget(IMPORTED)
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(act)


def _begin(
    backend: Backend,
    source: str | BinaryIO,
    shown: str,
    sd: StorageDir,
    total: int,
    before: list[ImportedImage],
    follows: str,
) -> None:
    def run(job: CareJob[Imported]) -> Imported:
        report = _import(backend, source, sd, job, dry_run=False, total=total)
        return Imported(source, shown, sd, report, total, before)

    backend.care.forget(UNDONE)
    change(backend, IMPORTED, run, follows)


def _delete(backend: Backend, plan: DeletePlan, job: CareJob[ChangeReport]) -> ChangeReport:
    """Some at a time, so that the page has numbers meanwhile."""
    done: list[FileChange] = []
    refused: list[RefusedChange] = []
    for start in range(0, len(plan.steps), DELETED_AT_ONCE):
        job.note_progress(start, len(plan.steps))
        part = replace(plan, steps=plan.steps[start : start + DELETED_AT_ONCE], refused=())
        report = backend.store.delete(part)
        done += report.done
        refused += report.refused
    return ChangeReport(plan.changes, tuple(done), (*plan.refused, *refused))


def _look(backend: Backend, sd: str, typed: str, archive: BinaryIO | None, name: str) -> Response:
    try:
        if archive is None and not typed:
            raise InvalidInputError(
                "say what to import: the path of a folder, an address, or an archive of this device"
            )
        if not sd:
            raise InvalidInputError("say into which folder the pictures go")
        target = backend.store.get_storage_dir(sd)
        source = archive or (typed if is_web_address(typed) else expand_whole(typed))
    except StrandlineError as error:
        return _draw(backend, Note("bad", "That did not work", [error.message]), typed, sd, status=422)

    def run(job: CareJob[Look]) -> Look:
        report = _import(backend, source, target, job, dry_run=True)
        there = backend.store.count_elsewhere([image.image_id for image in report.new], target)
        known = {sd.number: sd for sd in backend.store.list_storage_dirs()}
        elsewhere = [(known[number], count) for number, count in there.items() if number in known]
        return Look(source, name or typed, target, report, elsewhere)

    backend.last_target = target.number
    backend.care.forget(IMPORTED, UNDONE)
    backend.care.start(LOOK, run)
    return go_to(backend, PLACE)


def _import(
    backend: Backend,
    source: str | BinaryIO,
    sd: StorageDir,
    job: CareJob[Look] | CareJob[Imported],
    *,
    dry_run: bool,
    total: int = 0,
) -> ImportReport:
    if not isinstance(source, str):
        source.seek(0)
    return backend.store.import_images(
        [source],
        sd=sd,
        dry_run=dry_run,
        progress=lambda _, done, known: job.note_progress(done, max(known, total)),
        cancel=job.cancel,
    )


def _draw(
    backend: Backend, note: Note | None = None, typed: str = "", chosen: str = "", status: int = 200
) -> Response:
    jobs = backend.care
    look, imported, undone = jobs.find(LOOK), jobs.find(IMPORTED), jobs.find(UNDONE)
    busy = None
    for job, words in ((look, "Reading…"), (imported, "Importing…"), (undone, "Moving files to the trash…")):
        if job is not None and busy is None:
            busy = wait_for(job, say_progress(words, job.done, job.total, time.monotonic() - job.begun_s))
            note = note or (None if busy else find_trouble(job))
    if undone is not None and undone.result is not None and busy is None:
        note = note or describe_undone(undone.result)
    sds = [sd for sd in backend.store.list_storage_dirs() if sd.is_reachable and not sd.read_only]
    looked = None if look is None else look.result
    wrong = ""
    if looked is not None and isinstance(looked.source, str) and is_nowhere(looked):
        wrong, typed, looked = NOWHERE, looked.shown, None
        backend.care.forget(LOOK)
    shown = look if imported is None else imported
    return render(
        backend.base, "import.html", status=status, place="gallery", sds=sds, busy=busy, note=note, typed=typed,
        number="" if shown is None else shown.number,
        can_stop=undone is None,
        look=looked, imported=None if imported is None else imported.result, wrong=wrong,
        chosen=next((sd for sd in sds if (sd.name == chosen if chosen else sd.number == backend.last_target)), None),
        facts=summarize, failures=list_failures, cut=list_cut, most=MOST_LINES, most_pictures=MOST_PICTURES,
        can_draw=looked is not None and isinstance(looked.source, str) and os.path.isabs(looked.source),
    )  # fmt: skip


def say_progress(words: str, done: int, total: int, seconds: float) -> str:
    """What a page says while pictures are read or written. How long it takes is told once that can be known. Pure."""
    if not total:
        return f"{words} {done:,} pictures so far" if done else words
    left_s = round(seconds * (total - done) / done) if done and seconds >= 1 else 0
    if not left_s:
        return words
    left = say_count(left_s, "second") if left_s < 90 else say_count(round(left_s / 60), "minute")
    return f"{words} About {left} left."


def is_nowhere(look: Look) -> bool:
    """Whether nothing is at the path that a person typed. Pure."""
    report = look.report
    refused = [each.error for each in report.refused]
    is_all = len(refused) == 1 and not (report.new or report.already_there or report.left_out)
    return is_all and isinstance(refused[0], SourceNotFoundError) and "source" in refused[0].facts


def summarize(report: ImportReport) -> list[Fact]:
    """What is not new, and why, with some names. Pure."""
    where = show_plainly(report.already_there[0].sd.name) if report.already_there else ""
    facts = [
        Fact(len(report.already_there) - report.twice, f"in {where} already", []),
        Fact(report.twice, "with the same bytes as another", []),
    ]
    facts += [
        Fact(len(some), f"left out: {words}", [each.path for each in some[:MOST_LINES]])
        for words, some in group_left_out(report.left_out)
    ]
    return [fact for fact in facts if fact.number]


def list_cut(images: Sequence[ImportedImage]) -> Fact | None:
    """Pictures that end early or are broken, by name. None if all are whole. Pure."""
    cut = [image.source for image in images if not image.whole]
    return Fact(len(cut), "", cut[:MOST_LINES]) if cut else None


def list_failures(report: ImportReport) -> list[str]:
    """What could not be read or saved, and why. Pure."""
    lines = [show_plainly(each.message) for each in report.refused[:MOST_LINES]]
    more = len(report.refused) - len(lines)
    return [*lines, *([f"and {more:,} more"] if more > 0 else [])]


def describe_undone(report: ChangeReport) -> Note:
    """What became of an import that was taken back. Pure."""
    size_bytes = sum(each.size_bytes or 0 for each in report.done)
    title = f"{say_count(len(report.done), 'picture')} ({say_bytes(size_bytes)}) moved to the trash"
    refused = [each.message for each in report.refused[:MOST_LINES]]
    return Note("bad" if refused else "good", title, refused)
