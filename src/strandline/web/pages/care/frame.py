"""What the pages of care share: long looks that are waited for, notes about what was done, and how it is undone.

A look or a change runs as a job. A page waits a moment for it, which is enough for most folders. If it takes longer,
the page says so, and a script fetches it again until it has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Form
from starlette.responses import RedirectResponse, Response

from strandline.errors import UnreadTextsError
from strandline.model.changes import ChangeReport
from strandline.model.plain_words import say_count
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import FAULT, render
from strandline.web.pages.trash_pages import MOST_REASONS, describe_restored, is_news

T = TypeVar("T")

WAIT_S = 1.5
"""So long a page waits for a look."""

MOST_GAPS = 20
"""Of what was not read, so many are named."""

FormJob = Annotated[str, Form(alias="job", max_length=64)]
"""The number of the job whose result the page with the form shows."""

NOTHING_DONE = "Nothing was done"

OUTDATED = (
    "The page that this came from is older than what was done last, maybe in another window, so it is not clear what "
    "was meant. Look how it is now, and choose again"
)
"""What a person reads whose form is about another job than the latest."""


class Busy(NamedTuple):
    """A job that a page waits for."""

    words: str
    done: int
    total: int
    number: str
    """Of the job, for the button that stops it."""


class Finding(NamedTuple):
    """What a look found, for the overview."""

    tone: str
    title: str
    more: str


class Done(NamedTuple):
    """What became of the last change, and whether a button can undo it."""

    note: Note
    can_undo: bool
    number: str = ""
    """Of the job, for that button."""


class Page(NamedTuple):
    """A part of a long list, with the addresses of the parts before and after it."""

    start: int
    size: int
    total: int
    newer: str | None
    older: str | None
    newer_word: str = "Before"
    older_word: str = "After"

    @classmethod
    def of(cls, address: str, start: int, total: int, size: int) -> Page:
        """The part that begins at ``start``, or the first one if there is nothing. Pure."""
        start = start if start < total else 0
        before = max(0, start - size)
        return cls(
            start,
            size,
            total,
            (f"{address}?from={before}" if before else address) if start else None,
            f"{address}?from={start + size}" if start + size < total else None,
        )

    @property
    def words(self) -> str:
        """``51 to 100 of 1,204``."""
        return f"{self.start + 1:,} to {min(self.start + self.size, self.total):,} of {self.total:,}"

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of this part."""
        return rows[self.start : self.start + self.size]


class Unread(NamedTuple):
    """Something that was not read, and that may name pictures."""

    sd_name: str
    path: str | None
    """None if all of the storage directory is away."""
    reason: str


def wait_for(job: CareJob[Any], words: str, until_s: float | None = None) -> Busy | None:
    """None if the job has ended. Otherwise what the page says meanwhile.

    ``until_s`` is when the page must be there, by the monotonic clock, if it waits for several jobs.
    """
    if job.ended.wait(WAIT_S if until_s is None else max(0.0, until_s - time.monotonic())):
        return None
    return Busy(words, job.done, job.total, job.number)


def find_trouble(job: CareJob[Any]) -> Note | None:
    """Why a job that has ended has no result."""
    if job.is_fault:
        return Note("bad", "That did not work", [FAULT])
    return None if job.error is None else Note("bad", "That did not work", [job.error.message])


def list_unread(job: CareJob[Any]) -> list[Unread]:
    """What was not read, if the job ended because of that."""
    error = job.error
    if not isinstance(error, UnreadTextsError):
        return []
    gaps: Any = error.facts["gaps"]
    return [Unread(gap["sd_name"], gap["path"], gap["reason"]) for gap in gaps]


def find_shown(backend: Backend, kind: Kind[T], number: str) -> CareJob[T] | None:
    """The latest job of this kind, if it has a result and is the one that a form shows."""
    job = backend.care.find(kind)
    return job if job is not None and job.number == number and job.result is not None else None


