"""The page of pictures that are there twice: what space they take, which could go, and their way to the trash."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from strandline.model.changes import ChangeReport
from strandline.model.duplicates import DuplicateGroup, DuplicateReport, FoldStep
from strandline.model.folding import natural_key
from strandline.model.image_ids import ImageId
from strandline.model.layout import may_be_picture
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.sync_names import explain_conflict_copy
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care.frame import (
    MOST_GAPS,
    Finding,
    FormJob,
    Page,
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

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LOOK = Kind[DuplicateReport]("duplicates", is_look=True)
PLAN = Kind["Planned"]("plan-of-folding", is_look=True)
FOLDED = Kind[ChangeReport]("folding")

PLACE = "/care/duplicates"

GROUPS_PER_PAGE = 50

MOST_STAYING = 50
"""Pictures of which several files stay."""

MOST_FILES = 12
"""Files of one picture on the page."""

READING = "Reading which pictures your notes name…"

Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]
FormCheck = Annotated[bool, Form()]


class Planned(NamedTuple):
    """What could go, and all files with the same bytes at that time."""

    groups: Sequence[DuplicateGroup]
    steps: list[FoldStep]


class Kept(NamedTuple):
    """A file that stays although another one with the same bytes stays, too."""

    path: str
    is_conflict_copy: bool


class Staying(NamedTuple):
    """The files with the same bytes in one storage directory that stay, if there are several."""

    image_id: ImageId
    sd_name: str
    files: list[Kept]


class Going(NamedTuple):
    """The files with the same bytes in one storage directory, of which some would go."""

    image_id: ImageId
    sd_name: str
    size_bytes: int
    go: list[str]
    stay: list[str]


def look(backend: Backend) -> CareJob[DuplicateReport]:
    """What the catalog knows of them, from not long ago."""
    return backend.care.look(LOOK, lambda _: backend.store.list_duplicates())


@router.get("/care/duplicates")
async def show_duplicates(backend: TheBackend, start: Start = 0) -> Response:
    """The pictures that are in one folder more than once, those that take the most space first."""
    return await backend.crossing.waiting(lambda: _draw(backend, start))


@router.post("/care/duplicates/look")
async def forget_look(backend: TheBackend) -> Response:
    """Forgets what was found, and looks again."""
    look_again(backend, FOLDED)
    return go_to(backend, PLACE)


@router.get("/care/duplicates/fold")
async def show_plan(backend: TheBackend, start: Start = 0) -> Response:
    """Which files could go, because no text names them and others with the same bytes stay. Moves nothing."""

    def draw() -> Response:
        job = backend.care.look(PLAN, lambda _: _plan(backend))
        busy = wait_for(job, READING)
        planned = job.result or Planned((), [])
        groups, staying = list_going(planned.steps), list_staying(planned)
        page = Page.of(f"{backend.base}{PLACE}/fold", start, len(groups), GROUPS_PER_PAGE)
        return render(
            backend.base, "care_fold.html", place="care", busy=busy, unread=list_unread(job),
            trouble=None if busy else find_trouble(job), groups=page.cut(groups), pages=page,
            files=sum(len(each.go) for each in groups),
            size_bytes=sum(each.size_bytes * len(each.go) for each in groups),
            too_many=count_superfluous(planned.groups), staying=staying[:MOST_STAYING], all_staying=len(staying),
            extra=sum(len(each.files) - 1 for each in staying),
            days=backend.store.trash.rules.grace.days, most_files=MOST_FILES, most_gaps=MOST_GAPS,
            number=job.number,
        )  # fmt: skip

    return await backend.crossing.waiting(draw)


@router.post("/care/duplicates/fold")
async def fold(backend: TheBackend, number: FormJob = "", sure: FormCheck = False) -> Response:
    """Moves to the trash what the page shows, as far as it may go now: the notes are read again."""
    if not sure:
        return go_to(backend, f"{PLACE}/fold")
    job = find_shown(backend, PLAN, number)
    if job is None or job.result is None:
        return refuse_outdated(backend, PLACE, number, FOLDED)
    shown = {_file_of(each) for each in job.result.steps}

    def move(_: CareJob[ChangeReport]) -> ChangeReport:
        return backend.store.fold([each for each in backend.store.plan_fold() if _file_of(each) in shown])

    change(backend, FOLDED, move, number)
    return go_to(backend, PLACE)


def _file_of(each: FoldStep) -> tuple[int, str, str]:
    return each.step.sd.number, each.step.path, each.sha256


@router.post("/care/duplicates/undo")
async def undo_fold(backend: TheBackend, number: FormJob = "") -> Response:
    """Puts back what the page shows as moved."""
    return undo(backend, PLACE, number, FOLDED, lambda report: report)


def describe_found(report: DuplicateReport) -> Finding:
    """The sentences of the overview. Pure."""
    files = count_superfluous(report.groups)
    if not files:
        return Finding("good", "No picture is twice in one folder", say_backups(report))
    title = f"{say_count(files, 'file')} too many"
    return Finding("wait", title, f"Together {say_bytes(report.extra_bytes)}. Those that notes name stay.")


def say_backups(report: DuplicateReport) -> str:
    """How many pictures are in several folders. Empty if none is. Pure."""
    if not report.in_several:
        return ""
    are = say_count(report.in_several, "picture is", "pictures are")
    return f"{are} in several folders, as backups of one another. They stay."


def list_going(steps: Sequence[FoldStep]) -> list[Going]:
    """What would go, those with the most bytes first. Pure."""
    together = sorted(steps, key=_key)
    groups = [list(own) for _, own in groupby(together, _key)]
    found = [
        Going(
            own[0].step.image_id,
            own[0].step.sd.name,
            own[0].step.size_bytes or 0,
            [each.step.path for each in own],
            list(own[0].keepers),
        )
        for own in groups
    ]
    return sorted(found, key=lambda each: -each.size_bytes * len(each.go))


def list_staying(planned: Planned) -> list[Staying]:
    """Of which pictures several files stay in one storage directory, by folder and path. Pure.

    Law: what goes, and all but one of each of these, are the superfluous files.
    """
    go = {(each.step.sd.number, each.step.path) for each in planned.steps}
    found = []
    for own in (own for group in planned.groups for own in group.by_storage_dir()):
        stay = [file for file in own if (file.sd.number, file.path) not in go]
        if len(stay) > 1:
            kept = [Kept(file.path, _is_conflict_copy(file.path)) for file in stay]
            found.append((stay[0].sd.number, Staying(stay[0].image_id, stay[0].sd.name, kept)))
    found.sort(key=lambda each: (each[0], natural_key(each[1].files[0].path)))
    return [each for _, each in found]


def count_superfluous(groups: Sequence[DuplicateGroup]) -> int:
    """The files besides one in each storage directory. Pure."""
    return sum(len(own) - 1 for group in groups for own in group.by_storage_dir())


def _key(step: FoldStep) -> tuple[int, str]:
    return step.step.sd.number, step.sha256


def _plan(backend: Backend) -> Planned:
    groups = backend.store.list_duplicates().groups
    return Planned(groups, backend.store.plan_fold())


def _is_conflict_copy(path: str) -> bool:
    return explain_conflict_copy(path.rpartition("/")[2], may_be_picture) is not None


def _draw(backend: Backend, start: int) -> Response:
    busy, done = describe_change(backend, FOLDED, describe_moved, "Moving files to the trash…")
    report: DuplicateReport | None = None
    trouble = None
    if busy is None:
        job = look(backend)
        busy = wait_for(job, "Counting files with the same bytes…")
        trouble, report = (None, None) if busy else (find_trouble(job), job.result)
    groups = () if report is None else report.groups
    page = Page.of(f"{backend.base}{PLACE}", start, len(groups), GROUPS_PER_PAGE)
    return render(
        backend.base, "care_duplicates.html", place="care", busy=busy, trouble=trouble, done=done, report=report,
        groups=page.cut(groups), pages=page, files=count_superfluous(groups), most_files=MOST_FILES,
        backups="" if report is None else say_backups(report),
    )  # fmt: skip
