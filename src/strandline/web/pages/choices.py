"""What a gallery's address chooses: the same words for the gallery itself, and for the pages of its images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from strandline.model import queries
from strandline.model.image_files import Sort
from strandline.model.plain_words import show_plainly

Text = Annotated[str, Query(max_length=300)]
FolderText = Annotated[str, Query(max_length=queries.MAX_FOLDER)]

Choices = Mapping[str, str]
"""By the names of the filter's fields. Empty texts choose nothing."""


def read_choices(
    sd: Text = "",
    type: Text = "",
    state: Text = "",
    q: Text = "",
    first_day: Annotated[str, Query(alias="from", max_length=300)] = "",
    last_day: Annotated[str, Query(alias="to", max_length=300)] = "",
    month: Text = "",
    folder: FolderText = "",
    sort: Text = "",
    reverse: Text = "",
) -> Choices:
    """The choices of the address."""
    return {
        "sd": sd, "type": type, "state": state, "q": q, "from": first_day, "to": last_day, "month": month,
        "folder": folder, "sort": sort, "reverse": reverse,
    }  # fmt: skip


NOTHING_CHOSEN = read_choices()
"""The gallery of all images."""

TheChoices = Annotated[Choices, Depends(read_choices)]


def as_query(chosen: Choices) -> queries.Query:
    """The same for the store. Pure."""
    return queries.Query(
        text=chosen["q"], type=chosen["type"], state=chosen["state"], taken_from=chosen["from"],
        taken_to=chosen["to"], month=chosen["month"], sd=chosen["sd"], folder=chosen["folder"],
        sort=chosen["sort"] or Sort.TAKEN, reverse=bool(chosen["reverse"]),
    )  # fmt: skip


def as_address(chosen: Choices) -> str:
    """The part of an address that says the same, with its question mark. Empty if nothing is chosen. Pure."""
    asked = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode(asked)}" if asked else ""


def say_listing(chosen: Choices) -> str:
    """What the gallery of these choices is called: by the folder that it shows. Pure."""
    return show_plainly(chosen["folder"].strip("/").rpartition("/")[2] or chosen["sd"]) or "All images"