def refuse_outdated(backend: Backend, path: str, number: str, *acts: Kind[Any]) -> Response:
    """The answer to a form whose job is not the latest: a page that says so, with the way to the page as it is now.

    If a job of one of these kinds followed that job, the form was sent twice, and leads to the page at once.
    """
    found = [backend.care.find(kind) for kind in acts]
    if number and any(job is not None and job.follows == number for job in found):
        return go_to(backend, path)
    return render(
        backend.base, "error.html", status=409, place=None, message=OUTDATED, title=NOTHING_DONE,
        back=f"{backend.base}{path}", back_word="Show how it is now",
    )  # fmt: skip


def change(backend: Backend, kind: Kind[T], work: Callable[[CareJob[T]], T], follows: str = "") -> None:
    """Starts a job that changes files. What was looked at before is not so any more. ``follows`` is the number of the
    job on whose result it acts.

    Raises:
        RefusedError: One is running.
    """
    backend.care.forget(undo_of(kind))
    backend.care.end_news()

    def run(job: CareJob[T]) -> T:
        try:
            return work(job)
        finally:
            backend.care.forget_looks()

    backend.care.start(kind, run, follows)


def look_again(backend: Backend, done: Kind[Any]) -> None:
    """Forgets what looks found, and what became of the last change."""
    backend.care.forget_looks()
    backend.care.forget(done, undo_of(done))


def undo(
    backend: Backend, path: str, number: str, kind: Kind[Any], change_of: Callable[[Any], ChangeReport]
) -> Response:
    """Starts a job that puts back what the job of this kind with this number moved to the trash, and leads to the
    page at the path.
    """
    job = find_shown(backend, kind, number)
    if job is None or job.result is None:
        return refuse_outdated(backend, path, number, undo_of(kind))
    ids = [each.trash_id for each in change_of(job.result).done if each.trash_id is not None]

    def put_back(_: CareJob[ChangeReport]) -> ChangeReport:
        return backend.store.trash.restore_entries(ids)

    change(backend, undo_of(kind), put_back, number)
    backend.care.forget(kind)
    return go_to(backend, path)


def undo_of(kind: Kind[Any]) -> Kind[ChangeReport]:
    """The kind of the job that undoes it."""
    return Kind[ChangeReport](f"undo-{kind.name}")


def describe_change(
    backend: Backend, kind: Kind[T], describe: Callable[[T], Done], words: str
) -> tuple[Busy | None, Done | None]:
    """The last change, or its undo: what a page waits for, or what became of it, if that was not long ago."""
    undoing = backend.care.find(undo_of(kind))
    if undoing is not None:
        busy = wait_for(undoing, "Putting files back…")
        return busy, None if busy else _describe_job(backend, undoing, _describe_undone)
    job = backend.care.find(kind)
    if job is None:
        return None, None
    busy = wait_for(job, words)
    return busy, None if busy else _describe_job(backend, job, describe)


def _describe_undone(report: ChangeReport) -> Done:
    return Done(describe_restored(report), can_undo=False)


def _describe_job(backend: Backend, job: CareJob[T], describe: Callable[[T], Done]) -> Done | None:
    if not is_news(backend, job):
        return None
    trouble = find_trouble(job)
    if trouble is not None:
        return Done(trouble, can_undo=False)
    return None if job.result is None else describe(job.result)._replace(number=job.number)


def describe_moved(report: ChangeReport) -> Done:
    """What became of files that were to go to the trash. Pure."""
    lines = list(dict.fromkeys(each.message for each in report.refused))
    more = len(lines) - MOST_REASONS
    lines = [*lines[:MOST_REASONS], *([f"and {say_count(more, 'more reason')}"] if more > 0 else [])]
    if not report.done:
        return Done(Note("bad" if report.refused else "wait", "Nothing was moved", lines), can_undo=False)
    moved = say_count(len(report.done), "file is", "files are")
    stay = f"; {say_count(len(report.refused), 'stays', 'stay')}" if report.refused else ""
    return Done(
        Note("wait" if report.refused else "good", f"{moved} in the trash{stay}.", lines), can_undo=True
    )


def go_to(backend: Backend, path: str) -> Response:
    """Leads a browser that sent a form to the page with the result, so that nothing is sent twice."""
    return RedirectResponse(f"{backend.base}{path}", status_code=303)
