"""The storage inspector: the content of a folder, measured now, and what to do about anything odd.

These pages read the disk at each load, never a cache. The browser reloads them when an event says that something may
have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from strandline.errors import StrandlineError
from strandline.model.changes import HealReport
from strandline.model.defaults import HEX_BYTES
from strandline.model.discrepancies import PICTURES_ELSEWHERE
from strandline.model.events import Event, parse_time
from strandline.model.identity.sightings import IdentityRole
from strandline.model.image_files import FileState
from strandline.model.media_types import find_media_type
from strandline.model.state_words import StateWord, word_of_state
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.sync_names import NameKind
from strandline.model.sync_status import HexPage, SyncStatus, TreeEntry
from strandline.runtime.care_jobs import Kind
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.activity import KINDS, Line, list_lines
from strandline.web.pages.care.frame import wait_for
from strandline.web.pages.folder_pages import find_copy_of, find_gone, needs_identity, say_confirming
from strandline.web.pages.notes import Note
from strandline.web.pages.remedies import Found, Health, is_copied, judge_health, list_found
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.pages.words import show_lines_plainly

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_FILES = 200
"""Files of one discrepancy on the page. The JSON has all of them."""

TREE_PAGE = 200
MEANINGS = {
    "": ["media folder", "other", *(f"identity: {role.value}" for role in IdentityRole)],
    "media": ["image", *(kind.value for kind in NameKind if kind is not NameKind.WANTED)],
}
"""Meanings of names in the root and media folder, for the filter."""

NAMED_MEANINGS = [
    "image",
    "other",
    NameKind.PLACEHOLDER.value,
    *(f"identity: {role.value}" for role in IdentityRole),
]
"""The same for a folder of named pictures, which is one tree."""

LINES_SEARCHED = 4 * 1024 * 1024
"""So far into a note its lines are counted. Longer ones are shown from their beginning."""

TEXT_PAGE = 32 * 1024

NO_PAGES: dict[str, str | None] = {"newer": None, "older": None}

HISTORY = 20
"""Events about an SD's identity and state in the inspector."""

Text = Annotated[str, Query(max_length=300)]
FilePath = Annotated[str, Query(min_length=1, max_length=4096)]


class Inspected(NamedTuple):
    """One SD, measured and judged."""

    status: SyncStatus
    health: Health
    discrepancies: list[Found]
    missed: int
    """Pictures that notes miss, as far as it is known."""


@router.get("/inspect")
async def show_overview(backend: TheBackend) -> Response:
    """The health of every storage directory at a glance. Measured in parallel, so a slow disk delays no other."""
    since, sds = await backend.crossing.page(lambda: (find_since(backend), backend.store.list_storage_dirs()))
    inspected = await asyncio.gather(
        *(backend.crossing.slow(lambda sd=sd: _inspect(backend, sd)) for sd in sds)  # type: ignore[misc]
    )
    return render(backend.base, "inspect.html", place="inspect", since=since, inspected=inspected)


@router.get("/inspect/{sd}")
async def show_status(backend: TheBackend, sd: str) -> Response:
    """One storage directory: health, numbers, discrepancies with remedies, identity."""
    return await backend.crossing.waiting(lambda: draw_status(backend, sd))


def draw_status(backend: Backend, name: str, note: Note | None = None, http_status: int = 200) -> Response:
    """The page of one storage directory, measured now, with the result of a button."""
    since = find_since(backend)
    status, health, discrepancies, missed = _inspect(backend, backend.store.get_storage_dir(name))
    missing = find_gone(backend, status.sd)
    events = backend.store.journal.list_newest(types=KINDS["folders"], sd=status.sd, limit=HISTORY)
    sds = backend.store.list_storage_dirs()
    return render(
        backend.base, "inspect_sd.html", place="inspect", tab="status", since=since, sd=status.sd, inspection=status,
        health=health, discrepancies=discrepancies, identity=status.identity, missing=missing, most_files=MOST_FILES,
        needs_confirming=say_confirming(status.sd),
        is_named=status.sd.layout is LayoutKind.NAMED,
        needs_identity=needs_identity(status.sd) or (is_copied(status) and not status.sd.is_left_as_is),
        copy=find_copy_of(status.sd, sds),
        history=_list_history(events, status.sd, sds),
        elsewhere=_count_elsewhere(backend, status), missed=missed, note=note, status=http_status,
        healable=_list_healable(backend, status, discrepancies),
    )  # fmt: skip


