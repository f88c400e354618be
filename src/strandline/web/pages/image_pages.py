"""One image's page, and what a person can do about wrong bytes under its name: adopt, restore.

Both are plain forms that end on the page with a note about the result, like on the page of folders. Neither takes
anything away; the services behind them make sure of that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from strandline.errors import ImageNotFoundError, StrandlineError
from strandline.model.changes import HealReport
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import parse_image_id
from strandline.model.note_checks import NoteUse
from strandline.model.reports import DiskFact, Explanation, ImageInfo, StorageDirTrace
from strandline.model.state_words import INCOMPLETE, VERDICT_TONES, Tone
from strandline.model.states import EXPECTED
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.verdicts import Verdict
from strandline.web.api.images import describe
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages import words
from strandline.web.pages.choices import (
    NOTHING_CHOSEN,
    Choices,
    TheChoices,
    as_address,
    as_query,
    say_listing,
)
from strandline.web.pages.copies import compare_copies
from strandline.web.pages.heal_pages import link_to_kept
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.pages.trash_pages import describe_restored
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

RESTORABLE = frozenset({"foreign", "damaged"})
"""States of a file that a good copy may replace. An arriving one is left to the sync client."""

MOST_USES = 200
"""Places in notes on the page."""


class UsingNote(NamedTuple):
    """A note that uses the image."""

    sd: StorageDir
    note: str
    uses: list[NoteUse]


FormText = Annotated[str, Form(min_length=1, max_length=4096)]


@router.get("/image/{image_id}")
async def show_image(backend: TheBackend, image_id: str, chosen: TheChoices) -> Response:
    """One image: its picture, its places, and why it is shown or not; and the gallery from which somebody came."""
    return await backend.crossing.slow(lambda: _draw(backend, image_id, chosen=chosen))


@router.get("/image/{image_id}/uses")
async def show_uses(backend: TheBackend, image_id: str) -> Response:
    """The notes that use the image. A script fetches it when its part of the image's page is seen."""

    def draw() -> Response:
        found = backend.store.find_uses(image_id)
        if not found:
            backend.store.info(image_id)  # of an image that nobody knows, nobody can say that no note uses it
        notes = [
            UsingNote(sd, note, list(uses))
            for (sd, note), uses in groupby(found[:MOST_USES], lambda use: (use.sd, use.note))
        ]
        return render(
            backend.base, "uses.html", place="gallery", image_id=parse_image_id(image_id), notes=notes,
            uses=len(found), most_uses=MOST_USES,
        )  # fmt: skip

    return await backend.crossing.slow(draw)


@router.post("/image/{image_id}/restore")
async def restore_image(backend: TheBackend, image_id: str, sd: FormText) -> Response:
    """Gives the image's bad files in the folder their right bytes back, from wherever those are."""

    def restore() -> Note:
        report = backend.store.heal_known(sd, image_id)
        backend.care.forget_looks()
        return describe_original(backend.base, report, backend.store.get_storage_dir(sd).name)

    return await backend.crossing.slow(lambda: _act(backend, image_id, restore))


@router.post("/image/{image_id}/copy")
async def copy_image(backend: TheBackend, image_id: str, sd: FormText) -> Response:
    """Copies the image into a storage directory that does not have it."""

    def copy() -> Note:
        saved = backend.store.copy(image_id, sd)
        done = "Copied" if saved.new else "It is there already"
        return Note("good", f"{done}: {saved.path} in {backend.store.get_storage_dir(sd).name}.", [])

    return await backend.crossing.slow(lambda: _act(backend, image_id, copy))


@router.post("/image/{image_id}/bring-back")
async def bring_back(backend: TheBackend, image_id: str) -> Response:
    """Puts its deleted files back where they were."""
    return await backend.crossing.slow(
        lambda: _act(
            backend,
            image_id,
            lambda: describe_restored(backend.store.trash.restore([parse_image_id(image_id)])),
        )
    )


