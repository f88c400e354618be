"""The options that say which images a person asks for: of ``ls``, and of every command about all that match."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from strandline.cli.arguments import GivenText, sd_option
from strandline.model.queries import ImageState, Query


def image_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a command that finds images by what they are, in any storage directory."""
    states = [state.value for state in ImageState]
    search = click.option(
        "--search",
        metavar="TEXT",
        type=GivenText(),
        help="Words of a name or a path in any order, or the beginning of an id.",
    )
    kind = click.option(
        "--type", "kind", metavar="TYPE", type=GivenText(), help="Only this type: png, jpeg, image/webp …"
    )
    state = click.option(
        "--state",
        type=click.Choice(states),
        metavar="STATE",
        help=f"Only images with a file in this state: {', '.join(states)}.",
    )
    month = click.option("--month", metavar="MONTH", type=GivenText(), help="Taken in this month: 2026-11.")
    folder = click.option(
        "--folder",
        metavar="PATH",
        type=GivenText(),
        help="Only images in this folder of a storage directory: Trips/Lisbon.",
    )
    return search(kind(state(month(folder(command)))))


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a command about images that a person asks for: it gets their ``query``."""

    @image_options
    @click.option(
        "--from",
        "taken_from",
        metavar="DAY",
        type=GivenText(),
        help="Taken on this day or later: 2026-11-22.",
    )
    @click.option("--to", "taken_to", metavar="DAY", type=GivenText(), help="Taken on this day or earlier.")
    @sd_option
    @wraps(command)
    def take_query(
        *args: Any,
        search: str | None,
        kind: str | None,
        state: str | None,
        taken_from: str | None,
        taken_to: str | None,
        month: str | None,
        sd: str | None,
        folder: str | None,
        **others: Any,
    ) -> Any:
        query = Query(
            text=search, type=kind, state=state, taken_from=taken_from, taken_to=taken_to, month=month, sd=sd,
            folder=folder,
        )  # fmt: skip
        return command(*args, query=query, **others)

    return take_query
