"""Adding a folder: the first one, on the page that a new user sees, and any other on the page of folders.

After the first one, the gallery follows, where its pictures appear. What needs a person is said on the page of
folders. A path that is none is said right below its field, on the page where it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from strandline.errors import InvalidNameError, StorageDirConflictError, StrandlineError
from strandline.model.identity.decisions import IdentityOutcome
from strandline.model.plain_words import say_count
from strandline.model.reports import AddedStorageDir
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.suitable_folders import HAS_PICTURES_ELSEWHERE
from strandline.web.api.sds import check_whole
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.folder_pages import act, draw_folders, needs_identity
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.statuses import http_status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

OUTCOMES = {
    "known": "{name} is there already. Nothing was changed.",
    "existing": "{name} was added with the identity in the folder.",
    "migrated": "{name} was added. Its identity came from an older file, .sd-id, and is in SD_ID now.",
    "generated": "{name} was added with a new identity.",
    "conflict_resolved": "{name} was added. Only conflict copies of SD_ID were left: the smallest is its identity.",
    "provisional": "{name} was added read-only, with an identity that only this machine uses.",
    "named": "{name} was added as it is. Nothing is written into it.",
    "incomplete": "{name} is remembered. Its identity has not arrived yet. Strandline looks for it automatically.",
    "unavailable": "{name} is remembered. It cannot be read now. Strandline tries again automatically.",
    "offline": "{name} is known and offline: the folder there is not the same one.",
}
"""For each outcome of adding (SPEC §4), how the identity was decided, in words for people."""


FormText = Annotated[str, Form(max_length=4096)]
FormCheck = Annotated[bool, Form()]


@router.post("/folders")
async def add_folder(
    backend: TheBackend,
    path: FormText,
    name: FormText = "",
    read_only: FormCheck = False,
    new_identity: FormCheck = False,
    insists: FormCheck = False,
    makes: FormCheck = False,
    by_form: FormCheck = False,
    first: FormCheck = False,
) -> Response:
    """Adds a folder by its path, and says how its identity was decided. ``by_form``: a person has typed the path, on
    the page that asks for the ``first`` folder, or on the one of all folders. ``makes``: also one that is not there.
    """

    def add() -> Note:
        known = {sd.number for sd in backend.store.list_storage_dirs() if not needs_identity(sd)}
        added = backend.store.add_storage_dir(
            check_whole(path.strip()), name.strip() or None, new_identity=new_identity, read_only=read_only,
            insists=insists, makes=makes, prove_all=False,
        )  # fmt: skip
        if not needs_identity(added.sd):
            note = describe_added(added, is_known=added.sd.number in known and not new_identity)
            elsewhere = _count_elsewhere(backend, added)
            return put_elsewhere(note, added.sd, elsewhere) if elsewhere else note
        images = backend.store.list_tree(added.sd, folder="media", meaning="image", limit=1)
        return describe_added(added, images.total)

    def add_typed() -> Response:
        try:
            note = add()
            if first and note.tone == "good":
                return RedirectResponse(f"{backend.base}/", status_code=303)
            return draw_folders(backend, note)
        except StrandlineError as error:
            wrong = "name" if isinstance(error, InvalidNameError | StorageDirConflictError) else "path"
            typed = {
                "path": path, "name": name, "read_only": read_only, "new_identity": new_identity, "wrong": wrong,
                "said": error.message, "may_insist": bool(error.facts.get("may_insist")),
                "may_make": bool(error.facts.get("may_make")),
            }  # fmt: skip
            draw = draw_welcome if first and not backend.store.list_storage_dirs() else draw_folders
            return draw(backend, None, http_status_of(error), typed)

    return await backend.crossing.slow(add_typed if by_form else lambda: act(backend, add))


def describe_added(added: AddedStorageDir, waiting: int = 0, *, is_known: bool = False) -> Note:
    """The result of adding, for a person. ``waiting`` images are there, and shown once it has an identity. Pure."""
    outcome = "known" if is_known and added.sd.is_reachable else added.identity.outcome
    lines = list(added.identity.warnings)
    if added.sd.layout is LayoutKind.NAMED and not is_known:
        outcome = "named"
        lines.append(
            f"It is taken as it is because {added.layout_reason}. Its pictures appear as they are read."
        )
    if waiting:
        lines = [f"{say_count(waiting, 'image waits', 'images wait')} for an identity."]
    if added.scan is not None:
        lines.insert(0, f"{say_count(added.scan.added + added.scan.unchanged, 'image')} found.")
    waits = added.sd.state is not StorageDirState.ONLINE
    if waits and added.sd.problem and added.sd.problem not in lines and not waiting:
        lines.append(added.sd.problem)
    is_empty = added.scan is not None and not added.scan.added + added.scan.unchanged
    is_new = (
        is_empty and added.identity.outcome == IdentityOutcome.GENERATED and len(added.identity.warnings) == 1
    )
    tone = "wait" if waits or added.copied or (added.identity.warnings and not is_new) else "good"
    return Note(tone, OUTCOMES.get(outcome, "{name} was added.").format(name=added.sd.name), lines)


def put_elsewhere(note: Note, sd: StorageDir, elsewhere: int) -> Note:
    """The note with a button for this many pictures, which says what the lines about them would say. Pure."""
    lines = [line for line in note.lines if HAS_PICTURES_ELSEWHERE not in line and line != NONE_FOUND]
    return note._replace(lines=lines, sd=sd, elsewhere=elsewhere)


NONE_FOUND = "0 images found."


def draw_welcome(backend: Backend, note: Note | None, status: int, typed: Mapping[str, object]) -> Response:
    """The page that asks for the first folder, with what was typed."""
    return render(
        backend.base, "gallery.html", status=status, place="gallery", since=find_since(backend), sds=[], note=note,
        title="All images", typed=typed,
    )  # fmt: skip


def _count_elsewhere(backend: Backend, added: AddedStorageDir) -> int:
    """The pictures that a button can take in. They are looked for only if a warning says that there may be some."""
    if added.sd.read_only or not added.sd.is_reachable or not added.identity.warnings:
        return 0
    if backend.store.count_files(added.sd).images:
        return 0
    try:
        return len(backend.store.list_pictures_elsewhere(added.sd))
    except StrandlineError:
        return 0
