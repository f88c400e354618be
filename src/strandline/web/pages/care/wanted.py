"""The page of what is missing or damaged, and the search of a folder that may have it, such as a backup."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query
from fastapi import Path as PathPart
from starlette.requests import Request
from starlette.responses import Response

from strandline.errors import EntryNotFoundError, InvalidInputError, InvalidPathError, StrandlineError
from strandline.model.changes import FileChange
from strandline.model.defaults import TILE_SIZE
from strandline.model.discrepancies import say_passing
from strandline.model.folding import natural_key
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.state_words import FILE_WORDS, FROM_CONFLICT_COPY, StateWord, Tone, word_of_bad
from strandline.model.verification import FAULT_OF_STATE, Fault
from strandline.model.wanted import RescueReport, WantedFile, WantedImage, parse_wanted
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.answers import HARMLESS
from strandline.web.api.sds import can_be_path
from strandline.web.api.spooling import Part, spooled_form
from strandline.web.api.wanted import send_provided
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages import words
from strandline.web.pages.care.frame import (
    Done,
    Finding,
    FormJob,
    Page,
    change,
    describe_change,
    find_shown,
    find_trouble,
    go_to,
    look_again,
    refuse_outdated,
    wait_for,
)
from strandline.web.pages.heal_pages import link_to_kept
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.trash_pages import MOST_REASONS
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLACE = "/care/wanted"

FILES_PER_PAGE = 60

MAX_LIST_BYTES = 128 * 1024 * 1024
"""Of a list from another machine: more than 200,000 rows with long names have."""

MOST_NAMED = 20
"""Files that are named that could not be read."""

STATE_OF_FAULT = {fault: state for state, fault in FAULT_OF_STATE.items()}

HALF_THERE = frozenset({Fault.ARRIVING, Fault.DAMAGED, Fault.ALTERED})
"""Faults of files whose bytes may be a part of the picture. A foreign one is another picture."""

MISSING_OR_DAMAGED, NO_ALARM = "Missing or damaged", "Not whole yet, or shown from a conflict copy"
"""The headings of the list."""

ALTERED = StateWord("changed by itself", Tone.BAD)

Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]
FormCheck = Annotated[bool, Form()]
Sha256 = Annotated[str, PathPart(pattern="^[0-9a-f]{64}$")]
FormFolder = Annotated[str, Form(max_length=4096)]


class Searched(NamedTuple):
    """A folder that was looked through, and what of it would come back."""

    folder: str
    report: RescueReport


class Lost(NamedTuple):
    """A wanted file, as the page shows it."""

    file: WantedFile
    badge: StateWord
    name: str
    place: str
    address: str
    """Of a small copy from when it was good, or else of what there is of it. Empty if there is nothing."""
    facts: str


LOOK = Kind[list[WantedFile]]("wanted", is_look=True)
SEARCH = Kind[Searched]("searching")
RESCUED = Kind[RescueReport]("rescuing")


def look(backend: Backend) -> CareJob[list[WantedFile]]:
    """What the catalog knows to be missing or bad, from not long ago."""
    return backend.care.look(LOOK, lambda _: backend.store.list_wanted())


@router.get("/care/wanted")
async def show_wanted(backend: TheBackend, start: Start = 0) -> Response:
    """What is missing or bad, by folder and path."""
    return await backend.crossing.waiting(lambda: _draw(backend, start))


@router.post("/care/wanted/look")
async def forget_look(backend: TheBackend) -> Response:
    """Forgets what was found, and asks the catalog again."""
    look_again(backend, RESCUED)
    return go_to(backend, PLACE)


@router.post("/care/wanted/search")
async def search(backend: TheBackend, folder: FormFolder = "") -> Response:
    """Begins to look through a folder of this machine. Brings nothing back."""

    def begin() -> Response:
        try:
            path = parse_folder(folder)
            backend.care.start(SEARCH, lambda job: look_through(backend, path, job))
        except StrandlineError as error:
            told = Done(Note("bad", "That did not work", [error.message]), can_undo=False)
            return _draw(backend, 0, told, http_status_of(error))
        return go_to(backend, f"{PLACE}/found")

    return await backend.crossing.waiting(begin)


def look_through(backend: Backend, folder: str, job: CareJob[Searched]) -> Searched:
    """Looks through the folder, and brings nothing back."""
    report = backend.store.rescue(
        [folder],
        dry_run=True,
        progress=lambda _, read, total: job.note_progress(read, total),
        cancel=job.cancel,
    )
    return Searched(folder, report)


@router.post("/care/wanted/stop")
async def stop(backend: TheBackend, number: FormJob = "") -> Response:
    """Ends the search, or bringing files back, after the file that it is at, if that is what the page shows."""
    for job in (backend.care.find(SEARCH), backend.care.find(RESCUED)):
        if job is not None and job.number == number:
            job.cancel.set()
    return go_to(backend, f"{PLACE}/found")


@router.get("/care/wanted/found")
async def show_found(backend: TheBackend, start: Start = 0) -> Response:
    """What was found in the folder that was looked through last."""
    return await backend.crossing.waiting(lambda: _draw_found(backend, start))


@router.post("/care/wanted/bring-back")
async def bring_back(backend: TheBackend, sure: FormCheck = False, number: FormJob = "") -> Response:
    """Looks once more through the folder that the page shows, and brings back what is found."""
    job = find_shown(backend, SEARCH, number)
    if job is None or job.result is None:
        return refuse_outdated(backend, PLACE, number, RESCUED)
    if not sure:
        return go_to(backend, f"{PLACE}/found")
    folder = job.result.folder

    def rescue(job: CareJob[RescueReport]) -> RescueReport:
        return backend.store.rescue(
            [folder], progress=lambda _, read, total: job.note_progress(read, total), cancel=job.cancel
        )

    change(backend, RESCUED, rescue, number)
    backend.care.forget(SEARCH)
    return go_to(backend, PLACE)


@router.post("/care/wanted/provide")
async def provide(backend: TheBackend, request: Request) -> Response:
    """What this machine has of the list that another machine's page handed out, as an archive."""
    try:
        async with spooled_form(request, backend, max_files=1, limit_bytes=MAX_LIST_BYTES) as form:
            images = await backend.crossing.slow(lambda: read_list(form.parts))
        return await send_provided(backend, images)
    except StrandlineError as error:
        told, status = (
            Done(Note("bad", "That did not work", [error.message]), can_undo=False),
            http_status_of(error),
        )
        return await backend.crossing.waiting(lambda: _draw(backend, 0, told, status))


