"""The page of pictures that notes miss: how many in each folder, with the way to each of them and to putting back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from strandline.model.plain_words import say_count, show_plainly
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.store_status import StorageDirStatus, StoreStatus
from strandline.runtime.care_jobs import CareJob
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.care import verification
from strandline.web.pages.care.frame import Finding, find_trouble, wait_for
from strandline.web.pages.rendering import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Missed(NamedTuple):
    """What the notes of one folder miss, as far as it is known."""

    sd: StorageDir
    tone: str
    said: str


def look(backend: Backend) -> CareJob[StoreStatus]:
    """What the catalog knows of the last check of all notes, from not long ago."""
    return verification.look(backend)


@router.get("/care/notes")
async def show_missed(backend: TheBackend) -> Response:
    """What notes miss, by folder."""

    def draw() -> Response:
        job = look(backend)
        busy = wait_for(job, "Asking the catalog…")
        trouble, status = (None, None) if busy else (find_trouble(job), job.result)
        return render(
            backend.base, "care_notes.html", place="care", busy=busy, trouble=trouble,
            found=None if status is None else describe_found(status),
            rows=[] if status is None else list_missed(status),
        )  # fmt: skip

    return await backend.crossing.waiting(draw)


def describe_found(status: StoreStatus) -> Finding:
    """The sentences of the overview. Pure."""
    rows = [each for each in status.sds if each.missing_references]
    missed = sum(each.missing_references or 0 for each in rows)
    unread = [each for each in status.sds if each.has_unchecked_notes]
    more = f"The notes of {say_names(unread)} were not looked at yet." if unread else ""
    if missed:
        title = f"Notes miss {say_count(missed, 'picture')}"
        return Finding("bad", title, f"In {say_names(rows)}. {more}".strip())
    if unread:
        return Finding("wait", "It is not known what the notes miss", more)
    if all(each.missing_references is None for each in status.sds):
        return Finding("", "There are no notes to look at", "")
    return Finding("good", "Every picture is where the notes expect it", "As of the last check of all notes.")


def list_missed(status: StoreStatus) -> list[Missed]:
    """What the page says of each folder, the one that misses most first. Pure."""
    known = [each for each in status.sds if _has_notes(each)]
    known.sort(key=lambda each: (-(each.missing_references or 0), not each.has_unchecked_notes, each.sd.name))
    return [_describe(each) for each in known]


def say_names(rows: Sequence[StorageDirStatus]) -> str:
    """``Vault and Work``. Pure."""
    *most, last = [show_plainly(each.sd.name) for each in rows]
    return f"{', '.join(most)} and {last}" if most else last


def _has_notes(each: StorageDirStatus) -> bool:
    return (
        each.missing_references is not None or each.has_unchecked_notes or each.sd.layout is LayoutKind.NAMED
    )


def _describe(each: StorageDirStatus) -> Missed:
    if each.missing_references:
        return Missed(each.sd, "bad", f"Notes miss {say_count(each.missing_references, 'picture')}")
    if each.missing_references is None:
        return Missed(each.sd, "wait", "Its notes were not looked at yet")
    return Missed(each.sd, "good", "Every picture is where the notes expect it")
