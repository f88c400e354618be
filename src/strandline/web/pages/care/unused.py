"""The page of pictures that no note names, and of those among them that may be collected.

A picture can be deleted by hand at once. Collecting takes only what was unused for long, and nothing while anything
was not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from strandline.errors import RefusedError
from strandline.model.changes import ChangeReport, FileChange
from strandline.model.folding import natural_key
from strandline.model.image_ids import ImageId
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.storage_dirs import LayoutKind
from strandline.model.sync_names import put_copies_last, sort_by_name
from strandline.model.unused import (
    LARGEST_SHARE,
    OLD_AFTER,
    SETTLED_AFTER,
    SHARE_SPAN,
    FolderUsage,
    UnusedFile,
    UnusedReport,
)
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages import words
from strandline.web.pages.care.frame import (
    MOST_GAPS,
    Finding,
    FormJob,
    Page,
    Unread,
    change,
    describe_change,
    describe_moved,
    find_shown,
    find_trouble,
    go_to,
    list_unread,
    look_again,
    refuse_outdated,
    undo,
    wait_for,
)
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.trash_pages import MOST_REASONS

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LOOK = Kind[UnusedReport]("unused", is_look=True)
PLAN = Kind[ChangeReport]("plan-of-collecting", is_look=True)
COLLECTED = Kind[ChangeReport]("collecting")

PLACE = "/care/unused"

PICTURES_PER_PAGE = 60

READING = "Reading which pictures your notes name…"

Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]
FormCheck = Annotated[bool, Form()]


class Unused(NamedTuple):
    """A picture of a storage directory, as the page shows it: one, however many of its files have its bytes."""

    image_id: ImageId
    name: str
    place: str
    paths: list[str]
    """Of its files, the one that it is called by first."""
    size_bytes: int | None
    """Of all of them."""
    since: datetime
    """Since when it is unused."""
    ripe_at: datetime
    """When it may be collected."""
    is_ripe: bool


def look(backend: Backend) -> CareJob[UnusedReport]:
    """What no note names, from not long ago."""
    return backend.care.look(LOOK, lambda _: backend.store.find_unused())


@router.get("/care/unused")
async def show_unused(backend: TheBackend, start: Start = 0) -> Response:
    """The pictures that no note names, by folder, and what was read to know that."""
    return await backend.crossing.waiting(lambda: _draw(backend, start))


@router.post("/care/unused/look")
async def forget_look(backend: TheBackend) -> Response:
    """Forgets what was found, and looks again."""
    look_again(backend, COLLECTED)
    return go_to(backend, PLACE)


@router.get("/care/unused/collect")
async def show_plan(backend: TheBackend, start: Start = 0) -> Response:
    """Which pictures may be collected now, or why none. Moves nothing."""
    return await backend.crossing.waiting(lambda: _draw_plan(backend, start))


@router.post("/care/unused/collect")
async def collect(backend: TheBackend, number: FormJob = "", sure: FormCheck = False) -> Response:
    """Moves to the trash what the page shows, if nothing else may go now: the notes are read again."""
    if not sure:
        return go_to(backend, f"{PLACE}/collect")
    job = find_shown(backend, PLAN, number)
    if job is None or job.result is None:
        return refuse_outdated(backend, PLACE, number, COLLECTED)
    shown = frozenset(job.result.plan)

    def move(_: CareJob[ChangeReport]) -> ChangeReport:
        if not shown.issuperset(backend.store.collect(dry_run=True).plan):
            raise RefusedError("other pictures may go by now; look at what can go, and confirm that")
        return backend.store.collect()

    change(backend, COLLECTED, move, number)
    return go_to(backend, PLACE)


@router.post("/care/unused/undo")
async def undo_collect(backend: TheBackend, number: FormJob = "") -> Response:
    """Puts back what the collection that the page shows moved."""
    return undo(backend, PLACE, number, COLLECTED, lambda report: report)


def describe_found(report: UnusedReport) -> Finding:
    """The sentences of the overview. Pure."""
    found = list_shown(report)
    read = f"{say_count(report.texts, 'text')} read."
    if report.gaps:
        unread = say_count(len(report.gaps), "note or folder was", "notes or folders were")
        return Finding("wait", "Nobody can tell", f"{unread} not read, and may use any picture.")
    if not any(not folder.is_without_notes for folder in report.folders if folder.images):
        return Finding("good", "No folder of notes", "No text names any picture.")
    if not found:
        return Finding("good", "Each picture is named by a note", read)
    size_bytes = sum(each.size_bytes or 0 for each in found)
    are = say_count(len(group_by_image(found)), "picture that no note names", "pictures that no note names")
    return Finding("wait", are, f"Together {say_bytes(size_bytes)}. {read}")


def list_shown(report: UnusedReport) -> list[UnusedFile]:
    """The unused pictures of folders of notes. Of photographs, nobody expects that a note names each. Pure."""
    apart = {folder.sd.number for folder in report.folders if folder.is_without_notes}
    return [each for each in report.unused if each.sd.number not in apart]


def group_by_image(found: Iterable[UnusedFile]) -> list[list[UnusedFile]]:
    """The files of each image in each storage directory, by the paths of the best ones. Pure."""
    groups = defaultdict[tuple[int, ImageId], list[UnusedFile]](list)
    for each in found:
        groups[each.sd.number, each.image_id].append(each)
    return sorted(
        map(sort_by_name, groups.values()), key=lambda files: (files[0].sd.number, natural_key(files[0].path))
    )


def describe_files(files: Sequence[UnusedFile], now: datetime) -> Unused:
    """One picture, as the page shows it, called as its best file; if that has an id, as it was saved. Pure."""
    best = files[0]
    name = best.path.rpartition("/")[2]
    stem, _, extension = name.rpartition(".")
    if best.sd.layout is LayoutKind.IDS:
        if best.names:
            name = put_copies_last(best.names)[0]
        elif stem == best.image_id:
            name = f"{words.say_extension(extension)} image {best.image_id[:8]}"
    sizes = [each.size_bytes for each in files if each.size_bytes is not None]
    return Unused(
        best.image_id,
        show_plainly(name),
        words.say_place_of(best.sd.name, best.path),
        [show_plainly(each.path) for each in files],
        sum(sizes) if sizes else None,
        max(each.unused_since for each in files),
        min(max(each.first_seen + OLD_AFTER, each.unused_since + SETTLED_AFTER) for each in files),
        any(each.may_be_collected(now) for each in files),
    )


def explain_nothing(report: UnusedReport, now: datetime) -> list[str]:
    """Why nothing may be collected now, in sentences. Pure."""
    found = [describe_files(each, now) for each in group_by_image(list_shown(report))]
    if not found:
        return ["No picture in a folder of notes is unused."]
    lines = []
    waiting = [each.ripe_at for each in found if not each.is_ripe]
    if waiting:
        lines.append(
            f"{say_count(len(waiting), 'unused picture has', 'unused pictures have')} not been here for "
            f"{OLD_AFTER.days} days, or not been unused at two looks {SETTLED_AFTER.days} days apart. The first may "
            f"go after {words.say_local_day(min(waiting))}, if it is still unused at a look then."
        )
    waits = [each for each in report.folders if each.has_notes and each.collected_lately]
    lines += [
        f"{say_count(each.collected_lately, 'picture')} of {show_plainly(each.sd.name)} went within the last "
        f"{SHARE_SPAN.days} days, and at most a tenth of a folder goes in that time. The next may go some days later."
        for each in waits
        if not each.allowance
    ]
    small = [folder for folder in report.folders if 0 < folder.images < LARGEST_SHARE and folder.unused]
    lines += [
        f"{show_plainly(folder.sd.name)} has {say_count(folder.images, 'picture')}, and at most a tenth of a folder "
        f"goes in {SHARE_SPAN.days} days, so none of it is collected. Delete one by hand instead."
        for folder in small
        if not folder.is_without_notes
    ]
    return lines


def list_read(folders: Sequence[FolderUsage]) -> list[str]:
    """What was read in each folder, in words. Pure."""
    lines = []
    for each in folders:
        name, texts = show_plainly(each.sd.name), say_count(each.texts, "text")
        if each.images and each.is_without_notes:
            lines.append(
                f"{name}: {texts} read; notes in it name {each.named:,} of its {say_count(each.images, 'picture')}, "
                "so it is not a folder of notes, and is left alone."
            )
        else:
            lines.append(
                f"{name}: {texts} read; {each.unused:,} of {say_count(each.images, 'image file')} unused."
            )
    return lines


def _draw(backend: Backend, start: int) -> Response:
    busy, done = describe_change(backend, COLLECTED, describe_moved, "Moving pictures to the trash…")
    report: UnusedReport | None = None
    trouble = None
    if busy is None:
        job = look(backend)
        busy = wait_for(job, READING)
        trouble, report = (None, None) if busy else (find_trouble(job), job.result)
    found = [] if report is None else list_shown(report)
    groups = group_by_image(found)
    page = Page.of(f"{backend.base}{PLACE}", start, len(groups), PICTURES_PER_PAGE)
    now = backend.store.now()
    return render(
        backend.base, "care_unused.html", place="care", busy=busy, trouble=trouble, done=done, report=report,
        found=[describe_files(each, now) for each in page.cut(groups)], pages=page, files=len(found),
        size_bytes=sum(each.size_bytes or 0 for each in found), most_gaps=MOST_GAPS,
        unread=[] if report is None else [Unread(gap.sd.name, gap.path, gap.reason) for gap in report.gaps],
        read=[] if report is None else list_read(report.folders),
    )  # fmt: skip


def _draw_plan(backend: Backend, start: int) -> Response:
    job = backend.care.look(PLAN, lambda _: backend.store.collect(dry_run=True))
    busy = wait_for(job, READING)
    going: Sequence[FileChange] = ()
    reasons: list[str] = []
    if busy is None and job.result is not None:
        going = job.result.possible
        reasons = list(dict.fromkeys(each.message for each in job.result.refused))[:MOST_REASONS]
        if not going:
            known = look(backend)
            busy = wait_for(known, READING)
            reasons += [] if known.result is None else explain_nothing(known.result, backend.store.now())
    page = Page.of(f"{backend.base}{PLACE}/collect", start, len(going), PICTURES_PER_PAGE)
    return render(
        backend.base, "care_collect.html", place="care", busy=busy, unread=list_unread(job),
        trouble=None if busy else find_trouble(job), going=page.cut(going), pages=page, reasons=reasons,
        size_bytes=sum(change.size_bytes or 0 for change in going), most_gaps=MOST_GAPS,
        days=backend.store.trash.rules.grace.days, place_of=words.say_place_of, number=job.number,
    )  # fmt: skip
