"""Pages for people: the gallery, and the files that all pages need.

Every page works before a script runs: the server renders the first screen of tiles, and each form is a plain form.
The modules in ``static/`` add interaction, never content. They render with the server's own templates, or fetch a
part of the same page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from strandline.model.image_files import FileState
from strandline.model.media_types import NAMED_MEDIA_TYPES
from strandline.model.plain_words import show_plainly
from strandline.model.queries import ImageState
from strandline.model.reports import ImageInfo
from strandline.model.state_words import AWAY, FILE_WORDS, FROM_CONFLICT_COPY, INCOMPLETE, NOT_READ, NOT_SEEN
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages import (
    activity_pages,
    adding_pages,
    api_pages,
    browsing_pages,
    care,
    export_pages,
    folder_pages,
    heal_pages,
    help_pages,
    image_pages,
    import_pages,
    inspector_pages,
    note_pages,
    problem_pages,
    sign_in_pages,
    status_pages,
    transfer_pages,
    trash_pages,
    work_pages,
)
from strandline.web.pages.choices import Choices, Text, TheChoices, as_address, as_query, say_listing
from strandline.web.pages.folder_pages import NOTHING_TYPED, needs_identity
from strandline.web.pages.month_runs import MonthRun, join_small_months
from strandline.web.pages.rendering import STATIC, PageRoute, find_since, render
from strandline.web.pages.words import say_states_of_waiting

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FIRST_SCREEN = 60
"""Images that the server draws itself. Even a tall window shows no more before scripts run."""

PATIENCE_S = 0.5
"""A page waits for so long a walk over all images, so it is true from the start. If the walk takes longer, as with
millions of images, the page shows the counts of the last one, and its script asks for new ones.
"""

STATES = {state.value: word for state, word in FILE_WORDS.items() if state is not FileState.PRESENT}
"""For the filter and for tiles. ``present`` is what the gallery shows anyway."""

FILTERS = STATES | {
    ImageState.INCOMPLETE.value: INCOMPLETE,
    ImageState.UNREAD.value: NOT_READ,
    ImageState.UNSEEN.value: NOT_SEEN,
}
"""The states in the filter: all that a tile may say of a file."""

OTHER_WORDS = (("partial", INCOMPLETE), ("away", AWAY), ("copy", FROM_CONFLICT_COPY), ("unseen", NOT_SEEN))

TILE_STATES = json.dumps({state: word._asdict() for state, word in [*STATES.items(), *OTHER_WORDS]})
"""The same for tiles that the browser makes (``static/js/words.js``), with what is no state of a file."""

NO_FILTERS = frozenset({"sd", "sort", "reverse"})
"""Choices after which a gallery without images is empty, instead of one in which nothing matches."""

PLACE_AND_ORDER = frozenset({"q", "sd", "folder", "sort", "reverse"})
"""Choices that the page shows without its filters: in its title, the way there, or the field for searching."""

MOST_WAITING = 60
"""Files whose images are not known yet, as tiles. The inspector has all of them."""

MOST_OPEN_WAITING = 12
"""More of them are being read, as after a first scan: then how many are read is said, and they are folded."""

MOST_SUBFOLDERS = 60
"""Folders to go on to. More are found by searching."""

MOST_OPEN_SUBFOLDERS = 12
"""The others are folded, so that pictures come first."""


class MonthPart(NamedTuple):
    """The part of a month, or of small months, on the first screen."""

    run: MonthRun
    images: list[ImageInfo]


class Way(NamedTuple):
    """The way to the folder whose images are shown, and where it goes on."""

    passed: list[tuple[str, str]]
    """Names and addresses, from the storage directory on. The address of the last one is the page's own."""
    further: list[tuple[str, str]]
    """The folders in it, and their addresses."""


