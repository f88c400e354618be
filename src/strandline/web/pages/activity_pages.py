"""The activity page: what happened, newest first. What happened together is one line, which opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from strandline.model.events import EVENT_TYPES, Event, ImageEvent
from strandline.model.happenings import find_returns, group_events
from strandline.model.storage_dirs import StorageDir
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.activity import KINDS, list_days
from strandline.web.pages.rendering import PageRoute, find_since, render
from strandline.web.pages.words import say_day

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HAPPENINGS_PER_PAGE = 100

EVENTS_READ = 1000
"""Events that a page reads to find happenings: 10 ms. If the last one goes on, the rest of it is only counted."""

Text = Annotated[str, Query(max_length=300)]


@router.get("/activity")
async def show_activity(
    backend: TheBackend,
    type: Text = "",
    sd: Text = "",
    before: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    single: bool = False,
) -> Response:
    """The journal, newest first; with ``single``, one by one."""
    return await backend.crossing.page(lambda: _draw(backend, type, sd, before, single))


def _draw(backend: Backend, kind: str, sd: str, before: int | None, single: bool) -> Response:
    since = find_since(backend)
    sds = backend.store.list_storage_dirs()
    found = backend.store.get_storage_dir(sd) if sd else None
    types = KINDS.get(kind) or ([kind] if kind in EVENT_TYPES else None)
    groups, oldest = _list_groups(backend, types, found, before, single)
    returns = find_returns(
        sorted((event for group, _ in groups for event in group), key=lambda event: -(event.seq or 0))
    )
    asked = {name: value for name, value in (("type", kind), ("sd", sd), ("single", single and "1")) if value}
    address = f"{backend.base}/activity?"
    pages = {
        "newer": address + urlencode(asked) if before is not None else None,
        "newer_word": "Newest",
        "older": address + urlencode(asked | {"before": oldest}) if oldest is not None else None,
        "older_word": "Older",
        "words": "",
    }
    return render(
        backend.base, "activity.html", place="activity", since=since, days=list_days(groups, sds, returns), sds=sds,
        chosen_sd=sd, kind=kind, kinds=[(name, name.capitalize()) for name in KINDS], pages=pages,
        is_newest=before is None, single=single,
    )  # fmt: skip


def _list_groups(
    backend: Backend, types: Sequence[str] | None, sd: StorageDir | None, before: int | None, single: bool
) -> tuple[list[tuple[list[Event], int]], int | None]:
    """The page's happenings, each with the number of its events; and the oldest number, if there are older events."""
    journal, limit = backend.store.journal, HAPPENINGS_PER_PAGE if single else EVENTS_READ
    events = journal.list_newest(before=before, types=types, sd=sd, limit=limit + 1)
    goes_on, events = len(events) > limit, events[:limit]
    groups, covered = group_events(events, most=HAPPENINGS_PER_PAGE, day_of=_day_of)
    if single:
        groups, covered = [[event] for event in events], len(events)
    counts = [len(group) for group in groups]
    oldest = events[covered - 1].seq if covered else None
    if goes_on and covered == len(events) and isinstance(events[-1], ImageEvent) and not single:
        last = events[-1]
        midnight = last.at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        more, oldest = journal.measure_run(last, since=midnight, types=types, sd=sd)
        counts = [
            count + more if group[-1] is last else count for count, group in zip(counts, groups, strict=True)
        ]
        goes_on = bool(journal.list_newest(before=oldest, types=types, sd=sd, limit=1))
    told = list(zip(groups, counts, strict=True))
    return told, oldest if goes_on or covered < len(events) else None


def _day_of(at: datetime) -> str:
    return say_day(at.astimezone())
