"""The audit: who changed what through a server, and from where. One line for each request that may change something.

What a request was about is read from its address, its fields, and the answer, whatever the route: a new route is in
the audit before anybody thinks of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from strandline.errors import InvalidImageIdError
from strandline.model.image_ids import parse_image_id
from strandline.model.json_form import JsonForm
from strandline.model.values import dataclass

MOST_IMAGES = 20
"""Of each line. A request about more says how many."""

MOST_TEXT = 500
"""Characters of each text that comes from outside."""

FOLDER_KEYS = frozenset({"sd", "to", "source", "path"})
"""The fields that mean a storage directory or a folder."""

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class AuditLine(JsonForm):
    """One request."""

    at: datetime
    who: str
    """``token NOTE (ID)``, ``user NAME``, ``the home's token``, ``the home's session``, or ``this machine``."""
    action: str
    """Method and route: ``POST /api/v1/images/delete``."""
    status: int
    """Of the answer. 403: it was refused."""
    address: str
    """From where, as far as proxies say it."""
    folders: tuple[str, ...] = ()
    """The storage directories and folders that it named."""
    images: tuple[str, ...] = ()
    """The ids of images that it was about, at most twenty."""
    image_count: int = 0
    """Of how many."""


def describe_line(line: AuditLine) -> str:
    """All of it but the time, for the log."""
    about = " ".join((*line.folders, *line.images))
    more = line.image_count - len(line.images)
    return (
        f"{line.who} from {line.address}: {line.action} {line.status}{f' about {about}' if about else ''}"
        f"{f' and {more} more' if more else ''}"
    )


class Exchange(NamedTuple):
    """What is known of a request and its answer. Bodies may be cut off, or left out."""

    in_path: Sequence[tuple[str, str]]
    """The parameters in its address."""
    query: str
    body: bytes
    body_type: str
    answer: bytes
    answer_type: str


def find_targets(seen: Exchange) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """The folders, the images, and how many images a request was about. Pure; any bytes are fine."""
    fields = [*seen.in_path, *parse_qsl(seen.query)]
    if seen.body_type == FORM_TYPE:
        fields += parse_qsl(seen.body.decode("utf-8", "replace"))
    elif seen.body_type == JSON_TYPE:
        fields += _iter_fields(seen.body)
    told = _iter_fields(seen.answer) if seen.answer_type == JSON_TYPE else iter(())
    folders = dict.fromkeys(value[:MOST_TEXT] for key, value in fields if key in FOLDER_KEYS and value)
    named = (value for key, value in fields if key not in FOLDER_KEYS)
    images = dict.fromkeys(
        image_id
        for value in (*named, *(value for key, value in told if key == "image_id"))
        for image_id in _iter_ids(value)
    )
    return tuple(folders), tuple(images)[:MOST_IMAGES], len(images)


def _iter_fields(text: bytes) -> Iterator[tuple[str, str]]:
    """The texts in a JSON document, each with the key that it is under; none if it is something else."""
    try:
        waiting: list[tuple[str, object]] = [("", json.loads(text))]
    except (ValueError, RecursionError):
        return
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, dict):
            waiting += [(str(name), each) for name, each in value.items()]


def _iter_ids(text: str) -> Iterator[str]:
    if len(text) <= MOST_TEXT:
        try:
            yield parse_image_id(text)
        except InvalidImageIdError:
            return
