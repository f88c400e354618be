"""The page of the trash: what was deleted together, latest first, and all files of one deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from strandline.model.plain_words import show_plainly
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import ListedFile, TrashReason
from strandline.web.backend import Backend
from strandline.web.pages import words
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import find_since, render
from strandline.web.pages.trash_groups import Deletion, choose_between, group_deletions, match_text

GROUPS_PER_PAGE = 20

ENTRIES_PER_PAGE = 100
"""On the page of one deletion."""

MOST_OPEN = 24
"""A deletion of more files than this is one line, with a link to all of them."""

MOST_IN_LINE = 6
"""Pictures in such a line."""


class Chosen(NamedTuple):
    """The part of the trash that the page shows."""

    start: int = 0
    q: str = ""
    newest: str = ""
    """With ``oldest``, all files of one deletion; otherwise all deletions."""
    oldest: str = ""

    @property
    def query(self) -> str:
        """The query of its address, without ``from``."""
        asked = {"q": self.q, "newest": self.newest, "oldest": self.oldest}
        return urlencode({name: value for name, value in asked.items() if value})


ALL = Chosen()


class Kept(NamedTuple):
    """A file in the trash, as the page shows it."""

    listed: ListedFile
    name: str
    place: str
    """Where it was: ``Vault: Trips/Lisbon``."""
    may_leave: bool


class Shown(NamedTuple):
    """A deletion, as the page shows it."""

    deletion: Deletion
    files: list[Kept]
    """All, or of many only the first ones."""
    is_line: bool
    """It is one line, and leads to the others."""
    kept_until: datetime
    """Before, none of them may be removed."""
    may_leave: bool


def draw_trash(
    backend: Backend,
    chosen: Chosen,
    note: Note | None = None,
    busy: tuple[int, int] | None = None,
    *,
    status: int = 200,
) -> Response:
    """The page. ``busy``: how many files of how many are back already."""
    since = find_since(backend)
    store = backend.store
    listing, now, sds = store.trash.describe(), store.now(), store.list_storage_dirs()
    found = match_text(listing.trash, chosen.q, describer_of(backend))
    replaced = [each for each in found if each.entry.reason is TrashReason.REPLACED]
    leaving = [each.entry.size_bytes for each in listing.trash if now >= each.kept_until]
    is_one, size = bool(chosen.newest), ENTRIES_PER_PAGE if chosen.newest else GROUPS_PER_PAGE
    one, deletions = Deletion([]), [] if is_one else group_deletions(found)
    if is_one:
        ids = set(choose_between(found, chosen.newest, chosen.oldest))
        one = Deletion([each for each in found if each.entry.trash_id in ids])
    total = len(one.files) if is_one else len(deletions)
    if chosen.start >= total:
        chosen = chosen._replace(start=0)  # the last page may have been restored
    end = chosen.start + size
    shown = [_show_shortly(each, sds, now) for each in deletions[chosen.start : end]]
    if one.files:
        shown = [_show(one, one.files[chosen.start : end], sds, now, is_line=False)]
    is_first = not chosen.start and not is_one
    return render(
        backend.base, "trash.html", status=status, place="trash", since=since, listing=listing, chosen=chosen,
        note=note, busy=busy, shown=shown, is_one=is_one, total=total, next=end if end < total else None,
        replaced=[_keep(each, sds, now) for each in replaced[:ENTRIES_PER_PAGE]] if is_first else [],
        total_replaced=len(replaced), leaving=len(leaving), leaving_bytes=sum(leaving),
        first_leaves=min((each.kept_until for each in listing.trash), default=None),
    )  # fmt: skip


def _show_shortly(deletion: Deletion, sds: Sequence[StorageDir], now: datetime) -> Shown:
    is_line = len(deletion.files) > MOST_OPEN
    return _show(
        deletion, deletion.files[: MOST_IN_LINE if is_line else MOST_OPEN], sds, now, is_line=is_line
    )


def _show(
    deletion: Deletion,
    files: Sequence[ListedFile],
    sds: Sequence[StorageDir],
    now: datetime,
    *,
    is_line: bool,
) -> Shown:
    kept_until = min(each.kept_until for each in deletion.files)
    return Shown(deletion, [_keep(each, sds, now) for each in files], is_line, kept_until, now >= kept_until)


def describer_of(backend: Backend) -> Callable[[ListedFile], str]:
    """What a search looks at: what a file is called, where it was, and its id."""
    sds = backend.store.list_storage_dirs()

    def describe(listed: ListedFile) -> str:
        return f"{say_name(listed)} {_say_place(listed, sds)} {listed.entry.filename} {listed.entry.image_id}"

    return describe


def _keep(listed: ListedFile, sds: Sequence[StorageDir], now: datetime) -> Kept:
    return Kept(listed, say_name(listed), _say_place(listed, sds), now >= listed.kept_until)


def _say_place(listed: ListedFile, sds: Sequence[StorageDir]) -> str:
    entry = listed.entry
    identities = ((sd, {sd.sd_id, *sd.aliases} - {None}) for sd in sds)
    sd = next((sd for sd, known in identities if entry.sd_id in known or sd.path == entry.sd_path), None)
    return words.say_place_of(sd.name if sd else entry.sd_path, entry.path)


def say_name(listed: ListedFile) -> str:
    """What a person calls it: its own name, or what its image was called when it was saved if its name is an id.
    Files with the same bytes may have several names. Pure.
    """
    entry = listed.entry
    stem, _, extension = entry.filename.rpartition(".")
    if stem != entry.image_id:
        return show_plainly(entry.filename)
    if listed.original_name is not None:
        return show_plainly(listed.original_name)
    return f"{words.say_extension(extension)} image {entry.image_id[:8]}"
