"""The status page: one sentence, then per folder what is fine and what is not, for people without a monitor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from strandline.errors import InvalidInputError, StrandlineError
from strandline.model.catalog_exports import ImportedCatalog, ImportedDir
from strandline.model.discrepancies import say_passing
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.reports import Check
from strandline.model.state_words import StateWord, Tone
from strandline.model.store_status import (
    CANNOT_TELL,
    Outcome,
    StatusReason,
    StorageDirStatus,
    StoreStatus,
    say_status,
)
from strandline.web.api.catalog import take_over
from strandline.web.api.spooling import spooled_form
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.notes import Note
from strandline.web.pages.remedies import Health
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.pages.words import key_of
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

TONES = {Outcome.WELL: "good", Outcome.LOOK: "bad", Outcome.UNKNOWN: "wait"}

LINK_WORDS = {
    "missing-references": "Which, and where", "not-scanned": "Scan it", "copied": "What to do",
    "notes-unchecked": "Look at them",
}  # fmt: skip
"""What a link beside a reason says, if the inspector is not where it leads, or says it better."""

AT_FOLDERS = frozenset({*CANNOT_TELL, "suspect", "copied", "not-scanned"}) - {"notes-unchecked"}
"""The kinds of reasons whose buttons are on the Folders page."""


MOST_FIELDS = 2
"""Of the form."""

LOOKED_AT = (
    "The catalog, the home, each folder, what tells of changes, the decoders of pictures, and the clock."
)

BADGES = {True: StateWord("ok", Tone.GOOD), False: StateWord("look", Tone.BAD)}


class Reason(NamedTuple):
    """A reason to look, and where to."""

    message: str
    tone: str
    address: str
    link: str


class FolderLines(NamedTuple):
    """What the page shows of one storage directory."""

    status: StorageDirStatus
    reasons: list[Reason]
    fine: list[str]
    """What is as it should be, in words."""


@router.get("/status")
async def show_status_page(backend: TheBackend) -> Response:
    """How everything is, in words. Works without scripts."""
    return await backend.crossing.page(lambda: _draw(backend))


@router.post("/status/import")
async def import_catalog(request: Request, backend: TheBackend) -> Response:
    """Takes over what the chosen file of another machine knows, and says what became of it."""
    async with spooled_form(request, backend, max_files=MOST_FIELDS) as form:
        part = next((part for part in form.parts if part.writer.size_bytes), None)

        def take() -> Response:
            try:
                if part is None:
                    raise InvalidInputError("choose the file that the other machine exported")
                with part.writer.finish().open() as file:
                    return _draw(backend, describe_imported(take_over(backend.store, file)))
            except StrandlineError as error:
                note = Note("bad", "Nothing was taken over", [error.message])
                return _draw(backend, note, http_status_of(error))

        return await backend.crossing.slow(take)


@router.get("/status/machine")
async def show_machine(backend: TheBackend) -> Response:
    """Whether the machine is fit for Strandline, checked now: what ``strandline doctor`` says."""

    def draw() -> Response:
        checks = backend.store.check_health()
        parts = [
            ("What needs you", [check for check in checks if not check.ok]),
            ("What is as it should be", [check for check in checks if check.ok]),
        ]
        return render(
            backend.base,
            "machine.html",
            place="status",
            health=judge_machine(checks),
            parts=parts,
            badges=BADGES,
        )

    return await backend.crossing.slow(draw)


def judge_machine(checks: Sequence[Check]) -> Health:
    """How the machine is, at a glance. Pure."""
    bad = sum(not check.ok for check in checks)
    if bad:
        return Health("bad", f"{say_count(bad, 'check')} of {len(checks):,} failed", LOOKED_AT)
    return Health("good", f"All {len(checks):,} checks passed", LOOKED_AT)


def describe_imported(report: ImportedCatalog) -> Note:
    """What was taken over, and what waits. Pure."""
    added = [
        say_count(number, *words)
        for number, words in (
            (report.added, ("original name", "original names")),
            (report.history_added, ("earlier file", "earlier files")),
            (report.trash_added, ("file in the trash", "files in the trash")),
        )
        if number
    ]
    lines = []
    for each in report.waiting:
        line = f"Not here yet: {show_plainly(each.name)}. Add the folder"
        if each.needs_name:
            line += f" under this name, or give one that is here this name{_say_possible(each)},"
        lines.append(f"{line} and import again")
    lines += [
        f"{show_plainly(each.name)} has no identity of its own. By its name, it is {show_plainly(each.here or '')}"
        for each in report.storage_dirs
        if each.by_name
    ]
    if report.trash_without_bytes:
        files = say_count(report.trash_without_bytes, "deleted file is", "deleted files are")
        lines.append(
            f"{files} not in this machine's trash. Copy the folder trash of the other home, and import again"
        )
    title = f"Taken over: {', '.join(added)}." if added else "Nothing new: all of it is known here."
    return Note("wait" if report.waiting or report.trash_without_bytes else "good", title, lines)


def _say_possible(each: ImportedDir) -> str:
    return f" ({', '.join(map(show_plainly, each.may_be))}?)" if each.may_be else ""


def _draw(backend: Backend, note: Note | None = None, code: int = 200) -> Response:
    since, status = find_since(backend), backend.store.status()
    folders = [list_folder_lines(backend.base, status, each) for each in status.sds]
    failures = sum(status.decoder_failures.values())
    of_home = [reason.message for reason in status.reasons if reason.kind == "home-full"]
    home = "" if backend.store.is_part else str(backend.store.home)
    return render(
        backend.base, "status.html", status=code, place="status", note=note, home=home,
        since=since, now=status, health=judge_status(status), folders=folders,
        failures=failures, of_home=of_home, is_shared=backend.store.is_shared,
    )  # fmt: skip


def list_folder_lines(base: str, status: StoreStatus, each: StorageDirStatus) -> FolderLines:
    """What is not fine in the storage directory, with where to go, and what is. Pure."""
    reasons = [_link(base, reason, each) for reason in status.reasons if reason.sd == each.sd]
    if each.sd.is_reachable:
        reasons += [
            Reason(said, "wait", f"{base}/inspect/{key_of(each.sd)}", "Which, and what to do")
            for said in list_passing(each)
        ]
    return FolderLines(each, reasons, _list_fine(each) if each.sd.is_reachable else [])


def judge_status(status: StoreStatus) -> Health:
    """The health at a glance. What passes by itself is no reason to look, and yet not well. Pure."""
    said = say_status(status)
    passing = any(list_passing(each) for each in status.sds if each.sd.is_reachable)
    if status.outcome is Outcome.WELL and passing:
        return Health("wait", said.replace("All is well", "Nothing needs you now"), "")
    return Health(TONES[status.outcome], said, "")


def list_passing(each: StorageDirStatus) -> list[str]:
    """What is not as it should be in the storage directory, and no cause for alarm. Pure."""
    counts = each.counts
    return say_passing(arriving=counts.arriving, shown_from_copies=counts.shown_from_copies)


def _link(base: str, reason: StatusReason, each: StorageDirStatus) -> Reason:
    key = key_of(each.sd)
    if reason.kind in AT_FOLDERS:
        address, link = f"{base}/folders#sd-{each.sd.number}", "Why, and what to do"
    elif reason.kind in ("missing-references", "notes-unchecked"):
        address, link = f"{base}/inspect/{key}/notes", ""
    else:
        address, link = f"{base}/inspect/{key}", "Which, and what to do"
    tone = "wait" if reason.kind in CANNOT_TELL else "bad"
    return Reason(reason.message, tone, address, LINK_WORDS.get(reason.kind, link))


def _list_fine(each: StorageDirStatus) -> list[str]:
    counts, measures = each.counts, each.measures
    bad = each.states["damaged"] + each.states["foreign"] + measures.incomplete + each.unreadable
    lines = []
    if counts.images and not counts.unchecked and not bad:
        lines.append(
            "all images checked, and whole"
            if not each.arrivals_waiting and not each.states["missing"]
            else "all images that are here checked"
        )
    if not each.arrivals_waiting:
        lines.append("nothing is waiting to arrive")
    if not each.states["missing"]:
        lines.append("no image is missing")
    if each.missing_references == 0:
        lines.append("notes miss no picture")
    return lines
