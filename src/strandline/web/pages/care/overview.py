"""The page *Care*: what there is to look after, in a sentence each, with the way to its own page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from strandline.runtime.care_jobs import CareJob
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care import (
    conflicts,
    duplicates,
    frame,
    missing_in_notes,
    unused,
    verification,
    wanted,
)
from strandline.web.pages.care.frame import Finding, find_trouble, wait_for
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.status_pages import judge_status

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Section(NamedTuple):
    """One of the pages that the overview leads to."""

    name: str
    """The last part of its address."""
    title: str
    about: str
    look: Callable[[Backend], CareJob[Any]]
    describe: Callable[[Any], Finding]


SECTIONS = (
    Section(
        "notes",
        "Missing in notes",
        "Pictures that your notes refer to and do not find, and what can be put back.",
        missing_in_notes.look,
        missing_in_notes.describe_found,
    ),
    Section(
        "verification",
        "Verification",
        "Every image is read again from time to time, so damage is found while the right bytes are somewhere.",
        verification.look,
        verification.describe_found,
    ),
    Section(
        "wanted",
        "Missing or damaged",
        "Files that are gone or have other bytes than they should, and a search for the right ones.",
        wanted.look,
        wanted.describe_found,
    ),
    Section(
        "conflicts",
        "Conflict copies",
        "Second versions that sync clients kept because two machines changed a file.",
        conflicts.look,
        conflicts.describe_found,
    ),
    Section(
        "duplicates",
        "Duplicates",
        "Files with exactly the same bytes in one folder, and the space that they take.",
        duplicates.look,
        duplicates.describe_found,
    ),
    Section(
        "unused",
        "Unused pictures",
        "Pictures in your folders of notes that no note, drawing, or setting names.",
        unused.look,
        unused.describe_found,
    ),
)


class Card(NamedTuple):
    """A section with what was found. None while that is looked for."""

    section: Section
    found: Finding | None


@router.get("/care")
async def show_care(backend: TheBackend) -> Response:
    """What there is to look after. Starts the looks that are not fresh, and waits a moment for all of them."""
    return await backend.crossing.waiting(lambda: _draw(backend))


def _draw(backend: Backend) -> Response:
    jobs = [section.look(backend) for section in SECTIONS]
    until_s = time.monotonic() + frame.WAIT_S
    found = (_describe(section, job, until_s) for section, job in zip(SECTIONS, jobs, strict=True))
    cards = [Card(section, each) for section, each in zip(SECTIONS, found, strict=True)]
    is_busy = any(card.found is None for card in cards)
    health = judge_status(backend.store.status())
    return render(backend.base, "care.html", place="care", cards=cards, is_busy=is_busy, health=health)


def _describe(section: Section, job: CareJob[Any], until_s: float) -> Finding | None:
    if wait_for(job, section.title, until_s) is not None:
        return None
    trouble = find_trouble(job)
    if trouble is not None:
        return Finding("bad", "That could not be found out", trouble.lines[0])
    return section.describe(job.result)