def read_list(parts: Sequence[Part]) -> list[WantedImage]:
    """The images in the list that a form has.

    Raises:
        InvalidInputError: It is no such list.
    """
    if not parts:
        raise InvalidInputError("choose the list that the other machine's page handed out")
    with parts[0].writer.finish().open() as data:
        return parse_wanted(data.read(MAX_LIST_BYTES))[0]


@router.get("/care/wanted/picture/{sha256}")
async def show_remembered(backend: TheBackend, sha256: Sha256) -> Response:
    """A small copy of a picture that is missing or damaged now, from when it was good."""

    def find() -> Response:
        small = backend.store.thumbnails.find_by_hash(sha256, TILE_SIZE)
        if small is None:
            raise EntryNotFoundError("there is no small copy of this picture any more")
        headers = {**HARMLESS, "cache-control": "private, no-cache"}
        return Response(small.data, media_type=small.media_type, headers=headers)

    return await backend.crossing.slow(find)


def parse_folder(typed: str) -> str:
    """The folder that a person typed. Pure, except that ``~`` is the home of who runs the server.

    Raises:
        InvalidPathError: It is no whole path.
    """
    path = os.path.expanduser(typed.strip()) if can_be_path(typed) else ""
    if not os.path.isabs(path):
        shown = show_plainly(typed.strip()[:100])
        raise InvalidPathError(
            f"{shown!r} is not the whole path of a folder; write it from the top, such as /media/card",
            path=shown,
        )
    return path


def describe_found(found: Sequence[WantedFile]) -> Finding:
    """The sentences of the overview. Pure."""
    passing = " and ".join(
        say_passing(
            arriving=sum(each.fault is Fault.ARRIVING for each in found),
            shown_from_copies=sum(each.is_shown_from_copy for each in found),
        )
    )
    bad = [each for each in found if is_bad(each)]
    if not bad:
        title = "Nothing is missing or damaged"
        if passing:
            return Finding("wait", title, f"{passing}. No cause for alarm.")
        return Finding("good", title, "As far as the last scans and checks found.")
    by = Counter(each.fault for each in bad)
    said = [f"{', '.join(f'{number:,} {badge_of(fault).word}' for fault, number in by.most_common())}."]
    elsewhere = sum(each.is_elsewhere for each in bad)
    said += [f"{say_count(elsewhere, 'image is', 'images are')} also elsewhere."] if elsewhere else []
    said += [f"Besides, {passing}."] if passing else []
    title = say_count(len(bad), "file is missing or damaged", "files are missing or damaged")
    return Finding("bad", title, " ".join(said))


def is_bad(each: WantedFile) -> bool:
    """Whether it is missing or damaged: not if it still arrives, nor if a conflict copy shows its image. Pure."""
    return each.fault is not Fault.ARRIVING and not each.is_shown_from_copy


def badge_of(fault: Fault) -> StateWord:
    """How a wanted file is, in a word. Pure."""
    state = STATE_OF_FAULT.get(fault)
    return ALTERED if state is None else FILE_WORDS[state]