@router.post("/image/{image_id}/adopt")
async def adopt_image(backend: TheBackend, image_id: str, sd: FormText, filename: FormText) -> Response:
    """Saves the other image that is under the name as a new image."""

    def adopt() -> Note:
        saved = backend.store.adopt(sd, filename)
        done = "It is a new image now" if saved.new else "It is already a separate image"
        lines = ["The edited file stays where it is, so nothing that points to it breaks."]
        return Note("good", f"{done}.", lines, f"{backend.base}/image/{saved.image_id}", "Show the new image")

    return await backend.crossing.slow(lambda: _act(backend, image_id, adopt))


def describe_original(base: str, report: HealReport, sd_name: str) -> Note:
    """What became of the image's own bytes. Pure."""
    if report.refused:
        return Note("bad", "That did not work", [each.message for each in report.refused])
    if not report.done:
        return Note("good", f"The original is already there, in {sd_name}.", [])
    lines = [f"the other picture that was there is kept as '{each.path}'" for each in report.kept]
    replaced = "The bytes that were there are in the trash."
    where = ", ".join(str(each.path) for each in report.done)
    return Note(
        "good",
        f"The original is back: {where} in {sd_name}.",
        [replaced, *lines],
        *link_to_kept(base, report),
    )


def judge_tone(explanation: Explanation) -> Tone:
    """The tone of the verdict. An image that is shown and is no whole picture is not well. Pure."""
    is_incomplete = any(fact.what == "incomplete" for trace in explanation.sds for fact in trace.disk)
    if explanation.verdict is Verdict.SHOWN and is_incomplete:
        return INCOMPLETE.tone
    return VERDICT_TONES[explanation.verdict]


def has_facts(explanation: Explanation, info: ImageInfo | None) -> bool:
    """Whether the numbers that the catalog has are those of the picture that is shown. Pure.

    A bad file has other ones than the conflict copy that is shown instead of it. A file that is only missing has not.
    """
    is_copy = explanation.verdict is Verdict.FROM_CONFLICT_COPY
    return info is not None and (not is_copy or info.best.state is FileState.MISSING)


def say_names(info: ImageInfo | None) -> str:
    """What the names are. A file among named pictures has its own, and nothing else is more original. Pure."""
    if info is None or info.files[0].sd.layout is not LayoutKind.NAMED:
        return "Original name"
    return "Name" if len(info.original_names) == 1 else "Names"


def find_row(trace: StorageDirTrace, fact: DiskFact) -> ImageFile | None:
    """What the catalog knows of the file, which has just been looked at. None if it has no row. Pure."""
    return next((file for file in trace.catalog if trace.sd.name_of(file.path) == fact.filename), None)


def can_adopt(trace: StorageDirTrace, fact: DiskFact) -> bool:
    """Whether the file is another whole image that can be saved as one. Pure."""
    is_somebodys = fact.what == "foreign" and not fact.is_decayed
    return is_somebodys and trace.sd.is_reachable and not trace.sd.is_left_as_is


def may_restore(trace: StorageDirTrace, fact: DiskFact) -> bool:
    """Whether right bytes may replace the file, if there are any. Pure."""
    is_bad = fact.what in RESTORABLE or fact.is_decayed or fact.stale_since is not None
    return is_bad and trace.sd.is_reachable and not trace.sd.read_only and not trace.sd.is_left_as_is


def list_restorable(backend: Backend, explanation: Explanation) -> set[tuple[int, str]]:
    """The files of the image whose right bytes are within reach, by number of the storage directory and path.

    Cost: nothing if none is bad; otherwise a read of the bad files and of good ones.
    """
    image_id = explanation.image_id
    found: set[tuple[int, str]] = set()
    for trace in explanation.sds:
        if any(may_restore(trace, fact) for fact in trace.disk):
            report = backend.store.heal_known(trace.sd, image_id, dry_run=True)
            found |= {(trace.sd.number, str(each.path)) for each in report.possible}
    return found


