"""The notes of a storage directory in the inspector: the pictures that they miss, and those that can be put back.

The notes are read when the page is asked for. If that was quick, the page asks again when something happens.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from strandline.errors import StrandlineError
from strandline.model.note_checks import (
    KIND_WORDS,
    SEVERITIES,
    Finding,
    FindingKind,
    NoteCheck,
    Severity,
    say_lost,
)
from strandline.model.plain_words import say_count
from strandline.model.put_back import PutBack, PutBackPlan, hold_moved
from strandline.model.remedies import say_command
from strandline.model.state_words import StateWord, Tone
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.notes import Note
from strandline.web.pages.remedies import Health
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_FINDINGS = 300
"""Findings on the page. The command line has all of them."""

QUICK_S = 1.0
"""If the notes were read in less, the page is drawn again when pictures come or go."""

TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WAIT, Severity.NOTE: Tone.PLAIN}

_ABSENT = frozenset({FindingKind.MISSING, FindingKind.MISPLACED})
"""The picture is not where the note expects it, and may be put back there."""

GRAVE = frozenset(kind for kind in FindingKind if SEVERITIES[kind] is Severity.ERROR)
"""What a person should look at. The others are remarks."""

FormPath = Annotated[str, Form(max_length=4096)]


class Line(NamedTuple):
    """A finding, and what puts the picture back."""

    finding: Finding
    badge: StateWord
    said: str
    step: PutBack | None
    """None if nothing is known of the picture, or it is not absent."""

    @property
    def can_be_put_back(self) -> bool:
        """Whether a button does it."""
        return self.step is not None and self.step.why is None

    @property
    def picture(self) -> tuple[str, str] | None:
        """Name of the storage directory, if it is another one, and path of the file that it would come from."""
        source = None if self.step is None else self.step.source
        is_shown = self.can_be_put_back and source is not None and source.trash_id is None
        return (source.sd or "", source.path) if is_shown and source is not None else None


class NoteLines(NamedTuple):
    """The findings of one note, by line. ``note`` is None for findings about no note."""

    note: str | None
    lines: list[Line]


@router.get("/inspect/{sd}/notes")
async def show_notes(backend: TheBackend, sd: str) -> Response:
    """What the notes refer to, and what of it is not there."""
    return await backend.crossing.slow(lambda: _draw(backend, backend.store.get_storage_dir(sd)))


@router.post("/inspect/{sd}/notes/put-back")
async def put_back(backend: TheBackend, sd: str, path: FormPath = "") -> Response:
    """Puts the picture at this path back, or, without a path, all that have a source in the folder itself. Those of a
    folder that seems to have been renamed stay as they are.
    """

    def put() -> Response:
        found = backend.store.get_storage_dir(sd)
        try:
            plan = backend.store.plan_put_back(found.path)
            together = hold_moved(plan)
            steps = [step for step in plan.steps if step.path == path]
            steps = steps if path else [step for step in together.steps if step.is_own]
            note = describe_put_back([backend.store.put_back(plan, step) for step in steps])
        except StrandlineError as error:
            failed = Note("bad", "That did not work", [error.message])
            return _draw(backend, found, failed, http_status_of(error))
        return _draw(backend, found, note)

    return await backend.crossing.slow(put)


def describe_put_back(steps: Sequence[PutBack]) -> Note:
    """The result, for a person: failures first. Pure."""
    failed = [step for step in steps if step.why is not None]
    done = [step.path for step in steps if step.done]
    if not steps:
        return Note("wait", "Nothing was put back: it is there, or no file has its bytes any more", [])
    title = f"{say_count(len(failed), 'picture')} could not be put back" if failed else "Put back"
    lines = [
        f"'{step.path}': {step.why}" for step in failed
    ]  # in quotes, or its first letter becomes a capital
    return Note("bad" if failed else "good", title, [*lines, *(f"'{path}' is back" for path in done)])


def list_notes(check: NoteCheck, plan: PutBackPlan | None) -> list[NoteLines]:
    """The findings by note, notes that miss a picture first. Pure."""
    steps = {step.path: step for step in plan.steps} if plan is not None else {}
    paths = {(lost.note, lost.line, lost.target): lost.path for lost in check.lost}

    def describe(finding: Finding) -> Line:
        key = (finding.note or "", finding.line or 0, finding.target or "")
        step = steps.get(paths.get(key, "")) if finding.kind in _ABSENT else None
        badge = StateWord(finding.kind.value.replace("-", " "), TONES[finding.severity])
        return Line(finding, badge, _say(finding, step), step)

    by_note = groupby(check.findings, lambda finding: finding.note)
    found = [NoteLines(note, list(map(describe, findings))) for note, findings in by_note]
    return sorted(found, key=_worst_first)


def _say(finding: Finding, step: PutBack | None) -> str:
    """What is wrong. With a button beside it, without the command that does the same."""
    if step is None or step.why is None:
        return finding.message
    return f"{finding.message.partition(';')[0].partition(', and no image')[0]}; {step.why}"


def split_found(found: Sequence[NoteLines]) -> tuple[list[NoteLines], list[NoteLines]]:
    """What a person should look at, and the remarks, which only say that something is not as it could be. Pure.

    Law: no line is lost, and their order stays. If nothing needs a look, everything comes first.
    """
    parts: list[list[NoteLines]] = []
    for wanted in (True, False):
        lines = [
            (each.note, [line for line in each.lines if (line.badge.tone is Tone.BAD) is wanted])
            for each in found
        ]
        parts.append([NoteLines(note, some) for note, some in lines if some])
    return (parts[0], parts[1]) if parts[0] else (parts[1], [])


def _worst_first(found: NoteLines) -> tuple[bool, bool]:
    kinds = {line.finding.kind for line in found.lines}
    severities = {line.finding.severity for line in found.lines}
    return FindingKind.MISSING not in kinds, Severity.ERROR not in severities


def judge_notes(check: NoteCheck) -> Health:
    """How the notes are, at a glance. Pure.

    Law: the tone is ``good`` exactly if there is no finding and all notes were read.
    """
    absent = [finding for finding in check.findings if finding.kind in _ABSENT]
    missing = len({(finding.note, finding.target) for finding in absent})  # each note misses a picture once
    others = any(check.counts[kind] for kind in FindingKind if kind not in _ABSENT)
    read = f"{say_count(check.notes, 'note')} with {say_count(check.references, 'reference')} to pictures"
    unread = f"; {say_count(len(check.unread), 'file')} could not be read" if check.unread else ""
    if missing:
        title = say_lost(missing, "the notes")
        pictures = len({finding.file or finding.target for finding in absent})
        title += f" ({say_count(pictures, 'picture')})" if pictures < missing else ""
    elif others:
        title = "No picture is missing in the notes"
    else:
        title = (
            "Every picture is where the notes expect it"
            if check.references
            else "The notes refer to no picture"
        )
    rest = f"; {say_kinds(check, _ABSENT)}" if others else ""
    tone = "bad" if missing else "wait" if others or check.unread else "good"
    return Health(tone, title, f"{read}{rest}{unread}.")


def say_kinds(check: NoteCheck, without: Container[FindingKind] = ()) -> str:
    """How many of each other kind were found: ``3 arriving, 22 not portable``. Pure."""
    return ", ".join(
        f"{check.counts[kind]:,} {KIND_WORDS[kind]}"
        for kind in FindingKind
        if kind not in without and check.counts[kind]
    )


def _draw(backend: Backend, sd: StorageDir, note: Note | None = None, status: int = 200) -> Response:
    since = find_since(backend)
    check, plan, problem = _try(lambda: _look(backend, sd))
    if check:
        with suppress(StrandlineError):  # what was found is shown all the same
            backend.store.tell_check(sd, check)
    found = list_notes(check, plan) if check else []
    return render(
        backend.base, "notes.html", status=status, place="inspect", tab="notes", since=since, sd=sd, note=note,
        check=check, problem=problem, parts=split_found(_cut(found)),
        left_out=max(0, len(check.findings) - MOST_FINDINGS) if check else 0,
        health=judge_notes(check) if check else None, remarks=say_kinds(check, GRAVE) if check else "",
        own=sum(step.is_own for step in hold_moved(plan).steps) if plan and not sd.read_only else 0,
        moved=check.moved if check else (),
        is_quick=check is not None and check.seconds < QUICK_S,
        command=say_command("check", sd.path).strip("`"),
    )  # fmt: skip


def _look(backend: Backend, sd: StorageDir) -> tuple[NoteCheck, PutBackPlan | None]:
    """Only among named pictures it is known what was where."""
    if sd.layout is not LayoutKind.NAMED:
        return backend.store.check_notes(sd), None
    plan = backend.store.plan_put_back(sd.path)
    return plan.check, plan


def _try(
    look: Callable[[], tuple[NoteCheck, PutBackPlan | None]],
) -> tuple[NoteCheck | None, PutBackPlan | None, str]:
    try:
        return *look(), ""
    except StrandlineError as error:
        return None, None, error.message


def _cut(found: Sequence[NoteLines]) -> list[NoteLines]:
    """As many findings as the page shows."""
    left, kept = MOST_FINDINGS, []
    for each in found:
        if left <= 0:
            break
        kept.append(each._replace(lines=each.lines[:left]))
        left -= len(each.lines)
    return kept