def describe_lost(base: str, each: WantedFile, *, is_remembered: bool = False) -> Lost:
    """One of them, as the page shows it. Pure.

    ``is_remembered`` if there still is a small copy of the right bytes.
    """
    filename = each.path.rpartition("/")[2]
    stem, _, extension = filename.rpartition(".")
    own = f"{words.say_extension(extension)} image {stem[:8]}" if stem == each.image_id else filename
    picture = ""
    if is_remembered:
        picture = f"{base}{PLACE}/picture/{each.sha256}"
    elif each.fault in HALF_THERE and words.has_address(each.path):
        raw = f"{base}/api/v1/inspect/{words.key_of(each.sd)}/raw"
        picture = f"{raw}?path={words.in_address(each.path)}&w={TILE_SIZE}"
    facts = [
        *([say_bytes(each.size_bytes)] if each.size_bytes is not None else []),
        *(["nobody knows its bytes, so it cannot be found"] if each.image.content_id is None else []),
        *(["its own file is missing"] if each.is_shown_from_copy else []),
        *(["the image is also elsewhere"] if each.is_elsewhere and not each.is_shown_from_copy else []),
    ]
    return Lost(
        each,
        FROM_CONFLICT_COPY
        if each.is_shown_from_copy
        else word_of_bad(badge_of(each.fault), is_decayed=each.is_decayed, stale_since=each.stale_since),
        show_plainly(each.names[0] if each.names else own),
        words.say_place_of(each.sd.name, each.path),
        picture,
        "; ".join(facts),
    )


def describe_rescued(base: str, report: RescueReport) -> Done:
    """What came back. Pure."""
    changes = report.changes
    lines = list(dict.fromkeys(each.message for each in changes.refused))[:MOST_REASONS]
    if not report.is_complete:
        lines.append("it was stopped before everything was looked at")
    if not changes.done:
        return Done(Note("bad" if lines else "wait", "Nothing came back", lines), can_undo=False)
    title = f"{say_count(len(changes.done), 'file is', 'files are')} back."
    lines += [f"another picture that had the name is kept as '{each.path}'" for each in changes.kept]
    replaced = "wrong bytes that were replaced are in the trash"
    tone = "wait" if lines else "good"
    return Done(Note(tone, title, [*lines, replaced], *link_to_kept(base, changes)), can_undo=False)


def _draw(backend: Backend, start: int, told: Done | None = None, status: int = 200) -> Response:
    busy, done = describe_change(
        backend, RESCUED, partial(describe_rescued, backend.base), "Bringing files back…"
    )
    done = told or done
    can_stop = busy is not None
    found: Sequence[WantedFile] = ()
    trouble = None
    if busy is None:
        job = look(backend)
        busy = wait_for(job, "Asking the catalog…")
        trouble, found = (None, ()) if busy else (find_trouble(job), job.result or ())
        found = sorted(found, key=lambda each: (not is_bad(each), each.sd.number, natural_key(each.path)))
    page = Page.of(f"{backend.base}{PLACE}", start, len(found), FILES_PER_PAGE)
    searching = backend.care.find(SEARCH)
    return render(
        backend.base, "care_wanted.html", status=status, place="care", busy=busy, can_stop=can_stop,
        trouble=trouble, done=done,
        parts=_list_parts(backend, page.cut(found)), pages=page,
        summary=describe_found(found), searched=searching is not None,
    )  # fmt: skip


def _list_parts(backend: Backend, found: Sequence[WantedFile]) -> list[tuple[str, list[Lost]]]:
    """What is missing or damaged, and apart from that what is not: a heading and the files of each."""
    parts = groupby(found, lambda each: MISSING_OR_DAMAGED if is_bad(each) else NO_ALARM)
    return [(heading, [_describe(backend, each) for each in some]) for heading, some in parts]


def _describe(backend: Backend, each: WantedFile) -> Lost:
    thumbnails = backend.store.thumbnails
    is_remembered = each.sha256 is not None and thumbnails.find_by_hash(each.sha256, TILE_SIZE) is not None
    return describe_lost(backend.base, each, is_remembered=is_remembered)


def _describe_back(backend: Backend, changes: Sequence[FileChange]) -> list[Lost]:
    """What can come back, as the list of what is wanted shows it. Reads the catalog."""
    wanted = {each.change: each for each in backend.store.list_wanted()} if changes else {}
    return [_describe(backend, wanted[each]) for each in changes if each in wanted]


def _draw_found(backend: Backend, start: int) -> Response:
    job = backend.care.find(SEARCH)
    if job is None:
        return go_to(backend, PLACE)
    busy = wait_for(job, "Looking through the folder…")
    result = None if busy else job.result
    back: Sequence[FileChange] = () if result is None else result.report.changes.possible
    page = Page.of(f"{backend.base}{PLACE}/found", start, len(back), FILES_PER_PAGE)
    refused = () if result is None else result.report.changes.refused
    return render(
        backend.base, "care_found.html", place="care", busy=busy, trouble=None if busy else find_trouble(job),
        result=result, number=job.number, back=_describe_back(backend, page.cut(back)), pages=page,
        most_named=MOST_NAMED,
        reasons=list(dict.fromkeys(each.message for each in refused))[:MOST_REASONS], refused=len(refused),
    )  # fmt: skip
