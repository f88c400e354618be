"""The page of conflict copies: each beside the file that it is a copy of, with what resolves it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from strandline.errors import StrandlineError
from strandline.model.conflicts import GONE, ChosenVersion, Conflict, Keep, Remedy, ResolveReport
from strandline.model.events import parse_time
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.care_jobs import CareJob, Kind
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
    undo,
    undo_of,
    wait_for,
)
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.trash_pages import MOST_REASONS

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LOOK = Kind[ResolveReport]("conflict-copies", is_look=True)
RESOLVED = Kind[ResolveReport]("resolving")
CHOSEN = Kind[ChosenVersion]("choosing-a-version")

PLACE = "/care/conflicts"

PAIRS_PER_PAGE = 20

VERBS = {
    Remedy.FOLD: "Move the copy to the trash",
    Remedy.HEAL: "Give the file its bytes",
    Remedy.KEEP_BOTH: "Keep both",
}
"""What a button says."""

WILL = {
    Remedy.FOLD: "The copy would go to the trash.",
    Remedy.HEAL: "The file would get the copy’s bytes; the copy, and the file’s wrong bytes, would go to the trash.",
    Remedy.KEEP_BOTH: "The copy’s bytes would be saved as an image of their own, and the copy would go to the trash.",
    Remedy.LEAVE: "It stays.",
}

Start = Annotated[int, Query(ge=0, le=2**53, alias="from")]
FormCheck = Annotated[bool, Form()]
FormText = Annotated[str, Form(max_length=4096)]


class Shown(NamedTuple):
    """One file of a pair."""

    path: str
    address: str
    """Of its picture; empty if it has none, or no address."""
    facts: str
    """``3.1 MB, of 22 November 2026, 14:03``, or why there is no picture."""


class Pair(NamedTuple):
    """A conflict copy and the file that it is a copy of."""

    conflict: Conflict
    copy: Shown
    plain: Shown | None
    verb: str
    """What its button says. Empty if it cannot be resolved."""
    will: str


def look(backend: Backend) -> CareJob[ResolveReport]:
    """What there is, and what would resolve it, from not long ago."""
    return backend.care.look(LOOK, lambda _: backend.store.resolve_conflicts(dry_run=True))


@router.get("/care/conflicts")
async def show_conflicts(backend: TheBackend, start: Start = 0) -> Response:
    """The conflict copies of all folders, with both pictures."""
    return await backend.crossing.waiting(lambda: _draw(backend, start))


@router.post("/care/conflicts/look")
async def forget_look(backend: TheBackend) -> Response:
    """Forgets what was found, and looks again."""
    look_again(backend, RESOLVED)
    return go_to(backend, PLACE)


@router.post("/care/conflicts/resolve")
async def resolve(
    backend: TheBackend, sd: FormText = "", path: FormText = "", sure: FormCheck = False
) -> Response:
    """Resolves one, or, if the form confirms that, all."""

    def begin() -> Response:
        given = None
        if path:
            given = [(backend.store.get_storage_dir(sd), path)]
        if path or sure:
            backend.care.forget(CHOSEN, undo_of(CHOSEN))
            change(backend, RESOLVED, lambda _: backend.store.resolve_conflicts(given))
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(begin)


@router.post("/care/conflicts/choose")
async def choose(
    backend: TheBackend, sd: FormText, path: FormText, keep: Annotated[Keep, Form()]
) -> Response:
    """Keeps one of two different versions of a named picture, or both."""

    def begin() -> Response:
        found = backend.store.get_storage_dir(sd)
        backend.care.forget(RESOLVED, undo_of(RESOLVED))
        change(backend, CHOSEN, lambda _: backend.store.choose_version(found, path, keep))
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(begin)


@router.post("/care/conflicts/undo-choice")
async def undo_choice(backend: TheBackend, number: FormJob = "") -> Response:
    """Makes both versions as they were before the choice that the page shows."""

    def begin() -> Response:
        job = find_shown(backend, CHOSEN, number)
        if job is None or job.result is None:
            return refuse_outdated(backend, PLACE, number, undo_of(CHOSEN))
        text = str(job.result.undo)
        change(backend, undo_of(CHOSEN), lambda _: backend.store.undo_choice(text), number)
        backend.care.forget(CHOSEN)
        return go_to(backend, PLACE)

    return await backend.crossing.waiting(begin)


@router.post("/care/conflicts/undo")
async def undo_resolve(backend: TheBackend, number: FormJob = "") -> Response:
    """Puts the copies back that the page shows as moved."""
    return undo(backend, PLACE, number, RESOLVED, lambda report: report.changes)


def describe_found(report: ResolveReport) -> Finding:
    """The sentences of the overview. Pure."""
    away = " ".join(say_away(report))
    if not report.chosen:
        return Finding("wait" if away else "good", "No conflict copy was found", away)
    title = say_count(len(report.chosen), "conflict copy", "conflict copies")
    can, asks = len(report.resolved), sum(each.needs_choice for each in report.chosen)
    said = [
        *([f"{can:,} can be resolved without losing any bytes."] if can else []),
        *([f"{say_count(asks, 'needs', 'need')} you: there are two different pictures."] if asks else []),
    ]
    more = " ".join(said) or "None needs anything now."
    return Finding("wait" if said or away else "", title, f"{more} {away}".strip())


def say_away(report: ResolveReport) -> list[str]:
    """Which folders were not looked at, and why. Pure."""
    return [
        words.say_sentence(f"{show_plainly(each.sd.name)} was not looked at: {each.reason}")
        for each in report.not_listed
    ]


def describe_resolved(report: ResolveReport) -> Done:
    """What became of resolving. Pure."""
    lines = list(dict.fromkeys(each.message for each in report.changes.refused))[:MOST_REASONS]
    number = len(report.resolved)
    if not number:
        title = "Nothing was resolved" if lines else "There was nothing to resolve"
        return Done(Note("bad" if lines else "wait", title, lines), can_undo=False)
    by = Counter(each.remedy for each in report.resolved)
    done = [
        *(
            [say_count(by[Remedy.HEAL], "file has", "files have") + " the right bytes"]
            * bool(by[Remedy.HEAL])
        ),
        *(
            [say_count(by[Remedy.KEEP_BOTH], "copy is an image of its own", "copies are images of their own")]
            * bool(by[Remedy.KEEP_BOTH])
        ),
        f"{say_count(number, 'copy is', 'copies are')} in the trash",
    ]
    return Done(Note("wait" if lines else "good", f"{'; '.join(done)}.", lines), can_undo=True)


CHOICES = {
    Keep.FILE: "The file stays as it is. The copy is in the trash.",
    Keep.COPY: "The copy has the file’s name now. What the file was is in the trash.",
    Keep.BOTH: "Both are kept. The copy is called {name} now.",
}


def describe_chosen(chosen: ChosenVersion) -> Done:
    """What became of a choice. Pure."""
    name = show_plainly((chosen.kept_as or "").rpartition("/")[2])
    return Done(Note("good", CHOICES[chosen.keep].format(name=name), []), can_undo=True)


BULK = {
    Remedy.FOLD: (
        "copy has the bytes of its file and goes to the trash",
        "copies have the bytes of their files and go to the trash",
    ),
    Remedy.HEAL: ("copy gives its bytes to its file", "copies give their bytes to their files"),
    Remedy.KEEP_BOTH: ("copy becomes an image of its own", "copies become images of their own"),
}
"""What resolving all would do, for one and for several."""


def describe_bulk(report: ResolveReport) -> list[str]:
    """What resolving all would do, in sentences. Pure."""
    by = Counter(each.remedy for each in report.resolved)
    return [f"{say_count(by[remedy], *said)}." for remedy, said in BULK.items() if by[remedy]]


def _draw(backend: Backend, start: int) -> Response:
    busy, done = describe_change(backend, RESOLVED, describe_resolved, "Resolving conflict copies…")
    undo_address = f"{backend.base}{PLACE}/undo"
    if busy is None and done is None:
        busy, done = describe_change(backend, CHOSEN, describe_chosen, "Keeping what you chose…")
        undo_address = f"{backend.base}{PLACE}/undo-choice"
    report: ResolveReport | None = None
    trouble = None
    if busy is None:
        job = look(backend)
        busy = wait_for(job, "Comparing conflict copies with their files…")
        trouble, report = (None, None) if busy else (find_trouble(job), job.result)
    found = () if report is None else report.chosen
    page = Page.of(f"{backend.base}{PLACE}", start, len(found), PAIRS_PER_PAGE)
    return render(
        backend.base, "care_conflicts.html", place="care", busy=busy, trouble=trouble, done=done, report=report,
        undo_address=undo_address, asks=sum(each.needs_choice for each in found),
        pairs=[] if report is None else [_pair(backend, each, report) for each in page.cut(found)], pages=page,
        away=[] if report is None else say_away(report), bulk=[] if report is None else describe_bulk(report),
    )  # fmt: skip


def _pair(backend: Backend, conflict: Conflict, report: ResolveReport) -> Pair:
    plain = None if conflict.of is None else _show(backend, conflict.sd, conflict.of, conflict)
    if plain is not None and conflict.plain_sha256 == GONE:
        plain = plain._replace(address="", facts="It is not here any more.")
    refused = next((each.message for each in report.changes.refused if each.change == conflict.change), None)
    can = refused is None and conflict.remedy in VERBS
    will = WILL[conflict.remedy] if refused is None else words.say_sentence(refused)
    return Pair(
        conflict,
        _show(backend, conflict.sd, conflict.path, conflict),
        plain,
        VERBS[conflict.remedy] if can else "",
        "Look at both, and say which one you want." if conflict.needs_choice else will,
    )


def _show(backend: Backend, sd: StorageDir, path: str, conflict: Conflict) -> Shown:
    """One file as it is now. Reads no more of it than its first bytes."""
    try:
        facts = backend.store.describe_file(sd, path)
    except StrandlineError as error:
        return Shown(path, "", words.say_sentence(error.message))
    at = parse_time(str(facts["mtime"])) if facts["mtime"] else None
    is_picture = conflict.of != IDENTITY_FILE and words.has_address(path) and facts["media_type"] is not None
    address = f"{backend.base}/api/v1/inspect/{words.key_of(sd)}/raw?path={words.in_address(path)}"
    return Shown(path, address if is_picture else "", _say_facts(facts["size_bytes"], at))


def _say_facts(size_bytes: object, at: datetime | None) -> str:
    size = say_bytes(size_bytes if isinstance(size_bytes, int) else None, unknown="size not known")
    return size if at is None else f"{size}, of {words.say_moment(at)}"
