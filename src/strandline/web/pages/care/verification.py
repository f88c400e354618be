"""The page of verifications: how long ago all bytes were read, what was found, and the way to heal it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from strandline.errors import ImageArrivingError, StrandlineError
from strandline.model.changes import ChangeReport
from strandline.model.plain_words import say_count
from strandline.model.state_words import StateWord, Tone, word_of_bad
from strandline.model.store_status import StoreStatus
from strandline.model.verification import (
    HEALED_FROM_BYTES,
    VERIFY_AFTER,
    Fault,
    VerifyFinding,
    VerifyReport,
    summarize,
)
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care.frame import (
    Finding,
    FormJob,
    Page,
    change,
    find_shown,
    find_trouble,
    go_to,
    refuse_outdated,
    wait_for,
)
from strandline.web.pages.heal_pages import describe_healing
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.words import say_moment
from strandline.web.statuses import http_status_of
from strandline.web.verifications import VERIFICATION, begin_verification

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLACE = "/care/verification"

FINDINGS_PER_PAGE = 60

LOOK = Kind[StoreStatus]("status-of-verification", is_look=True)
HEALED = Kind[VerifyReport]("healing")

HEALABLE = Kind[ChangeReport]("healable", is_look=True)
"""Which of the bad files have right bytes within reach."""

WORDS = {
    Fault.MISSING: StateWord("missing", Tone.BAD),
    Fault.ARRIVING: StateWord("still arriving", Tone.WAIT),
    Fault.DAMAGED: StateWord("damaged", Tone.BAD),
    Fault.FOREIGN: StateWord("another image", Tone.BAD),
    Fault.ALTERED: StateWord("changed by itself", Tone.BAD),
    Fault.UNREADABLE: StateWord("not readable", Tone.BAD),
}

Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]
FormCheck = Annotated[bool, Form()]


def look(backend: Backend) -> CareJob[StoreStatus]:
    """What the catalog knows of when files were read, from not long ago."""
    return backend.care.look(LOOK, lambda _: backend.store.status())


@router.get("/care/verification")
async def show_verification(backend: TheBackend, start: Start = 0) -> Response:
    """The latest verification, while it runs or with what it found, and when all bytes were read."""
    return await backend.crossing.waiting(lambda: _draw(backend, start))


@router.post("/care/verification/start")
async def start_verification(backend: TheBackend, full: FormCheck = False) -> Response:
    """Reads what was not read for 30 days, or everything."""

    def act() -> Response:
        try:
            backend.care.forget(HEALED)
            begin_verification(backend, None, full=full)
        except StrandlineError as error:
            return _draw(backend, 0, Note("bad", "That did not work", [error.message]), http_status_of(error))
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(act)


@router.post("/care/verification/stop")
async def stop_verification(backend: TheBackend, number: FormJob = "") -> Response:
    """Ends the one that the page shows after the files that are being read. The next one goes on."""
    if (job := backend.care.find(VERIFICATION)) is not None and job.number == number:
        job.cancel.set()
    return go_to(backend, PLACE)


@router.post("/care/verification/heal")
async def heal(backend: TheBackend, number: FormJob = "") -> Response:
    """Gives the files that the page shows as bad their right bytes back."""

    def act() -> Response:
        healed = backend.care.find(HEALED)
        kind = VERIFICATION if healed is None or healed.result is None else HEALED
        latest = find_shown(backend, kind, number)
        if latest is None or latest.result is None:
            return refuse_outdated(backend, PLACE, number, HEALED)
        report = _leave_out_healed(latest.result)
        change(backend, HEALED, lambda _: backend.store.heal(report), number)
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(act)


def describe_found(status: StoreStatus) -> Finding:
    """The sentences of the overview. Pure."""
    unchecked = sum(each.counts.unchecked for each in status.sds)
    oldest = min(
        (each.measures.oldest_proof for each in status.sds if each.measures.oldest_proof), default=None
    )
    if not status.images:
        return Finding("good", "There is nothing to read yet", "")
    if unchecked:
        return Finding("wait", f"{say_count(unchecked, 'file was', 'files were')} never read", "")
    if oldest is not None and is_due(oldest, status.measured_at):
        return Finding("wait", "Some files were not read for more than 30 days", _say_oldest(oldest))
    return Finding("good", "All files were read within 30 days", _say_oldest(oldest))


def _say_oldest(oldest: datetime | None) -> str:
    return "" if oldest is None else f"The longest ago: {say_moment(oldest)}."


def badge_of(finding: VerifyFinding) -> StateWord:
    """How a file is, in a word. Pure."""
    return word_of_bad(WORDS[finding.fault], is_decayed=finding.is_decayed, stale_since=finding.stale_since)


def look_for_bytes(backend: Backend, report: VerifyReport) -> CareJob[ChangeReport]:
    """Looks for the right bytes of what a verification found. Changes nothing."""

    def find(_: CareJob[ChangeReport]) -> ChangeReport:
        healing = backend.store.heal(_leave_out_healed(report), dry_run=True).healing
        return ChangeReport(()) if healing is None else healing

    return backend.care.look(HEALABLE, find)


def _leave_out_healed(report: VerifyReport) -> VerifyReport:
    return replace(report, findings=tuple(each for each in report.findings if not each.is_healed))


def count_waiting(report: ChangeReport) -> int:
    """Files that may be on their way in a new version, so that older bytes wait a day. Pure."""
    return sum(each.code == ImageArrivingError.code for each in report.refused)


def is_due(oldest: datetime, now: datetime) -> bool:
    """Whether a verification has something to read. Pure."""
    return now - oldest > VERIFY_AFTER


def say_report(report: VerifyReport, *, is_full: bool) -> str:
    """The report in a sentence. Pure."""
    older_than = timedelta(0) if is_full else VERIFY_AFTER
    return summarize(report, older_than, go_on="begin it again")


def _draw(backend: Backend, start: int, note: Note | None = None, status: int = 200) -> Response:
    job, healed = backend.care.find(VERIFICATION), backend.care.find(HEALED)
    busy = None if job is None else wait_for(job, "Reading all bytes…")
    is_healing = busy is None and healed is not None
    if healed is not None and is_healing:
        busy = wait_for(healed, "Giving files their right bytes back…")
    note = note or _find_trouble(job) or _find_trouble(healed)
    if healed is not None and healed.result is not None and healed.result.healing is not None:
        note = note or describe_healing(backend.base, healed.result.healing)
    latest = healed if healed is not None and healed.result is not None else job
    report = None if latest is None or busy else latest.result
    findings = [] if report is None else [each for each in report.findings if not each.is_healed]
    page = Page.of(f"{backend.base}{PLACE}", start, len(findings), FINDINGS_PER_PAGE)
    bad = sum(each.fault in HEALED_FROM_BYTES for each in findings)
    right = look_for_bytes(backend, report) if report is not None and bad else None
    searching = None if right is None else wait_for(right, "Looking for their right bytes…")
    healable = len(right.result.possible) if right is not None and not searching and right.result else 0
    waiting = count_waiting(right.result) if right is not None and not searching and right.result else 0
    known = None if busy else look(backend)
    found = (
        None if known is None or wait_for(known, "") or known.result is None else describe_found(known.result)
    )
    return render(
        backend.base, "care_verification.html", status=status, place="care", busy=busy, is_healing=is_healing,
        note=note, report=report, number="" if latest is None else latest.number,
        said="" if report is None else say_report(report, is_full=not report.fresh),
        findings=page.cut(findings), pages=page, badge_of=badge_of, bad=bad, searching=searching, healable=healable,
        waiting=waiting,
        found=found, is_anything_due=found is not None and found.tone != "good" and report is None,
        name_of=_name_of,
    )  # fmt: skip


def _find_trouble(job: CareJob[VerifyReport] | None) -> Note | None:
    return None if job is None or not job.has_ended else find_trouble(job)


def _name_of(finding: VerifyFinding) -> str:
    return finding.path.rpartition("/")[2]
