"""The page of storage directories, and what a person can do with one: add, rename, move, forget, confirm, scan.

Every action is a plain form that ends on this page with a note about the result. Errors end there, too: if an action
fails, the answer is the page with the error's own status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from strandline.errors import (
    StrandlineError,
)
from strandline.model.image_files import FileState, ImageFile
from strandline.model.plain_words import say_count
from strandline.model.reports import TakenIn
from strandline.model.storage_dirs import (
    FileCounts,
    LayoutKind,
    StorageDir,
    StorageDirQuestion,
    StorageDirState,
    find_probable_copy,
    find_same_identities,
)
from strandline.model.suitable_folders import say_same_identity
from strandline.web.api.sds import check_whole
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.pages.words import title_of
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

NOTHING_TYPED: Mapping[str, object] = {
    "path": "", "name": "", "read_only": False, "new_identity": False, "wrong": "", "said": "", "may_insist": False,
    "may_make": False,
}  # fmt: skip
"""The form for adding a folder when nobody has filled it in. After a mistake, what was typed stays: ``wrong`` is the
field, and ``said`` what is wrong with it.
"""


class Gone(NamedTuple):
    """Missing images that a person may accept as gone."""

    number: int
    names: Sequence[tuple[str, str | None]]
    """What the first ones are called, and their ids."""


class Folder(NamedTuple):
    """A storage directory with the content of its card."""

    sd: StorageDir
    images: int
    unchecked: int
    arriving: int
    missing: Gone | None
    needs_confirming: str
    needs_identity: bool
    """A button gives it a new identity: it has none, or may be a copy."""
    copy: StorageDir | None
    """Another folder that is probably a copy of it."""
    said: str
    """Its problem, for a person."""
    last_scan: datetime | None
    missed: int
    """Pictures that its notes miss, as far as it is known."""
    is_up_to_date: bool
    """All of its images are there and checked, or in the cloud: there is nothing that the inspector waits for."""


MOST_NAMED = 10
"""Missing images by name, before they are accepted as gone."""

MOST_FAILURES = 20
"""Pictures that were not taken in, on the page."""

FormText = Annotated[str, Form(max_length=4096)]
FormCheck = Annotated[bool, Form()]


@router.get("/folders")
async def show_folders(backend: TheBackend) -> Response:
    """All storage directories."""
    return await backend.crossing.page(lambda: draw_folders(backend))


@router.post("/folders/{sd}/rename")
async def rename_folder(backend: TheBackend, sd: str, name: FormText) -> Response:
    """Gives it another name."""

    def rename() -> Note:
        before = backend.store.get_storage_dir(sd)
        after = backend.store.rename_storage_dir(before, name)
        return Note("good", f"{before.name} is called {after.name} now.", [])

    return await backend.crossing.slow(lambda: act(backend, rename))


@router.post("/folders/{sd}/move")
async def move_folder(backend: TheBackend, sd: str, path: FormText) -> Response:
    """Sets its new path."""

    def move() -> Note:
        moved = backend.store.move_storage_dir(sd, check_whole(path.strip()))
        return Note("good", f"{moved.name} is at {moved.path} now.", [])

    return await backend.crossing.slow(lambda: act(backend, move))


@router.post("/folders/{sd}/forget")
async def forget_folder(backend: TheBackend, sd: str, sure: FormCheck = False) -> Response:
    """Forgets it, if the form confirms that."""

    def forget() -> Note:
        found = backend.store.get_storage_dir(sd)
        if not sure:
            return Note("wait", f"{found.name} was not forgotten: tick the box to say that you mean it.", [])
        backend.store.forget_storage_dir(found)
        return Note("good", f"{found.name} is forgotten. No file was touched.", [])

    return await backend.crossing.slow(lambda: act(backend, forget))


@router.post("/folders/{sd}/confirm")
async def confirm_folder(backend: TheBackend, sd: str) -> Response:
    """Does the one thing that waits for a person."""

    def confirm() -> Note:
        confirmed = backend.store.confirm_storage_dir(sd).sd
        return Note("good", f"Confirmed: {confirmed.name} is {confirmed.state.value}.", [])

    return await backend.crossing.slow(lambda: act(backend, confirm))


@router.post("/folders/{sd}/accept-missing")
async def accept_missing(backend: TheBackend, sd: str, sure: FormCheck = False) -> Response:
    """Forgets missing files, if the form confirms that."""

    def accept() -> Note:
        if not sure:
            return Note("wait", "Nothing was accepted: tick the box to say that you mean it.", [])
        dropped = say_count(backend.store.accept_missing(sd), "missing image is", "missing images are")
        return Note("good", f"{dropped} no longer listed.", [])

    return await backend.crossing.slow(lambda: act(backend, accept))


@router.post("/folders/{sd}/take-in")
async def take_in(backend: TheBackend, sd: str) -> Response:
    """Saves the pictures that are elsewhere in the folder, for browsers without scripts."""
    return await backend.crossing.slow(
        lambda: act(backend, lambda: describe_taken(backend.store.take_in(sd)))
    )


@router.post("/folders/{sd}/scan")
async def scan_folder(backend: TheBackend, sd: str) -> Response:
    """Starts a scan, for browsers without scripts. The result is there when the page is reloaded."""

    def start() -> None:
        backend.store.scans.start(backend.store.get_storage_dir(sd))

    await backend.crossing.slow(start)
    return RedirectResponse(f"{backend.base}/folders", status_code=303)


CONFIRMING = {
    StorageDirQuestion.ACCEPT_ABSENCES: (
        "Were they deleted or moved on purpose? Then confirm it; the files that are gone are accepted as gone."
    ),
    StorageDirQuestion.RESTORE_IDENTITY: (
        "Is it still the same folder? Then confirm it; its identity is written back into SD_ID."
    ),
}
"""What confirming would do, for each question that it answers."""


def describe_taken(taken: TakenIn) -> Note:
    """The result of taking pictures in, for a person: failures first. Pure."""
    new = sum(saved.new for saved in taken.saved)
    counts = {"not taken in": len(taken.failed), "taken in": new, "there already": len(taken.saved) - new}
    parts = [f"{number:,} {words}" for words, number in counts.items() if number]
    lines = [f"'{failure.filename}': {failure.message}" for failure in taken.failed[:MOST_FAILURES]]
    if len(taken.failed) > MOST_FAILURES:
        lines.append(f"and {len(taken.failed) - MOST_FAILURES:,} more")
    tone = "bad" if taken.failed else "good"
    return Note(tone, ", ".join(parts) or "There are no pictures elsewhere", lines)


def say_confirming(sd: StorageDir) -> str:
    """What confirming would do; empty if nothing waits for it. Pure."""
    if sd.is_unmarked and sd.question is StorageDirQuestion.RESTORE_IDENTITY:
        return "Is it still the same folder? Then confirm it."
    return "" if sd.question is None else CONFIRMING.get(sd.question, "")


def needs_identity(sd: StorageDir) -> bool:
    """Whether a person can give it an identity, and nothing else will, unless it is still arriving. Pure."""
    return sd.question is StorageDirQuestion.NEW_IDENTITY


def find_copy_of(sd: StorageDir, sds: Iterable[StorageDir]) -> StorageDir | None:
    """Another folder that has its identity and was added later, so it is probably a copy of this one. Pure."""
    pairs = [pair for pair in find_same_identities(sds) if sd.number in [each.number for each in pair]]
    copies = (find_probable_copy(*pair) for pair in pairs)
    return next((copy for copy in copies if copy is not None and copy.number != sd.number), None)


def is_up_to_date(sd: StorageDir, counts: FileCounts, missed: int) -> bool:
    """Whether all images that are known, or that notes miss, are there and checked, or in the cloud. Pure."""
    others = counts.total_noteworthy - counts.noteworthy.get(FileState.ONLINE_ONLY.value, 0)
    is_well = sd.state is StorageDirState.ONLINE and not sd.problem
    return is_well and counts.images > 0 and not (counts.unchecked or others or missed)


def find_gone(backend: Backend, sd: StorageDir) -> Gone | None:
    """The missing images of the folder, by name. None if there are none."""
    rows = backend.store.list_missing(sd)
    named = [(_name(backend, sd, row), row.image_id) for row in rows[:MOST_NAMED]]
    return Gone(len(rows), named) if rows else None


def _name(backend: Backend, sd: StorageDir, row: ImageFile) -> str:
    """Its path among named pictures, otherwise what the image is called."""
    if sd.layout is LayoutKind.NAMED or row.image_id is None:
        return row.path
    return title_of(backend.store.info(row.image_id))


def act(backend: Backend, action: Callable[[], Note]) -> Response:
    try:
        return draw_folders(backend, action())
    except StrandlineError as error:
        note = Note("bad", "That did not work", [error.message])
        return draw_folders(backend, note, http_status_of(error))


def draw_folders(
    backend: Backend,
    note: Note | None = None,
    status: int = 200,
    typed: Mapping[str, object] = NOTHING_TYPED,
) -> Response:
    since = find_since(backend)
    folders = _describe(backend, backend.store.list_storage_dirs())
    return render(
        backend.base, "folders.html", status=status, place="folders", since=since, folders=folders, note=note,
        typed=typed,
    )  # fmt: skip


def _describe(backend: Backend, sds: list[StorageDir]) -> list[Folder]:
    same = {sd.number: pair for pair in find_same_identities(sds) for sd in pair}
    return [
        Folder(
            sd, counts.images, counts.unchecked, counts.arriving,
            find_gone(backend, sd) if counts.missing else None,
            say_confirming(sd),
            needs_identity(sd) or (sd.number in same and not sd.is_left_as_is),
            find_copy_of(sd, sds),
            say_same_identity(*same[sd.number]) if sd.number in same else sd.problem or "",
            backend.store.find_last_scan(sd),
            missed,
            is_up_to_date(sd, counts, missed),
        )
        for sd, counts in zip(sds, backend.store.count_files_of(sds), strict=True)
        for missed in [len(backend.store.list_open_references(sd))]
    ]  # fmt: skip
