"""Parameters that many routes take: which storage directory, which images; and what bodies have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, get_origin

from fastapi import Depends, Path, Query
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from strandline.errors import InvalidInputError
from strandline.model import queries
from strandline.model.image_files import Sort

SdPath = Annotated[str, Path(description="A storage directory: its identity, an alias, or its name.")]
SdQuery = Annotated[str | None, Query(description="A storage directory: identity, alias, path or name.")]
ImageIdPath = Annotated[str, Path(description="An image id: 32 hex digits, or a UUID.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]

StateQuery = Annotated[
    queries.ImageState | None,
    Query(
        description="Only images with a file in this state. `incomplete`: present, but half a picture was saved. "
        "`unseen`: present, but not seen by the last look at its folder."
    ),
]
TypeQuery = Annotated[
    str | None, Query(max_length=40, description="Only this type: `image/png`, or an extension.")
]
TextQuery = Annotated[
    str | None,
    Query(
        max_length=queries.MAX_TEXT,
        description="The beginning of an id, or words of an original name or a named file's path, in any order "
        "and spelling.",
    ),
]
FolderQuery = Annotated[
    str | None,
    Query(
        max_length=queries.MAX_FOLDER,
        description="Only images with a file in this folder of a storage directory, or below it: `Trips/Lisbon`.",
    ),
]
FromQuery = Annotated[str | None, Query(description="First day, `YYYY-MM-DD` (UTC).")]
ToQuery = Annotated[str | None, Query(description="Last day, `YYYY-MM-DD` (UTC).")]
MonthQuery = Annotated[str | None, Query(description="Only images of this month, `YYYY-MM` (UTC).")]
SortQuery = Annotated[
    Sort,
    Query(description="By when pictures were taken, newest first, or by when they arrived, latest first."),
]
ReverseQuery = Annotated[bool, Query(description="Oldest first.")]
"""For routes that list images."""


def _leave_out_defaults(schema: dict[str, Any]) -> None:
    """Generators of clients take a field with a default for one that is always there, also in requests."""
    for each in schema.get("properties", {}).values():
        each.pop("default", None)


class Body(BaseModel):
    """A JSON body with exactly the fields and types of the OpenAPI document: ``"yes"`` is no boolean, and with a
    misspelled ``read_only`` the folder would be written to.
    """

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra=_leave_out_defaults)


async def make_query(
    sd: SdQuery = None,
    state: StateQuery = None,
    type: TypeQuery = None,
    q: TextQuery = None,
    first_day: Annotated[FromQuery, Query(alias="from")] = None,
    last_day: Annotated[ToQuery, Query(alias="to")] = None,
    month: MonthQuery = None,
    folder: FolderQuery = None,
    sort: SortQuery = Sort.TAKEN,
    reverse: ReverseQuery = False,
) -> queries.Query:
    """The query of a request. Its parts are checked when it is used."""
    return queries.Query(
        text=q, type=type, state=state, taken_from=first_day, taken_to=last_day, month=month, sd=sd,
        folder=folder, sort=sort, reverse=reverse,
    )  # fmt: skip


TheQuery = Annotated[queries.Query, Depends(make_query)]
"""Which images, in which order."""


async def refuse_unknown(request: Request) -> None:
    """Refuses a query parameter that the route does not have: a filter that would do nothing. Also one that comes
    twice, unless it is a list.

    Raises:
        InvalidInputError: There is one.
    """
    known = _parameters_of(request.scope["route"].dependant)
    check_single(pair for pair in request.query_params.multi_items() if not known.get(pair[0]))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        names = ", ".join(repr(name[:40]) for name in dict.fromkeys(unknown[:5]))
        has = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise InvalidInputError(
            f"{request.url.path} has no parameter {names}; {has}", parameter=unknown[0][:40]
        )


def check_single(given: Iterable[tuple[str, str]]) -> None:
    """Refuses names that come twice.

    Raises:
        InvalidInputError: There is one.
    """
    seen = set[str]()
    for name, _ in given:
        if name in seen:
            raise InvalidInputError(
                f"the parameter {name[:40]!r} was given more than once", parameter=name[:40]
            )
        seen.add(name)


def _parameters_of(dependant: Dependant) -> dict[str, bool]:
    """The names of the query parameters of a route and of what it depends on, and whether each may come several
    times. Cost: some microseconds.
    """
    own = {each.alias: get_origin(each.field_info.annotation) is list for each in dependant.query_params}
    for each in dependant.dependencies:
        own |= _parameters_of(each)
    return own
