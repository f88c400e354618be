"""The page of imports: what is new in a folder, an archive, or at an address, the way in, and the way back.

Reading and saving run as jobs, so a person may leave the page. What was read is what is imported: the same sources,
into the same storage directory.
"""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from strandline.errors import InvalidInputError, StrandlineError
from strandline.model.addresses import is_web_address
from strandline.model.changes import ChangeReport
from strandline.model.imports import ImportReport
from strandline.model.left_out import group_left_out
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.api.sds import check_whole
from strandline.web.api.spooling import spooled_form
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care.frame import change, find_trouble, go_to, wait_for
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLACE = "/import"

MOST_LINES = 30
"""Pictures, and reasons, of each kind on the page."""


MOST_FIELDS = 4
"""Of the form."""


class Look(NamedTuple):
    """What was read, and what is new in it."""

    source: str | BinaryIO
    shown: str
    sd: StorageDir
    report: ImportReport


class Imported(NamedTuple):
    """What became of an import."""

    sd: StorageDir
    report: ImportReport


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
    return await backend.crossing.slow(lambda: _draw(backend))


@router.post("/import/look")
async def look(request: Request, backend: TheBackend) -> Response:
    """Reads the source, and says what is new. The form has ``sd``, and ``source`` or a file."""
    async with spooled_form(request, backend, max_files=MOST_FIELDS) as form:
        part = next((part for part in form.parts if part.writer.size_bytes), None)
        archive = None if part is None else part.writer.finish().open()
        name = (part.name or "the archive") if part else ""
        sd, typed = form.texts.get("sd", ""), form.texts.get("source", "").strip()
        return await backend.crossing.slow(lambda: _look(backend, sd, typed, archive, name))


@router.post("/import")
async def start(backend: TheBackend) -> Response:
    """Imports what was read last."""

    def act() -> Response:
        known = backend.care.find(LOOK)
        if known is None or known.result is None:
            return go_to(backend, PLACE)
        found = known.result

        def run(job: CareJob[Imported]) -> Imported:
            return Imported(found.sd, _import(backend, found.source, found.sd, job, dry_run=False))

        backend.care.forget(UNDONE)
        change(backend, IMPORTED, run)
        backend.care.forget(LOOK)
        return go_to(backend, PLACE)

    return await backend.crossing.slow(act)


@router.post("/import/stop")
async def stop(backend: TheBackend) -> Response:
    """Stops reading or importing. What was imported stays."""
    for job in (backend.care.find(LOOK), backend.care.find(IMPORTED)):
        if job is not None:
            job.cancel.set()
    return go_to(backend, PLACE)


@router.post("/import/again")
async def begin_again(backend: TheBackend) -> Response:
    """Forgets what was read and imported last, and shows the form."""
    backend.care.forget(LOOK, IMPORTED, UNDONE)
    return go_to(backend, PLACE)


@router.post("/import/undo")
async def undo(backend: TheBackend) -> Response:
    """Moves to the trash what the last import saved."""

    def act() -> Response:
        job = backend.care.find(IMPORTED)
        if job is not None and job.result is not None:
            sd, report = job.result
            ids = [image.image_id for image in report.done]
            store = backend.store
            change(backend, UNDONE, lambda _: store.delete(store.plan_delete(ids, sds=[sd])))
            backend.care.forget(IMPORTED)
        return go_to(backend, PLACE)

    return await backend.crossing.slow(act)


def _look(backend: Backend, sd: str, typed: str, archive: BinaryIO | None, name: str) -> Response:
    try:
        if archive is None and not typed:
            raise InvalidInputError(
                "say what to import: the path of a folder, an address, or an archive of this device"
            )
        target = backend.store.get_storage_dir(sd)
        source = archive or (typed if is_web_address(typed) else os.path.expanduser(check_whole(typed)))
    except StrandlineError as error:
        return _draw(backend, Note("bad", "That did not work", [error.message]), typed, status=422)

    def run(job: CareJob[Look]) -> Look:
        return Look(source, name or typed, target, _import(backend, source, target, job, dry_run=True))

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
) -> ImportReport:
    if not isinstance(source, str):
        source.seek(0)
    return backend.store.import_images(
        [source],
        sd=sd,
        dry_run=dry_run,
        progress=lambda _, done, total: job.note_progress(done, total),
        cancel=job.cancel,
    )


def _draw(backend: Backend, note: Note | None = None, typed: str = "", status: int = 200) -> Response:
    jobs = backend.care
    look, imported, undone = jobs.find(LOOK), jobs.find(IMPORTED), jobs.find(UNDONE)
    busy = None
    for job, words in ((look, "Reading…"), (imported, "Importing…"), (undone, "Moving files to the trash…")):
        if job is not None and busy is None:
            busy = wait_for(job, f"{words} {job.done:,} pictures so far" if job.done else words)
            note = note or (None if busy else find_trouble(job))
    if undone is not None and undone.result is not None and busy is None:
        note = describe_undone(undone.result)
    sds = [sd for sd in backend.store.list_storage_dirs() if sd.is_reachable and not sd.read_only]
    return render(
        backend.base, "import.html", status=status, place="gallery", sds=sds, busy=busy, note=note, typed=typed,
        look=None if look is None else look.result, imported=None if imported is None else imported.result,
        facts=summarize, failures=list_failures, most=MOST_LINES,
    )  # fmt: skip


def summarize(report: ImportReport) -> list[Fact]:
    """What is not new, and why, with some names. Pure."""
    cut = [image.source for image in report.new if not image.whole]
    facts = [
        Fact(len(report.already_there) - report.twice, "there already", []),
        Fact(report.twice, "with the same bytes as another", []),
        Fact(len(cut), "cut short or broken, and kept as they are", cut[:MOST_LINES]),
    ]
    facts += [
        Fact(len(some), f"left out: {words}", [each.path for each in some[:MOST_LINES]])
        for words, some in group_left_out(report.left_out)
    ]
    return [fact for fact in facts if fact.number]


def list_failures(report: ImportReport) -> list[str]:
    """What could not be read or saved, and why. Pure."""
    lines = [show_plainly(each.message) for each in report.refused[:MOST_LINES]]
    more = len(report.refused) - len(lines)
    return [*lines, *([f"and {say_count(more, 'more')}"] if more > 0 else [])]


def describe_undone(report: ChangeReport) -> Note:
    """What became of an import that was taken back. Pure."""
    size_bytes = sum(each.size_bytes or 0 for each in report.done)
    title = f"{say_count(len(report.done), 'picture')} ({say_bytes(size_bytes)}) moved to the trash"
    refused = [each.message for each in report.refused[:MOST_LINES]]
    return Note("bad" if refused else "good", title, refused)