class OwnFiles(StaticFiles):
    """Static files that a browser revalidates each time, usually with the answer that they are unchanged."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, never stale after an update."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def add_pages(app: FastAPI) -> None:
    """Adds all pages to the app. Its state must have the backend."""
    for each in (
        router,
        image_pages.router,
        browsing_pages.router,
        adding_pages.router,
        folder_pages.router,
        import_pages.router,
        inspector_pages.router,
        heal_pages.router,
        note_pages.router,
        activity_pages.router,
        api_pages.router,
        help_pages.router,
        status_pages.router,
        work_pages.router,
        problem_pages.router,
        sign_in_pages.router,
        trash_pages.router,
        transfer_pages.router,
        export_pages.router,
        care.overview.router,
        care.missing_in_notes.router,
        care.conflicts.router,
        care.duplicates.router,
        care.unused.router,
        care.verification.router,
        care.wanted.router,
    ):
        app.include_router(each)
    app.mount("/static", OwnFiles(directory=STATIC), name="static")


@router.get("/")
async def show_gallery(
    backend: TheBackend,
    chosen: TheChoices,
    after: Text = "",
) -> Response:
    """All or the matching images: the first screen of them."""
    return await backend.crossing.page(lambda: _draw_gallery(backend, chosen, after))


@router.get("/folders/{sd}/place")
async def find_place(backend: TheBackend, sd: str) -> Response:
    """Where a new image goes, for the gallery: a folder among named pictures, null if that says nothing."""

    def find() -> Response:
        found = backend.store.get_storage_dir(sd)
        folder = backend.store.find_save_folder(found) if found.layout is LayoutKind.NAMED else None
        return JSONResponse({"folder": folder})

    return await backend.crossing.slow(find)


def _draw_gallery(backend: Backend, chosen: Choices, after: str) -> Response:
    since = find_since(backend)
    sds = backend.store.list_storage_dirs()
    wanted = backend.store.choose(as_query(chosen))
    shown = backend.store.get_storage_dir(chosen["sd"]) if chosen["sd"] else None
    if shown is not None:
        chosen = {**chosen, "sd": shown.name}  # an address may have its identity or its path
    chosen = {**chosen, "folder": wanted.folder or ""}
    waiting = [] if after else backend.store.gallery.list_files_without_id(wanted, limit=MOST_WAITING + 1)
    found = backend.store.gallery.get_months(wanted, patience_s=PATIENCE_S)
    page = backend.store.gallery.list_after(wanted, after=after or None, limit=FIRST_SCREEN)
    asked = {name: value for name, value in chosen.items() if value}
    parts = (
        split_by_month(found.months, list(page.images))
        if not after
        else [MonthPart(MonthRun("", "", 0), list(page.images))]
    )
    return render(
        backend.base, "gallery.html", place="gallery", since=since, sds=sds, chosen=chosen,
        is_filtered=bool(asked.keys() - NO_FILTERS),
        filters_set=len(asked.keys() - {"q", "sort", "reverse"}),
        is_narrowed=bool(asked.keys() - PLACE_AND_ORDER),
        is_unknown_folder="folder" in asked and not asked.keys() - NO_FILTERS - {"folder"},
        all_months=f"{backend.base}/?" + urlencode({name: value for name, value in asked.items() if name != "month"}),
        title=say_listing(chosen), asked=as_address(chosen), total=found.total, files=found.files, parts=parts,
        way=list_way(backend, shown, asked), most_subfolders=MOST_OPEN_SUBFOLDERS,
        reading=count_read(backend, sds if shown is None else [shown]) if len(waiting) > MOST_OPEN_WAITING else None,
        waiting=waiting[:MOST_WAITING], waiting_said=say_states_of_waiting(waiting[:MOST_WAITING]),
        are_more_waiting=len(waiting) > MOST_WAITING,
        typed=NOTHING_TYPED, types=NAMED_MEDIA_TYPES, states=FILTERS, tile_states=TILE_STATES, keys=help_pages.KEYS,
        writable=[each for each in sds if each.is_reachable and not each.read_only],
        away=[
            each
            for each in sds
            if each.state is not StorageDirState.ONLINE and (not shown or shown.number == each.number)
        ],
        unidentified=[each for each in (sds if shown is None else [shown]) if needs_identity(each)],
        is_later_page=bool(after), next=page.next and f"{backend.base}/?" + urlencode(asked | {"after": page.next}),
        first_screen={
            "query": urlencode(asked),
            "months": found.to_json()["months"],
            "files": found.files,
            "fresh": found.is_fresh,
            "images": [image.to_json() for image in page.images],
        },
    )  # fmt: skip


class Reading(NamedTuple):
    """How far the reading of named pictures is: nobody knows what they show before."""

    found: int
    read: int


def count_read(backend: Backend, sds: Sequence[StorageDir]) -> Reading:
    """How many named pictures of these storage directories are read."""
    named = [sd for sd in sds if sd.layout is LayoutKind.NAMED and sd.is_reachable]
    counts = backend.store.count_files_of(named)
    return Reading(sum(each.images for each in counts), sum(each.checked for each in counts))


def list_way(backend: Backend, sd: StorageDir | None, asked: Mapping[str, str]) -> Way | None:
    """The folders that a person can go to from here. None if folders say nothing here: they have people's names only
    in a storage directory of named pictures.
    """
    folder = asked.get("folder", "")
    if not folder and (sd is None or sd.layout is not LayoutKind.NAMED):
        return None

    def link(name: str, *parts: str) -> tuple[str, str]:
        others = {key: value for key, value in asked.items() if key not in ("folder", "month")}
        return show_plainly(name), f"{backend.base}/?" + urlencode(
            others | {"folder": "/".join(parts)} if parts else others
        )

    parts = folder.split("/") if folder else []
    passed = [link(part, *parts[: at + 1]) for at, part in enumerate(parts)]
    within = backend.store.gallery.list_subfolders(sd, folder or None) if sd is not None else []
    further = [link(name, *parts, name) for name in within[:MOST_SUBFOLDERS]]
    return Way([link(sd.name if sd else "All folders"), *passed], further) if passed or further else None


def split_by_month(months: Sequence[tuple[str, int]], images: list[ImageInfo]) -> list[MonthPart]:
    """The newest images, grouped by month. Pure: the counts alone decide where each belongs."""
    parts, at = [], 0
    for run in join_small_months(months):
        if at >= len(images):
            break
        parts.append(MonthPart(run, images[at : at + run.total]))
        at += run.total
    return parts
