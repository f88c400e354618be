"""Arrival notices: what an object store says of its objects, in the forms that are in use. Pure (SPEC §26).

A notice is a hint that something may be under a key now. Nothing in it is believed: not that there is an object, not
that one is gone, and not when. So it is enough to find bucket and key; what else a form has does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from strandline.errors import InvalidInputError
from strandline.model.json_form import JsonForm
from strandline.model.values import dataclass

MOST_NOTICES = 1000
"""In one request. Object stores send one to ten."""

MAX_BYTES = 1024 * 1024
"""Of one request: a thousand of the longest keys, each with what stores tell beside it."""

BUCKETS_FOLDER = "/buckets/"
"""Where the filer of SeaweedFS has its buckets."""

FORMS = (
    "S3 event notifications ('Records'), those of EventBridge ('detail'), or messages of SeaweedFS's webhook "
    "('key' and 'message')"
)


class Notice(NamedTuple):
    """Something may have happened to an object."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class TakenNotices(JsonForm):
    """What became of the notices of a request."""

    taken: int
    """Names that are looked at soon."""
    ignored: int
    """Notices of unknown buckets, of keys where no images are, and of no form that is known."""
    dropped: int
    """Names that were not taken, because too many wait. A scan finds them."""


class Notices(NamedTuple):
    """What a request said."""

    found: list[Notice]
    """Each once, in order."""
    ignored: int
    """So many parts did not name a bucket and a key."""


def parse_notices(text: bytes) -> Notices:
    """The notices in the body of a request. A test event of S3 has none.

    Raises:
        InvalidInputError: It is not JSON, has no form that is known, or has too many notices.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError("the notices are not JSON") from None
    parts = _list_parts(document)
    if len(parts) > MOST_NOTICES:
        raise InvalidInputError(
            f"there are {len(parts):,} notices; send at most {MOST_NOTICES:,} at once", limit=MOST_NOTICES
        )
    told = [notice for part in parts for notice in part]
    good = [notice for notice in told if notice is not None]
    return Notices(list(dict.fromkeys(good)), len(told) - len(good))


def _list_parts(document: object) -> list[list[Notice | None]]:
    if not isinstance(document, dict):
        raise InvalidInputError(f"the notices have no form that is known: give {FORMS}")
    records = document.get("Records")
    if isinstance(records, list):
        return [[_of_record(record)] for record in records]
    if document.get("Event") == "s3:TestEvent":
        return []
    detail = document.get("detail")
    if isinstance(detail, dict):
        return [[_of_object(detail, is_encoded=False)]]
    if "key" in document and "message" in document:
        return [list(_iter_of_filer(document))]
    raise InvalidInputError(f"the notices have no form that is known: give {FORMS}")


def _of_record(record: object) -> Notice | None:
    told = record.get("s3") if isinstance(record, dict) else None
    return _of_object(told, is_encoded=True) if isinstance(told, dict) else None


def _of_object(told: dict[str, object], *, is_encoded: bool) -> Notice | None:
    """In the notifications of S3, and of Ceph, a key is written as in a URL's query; EventBridge has it as it is."""
    bucket, thing = told.get("bucket"), told.get("object")
    name = bucket.get("name") if isinstance(bucket, dict) else None
    key = thing.get("key") if isinstance(thing, dict) else None
    if not isinstance(name, str) or not isinstance(key, str) or not name or not key:
        return None
    return Notice(name, unquote_plus(key, errors="replace") if is_encoded else key)


def _iter_of_filer(document: dict[str, object]) -> Iterator[Notice | None]:
    """The path that something happened to, and if it was renamed, the new one as well."""
    yield _of_path(document["key"])
    message = document["message"]
    entry = message.get("new_entry") if isinstance(message, dict) else None
    if isinstance(message, dict) and isinstance(entry, dict) and message.get("new_parent_path"):
        yield _of_path(f"{message['new_parent_path']}/{entry.get('name')}")


def _of_path(path: object) -> Notice | None:
    if not isinstance(path, str) or not path.startswith(BUCKETS_FOLDER):
        return None
    bucket, _, key = path.removeprefix(BUCKETS_FOLDER).partition("/")
    return Notice(bucket, key) if bucket and key else None