def can_restore(trace: StorageDirTrace, fact: DiskFact, restorable: Collection[tuple[int, str]]) -> bool:
    """Whether right bytes are known that could replace the file. Pure."""
    return (
        may_restore(trace, fact) and (trace.sd.number, words.path_in(trace.sd, fact.filename)) in restorable
    )


def can_copy_to(trace: StorageDirTrace, *, is_shown: bool) -> bool:
    """Whether the image could be copied there with one click: it is shown, and nothing of it is there. Pure."""
    is_empty = not trace.disk and not any(file.state in EXPECTED for file in trace.catalog)
    return is_shown and is_empty and trace.sd.is_reachable and not trace.sd.read_only


def has_nothing(trace: StorageDirTrace) -> bool:
    """Whether the storage directory was looked at, and nothing of the image is known there. Pure."""
    return trace.sd.state is StorageDirState.ONLINE and not trace.disk and not trace.catalog


def is_only_place(info: ImageInfo, sds: int) -> bool:
    """Whether one storage directory has the image, of several. Pure."""
    return sds > 1 and info.sd_count == 1


def is_deleted(info: ImageInfo) -> bool:
    """Whether all of its files are in the trash, so that nothing should refer to it any more. Pure."""
    return all(file.state is FileState.TRASHED for file in info.files)


def can_delete(explanation: Explanation) -> bool:
    """Whether a file of it is in a folder that may be written to. Pure."""
    return any(trace.disk and trace.sd.is_reachable and not trace.sd.read_only for trace in explanation.sds)


def _act(backend: Backend, image_id: str, action: Callable[[], Note]) -> Response:
    try:
        return _draw(backend, image_id, action())
    except StrandlineError as error:
        return _draw(
            backend, image_id, Note("bad", "That did not work", [error.message]), http_status_of(error)
        )


def _draw(
    backend: Backend,
    image_id: str,
    note: Note | None = None,
    status: int | None = None,
    chosen: Choices = NOTHING_CHOSEN,
) -> Response:
    image_id = parse_image_id(image_id)
    since = find_since(backend)
    wanted = as_query(chosen)
    before, after = backend.store.gallery.find_neighbors(backend.store.choose(wanted), image_id)
    asked = as_address(chosen)
    explanation = backend.store.explain(image_id)
    deleted = backend.store.trash.list_deleted(image_id)
    try:
        info = backend.store.info(image_id, wanted)
    except ImageNotFoundError:
        info = None
    return render(
        backend.base,
        "image.html",
        status=status or (404 if explanation.verdict is Verdict.NOT_FOUND and not deleted else 200),
        place="gallery",
        since=since,
        note=note,
        gallery=f"{backend.base}/{asked}",
        listing=say_listing(chosen),
        before=before and f"{backend.base}/image/{before}{asked}",
        after=after and f"{backend.base}/image/{after}{asked}",
        image_id=image_id,
        title=words.title_of(info) if info else "An image that is not here",
        explanation=explanation,
        tone=judge_tone(explanation),
        is_shown=explanation.verdict in (Verdict.SHOWN, Verdict.FROM_CONFLICT_COPY),
        has_facts=has_facts(explanation, info),
        info=info,
        name_heading=say_names(info),
        best=info and info.best,
        names=info.original_names if info else (),
        markdown=describe(backend, info).markdown if info and not is_deleted(info) else "",
        copies=compare_copies(explanation.sds),
        find_row=find_row,
        can_adopt=can_adopt,
        can_restore=can_restore,
        restorable=list_restorable(backend, explanation),
        can_copy_to=can_copy_to,
        with_something=[trace for trace in explanation.sds if not has_nothing(trace)],
        with_nothing=[trace for trace in explanation.sds if has_nothing(trace)],
        is_only_place=info is not None and is_only_place(info, len(explanation.sds)),
        can_delete=can_delete,
        deleted=deleted,
        kept_until=backend.store.trash.rules.kept_until,
    )
