"""``/api/v1/events``, live, and ``/api/v1/journal``, the past.

An event's id is the catalog's epoch and its number, so a page that reconnects misses nothing, and a page that knew
another catalog is told to start over. The listener starts before the journal is read, and the numbers show which
events came both ways.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from strandline.errors import InvalidInputError
from strandline.model.event_ids import EVENT_ID_PATTERN
from strandline.model.events import EVENT_TYPES, LIVE_ONLY, Event, JournalPosition, JournalReset
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Limit, SdQuery
from strandline.web.backend import Backend, TheBackend
from strandline.web.live import STILL_KEY

router = APIRouter(tags=["events"])

HEARTBEAT_S = 15
"""Between two comments on a quiet stream. Proxies and phones drop connections that are silent for a minute."""

SEND_LIMIT_S = 30
"""A client that reads nothing for this long is disconnected."""

REPLAY_PAGE = 500

LINE_END = "\n"
"""The library's own is CRLF. Small parsers that split at blank lines then see no event."""

LastEventId = Annotated[
    str | None, Header(max_length=100, description="The id of the last event that was seen.")
]
Since = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=EVENT_ID_PATTERN,
        description="For a first connection: the id of the last event that was seen, or its `seq`.",
    ),
]


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events."}, **responses.problems()},
)
async def stream_events(
    request: Request, backend: TheBackend, last_event_id: LastEventId = None, since: Since = None
) -> EventSourceResponse:
    """Events as they happen (Server-Sent Events), after the missed ones.

    `event` is the type, `id` is `<epoch>-<seq>`, `data` the event as JSON. A `seq` alone is accepted, too, but
    does not show that the catalog was rebuilt. `event: reset`: the given last event is unknown here, so reload
    everything. `event: lagged`: the client was too slow, so reload everything. Its `data` is `{}`.
    """
    position = await backend.crossing.quick(
        lambda: backend.store.journal.find_position(last_event_id or since)
    )
    return EventSourceResponse(
        iter_stream(backend, position, request.scope[STILL_KEY]),
        ping=HEARTBEAT_S,
        send_timeout=SEND_LIMIT_S,
        sep=LINE_END,
    )


@router.get("/journal", responses=responses.ok(schemas.Journal))
async def list_journal(
    backend: TheBackend,
    since: Annotated[int | None, Query(ge=0, lt=2**63, description="Only events after this number.")] = None,
    before: Annotated[
        int | None, Query(ge=0, lt=2**63, description="Only events before this number.")
    ] = None,
    type: Annotated[
        str | None, Query(max_length=40, description="Only this type, or `image`, `sd`, `scan`.")
    ] = None,
    sd: SdQuery = None,
    limit: Limit = 100,
) -> Response:
    """Past events, newest first, without live-only ones."""

    def list_page() -> Response:
        types = _parse_types(type)
        found = backend.store.get_storage_dir(sd) if sd else None
        events = backend.store.journal.list_newest(
            since=since, before=before, types=types, sd=found, limit=limit + 1
        )
        next_before = events[limit - 1].seq if len(events) > limit else None
        return answer(schemas.Journal(events[:limit], next_before))

    return await backend.crossing.quick(list_page)


async def iter_stream(
    backend: Backend, position: JournalPosition, may_listen: Callable[[], bool]
) -> AsyncIterator[ServerSentEvent]:
    """The stream of one client: missed events, then new ones, each once and in order, as long as it may listen."""
    seq, journal = position.seq, backend.store.journal
    async with backend.live.listen(may_listen) as listener:
        reset = JournalReset(at=backend.store.now(), sd_id=None) if position.is_reset else None
        yield ServerSentEvent(
            event=None if reset is None else reset.type,
            id=journal.format_position(seq),
            data=None if reset is None else _format_data(reset),
            comment=None if reset else "connected",
            sep=LINE_END,
        )
        page_is_full = True
        while page_is_full and not listener.is_closed:
            page = await backend.crossing.quick(lambda after=seq: backend.store.events(after, REPLAY_PAGE))  # type: ignore[misc]
            for event in page:
                yield _format(backend, event)
                seq = event.seq or seq
            page_is_full = len(page) == REPLAY_PAGE
        while not listener.is_closed:
            for event in await listener.take():
                if event.seq is None or event.seq > seq:
                    seq = event.seq or seq
                    yield _format(backend, event)
            if listener.has_lagged:
                listener.has_lagged = False
                newest = await backend.crossing.quick(journal.find_position)
                seq = newest.seq
                yield ServerSentEvent(
                    event="lagged", id=journal.format_position(seq), data="{}", sep=LINE_END
                )


def _format(backend: Backend, event: Event) -> ServerSentEvent:
    return ServerSentEvent(
        event=event.type,
        id=None if event.seq is None else backend.store.journal.format_position(event.seq),
        data=_format_data(event),
        sep=LINE_END,
    )


def _format_data(event: Event) -> str:
    return json.dumps(event.to_json(), separators=(",", ":"))


def _parse_types(text: str | None) -> list[str] | None:
    if not text:
        return None
    kept = [name for name in EVENT_TYPES if name not in LIVE_ONLY]
    types = [name for name in kept if text in (name, name.partition(".")[0])]
    if not types:
        raise InvalidInputError(
            f"{text!r} is not a type of event in the journal; the types are {', '.join(kept)}",
            parameter="type",
            value=text,
        )
    return types