@router.get("/inspect/{sd}/tree")
async def show_tree(
    backend: TheBackend,
    sd: str,
    folder: Annotated[str, Query(pattern="^(media)?$")] = "",
    meaning: Text = "",
    q: Text = "",
    after: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """The entries of the root or the media folder, or of the whole tree, and what each name means."""
    return await backend.crossing.slow(lambda: _draw_tree(backend, sd, folder, meaning, q, after))


def _draw_tree(backend: Backend, name: str, folder: str, meaning: str, q: str, after: str) -> Response:
    sd = backend.store.get_storage_dir(name)
    is_named = sd.layout is LayoutKind.NAMED
    page = backend.store.list_tree(
        sd, folder=None if is_named else folder, meaning=meaning, text=q, after=after or None, limit=TREE_PAGE
    )
    asked = {key: value for key, value in (("folder", folder), ("meaning", meaning), ("q", q)) if value}
    pages = {
        "newer": "?" + urlencode(asked) if page.passed else None,
        "newer_word": "First",
        "older": "?" + urlencode(asked | {"after": page.next}) if page.next else None,
        "older_word": "After",
        "words": f"{page.passed + 1:,} to {page.passed + len(page.entries):,} of {page.total:,}",
    }
    return render(
        backend.base, "tree.html", place="inspect", tab="tree", sd=sd, folder=folder, meaning=meaning,
        meanings=NAMED_MEANINGS if is_named else MEANINGS[folder], is_named=is_named, q=q,
        groups=group_by_folder(page.entries) if is_named else [FolderGroup("", page.entries)] * bool(page.entries),
        pages=pages, state_badge=word_of_state,
    )  # fmt: skip


class FolderGroup(NamedTuple):
    """The entries of a page of files that are in one folder."""

    folder: str
    entries: Sequence[TreeEntry]


def group_by_folder(entries: Sequence[TreeEntry]) -> list[FolderGroup]:
    """The entries by folder, both in the order of their paths. A folder with entries here is a heading, and no entry
    itself. Pure.
    """
    groups: dict[str, list[TreeEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.path.rpartition("/")[0], []).append(entry)
    above = {folder[:at] for folder in groups for at in range(len(folder) + 1) if f"{folder}/"[at] == "/"}
    shown = {
        folder: [each for each in found if each.kind != "folder" or each.path not in above]
        for folder, found in groups.items()
    }
    return [FolderGroup(folder, shown[folder]) for folder in sorted(shown) if shown[folder]]


@router.get("/inspect/{sd}/file")
async def show_file(
    backend: TheBackend,
    sd: str,
    path: FilePath,
    view: Text = "",
    offset: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    line: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """One file: its facts, and its bytes as picture, text or hex; with ``line``, the text around that line."""
    return await backend.crossing.slow(lambda: _draw_file(backend, sd, path, view, offset, line))


def _draw_file(backend: Backend, name: str, path: str, view: str, offset: int, line: int) -> Response:
    sd = backend.store.get_storage_dir(name)
    facts = backend.store.describe_file(sd, path)
    views = _list_views(facts)
    names = [each for each, _ in views]
    view = view if view in names else next(iter(names), "")
    lines, pages, marked = "", NO_PAGES, NOTHING_MARKED
    if view in ("text", "hex"):
        size = TEXT_PAGE if view == "text" else HEX_BYTES
        marked = (
            find_line(backend, sd, str(facts["path"]), line) if view == "text" and line else NOTHING_MARKED
        )
        offset = marked.offset if marked.text else offset - offset % 16
        page = backend.store.read_hex(sd, str(facts["path"]), offset, size)
        lines = (
            "\n".join(page.list_lines()) if view == "hex" else "" if marked.text else _show_text(page.data)
        )
        pages = _list_hex_pages(page, view, size)
    return render(
        backend.base, "file.html", place="inspect", tab="tree", sd=sd, facts=facts,
        mtime=facts["mtime"] and parse_time(str(facts["mtime"])),
        state=_badge_of(facts), view=view, views=views, lines=lines, pages=pages, marked=marked,
    )  # fmt: skip


def _list_views(facts: dict[str, object]) -> list[tuple[str, str]]:
    """The ways to view a file, the best one first. Pure."""
    if facts["kind"] != "file":
        return []
    media_type = find_media_type(str(facts["media_type"])) if facts["media_type"] else None
    image = [("image", "Image")] if media_type is not None and media_type.shown_by_browsers else []
    text, raw = ("text", "Text"), ("hex", "Bytes")
    return (
        [*image, raw, text]
        if media_type is not None and media_type.name != "image/svg+xml"
        else [*image, text, raw]
    )


def _show_text(data: bytes) -> str:
    return show_lines_plainly(data.decode("utf-8", errors="replace"))


class Marked(NamedTuple):
    """A page of a text with one line of it apart."""

    offset: int
    before: str
    text: str
    after: str


NOTHING_MARKED = Marked(0, "", "", "")


def find_line(backend: Backend, sd: StorageDir, path: str, line: int) -> Marked:
    """The page with this line of the file, counted from 1. Nothing is marked if the file ends before, or if the line
    is beyond the first :data:`LINES_SEARCHED` bytes.
    """
    left = line - 1
    for offset in range(0, LINES_SEARCHED, TEXT_PAGE):
        data = backend.store.read_hex(sd, path, offset, TEXT_PAGE).data
        if not data:
            break
        lines = data.split(b"\n")
        if left < len(lines) - 1 or (left == len(lines) - 1 and lines[-1]):
            texts = [each.removesuffix(b"\r") for each in lines]
            return Marked(
                offset,
                "".join(f"{_show_text(each)}\n" for each in texts[:left]),
                _show_text(texts[left]) or " ",
                "".join(f"\n{_show_text(each)}" for each in texts[left + 1 :]),
            )
        left -= len(lines) - 1
    return NOTHING_MARKED


def _list_hex_pages(page: HexPage, view: str, size: int) -> dict[str, str | None]:
    last = page.offset + len(page.data)

    def address(offset: int) -> str:
        return "?" + urlencode({"path": page.path, "view": view, "offset": offset}, errors="surrogateescape")

    return {
        "newer": address(max(0, page.offset - size)) if page.offset else None,
        "newer_word": "Before",
        "older": address(page.offset + size) if last < page.size_bytes else None,
        "older_word": "After",
        "words": f"bytes {page.offset:,} to {last:,} of {page.size_bytes:,}",
    }


def _badge_of(facts: dict[str, object]) -> StateWord | None:
    if facts["state"] is None:
        return None
    return word_of_state(FileState(str(facts["state"])), whole=facts["whole"] is not False)


def _inspect(backend: Backend, sd: StorageDir) -> Inspected:
    status = backend.store.inspect(sd)
    missed = len(backend.store.list_open_references(status.sd))
    return Inspected(status, judge_health(status, missed), list_found(status), missed)


HEALED = frozenset({"damaged", "arriving", "foreign"})
"""Findings whose files get their right bytes back, if those are within reach."""


def _list_healable(backend: Backend, status: SyncStatus, found: Sequence[Found]) -> set[str] | None:
    """The paths of bad files whose right bytes are on this machine. None while nobody knows."""
    may_heal = status.sd.state is StorageDirState.ONLINE and not status.sd.read_only
    if not may_heal or not any(each.key in HEALED for each in found):
        return set()
    kind = Kind[HealReport](f"healable-{status.sd.number}", is_look=True)
    job = backend.care.look(kind, lambda _: backend.store.heal_known(status.sd, dry_run=True))
    if wait_for(job, "") is not None:
        return None
    return set() if job.result is None else {str(each.path) for each in job.result.possible}


def _count_elsewhere(backend: Backend, status: SyncStatus) -> int:
    """The number of pictures that a button can take in. It is looked for only if the folder has no images."""
    if status.sd.read_only or all(problem.kind != PICTURES_ELSEWHERE for problem in status.problems):
        return 0
    try:
        return len(backend.store.list_pictures_elsewhere(status.sd))
    except StrandlineError:
        return 0


def _list_history(events: list[Event], sd: StorageDir, sds: list[StorageDir]) -> list[Line]:
    """The events about this folder; not those about another one that has, or had, its identity."""
    lines = [line for line in list_lines(events, sds) if line.sd_name == sd.name]
    return [line._replace(text=f"{line.text}: {line.detail}" if line.detail else line.text) for line in lines]
